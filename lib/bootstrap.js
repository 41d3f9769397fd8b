'use strict';

/** What a worker process does: joins the host, imports the script, serves it. */

const native = require('./binding');
const { Channel } = require('./channel');
const { createCodec } = require('./codec');
const { agreeOnCodec } = require('./codec-agreement');
const { WorkerClosedError } = require('./errors');
const { EVENT, GOAWAY, ROLE, TYPE } = require('./frames');
const { Middleware } = require('./middleware');
const { handlersOf, loadScript } = require('./script');
const { Server } = require('./server');
const { heedSignals } = require('./signals');
const { STRUCTURED } = require('./start-frames');

const HOST_GONE_GRACE = 500; // then the watch thread ends the process
const NOBODY_GRACE = 5000; // to leave when there is no host whose end the watch thread sees
const INIT_TIMEOUT = 10_000;
const HOST_CONNECT_TIMEOUT = 30_000;
const SIGNAL_GRACE = 500; // for handlers that run and pipes that have ended, from a signal on
const EXIT_DRAIN = 1000;
const QUIET = 1000; // after the start, before what is seldom needed is loaded
const STATE = Symbol.for('hawser.worker');

/** Loaded when there is something to say, or after a while. */
let log = {
  error: (what, detail) => require('./report').report(what, detail),
};
const middleware = new Middleware();
/** @type {any} what begin() was told */
let config;
/** @type {any} of the host that there is, or was the last */
let channel = null;
/** @type {any} what INIT said, likewise */
let hostInit = null;
/** @type {any} a Server, likewise */
let server = null;
/** @type {any} { handlers, options }, once they are known */
let served = null;
/** @type {any} promise of startWorkerServer */
let serving = null;
let evaluated = false; // the script
let leaving = false;
let isUp = false; // it was ready once, so that it is of use to other hosts
let isServing = false; // the host that there is
/** @type {any} a Listening, where hosts come to us */
let listening = null;
let initTimer;
/** @type {(value?: any) => void} */
let hurry; // do not wait for pipes any longer
const isHurried = new Promise((resolve) => (hurry = resolve));
let parent = null; // once somebody has asked for it
/** @type {any} */
let host = null; // who receives for it

const listener = {
  onOpen() {},
  onEvent(kind, at) {
    if (kind === EVENT.INIT) onInit(at);
    else if (kind !== EVENT.GOAWAY) return;
    else if (channel.value(at) === GOAWAY.DISCONNECT) onHostLeft(true);
    else leave('shutdown');
  },
  onRequest: (at) => {
    host?.beforeRequest();
    server.onRequest(at);
  },
  onCancel: (at) => server.onCancel(at),
  onAnswer: (kind, slot, at) => host?.onAnswer(kind, slot, at),
  onLate() {},
  onProgress: (at) => host?.onProgress(at),
  onEmitted: (at) => host?.onEmitted(at),
  onStream(end) {
    const { isOfCall } = require('./stream-names'); // few workers need it
    if (isOfCall(end.name)) server.onStream(end);
    else require('./pipe-opening').acceptPipe(end, served.options.onPipe, log);
  },
  onDrain: (what) => {
    server?.onDrain(what);
    host?.onDrain(what);
  },
  onEnd(status, rule) {
    if (status === 0) onHostLeft(false);
    else lose(`the host broke the protocol${rule ? ` (${rule})` : ''}`);
  },
  onProtocolError: (error) => lose('the host broke the protocol', error),
};

/**
 * @param {object} about
 * @param {string} [about.addon] for ./binding
 * @param {number[]} [about.fds] the inherited socket, and segments
 * @param {{ socketPath: string, token?: string, lifeline?: number, detached?: boolean }} [about.listen]
 *   instead of fds. token: what the first host will show, in hex. lifeline: to the process that has
 *   started this one
 * @param {{ handlers: object, options: any }} [about.served] where there is no script to tell
 * @param {number} about.maxMessageBytes
 * @param {number} about.spin microseconds
 * @param {{ bytes: number, messages: number }} about.highWaterMark
 */
function begin(about) {
  config = about;
  served = about.served ?? null;
  isUp = served !== null;
  if (served !== null) takeOptions(served.options);
  if (config.listen) listen(config.listen);
  else openChannel(joinHost);
  process.on('exit', onExit);
  heedSignals(onSignal);
  if (listening !== null) beginListening(config.listen);
}

