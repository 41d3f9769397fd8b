'use strict';

/** docs/protocol.md against the sources and tests that cite it. */

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { ROOT, evaluate, readRules, readTable, readVectors } = require('./protocol-document');
const tags = require('../../lib/codec/tags');
const { FLAG, TYPE } = require('../../lib/frames');

const RULE = /\bP\d+\.\d+\b/g;
const rules = readRules();
const binding = rules.filter(({ marker }) => marker === '').map(({ id }) => id);

const read = (...parts) => fs.readFileSync(path.join(ROOT, ...parts), 'utf8');

/** @returns {Map<string, string[]>} rule to the files that cite it */
function citations(folders) {
  const cited = new Map();
  for (const folder of folders) {
    const names = fs.readdirSync(path.join(ROOT, folder), { recursive: true }).map(String);
    for (const name of names.filter((file) => /\.(c|h|js|mjs|pml)$/.test(file))) {
      for (const [id] of read(folder, name).matchAll(RULE))
        cited.set(id, [...(cited.get(id) ?? []), path.join(folder, name)]);
    }
  }
  return cited;
}

describe('docs/protocol.md: rules', () => {
  const inSources = citations(['src', 'include', 'lib']);
  const inTests = citations(['test']);
  for (const { rule, name } of readVectors().filter(({ rule: id }) => id))
    inTests.set(rule, [...(inTests.get(rule) ?? []), `vector ${name}`]);

  it('have numbers without gaps, each of one or two sentences', () => {
    const next = new Map([['P3', 0]]); // the first byte comes before the first frame
    for (const { id, text } of rules) {
      const [chapter, number] = id.split('.');
      assert.equal(Number(number), next.get(chapter) ?? 1, id);
      next.set(chapter, Number(number) + 1);
      const sentences = text.split(/[.!?](?=\s|$)/).filter((part) => part.trim());
      assert.ok(sentences.length <= 2, `${id} has ${sentences.length} sentences`);
    }
    assert.ok(rules.length > 60);
  });

  it('are cited by the sources', () => {
    assert.deepEqual(
      binding.filter((id) => !inSources.has(id)),
      [],
    );
  });

  it('are cited by tests', () => {
    assert.deepEqual(
      binding.filter((id) => !inTests.has(id)),
      [],
    );
  });

  it('are there for every citation', () => {
    const ids = new Set(rules.map(({ id }) => id));
    const lost = [...inSources, ...inTests].filter(([id]) => !ids.has(id));
    assert.deepEqual(lost, []);
  });

  it('of another part of the document are there', () => {
    const ids = new Set(rules.map(({ id }) => id));
    const cited = read('docs', 'protocol.md').match(RULE);
    assert.deepEqual(
      cited.filter((id) => !ids.has(id)),
      [],
    );
  });
});

describe('docs/protocol.md: tables', () => {
  /** @returns {Map<string, number>} the constants of the core's headers, as far as they are numbers */
  function coreConstants() {
    const constants = new Map();
    for (const name of fs.readdirSync(path.join(ROOT, 'src/core'))) {
      for (const [, key, value] of read('src/core', name).matchAll(
        /\b([A-Z][A-Z_]+) = ([\dxa-f <]+?)(?=\s*[,}])/g,
      ))
        constants.set(key, evaluate(value));
    }
    return constants;
  }

  const constants = coreConstants();

  it('of types are those of the core and of lib (P2.4)', () => {
    const rows = readTable('P2.4');
    for (const [number, name, carriedBy] of rows) {
      const reserved = carriedBy === '';
      assert.equal(constants.get(`HWR_${name}`), reserved ? undefined : Number(number), name);
      if (name in TYPE) assert.equal(TYPE[name], Number(number));
    }
    assert.ok(Object.keys(TYPE).every((name) => rows.some((row) => row[1] === name)));
  });

  it('of flags are those of the core and of lib (P2.5)', () => {
    for (const [bits, name] of readTable('P2.5').filter((row) => row[1])) {
      assert.equal(constants.get(`HWR_FLAG_${name}`), Number(bits));
      if (name in FLAG) assert.equal(FLAG[name], Number(bits));
    }
  });

  it('of limits are those of the core (P8.1)', () => {
    for (const [, value, name] of readTable('P8.1'))
      assert.equal(constants.get(name), Number(value), name);
  });

  it('of tags are those of lib (P9.6)', () => {
    const rows = readTable('P9.6').filter(([tag]) => !tag.includes('–'));
    const low = Object.entries(tags).filter(([, tag]) => typeof tag === 'number' && tag < 0x30);
    const table = rows.map(([tag, name]) => [name, Number(tag)]);
    assert.deepEqual(table, low);
  });

  it('of ranges of tags are those of lib (P9.6)', () => {
    const rows = readTable('P9.6').filter(([tag]) => tag.includes('–'));
    const starts = ['ARRAY_EXTENDED_SHORT', 'INTEGER', 'STRING', 'SHAPE_SHORT', 'ARRAY_SHORT'];
    const table = rows.map(([tag]) => Number(tag.split('–')[0]));
    assert.deepEqual(
      table,
      [...starts, 'OBJECT_SHORT'].map((name) => tags[name]),
    );
  });

  it('of kinds of views are those of lib (P9.19)', () => {
    const cells = readTable('P9.19').flatMap((row) => [0, 2, 4].map((i) => row.slice(i, i + 2)));
    const kinds = cells.filter(([kind]) => kind).sort(([a], [b]) => a - b);
    assert.deepEqual(
      kinds.map(([, name]) => name),
      tags.VIEW_KINDS,
    );
    assert.deepEqual(
      kinds.map(([kind]) => Number(kind)),
      [...tags.VIEW_KINDS.keys()],
    );
  });
});
