'use strict';

/**
 * Spans for calls between processes, from the tracing channels of hawser. W3C trace context travels
 * in the metadata of the call. Load it in the host and in the worker.
 */

const { AsyncLocalStorage } = require('node:async_hooks');
const { tracingChannel } = require('node:diagnostics_channel');
const { randomBytes } = require('node:crypto');

/** What of @opentelemetry/api is needed, for where it is not installed: spans go to `onEnd`. */
function stubApi(onEnd) {
  const storage = new AsyncLocalStorage();
  const hex = (bytes) => randomBytes(bytes).toString('hex');
  const startSpan = (name, { kind, attributes }, parent) => {
    const ids = { traceId: parent?.traceId ?? hex(16), spanId: hex(8) };
    const span = { name, kind, attributes, ...ids, parentSpanId: parent?.spanId };
    span.recordException = (error) => (span.error = error.message);
    span.end = () => onEnd(span);
    return span;
  };
  return {
    storage,
    startSpan,
    inject: ({ traceId, spanId }, carrier) => {
      carrier.traceparent = `00-${traceId}-${spanId}-01`;
    },
    extract: ({ traceparent } = {}) => {
      const [, traceId, spanId] = traceparent?.split('-') ?? [];
      return traceId === undefined ? undefined : { traceId, spanId };
    },
  };
}

/** The same from the package. */
function packageApi({ context, propagation, trace, SpanKind }) {
  const tracer = trace.getTracer('hawser');
  const storage = new AsyncLocalStorage();
  const kinds = { client: SpanKind.CLIENT, server: SpanKind.SERVER };
  return {
    storage,
    startSpan: (name, { kind, attributes }, parent) => {
      const around =
        parent?.spanContext === undefined
          ? (parent ?? context.active())
          : trace.setSpan(context.active(), parent);
      return tracer.startSpan(name, { kind: kinds[kind], attributes }, around);
    },
    inject: (span, carrier) => propagation.inject(trace.setSpan(context.active(), span), carrier),
    extract: (carrier = {}) => propagation.extract(context.active(), carrier),
  };
}

function findApi(onEnd) {
  try {
    return packageApi(require('@opentelemetry/api'));
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return stubApi(onEnd);
  }
}

/**
 * @param {(span: object) => void} [onEnd] gets the spans that end, where there is no OpenTelemetry
 * @returns {AsyncLocalStorage<object>} has the span that is current
 */
function start(onEnd = () => {}) {
  const { storage, startSpan, inject, extract } = findApi(onEnd);
  const spans = new WeakMap();
  const begin = (kind, parentOf) => (call) => {
    const attributes = { 'rpc.system': 'hawser', 'rpc.method': call.type };
    const span = startSpan(`${kind} ${call.type}`, { kind, attributes }, parentOf(call));
    spans.set(call, span);
    if (kind === 'client') inject(span, call.metadata);
    return span;
  };
  const finish = {
    error: (call) => spans.get(call)?.recordException(call.error),
    end: (call) => call.oneWay && spans.get(call)?.end(),
    asyncEnd: (call) => spans.get(call)?.end(),
  };
  const send = tracingChannel('hawser:send');
  send.start.bindStore(
    storage,
    begin('client', () => storage.getStore()),
  );
  send.subscribe(finish);
  const handle = tracingChannel('hawser:handle');
  handle.start.bindStore(
    storage,
    begin('server', ({ metadata }) => extract(metadata)),
  );
  handle.subscribe(finish);
  return storage;
}

module.exports = { start };
