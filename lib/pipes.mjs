import pipes from './pipes.js';

export const { WorkerPipeAdapter } = pipes;
export default pipes;
