'use strict';

/** Values are counted, and those that ask are answered. */
exports.serveObjects = (pipe) => {
  let counted = 0;
  pipe.on('data', (value) => {
    if (value.ask === undefined) counted += 1;
    else if (value.ask === 'tally') {
      pipe.write({ id: value.id, value: { counted } });
      counted = 0;
    } else pipe.write({ id: value.id, value: value.value });
  });
};

/** Counts bytes. reached(expected) -> Promise of how many there were then, at least that many. */
exports.serveBytes = (readable) => {
  let counted = 0;
  let waiting = null;
  const look = () => {
    if (waiting === null || counted < waiting.expected) return;
    waiting.resolve(counted);
    waiting = null;
  };
  readable.on('data', (chunk) => {
    counted += chunk.length;
    look();
  });
  return {
    reached: (expected) =>
      new Promise((resolve) => {
        waiting = { expected, resolve };
        look();
      }),
  };
};
