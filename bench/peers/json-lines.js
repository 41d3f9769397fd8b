'use strict';

const net = require('node:net');
const answer = require('./answer.js');
const { pack, unpack } = require('./base64.js');
const { onLine, toLine } = require('./line-codec.js');

const socket = net.connect(process.argv[2]);
const reply = (message) => socket.write(toLine(pack(message)));

onLine(socket, (message) => answer(unpack(message), reply));