function onExit() {
  if (channel !== null) {
    server?.releaseAnswers();
    channel.drain(EXIT_DRAIN);
  }
  listening?.close();
}

function openChannel(open) {
  isServing = false;
  initTimer = setTimeout(() => lose('the host sent no INIT'), INIT_TIMEOUT);
  channel = new Channel({
    open,
    options: {
      role: ROLE.WORKER,
      uuid: native.uuid(),
      maxMessageBytes: config.maxMessageBytes,
      highWaterMark: config.highWaterMark,
      spin: config.spin,
    },
    codec: createCodec('structured'),
    listener,
  });
}

/** Few workers need it, and each of its files takes its time. */
function loadParent() {
  if (parent !== null || config === undefined) return parent;
  const { Parent } = require('./parent');
  parent = new Parent({
    isReady: () => server !== null && server.isReady,
    beforeEvent: () => server.releaseAnswers(),
    middleware,
    mostPosts: config.highWaterMark.messages,
    log: { error: (what, detail) => log.error(what, detail) },
  });
  host = Parent.receiver(parent);
  if (hostInit !== null) host.onHost(channel, hostInit);
  if (channel?.isClosed) host.onGone();
  host.nameBy(served?.options.txIdGenerator);
  return parent;
}

function joinHost(options, callbacks) {
  try {
    const [socket, ...segments] = config.fds;
    const moved = native.watchHost(socket, HOST_GONE_GRACE, undefined);
    return native.openWorker([moved, ...segments], options, callbacks);
  } catch (error) {
    return fail('no connection to the host', error);
  }
}

// ---------------------------------------------------------------- at a named socket

function listen({ socketPath, lifeline }) {
  const { Listening } = require('./listening');
  try {
    listening = new Listening(socketPath, { onHost, onNobody });
  } catch (error) {
    if (lifeline === undefined) throw error;
    announce({ error: { code: error.code, message: error.cause.message } });
    fail('cannot listen', error);
  }
}

/** On the lifeline. Whoever has started this process may be gone. */
function announce(what) {
  try {
    require('./listening').announce(config.listen.lifeline, what);
  } catch (error) {
    fail('the host is gone', error);
  }
}

function beginListening({ token, lifeline, detached }) {
  if (lifeline !== undefined) {
    announce({ id: listening.id });
    if (detached) letGoOfLifeline();
    else config.listen.lifeline = native.watchHost(lifeline, HOST_GONE_GRACE, listening.handle);
  }
  try {
    listening.waitForHost(timeToWait(), token && Buffer.from(token, 'hex'));
  } catch (error) {
    listening.close();
    throw error;
  }
}

