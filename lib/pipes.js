'use strict';

/** Pipes over what is not a worker of ours: 'hawser/pipes'. Each is loaded when it is asked for. */

module.exports = {
  get ProcessPipeAdapter() {
    return require('./pipes/process-pipe-adapter').ProcessPipeAdapter;
  },
};
