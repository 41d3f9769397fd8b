'use strict';

/* Figures that several cases report. better: which direction wins, or null for what has none. */

exports.cost = [
  { key: 'cpu', title: 'CPU s/million', better: 'lower' },
  { key: 'sleeps', title: 'sleeps each', better: 'lower' },
  { key: 'doorbells', title: 'doorbells each', better: 'lower' },
];

exports.everyone = [
  'hawser',
  'hawser-socket',
  'hawser-spin-0',
  'worker-threads',
  'fork-json',
  'fork-advanced',
  'json-lines',
];
