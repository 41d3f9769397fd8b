'use strict';

/* One case with one contender, in a process of its own: node trial.js <case> <contender> <settings>.
 * The figures go to stdout as one line of JSON. */

const { cases, settings } = require('./cases/index.js');
const contenders = require('./contenders/index.js');

async function main([caseName, contenderName, settingsName]) {
  const plan = cases.find(({ name }) => name === caseName);
  const { file, options } = contenders[contenderName];
  const open = require(`./contenders/${file}`);
  let transport;
  const create = async () => {
    const peer = await open(options);
    transport = peer.stats().transport;
    return peer;
  };
  const figures = await plan.run(create, settings[settingsName]);
  process.stdout.write(`${JSON.stringify({ transport, figures })}\n`);
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exit(1); // a peer that failed may still hold the event loop
});
