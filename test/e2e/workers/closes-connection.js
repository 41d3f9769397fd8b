'use strict';

/* For --require: the connection is closed before hawser could use it. */

require('node:fs').closeSync(3);
