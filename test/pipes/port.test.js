'use strict';

const { MessageChannel } = require('node:worker_threads');
const { WorkerPipeAdapter } = require('hawser/pipes');
const { pipeSuite } = require('../conformance/pipes/suite');

async function open({ signal, ...options } = {}) {
  const { port1, port2 } = new MessageChannel();
  const near = new WorkerPipeAdapter(port1).createDuplex({ ...options, signal });
  const far = new WorkerPipeAdapter(port2).createDuplex(options);
  return { near, far, close() {} };
}

pipeSuite('a pipe over a MessagePort of this thread', open);
