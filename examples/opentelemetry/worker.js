'use strict';

const spans = [];
const current = require('./telemetry').start((span) => spans.push(span));

exports.price = async (item) => {
  if (item === 'air') throw new RangeError('air has no price');
  await null;
  return { item, price: item.length, span: current.getStore()?.name };
};

exports.spans = () =>
  spans.splice(0).map((span) => ({ ...span, recordException: undefined, end: undefined }));
