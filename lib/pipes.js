'use strict';

/** 'hawser/pipes': a Duplex over any transport. What is not used is not loaded. */

module.exports = {
  get WorkerPipeAdapter() {
    return require('./pipes/worker-pipe-adapter').WorkerPipeAdapter;
  },
};
