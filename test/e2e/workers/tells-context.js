'use strict';

const told = [];
const tell = (payload, { tx, type, deadline }) => ({ tx, type, deadline });

module.exports = { tell, note: (...call) => void told.push(tell(...call)), told: () => told };
