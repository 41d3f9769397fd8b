'use strict';

const { conforms } = require('./suite');

describe('a worker over shared memory', () => conforms('shm'));
describe('a worker over a socket', () => conforms('socket'));
describe('a worker over shared memory, at a named socket', () =>
  conforms('shm', { isNamed: true }));
