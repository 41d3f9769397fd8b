'use strict';

const fs = require('node:fs');
const { startWorkerServer } = require('hawser/worker');

const say = (text) => fs.writeSync(1, `${JSON.stringify(text)}\n`);

startWorkerServer({ idle: () => say('idle') }, { onShutdown: say });
