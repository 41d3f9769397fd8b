import { existsSync, writeFileSync } from 'node:fs';
import { startWorkerServer } from 'hawser';

startWorkerServer({
  // Its library crashes now and then; here with the first worker that it meets.
  render: ({ frame, marker }) => {
    if (!existsSync(marker)) {
      writeFileSync(marker, '');
      process.exit(7);
    }
    return { frame, bytes: frame * 1000 };
  },
  charge: () => process.kill(process.pid, 'SIGKILL'),
});
