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

exports.note = (_, { tx }) => {
  noted.push(tx);
};

exports.noted = () => noted;
