'use strict';

const answer = require('./answer.js');
const { pack, unpack } = require('./base64.js');

const inJson = process.argv[2] === 'json';
const advanced = (message) => answer(message, (reply) => process.send(reply));
const json = (message) => answer(unpack(message), (reply) => process.send(pack(reply)));

process.on('message', inJson ? json : advanced);
