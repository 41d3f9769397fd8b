'use strict';

module.exports = {
  spec: [
    'test/layering.test.js',
    'test/c/c.test.js',
    'test/unit/**/*.test.js',
    'test/conformance/**/*.test.js',
    'test/e2e/**/*.test.js',
  ],
  timeout: 20000,
  forbidOnly: true,
  // A skip for want of a tool is a courtesy to a contributor; in CI it would hide a lost test.
  forbidPending: Boolean(process.env.CI),
};
