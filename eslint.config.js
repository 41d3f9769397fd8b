'use strict';

const js = require('@eslint/js');
const globals = require('globals');

const NATIVE = 'Native code is reached through lib/binding.js only.';

module.exports = [
  { ignores: ['build*/', 'prebuilds/', 'coverage/', 'bench/results/', '**/node_modules/'] },
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2023, sourceType: 'commonjs', globals: globals.node },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'max-lines': ['error', 600],
      'max-lines-per-function': ['error', { max: 70, skipComments: true }],
      'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }],
      'no-var': 'error',
      'object-shorthand': 'error',
      'prefer-const': 'error',
      strict: ['error', 'global'],
    },
  },
  {
    files: ['lib/**'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: 'MemberExpression[object.name="process"][property.name="dlopen"]',
          message: NATIVE,
        },
        {
          selector: 'CallExpression[callee.name="require"] > Literal[value=/\\.node$/]',
          message: NATIVE,
        },
        {
          selector: 'CallExpression[callee.name="require"] > Literal[value="node-gyp-build"]',
          message: NATIVE,
        },
      ],
    },
  },
  { files: ['lib/binding.js'], rules: { 'no-restricted-syntax': 'off' } },
  { files: ['**/*.mjs'], languageOptions: { sourceType: 'module' }, rules: { strict: 'off' } },
  {
    files: ['test/**', '**/*.test.js'],
    languageOptions: { globals: globals.mocha },
    // A describe block is one function.
    rules: { 'max-lines-per-function': 'off' },
  },
];
