import index from './index.js';

export const {
  createWorker,
  Serializer,
  JsonSerializer,
  serializeError,
  deserializeError,
  registerErrorClass,
  HawserError,
  WorkerStartError,
  WorkerCrashedError,
  WorkerClosedError,
  TimeoutError,
  OverloadedError,
  UnknownTypeError,
  HandshakeError,
  ProtocolError,
  SerializationError,
  PoisonMessageError,
  UnsupportedError,
  TooLargeError,
  RemoteError,
  startWorkerServer,
  isWorker,
  workerData,
  parent,
} = index;
export default index;
