import pipes from './pipes.js';

export const {
  ProcessPipeAdapter,
  TCPPipeAdapter,
  UnixPipeAdapter,
  WebSocketPipeAdapter,
  WorkerPipeAdapter,
} = pipes;
export const { connect, createPipePair, createPipeServer } = pipes;
export default pipes;
