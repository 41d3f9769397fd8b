import { createWorker } from 'hawser';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';

const [COUNT, BATCH, WIDTH, HEIGHT] = [12, 4, 256, 192];

/** A gradient in one colour per image. */
function draw(id) {
  const pixels = Buffer.alloc(WIDTH * HEIGHT * 4, 255);
  for (let at = 0; at < pixels.length; at += 4) pixels[at + (id % 3)] = (at / 4 / WIDTH + id) & 255;
  return { id, width: WIDTH, height: HEIGHT, pixels };
}

function batches(images) {
  const list = [];
  for (let at = 0; at < images.length; at += BATCH) list.push(images.slice(at, at + BATCH));
  return list;
}

const worker = await createWorker({
  script: fileURLToPath(new URL('./worker.mjs', import.meta.url)),
  timeout: { grayscale: 60_000 },
});

try {
  const images = Array.from({ length: COUNT }, (_, id) => draw(id));
  const results = await Promise.all(
    batches(images).map((batch) => worker.send('grayscale', { images: batch })),
  );
  const digest = createHash('sha256');
  for (const { id, gray, mean } of results.flat()) {
    const bytes = Buffer.from(gray);
    digest.update(bytes);
    if (id < 3) console.log(`image ${id}: ${bytes.length} pixels, mean ${mean}`);
  }
  console.log(`${COUNT} images in ${results.length} batches: ${digest.digest('hex').slice(0, 16)}`);
} finally {
  await worker.close();
}
