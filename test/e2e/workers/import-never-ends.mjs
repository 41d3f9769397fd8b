export const echo = (payload) => payload;

await new Promise(() => {});
