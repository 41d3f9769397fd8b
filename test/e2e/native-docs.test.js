'use strict';

/** docs/native-workers.md: what it shows compiles, and prints what it says. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, folders, installLinked, shell } = require('./native-project');

const C_PRELUDE = ['hawser/worker.h', 'poll.h', 'stdio.h', 'stdlib.h'];
const JS_PRELUDE = `
const { Readable } = require('node:stream');
const { createWorker } = require('hawser');

const script = \`\${__dirname}/worker\`;
const prices = { pear: 3 };
const price = (fruit) => {
  if (!prices[fruit]) throw new RangeError(\`no \${fruit}s\`);
  return prices[fruit];
};

async function main() {
  const worker = await createWorker({ driver: 'native', script, handlers: { price } });
`;
const JS_END = `
  await Promise.all([worker.shutdown(), pooled.shutdown()]);
}
main();
`;

/** @returns {{ kind: string, body: string, name?: string }[]} name: of the file that it is, if it says so */
function readBlocks() {
  const text = fs.readFileSync(path.join(ROOT, 'docs/native-workers.md'), 'utf8');
  return Array.from(text.matchAll(/^```(\w+)\n(.*?)^```$/gms), ([, kind, body]) => ({
    kind,
    body,
    name: /^(?:\/\*|\/\/) (\w+\.\w+)/.exec(body)?.[1],
  }));
}

describe('docs/native-workers.md', () => {
  const make = folders();
  const blocks = readBlocks();
  const parts = (kind) => blocks.filter((block) => block.kind === kind && !block.name);
  const join = (kind) => parts(kind).map(({ body }) => body);
  const [quickOutput, ...outputs] = join('text');

  function write(files) {
    const project = make();
    installLinked(project);
    for (const [name, text] of Object.entries(files))
      fs.writeFileSync(path.join(project, name), text);
    return project;
  }

  it('begins with a program, the commands that build and run it, and what it prints', async function () {
    this.timeout(60_000);
    const files = blocks.filter(({ name }) => name).map(({ name, body }) => [name, body]);
    const commands = join('sh').find((body) => body.startsWith('cc '));
    const { code, stdout, stderr } = await shell(write(Object.fromEntries(files)), commands);
    assert.deepEqual([code, stdout], [0, quickOutput], stderr);
  });

  it('goes on with the parts of another program, and what each prints', async function () {
    this.timeout(60_000);
    const includes = C_PRELUDE.map((header) => `#include <${header}>\n`).join('');
    const project = write({
      'worker.c': includes + join('c').join('\n'),
      'index.js': JS_PRELUDE + join('js').join('\n') + JS_END,
    });
    const flags = '-Wall -Wextra -Werror $(hawser cflags) $(hawser libs)';
    const made = await shell(project, `cc worker.c ${flags} -o worker`);
    assert.deepEqual(made, { code: 0, stdout: '', stderr: '' });
    const { stdout, stderr } = await shell(project, 'node index.js');
    assert.deepEqual([stdout, stderr], [outputs.join(''), '']);
  });
});
