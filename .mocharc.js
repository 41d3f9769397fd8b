'use strict';

module.exports = {
  ignore: ['test/soak/**'],
  timeout: 20000,
  forbidOnly: true,
  // A skip for want of a tool is a courtesy to a contributor; in CI it would hide a lost test.
  forbidPending: Boolean(process.env.CI),
};
