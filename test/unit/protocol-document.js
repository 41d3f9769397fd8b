'use strict';

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');

const ROOT = path.join(__dirname, '..', '..');
const text = fs.readFileSync(path.join(ROOT, 'docs', 'protocol.md'), 'utf8');

/**
 * @typedef {object} Rule
 * @property {string} id      such as 'P2.1'
 * @property {string} marker  'informative', 'reserved', or '' for a rule that binds
 * @property {string} text    of its paragraph, without tables
 */

/** @returns {Rule[]} in the order of the document */
function readRules() {
  const paragraphs = text.matchAll(
    /^\*\*(P\d+\.\d+)\*\* (?:_\((informative|reserved)\)_ )?(.+?)(?=\n\n|\n*$(?![\s\S]))/gms,
  );
  return [...paragraphs].map(([, id, marker = '', words]) => ({ id, marker, text: words }));
}

/**
 * @typedef {object} Vector
 * @property {string} name
 * @property {Buffer} [hex]  all lines `hex`, put together
 * @property {any} [get]     the text of each other key
 */

const bytesOf = (digits) => Buffer.from(digits.replace(/\s/g, ''), 'hex');

/** @returns {Array<Record<string, string> & { name: string, bytes: Buffer }>} */
function readVectors() {
  return [...text.matchAll(/^```vector (\S+)\n(.*?)^```$/gms)].map(([, name, body]) => {
    const vector = { name };
    let digits = '';
    for (const line of body.split('\n').filter(Boolean)) {
      const [, key, value] = /^(\w+):\s*(.*?)\s*$/.exec(line);
      if (key === 'hex') digits += value.replace(/#.*/, '');
      else vector[key] = value;
    }
    return Object.assign(vector, { bytes: bytesOf(digits) });
  });
}

/** What an expression of the document means, in this realm. */
const evaluate = (expression) => vm.runInThisContext(`(${expression})`);

/** @returns {string[][]} the cells of the table behind a rule, without its head and back-quotes */
function readTable(id) {
  const behind = text.slice(text.indexOf(`**${id}**`));
  const lines = /^(\|.*\n)+/m.exec(behind)[0].trim().split('\n').slice(2);
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replace(/`/g, '')),
  );
}

module.exports = { ROOT, readRules, readVectors, readTable, evaluate, bytesOf };
