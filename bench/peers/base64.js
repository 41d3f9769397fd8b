'use strict';

/* JSON has no bytes. Base64 is what programs use instead; Buffer's own toJSON, an array of numbers, is several times slower. */

exports.pack = (message) =>
  Buffer.isBuffer(message.value)
    ? { ...message, value: message.value.toString('base64'), bytes: true }
    : message;

exports.unpack = (message) =>
  message.bytes ? { ...message, value: Buffer.from(message.value, 'base64') } : message;
