'use strict';

/* Who takes part. Each file exports create(options) -> { call, post, drained, stats, close, pid }:
 *
 *   call(value, type?)  -> Promise of the answer; without a type, an echo
 *   post(value, type?)  -> false: accepted, but wait for drained() before the next
 *   drained()           -> Promise, to be asked for after a post that returned false
 *   stats()             -> { transport, doorbellsRung? ... }, counters since the start
 *   close()             -> Promise; the worker is gone
 *   sharesProcess       true where the worker is a thread of this process
 *
 * lines.js has a form of its own, for its case alone.
 */

/** @type {Record<string, { file: string, options: object }>} */
module.exports = {
  hawser: { file: 'hawser.js', options: {} },
  'hawser-socket': { file: 'hawser.js', options: { transport: 'socket' } },
  'hawser-spin-0': { file: 'hawser.js', options: { spin: 0 } },
  'hawser-json': { file: 'hawser.js', options: { serializer: 'json' } },
  'hawser-v8': { file: 'hawser.js', options: { serializer: 'v8' } },
  'hawser-raw': { file: 'hawser.js', options: { serializer: 'raw' } },
  'hawser-msgpack': { file: 'hawser.js', options: { serializer: 'msgpack' } },
  'hawser-native': { file: 'hawser-native.js', options: {} },
  'hawser-native-json': { file: 'hawser-native.js', options: { serializer: 'json' } },
  'hawser-native-socket': { file: 'hawser-native.js', options: { transport: 'socket' } },
  'hawser-signal': { file: 'hawser.js', options: { terms: true } },
  'worker-threads': { file: 'worker-threads.js', options: {} },
  'worker-threads-transfer': { file: 'worker-threads.js', options: { transfer: true } },
  'fork-json': { file: 'fork.js', options: { serialization: 'json' } },
  'fork-advanced': { file: 'fork.js', options: { serialization: 'advanced' } },
  pipe: { file: 'pipe.js', options: {} },
  'pipe-socket': { file: 'pipe.js', options: { transport: 'socket' } },
  'byte-pipe': { file: 'byte-pipe.js', options: {} },
  'byte-pipe-socket': { file: 'byte-pipe.js', options: { transport: 'socket' } },
  'byte-net': { file: 'byte-child.js', options: { over: 'net' } },
  'byte-stdio': { file: 'byte-child.js', options: { over: 'stdio' } },
  'port-pipe': { file: 'port-pipe.js', options: { adapter: 'hawser' } },
  'port-pipe-reference': { file: 'port-pipe.js', options: { adapter: 'reference' } },
  'json-lines': { file: 'json-lines.js', options: {} },
  'process-pipe': { file: 'lines.js', options: { by: 'pipe' } },
  'stdio-lines': { file: 'lines.js', options: { by: 'hand' } },
  'stdio-lines-joined': { file: 'lines.js', options: { by: 'hand, joined' } },
};
