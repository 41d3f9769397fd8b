'use strict';

let number = 0;
const noted = [];

exports.context = (payload, { tx, type, metadata, deadline }) => ({
  payload,
  tx,
  type,
  metadata,
  left: deadline - Date.now(),
  number: number++,
});

exports.size = (_, { metadata }) => metadata?.k.length ?? 0;

exports.note = (_, { tx }) => {
  noted.push(tx);
};

exports.noteMetadata = (_, { metadata }) => {
  noted.push(metadata);
};

exports.noted = () => noted;
