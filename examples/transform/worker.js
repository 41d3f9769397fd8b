'use strict';

const { pipeline } = require('node:stream/promises');
const { createGzip } = require('node:zlib');
const { startWorkerServer } = require('hawser/worker');

const transforms = { gzip: createGzip };

/** What comes in goes back transformed; the opener is told if that fails. */
function onPipe(pipe, name) {
  if (!Object.hasOwn(transforms, name)) throw new RangeError(`no transform '${name}'`);
  pipeline(pipe, transforms[name](), pipe).catch((error) => pipe.destroy(error));
}

startWorkerServer({}, { onPipe });
