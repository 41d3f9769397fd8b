'use strict';

/** What a worker process that listens says on its lifeline, once: a line of JSON. */

/**
 * @param {import('node:stream').Readable & { unref(): any }} lifeline
 * @param {(told: { id?: string, error?: { code?: string, message: string } }) => void} told
 */
function onAnnouncement(lifeline, told) {
  let text = '';
  lifeline.on('error', () => {}); // it is the process that tells of its end
  lifeline.setEncoding('utf8').on('data', (part) => {
    const whole = text.includes('\n');
    text += part;
    if (!whole && text.includes('\n')) told(parse(text));
  });
  lifeline.unref();
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return { error };
  }
}

module.exports = { onAnnouncement };
