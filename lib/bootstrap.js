'use strict';

/** What a worker process does: joins the host, imports the script, serves it. */

const native = require('./binding');
const { Channel } = require('./channel');
const { createCodec } = require('./codec');
const { EVENT, ROLE, TYPE } = require('./frames');
const { handlersOf, loadScript } = require('./script');
const { Server } = require('./server');
const { heedSignals } = require('./signals');
const { STRUCTURED } = require('./start-frames');

const HOST_GONE_GRACE = 500; // then the watch thread ends the process
const INIT_TIMEOUT = 10_000;
const SIGNAL_GRACE = 500; // for handlers that run, from a signal on
const EXIT_DRAIN = 1000;
const QUIET = 1000; // after the start, before what is seldom needed is loaded

const uuid = native.uuid();
const config = JSON.parse(process.env.HAWSER_WORKER ?? '');
delete process.env.HAWSER_WORKER;
process.argv.splice(1, 1); // argv[1] is the script

let server = null;
let serving = null; // promise of startWorkerServer
let evaluated = false; // the script
let leaving = false;
let hostInit = null; // what INIT said
let parent = null; // once somebody has asked for it
let host = null; // who receives for it

const initTimer = setTimeout(() => fail('the host sent no INIT'), INIT_TIMEOUT);

const listener = {
  onOpen() {},
  onEvent(kind, at) {
    if (kind === EVENT.INIT) onInit(at);
    else if (kind === EVENT.GOAWAY) leave('shutdown');
  },
  onRequest: (at) => server.onRequest(at),
  onCancel: (at) => server.onCancel(at),
  onAnswer: (kind, slot, at) => host?.onAnswer(kind, slot, at),
  onProgress: (at) => host?.onProgress(at),
  onEmitted: (at) => host?.onEmitted(at),
  onDrain: (what) => {
    server?.onDrain(what);
    host?.onDrain(what);
  },
  onEnd(status, rule) {
    if (status === 0) leave('disconnect');
    else fail(`the host broke the protocol${rule ? ` (${rule})` : ''}`);
  },
  onProtocolError: (error) => fail('the host broke the protocol', error),
};

const channel = new Channel({
  open: joinHost,
  options: {
    role: ROLE.WORKER,
    uuid,
    maxMessageBytes: config.maxMessageBytes,
    highWaterMark: config.highWaterMark,
    spin: config.spin,
  },
  codec: createCodec('structured'),
  listener,
});
process.on('exit', () => {
  server?.answerAll();
  channel.drain(EXIT_DRAIN);
});
heedSignals(onSignal);

/** Few workers need it, and each of its files takes its time. */
function loadParent() {
  if (parent !== null) return parent;
  const { Parent } = require('./parent');
  parent = new Parent(channel, {
    init: hostInit,
    isOpen: () => server !== null && server.isReady,
    beforeEvent: () => server.releaseAnswers(),
  });
  host = Parent.receiver(parent);
  return parent;
}

function joinHost(options, callbacks) {
  try {
    const [socket, ...segments] = config.fds;
    const moved = native.watchHost(socket, HOST_GONE_GRACE);
    return native.openWorker([moved, ...segments], options, callbacks);
  } catch (error) {
    return fail('no connection to the host', error);
  }
}

function fail(what, error) {
  require('./report').report(what, error);
  process.exit(1);
}

/** The same way as any other, but the host, or whoever it is, does not wait for ever. */
function onSignal(signal) {
  if (leaving || !server) server?.cut();
  else setTimeout(() => server.cut(), SIGNAL_GRACE);
  leave(signal);
}

async function leave(reason) {
  if (leaving) return;
  leaving = true;
  try {
    if (reason === 'disconnect') {
      setTimeout(() => process.exit(), HOST_GONE_GRACE / 2);
      server?.abandonAll();
      host?.onGone();
    }
    await server?.stop(reason);
  } catch (error) {
    require('./report').report('onShutdown failed', error);
  }
  process.exit();
}

function onInit(at) {
  clearTimeout(initTimer);
  const init = readInit(at);
  hostInit = init;
  init.peer = loadParent;
  init.session = uuid.toString('hex');
  if (init.name !== undefined) process.title = init.name;
  globalThis[Symbol.for('hawser.worker')] = {
    workerData: init.workerData,
    get parent() {
      return loadParent();
    },
    serve: (handlers, options) => serveOnce(init, handlers, options),
  };
  process.nextTick(run, init);
}

function readInit(at) {
  try {
    const init = channel.payload(at);
    if (typeof init?.timeouts?.types === 'object' && areNames(init.methods)) return init;
  } catch (error) {
    return fail('the host broke the protocol', error);
  }
  return fail('the host broke the protocol: malformed INIT (P3.8)');
}

/** @param {unknown} [methods] what the host serves, if it serves anything */
function areNames(methods = []) {
  return Array.isArray(methods) && methods.every((name) => typeof name === 'string');
}

function serveOnce(init, handlers, options) {
  if (evaluated) {
    const text = 'startWorkerServer must be called before the evaluation of the script settles';
    throw new TypeError(text);
  }
  if (serving) throw new TypeError('startWorkerServer must be called once');
  serving = serve(init, handlers, options);
  return serving;
}

async function serve(init, handlers, options) {
  server = new Server(channel, init, handlers, options);
  const running = server;
  // A script that throws behind this, or leaves a rejection to nobody, must not have been ready.
  await new Promise(setImmediate);
  await running.announce();
  return {
    stop: () => leave('stop'),
    get isRunning() {
      return running.isRunning;
    },
  };
}

async function run(init) {
  try {
    const { exported } = await loadScript(process.argv[1]);
    evaluated = true;
    serving ??= serve(init, handlersOf(exported), {});
    await serving;
    setTimeout(loadForErrors, QUIET).unref();
  } catch (error) {
    failStart(error);
  }
}

/** When an error is to be told, it may be that no file can be opened. */
function loadForErrors() {
  require('./error-frames');
  require('./report');
}

function failStart(error) {
  const { encodeError } = require('./error-frames');
  if (!server?.isReady) channel.sendBytes(TYPE.ERROR, STRUCTURED, 0, 0, encodeError(error));
  fail('the script could not be started', error);
}
