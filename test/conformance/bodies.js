'use strict';

/** `length` bytes that tell the message that they belong to, and their own place in it. */
function bodyOf(id, length) {
  const body = Buffer.alloc(length, `${id}:body of a message;`);
  if (length > 8) body.writeUInt32LE(id, length - 4);
  return body;
}

module.exports = { bodyOf };
