'use strict';

/**
 * Rows of the suite that cannot be asked of a worker in C, by their full titles, below the reason.
 * A row that could hold and does not is a fault, and has no place here.
 */
const NOT_APPLICABLE = {
  'MessagePack has no such value: integers have 64 bits, text is UTF-8, maps have keys of text': [
    'payloads carries a BigInt there and back',
    'payloads carries a lone surrogate there and back',
    'payloads carries a map with object keys there and back',
  ],
  'MessagePack has no regular expressions, holes, sets, errors, cycles or shared references': [
    'payloads carries a regular expression there and back',
    'payloads carries a hole in an array there and back',
    'payloads keeps cycles and shared references',
    'payloads hands workerData to the worker',
    "serializer 'msgpack' is not that of workerData",
    "events named 'error' are logged where nobody listens, and given to who does",
  ],
  'MessagePack has one kind of bytes, which arrive as a Buffer': [
    'payloads carries a typed array there and back',
    'payloads carries an ArrayBuffer there and back',
  ],
  'no native worker reads what only V8 writes, or codec 1: such serializers are refused': [
    "serializer 'v8' carries a map",
    "serializer 'v8' names the path of what it refuses",
    "stream() carries items with the serializer 'v8', both ways",
    'stream() and pipes may be used while a value is serialized: structured',
  ],
  'a handler in C throws nothing and answers with bytes, which have no path': [
    'errors stand for null where null was thrown',
    'errors of a result that cannot travel name its path and leave the worker alive',
    'stream() names the path of an item that cannot travel, and the generator is left',
  ],
  'names and payloads in C have types: what can be wrong with them is tested beside this suite': [
    'events with a wrong name or data are refused in the emitter, and nothing is sent',
  ],
  'a request in C has no AbortSignal, which could be made late and be one object': [
    'signal of a handler is one, made when asked for, and not aborted while it is waited for',
  ],
  'a handler in C is registered for stream() or for send(), and is not run for the other': [
    'stream() is what a handler that streams is for: send() and post() are refused',
  ],
  'null is an item like others to a handler in C, which reads no Readable': [
    'stream() refuses what JSON makes null of, instead of ending there',
  ],
  'hwr_call carries one payload: a program in C opens a pipe for more': [
    'a payload that is a stream reaches the handlers of the host from parent.send()',
    'a payload that is a stream of the worker ends for the host when the worker dies',
  ],
  'exit() of C runs nothing of the runtime: hwr_worker_stop is what ends behind the answers': [
    'ending by process.exit in the midst of calls lets the answers before it arrive (P2)',
  ],
  'a program in C has no async contexts': ['handlers have async contexts of their own'],
};

/**
 * Rows that are not asked of a pool of threads: handlers run there in no order and side by side, and
 * what is given up before a thread has taken it is not run.
 */
const IN_ORDER = ['calls in flight that keep the worker busy let its loop turn between them'];

module.exports = { IN_ORDER, NOT_APPLICABLE };
