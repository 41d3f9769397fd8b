import pipes from './pipes.js';

export const { ProcessPipeAdapter } = pipes;
export default pipes;