/** This process may outlive who has started it. */
function letGoOfLifeline() {
  const { lifeline } = config.listen;
  native.unwatchHost();
  if (lifeline === undefined) return;
  config.listen.lifeline = undefined;
  require('node:fs').closeSync(lifeline);
  // Whoever reads what we print may be gone: that must not end us.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}

const timeToWait = () => served?.options.hostConnectTimeout ?? HOST_CONNECT_TIMEOUT;

const staysAlive = () =>
  (served?.options.disconnectBehavior ?? (config.listen?.detached && 'keep-alive')) ===
  'keep-alive';

function onHost(fds) {
  try {
    openChannel((options, callbacks) => {
      if (needsWatch()) fds[0] = native.watchHost(fds[0], HOST_GONE_GRACE, listening.handle);
      return native.openWorker(fds, options, callbacks);
    });
  } catch (error) {
    if (!mayWait(false)) fail('no connection to the host', error);
    waitForNext(); // it did not stay for the answer to its knock
  }
}

/** Not while the lifeline tells of the first host; a program that was not started by us is not ours to kill. */
function needsWatch() {
  const { token, lifeline } = config.listen;
  return token !== undefined && lifeline === undefined && !staysAlive();
}

function onNobody() {
  log.error(`no host came within ${timeToWait()} ms`);
  leave('disconnect', NOBODY_GRACE);
}

/**
 * The connection is over.
 * @param {boolean} announced the host has said that it, or another one, will come again
 */
function onHostLeft(announced) {
  if (mayWait(announced)) waitForNext();
  else leave('disconnect');
}

/** The host is of no use. */
function lose(what, error) {
  if (!mayWait(false)) fail(what, error);
  log.error(what, error);
  waitForNext();
}

/** A host that has not even been served ends nothing but its connection. */
function mayWait(announced) {
  return isUp && !leaving && listening !== null && (announced || !isServing || staysAlive());
}

function waitForNext() {
  clearTimeout(initTimer);
  isServing = false;
  channel?.endStreams(hostGone(), true);
  server?.abandonAll();
  host?.onGone();
  letGoOfLifeline();
  try {
    listening.waitForHost(timeToWait()); // before the end of the connection tells the host
  } catch (error) {
    log.error('no other host can come', error);
    leave('disconnect', NOBODY_GRACE);
  }
  channel?.close(); // not of a host that was gone before there was one
}

// ---------------------------------------------------------------- ending

function fail(what, error) {
  log.error(what, error);
  process.exit(1);
}

/** The same way as any other, but the host, or whoever it is, does not wait for ever. */
function onSignal(signal) {
  if (leaving || !server) cut();
  else setTimeout(cut, SIGNAL_GRACE);
  leave(signal);
}

function cut() {
  hurry();
  server?.cut();
}

/** @param {string} reason @param {number} [most] milliseconds, of reason 'disconnect' */
async function leave(reason, most = HOST_GONE_GRACE / 2) {
  if (leaving) return;
  leaving = true;
  if (channel === null || channel.isClosed) listening?.close(); // it would not serve who comes now
  try {
    if (reason === 'disconnect') {
      setTimeout(() => process.exit(), most);
      channel?.endStreams(hostGone(), true);
      server?.abandonAll();
      host?.onGone();
    }
    if (channel !== null) await Promise.race([channel.finishStreams(), isHurried]);
    if (server !== null) await server.stop(reason);
    else await served?.options.onShutdown?.(reason);
  } catch (error) {
    log.error('onShutdown failed', error);
  }
  setTimeout(() => process.exit(), EXIT_DRAIN); // nobody may read it
  await Promise.all([process.stdout, process.stderr].map(printed));
  process.exit();
}

const hostGone = () => new WorkerClosedError('Worker has lost its host');

/** What a pipe had no room for would be lost. */
function printed(stream) {
  if (stream.writableLength === 0 || stream.destroyed) return undefined;
  return new Promise((resolve) => stream.write('', resolve));
}

// ---------------------------------------------------------------- starting

function onInit(at) {
  clearTimeout(initTimer);
  const init = readInit(at);
  if (init === undefined) return;
  hostInit = init;
  if (isUp) return void serveHost(init);
  if (init.name !== undefined) process.title = init.name;
  globalThis[STATE] = {
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
    return lose('the host broke the protocol', error);
  }
  return lose('the host broke the protocol: malformed INIT (P3.8)');
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
  takeOptions(options);
  server = makeServer(init, handlers, options);
  served = { handlers, options };
  // A script that throws behind this, or leaves a rejection to nobody, must not have been ready.
  await new Promise(setImmediate);
  if (listening !== null && staysAlive()) letGoOfLifeline();
  await server.announce();
  isServing = isUp = true;
  return serverOf();
}

function takeOptions(options) {
  if (options.logger !== undefined || options.logLevel !== undefined)
    log = require('./report').createLog(options);
  for (const one of [options.middleware ?? []].flat()) middleware.add(one);
  host?.nameBy(options.txIdGenerator);
}

function makeServer(init, handlers, options) {
  channel.codec = agreeOnCodec(init, options.serializer);
  return new Server(channel, handlers, {
    timeouts: init.timeouts,
    middleware,
    log,
    emit: (name, data) => loadParent().emit(name, data),
    options,
  });
}

const serverOf = () => ({
  stop: () => leave('stop'),
  get isRunning() {
    return !leaving;
  },
});

/** A host that has come when the worker was up (P3.18). */
async function serveHost(init) {
  globalThis[STATE].workerData ??= init.workerData; // of a program that nobody gave any
  const { handlers, options } = served;
  const own = channel;
  try {
    server = makeServer(init, handlers, { ...options, onStart: undefined });
    host?.onHost(own, init);
    await server.announce();
    if (own !== channel) return;
    isServing = true;
    host?.onReady();
  } catch (error) {
    const { encodeError } = require('./error-frames');
    own.sendBytes(TYPE.ERROR, STRUCTURED, 0, 0, encodeError(error));
  }
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

module.exports = { begin, loadParent, serverOf };
