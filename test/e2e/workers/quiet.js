'use strict';

process.stderr.write = () => true;
