'use strict';

/* Figures that several cases report. better: which direction wins, or null for what has none. */

exports.cost = [
  { key: 'cpu', title: 'CPU s/million', better: 'lower' },
  { key: 'sleeps', title: 'sleeps each', better: 'lower' },
  { key: 'doorbells', title: 'doorbells each', better: 'lower' },
];

/** Of calls with values of any kind. */
exports.codecs = ['hawser-json', 'hawser-v8', 'hawser-msgpack'];

exports.native = ['hawser-native', 'hawser-native-json', 'hawser-native-socket'];

exports.everyone = [
  'hawser',
  'hawser-socket',
  'hawser-spin-0',
  'worker-threads',
  'fork-json',
  'fork-advanced',
  'json-lines',
];
