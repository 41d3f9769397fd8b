'use strict';

const assert = require('node:assert/strict');
const { exports: doors, typesVersions } = require('../../package.json');

describe('package.json', () => {
  it('names the types of every door also for compilers that do not read "exports"', () => {
    const inside = Object.entries(doors).filter(([door, { types }]) => door !== '.' && types);
    assert.deepEqual(
      typesVersions['*'],
      Object.fromEntries(inside.map(([door, { types }]) => [door.slice(2), [types]])),
    );
  });
});
