import { deserializeError, serializeError } from 'hawser';

/**
 * Makes a middleware of what was one of two arguments: (message, direction), with 'outgoing' or
 * 'incoming', which returned the message or nothing. Answers had the type `${type}Result` or
 * `${type}Error`, and errors were plain objects.
 */
export function twoArguments(old) {
  const suffix = { request: '', event: '', response: 'Result', error: 'Error' };
  return async ({ direction, kind, type, tx, message }) => {
    const payload = kind === 'error' ? serializeError(message) : message;
    const whole = Object.seal({ tx, type: type + suffix[kind], payload });
    const last = (await old(whole, direction === 'send' ? 'outgoing' : 'incoming')) ?? whole;
    return kind === 'error' ? deserializeError(last.payload) : last.payload;
  };
}
