import pipes from './pipes.js';

export const { TCPPipeAdapter, UnixPipeAdapter, connect, createPipePair, createPipeServer } = pipes;
export default pipes;
