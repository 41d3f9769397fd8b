'use strict';

/** The main module of a worker process: joins the host, imports the script, serves it. */

const Module = require('node:module');
const { pathToFileURL } = require('node:url');
const { randomBytes } = require('node:crypto');
const fs = require('node:fs');
const path = require('node:path');

const native = require('./binding');
const { Channel } = require('./channel');
const { createCodec } = require('./codec');
const { encodeError } = require('./error-frames');
const { report } = require('./report');
const { EVENT, ROLE, TYPE } = require('./frames');
const { Server } = require('./server');

const HOST_GONE_GRACE = 500; // then the watch thread ends the process
const INIT_TIMEOUT = 10_000;
const EXIT_DRAIN = 1000;
const WINDOW_BYTES = 1024 * 1024;

const config = JSON.parse(process.env.HAWSER_WORKER);
delete process.env.HAWSER_WORKER;
process.argv.splice(1, 1); // argv[1] is the script

let server = null;
let serving = null; // promise of startWorkerServer
let leaving = false;

const initTimer = setTimeout(() => process.exit(1), INIT_TIMEOUT);

const listener = {
  onOpen() {},
  onEvent(kind, at) {
    if (kind === EVENT.INIT) onInit(at);
    else if (kind === EVENT.GOAWAY) leave('shutdown');
  },
  onRequest: (at) => server.onRequest(at),
  onAnswer() {},
  onDrain: () => server?.onDrain(),
  onEnd: () => leave('disconnect'),
  onProtocolError: () => process.exit(1),
};

native.watchHost(config.fds[0], HOST_GONE_GRACE);
const channel = new Channel({
  open: (options, callbacks) => native.openWorker(config.fds, options, callbacks),
  options: {
    role: ROLE.WORKER,
    uuid: randomBytes(16),
    codecs: 0xff,
    maxMessageBytes: config.maxMessageBytes,
    windowBytes: WINDOW_BYTES,
    windowMessages: config.highWaterMark.messages,
    highWaterBytes: config.highWaterMark.bytes,
    highWaterMessages: config.highWaterMark.messages,
    spinMicroseconds: config.spin,
  },
  codec: createCodec('structured'),
  listener,
});
process.on('exit', () => channel.drain(EXIT_DRAIN));

async function leave(reason) {
  if (leaving) return;
  leaving = true;
  try {
    if (reason === 'disconnect') setTimeout(() => process.exit(), HOST_GONE_GRACE / 2);
    await server?.stop(reason);
  } catch (error) {
    report('onShutdown failed', error);
  }
  process.exit();
}

function onInit(at) {
  clearTimeout(initTimer);
  const init = channel.payload(at);
  init.session = randomBytes(16).toString('hex');
  if (init.name !== undefined) process.title = init.name;
  globalThis[Symbol.for('hawser.worker')] = {
    workerData: init.workerData,
    serve: (handlers, options) => (serving = serve(init, handlers, options)),
  };
  process.nextTick(run, init);
}

async function serve(init, handlers, options) {
  if (serving) throw new TypeError('startWorkerServer was called before');
  server = new Server(channel, init, handlers, options);
  const running = server;
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
    const exported = await load(process.argv[1]);
    serving ??= serve(init, handlersOf(exported), {});
    await serving;
  } catch (error) {
    failStart(error);
  }
}

function failStart(error) {
  report('the script could not be started', error);
  channel.sendBytes(TYPE.ERROR, 1, 0, 0, encodeError(error));
  process.exit(1);
}

/** Own enumerable functions; a bare function is 'default'. */
function handlersOf(exported) {
  if (typeof exported === 'function') return { default: exported };
  const handlers = {};
  for (const [name, value] of Object.entries(exported ?? {})) {
    if (typeof value === 'function' && name !== 'module.exports') handlers[name] = value;
  }
  return handlers;
}

async function load(script) {
  if (!isCommonJs(script)) return import(pathToFileURL(script).href);
  try {
    // @ts-ignore not in the types, and the only way to make it the main module
    return Module._load(script, null, true); // as the main module, like node itself does
  } catch (error) {
    if (error?.code !== 'ERR_REQUIRE_ESM' && error?.code !== 'ERR_REQUIRE_ASYNC_MODULE')
      throw error;
    return import(pathToFileURL(script).href);
  }
}

function isCommonJs(script) {
  const ending = path.extname(script);
  if (ending === '.mjs' || ending === '.mts') return false;
  return ending === '.cjs' || ending === '.cts' || packageType(path.dirname(script)) !== 'module';
}

function packageType(folder) {
  const file = path.join(folder, 'package.json');
  if (fs.existsSync(file)) return JSON.parse(fs.readFileSync(file, 'utf8')).type;
  const above = path.dirname(folder);
  return above === folder ? undefined : packageType(above);
}
