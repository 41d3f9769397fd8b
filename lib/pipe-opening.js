'use strict';

const { UnknownTypeError } = require('./errors');
const { pipeName, pipeOptions } = require('./pipe-options');
const { StreamPipe } = require('./stream-pipe');

/**
 * @param {string} name 1 to 1024 bytes
 * @param {any} options PipeOptions
 * @param {() => any} channelOf the channel; throws why there is none
 * @returns {StreamPipe} destroyed with the error where it cannot be opened, or is refused
 * @throws {TypeError | RangeError} of a name or options that cannot be
 */
function openPipe(name, options, channelOf) {
  const checked = pipeOptions(options);
  return new StreamPipe(pipeName(name), checked, (windows) =>
    channelOf().streams.open(name, windows),
  );
}

/**
 * Of a pipe that the peer has opened.
 * @param {import('./stream-end').StreamEnd} end
 * @param {((pipe: StreamPipe, name: string) => unknown) | undefined} serve undefined: nobody does
 * @param {{ error: (what: string, detail?: unknown) => void }} log
 */
function acceptPipe(end, serve, log) {
  const { name } = end;
  if (serve === undefined) {
    end.reset(new UnknownTypeError(`no pipe '${name}' is served here`, { messageType: name }));
    return;
  }
  const pipe = StreamPipe.accept(end, pipeOptions({ objectMode: end.isOfMessages }), log);
  runServer(serve, pipe, name).catch((error) => pipe.destroy(error));
}

async function runServer(serve, pipe, name) {
  await serve(pipe, name);
}

module.exports = { openPipe, acceptPipe };
