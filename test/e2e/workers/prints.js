'use strict';

process.stdout.write('out, at import\n');
process.stderr.write('err, at import\n');

exports.print = ({ out = '', err = '' }) => {
  process.stdout.write(out);
  process.stderr.write(err);
};

exports.printAndThrow = (err) => {
  process.stderr.write(err);
  setImmediate(() => process.exit(1));
  return new Promise(() => {});
};
