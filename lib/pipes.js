'use strict';

/** 'hawser/pipes': a Duplex over any transport. What is not used is not loaded. */

module.exports = {
  get ProcessPipeAdapter() {
    return require('./pipes/process-pipe-adapter').ProcessPipeAdapter;
  },
  get TCPPipeAdapter() {
    return require('./pipes/tcp-pipe-adapter').TCPPipeAdapter;
  },
  get UnixPipeAdapter() {
    return require('./pipes/unix-pipe-adapter').UnixPipeAdapter;
  },
  get WebSocketPipeAdapter() {
    return require('./pipes/web-socket-pipe-adapter').WebSocketPipeAdapter;
  },
  get WorkerPipeAdapter() {
    return require('./pipes/worker-pipe-adapter').WorkerPipeAdapter;
  },
  get connect() {
    return require('./pipes/connect').connect;
  },
  get createPipePair() {
    return require('./pipes/pipe-pair').createPipePair;
  },
  get createPipeServer() {
    return require('./pipes/create-pipe-server').createPipeServer;
  },
};
