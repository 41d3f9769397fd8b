'use strict';

process.kill(process.pid, 'SIGKILL');
for (;;);
