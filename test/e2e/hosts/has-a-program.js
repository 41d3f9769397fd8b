'use strict';

/* Opens two pipes, reads one to its end, destroys the other, and does nothing more. */

const { ProcessPipeAdapter } = require('hawser/pipes');

new ProcessPipeAdapter('echo', ['x']).createDuplex().resume().end();
new ProcessPipeAdapter('sleep', ['60']).createDuplex().destroy();
