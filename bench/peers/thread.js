'use strict';

const { parentPort, workerData } = require('node:worker_threads');
const answer = require('./answer.js');

const copy = (reply) => parentPort.postMessage(reply);
const transfer = (reply) =>
  parentPort.postMessage(reply, ArrayBuffer.isView(reply.value) ? [reply.value.buffer] : []);

const reply = workerData.transfer ? transfer : copy;
parentPort.on('message', (message) => answer(message, reply));
