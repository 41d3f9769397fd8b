'use strict';

/**
 * A certificate for localhost that no one trusts but these tests, valid for a hundred years, made by
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj
 * /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`.
 */

const fs = require('node:fs');
const path = require('node:path');

const read = (name) => fs.readFileSync(path.join(__dirname, name));

module.exports = {
  serverTls: { key: read('key.pem'), cert: read('cert.pem') },
  clientTls: { ca: read('cert.pem') },
};
