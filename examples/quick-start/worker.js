'use strict';

const { createHash } = require('node:crypto');
const { gzipSync } = require('node:zlib');

/** Every function that a worker exports answers the calls of its name. */
exports.measure = (file) => ({
  bytes: file.length,
  words: countWords(file),
  gzipped: gzipSync(file).length,
  sha256: createHash('sha256').update(file).digest('hex'),
});

function countWords(file) {
  let words = 0;
  let inWord = false;
  for (const byte of file) {
    const isSpace = byte <= 32;
    if (inWord && isSpace) words += 1;
    inWord = !isSpace;
  }
  return inWord ? words + 1 : words;
}
