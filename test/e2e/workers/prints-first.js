'use strict';

process.stdout.write('x'.repeat(100_000));
process.stderr.write('x'.repeat(100_000));

exports.echo = (payload) => payload;
