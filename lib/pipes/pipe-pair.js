'use strict';

const { pipeOptions } = require('../pipe-options');
const { ConnectedPipe } = require('./connected-pipe');
const { ConnectingEnd } = require('./connecting-end');
const { FarEnd } = require('./far-end');
const { PairLink } = require('./pair-link');

const NAME = 'pipe';
const LEAST_WINDOW_BYTES = 4096;

/**
 * Two pipes of this thread that are connected to each other: the same protocol as between processes,
 * so the same behaviour.
 * @param {import('../pipe-options').PipeOptions} [options] of both
 * @returns {[ConnectedPipe, ConnectedPipe]} their memory goes when they are closed
 */
function createPipePair(options) {
  const checked = pipeOptions(options);
  const [here, there] = PairLink.pair();
  const farewell = { bytes: LEAST_WINDOW_BYTES, messages: checked.objectMode ? 1 : 0 };
  const near = new ConnectingEnd(() => here, { timeout: 0, farewell });
  const far = new FarEnd(there);
  return [new ConnectedPipe(NAME, checked, near), new ConnectedPipe(NAME, checked, far)];
}

module.exports = { createPipePair };
