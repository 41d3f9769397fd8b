'use strict';

/**
 * Give an event of the other end to those who listen to it. Without any it is not even decoded, but
 * for one named 'error', which is logged: it is never thrown.
 * @param {import('./channel').Channel} channel
 * @param {number} at of the event in the batch
 * @param {import('node:events').EventEmitter} emitter
 */
function deliverEvent(channel, at, emitter) {
  channel.readEvent(at, (name, decode) => {
    if (emitter.listenerCount(name) === 0 && name !== 'error') return;
    let data;
    try {
      data = decode();
    } catch (error) {
      say(`an event '${name}' could not be read`, error);
      return;
    }
    // Behind whoever awaits an answer that came before it.
    queueMicrotask(() => emitSafely(emitter, name, data));
  });
}

function emitSafely(emitter, name, data) {
  if (name !== 'error' || emitter.listenerCount(name) > 0) emitter.emit(name, data);
  else say("an event 'error' that nobody listens to", data);
}

function say(what, error) {
  require('./report').report(what, error);
}

module.exports = { deliverEvent };
