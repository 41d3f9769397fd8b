'use strict';

process.stderr.write('giving up\n');
process.exit(9);
