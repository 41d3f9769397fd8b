import { startWorkerServer } from 'hawser';

/** RGBA to one byte of luminance per pixel. */
function toGray(pixels) {
  const rgba = Buffer.from(pixels);
  const gray = Buffer.alloc(rgba.length / 4);
  for (let i = 0; i < gray.length; i++) {
    const at = i * 4;
    gray[i] = (rgba[at] * 299 + rgba[at + 1] * 587 + rgba[at + 2] * 114) / 1000;
  }
  return gray;
}

startWorkerServer({
  grayscale: ({ images }) =>
    images.map(({ id, width, height, pixels }) => {
      const gray = toGray(pixels);
      const mean = gray.reduce((sum, value) => sum + value, 0) / gray.length;
      return { id, width, height, gray, mean: Math.round(mean) };
    }),
});
