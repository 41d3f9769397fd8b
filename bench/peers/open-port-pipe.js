'use strict';

const { WorkerPipeAdapter } = require('../../lib/pipes.js');
const { ReferenceAdapter } = require('./reference-adapter.js');

const adapters = { hawser: WorkerPipeAdapter, reference: ReferenceAdapter };

/** @param {import('node:worker_threads').MessagePort} port  @param {'hawser' | 'reference'} adapter */
exports.openPortPipe = (port, adapter) =>
  new adapters[adapter](port).createDuplex({ objectMode: true });
