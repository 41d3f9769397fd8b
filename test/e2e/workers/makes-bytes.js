'use strict';

exports.make = (bytes) => Buffer.alloc(bytes, 'm');
