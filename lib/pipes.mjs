import pipes from './pipes.js';

export const { TCPPipeAdapter, UnixPipeAdapter, WorkerPipeAdapter } = pipes;
export const { connect, createPipePair, createPipeServer } = pipes;
export default pipes;
