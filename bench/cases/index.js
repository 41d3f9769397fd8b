'use strict';

/* The plan. Each case: { name, title, baseline, contenders, figures, run(create, settings) -> figures }.
 * `baseline` is the contender that the others are compared with, by the first figure;
 * a case without one has figures that only stand for themselves. */

const bytes = require('./bytes.js');
const inFlight = require('./in-flight.js');

exports.cases = [
  require('./round-trip.js'),
  inFlight(64),
  inFlight(1000),
  require('./one-way.js'),
  bytes('1 KiB', 1024),
  bytes('64 KiB', 64 * 1024),
  bytes('1 MiB', 1024 * 1024),
  require('./process-lines.js'),
  require('./start.js'),
  require('./neighbour.js'),
  require('./idle-call.js'),
  require('./flood.js'),
  require('./pipe-objects.js'),
  require('./pipe-bytes.js'),
  require('./beside-a-pipe.js'),
];

exports.settings = {
  full: {
    warmUpMs: 400,
    measureMs: 1000,
    starts: 7,
    neighbourMs: 3000,
    idleMs: 1000,
    floodMiB: 1024,
    blockMs: 2000,
    timeoutMs: 120_000,
  },
  smoke: {
    warmUpMs: 5,
    measureMs: 10,
    starts: 1,
    neighbourMs: 20,
    idleMs: 20,
    floodMiB: 8,
    blockMs: 50,
    timeoutMs: 30_000,
    allAtOnce: true,
  },
};
