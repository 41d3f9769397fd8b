'use strict';

const { describeBytes } = require('./bytes');
const { describeDestroy } = require('./destroy');
const { describeFlow } = require('./flow');
const { describeHalves } = require('./halves');
const { describeModel } = require('./model');
const { describeStreams } = require('./streams');
const { describeValues } = require('./values');

/**
 * What every carrier of pipes must do, as tests.
 * @param {string} name of the carrier
 * @param {(options?: object) => Promise<{ near: any, far: any, close: () => any }>} open  two pipes
 *   that are connected to each other, both opened with these options but for `signal`, which is
 *   near's; close() frees what carried them, once both are closed
 * @param {{ valuesSkipped?: string[], runs?: number }} [traits]  valuesSkipped: kinds of values that
 *   its codec has no form for, by their names in values.js; runs: of the model, see model.js
 */
function pipeSuite(name, open, traits = {}) {
  describe(name, () => {
    const pairs = [];
    const start = async (options) => {
      const pair = await open(options);
      pairs.push(pair);
      return pair;
    };

    afterEach(async () => {
      for (const { near, far, close } of pairs.splice(0)) {
        for (const pipe of [near, far]) pipe.on('error', () => {}).destroy();
        await close();
      }
    });

    describeValues(start, traits);
    describeBytes(start);
    describeFlow(start);
    describeHalves(start);
    describeDestroy(start);
    describeStreams(start);
    describeModel(open, traits);
  });
}

module.exports = { pipeSuite };
