'use strict';

const { AsyncLocalStorage } = require('node:async_hooks');
const { tracingChannel } = require('node:diagnostics_channel');

const channel = tracingChannel('hawser:handle');
const storage = new AsyncLocalStorage();
const events = [];
const note = (event) => (call) => {
  const { type, tx, metadata, payload, result, error } = call;
  events.push({ event, type, tx, metadata, payload, result, error });
};
const names = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'];
const subscribers = Object.fromEntries(names.map((name) => [name, note(name)]));

exports.subscribe = () => {
  channel.start.bindStore(storage, ({ type }) => `store of ${type}`);
  channel.subscribe(subscribers);
};
exports.unsubscribe = () => {
  channel.start.unbindStore(storage);
  channel.unsubscribe(subscribers);
};
exports.echo = (payload) => payload;
exports.later = async (payload) => payload;
exports.store = async () => {
  await null;
  return storage.getStore();
};
exports.fail = (message) => {
  throw new RangeError(message);
};
exports.events = () => events.splice(0);
