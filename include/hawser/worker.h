/* SPDX-License-Identifier: MIT
 *
 * worker.h - a hawser worker in C: the only header that its author reads.  docs/native-workers.md
 *
 *   static void
 *   greet(hwr_request_t *request, void *context) {
 *     (void) context;
 *     hwr_reply(request, hwr_request_payload(request));
 *   }
 *
 *   int
 *   main(void) {
 *     hwr_worker_t *worker;
 *     if (hwr_worker_create(&worker, NULL)) return 1;
 *     hwr_worker_handle(worker, "greet", greet, NULL);
 *     int status = hwr_worker_run(worker);
 *     hwr_worker_destroy(worker);
 *     return status ? 1 : 0;
 *   }
 *
 * The program is started by createWorker({ driver: 'native', script: './program' }) and has its
 * connection from there; stdin, stdout, stderr and signals are its own.
 *
 * Errors    functions return 0, or a negative status of status.h; hwr_status_text() tells it.
 *           Results through pointers are untouched on error.
 * Texts     UTF-8, ended by NUL; borrowed until return, and copied where they are kept.
 * Thread    one thread runs the worker: the one that calls hwr_worker_run or hwr_worker_turn.
 *           Callbacks run there, and handlers, too, unless options.threads makes a pool for them.
 *           [worker] marks what only that thread may call, [any] what every thread may, as long
 *           as the worker lives. No lock of the SDK is held while your code runs.
 */
#ifndef HAWSER_WORKER_H
#define HAWSER_WORKER_H

#include <hawser/msgpack.h>
#include <hawser/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hwr_worker_s hwr_worker_t;
typedef struct hwr_request_s hwr_request_t;
typedef struct hwr_pipe_s hwr_pipe_t;

/* ---- what is carried */

enum hwr_codec {                     /* of one payload, as on the wire (P9.1) */
                 HWR_CODEC_NONE = 0, /* nothing: `undefined` in JavaScript */
                 HWR_CODEC_JSON = 2, /* JSON in UTF-8 */
                 HWR_CODEC_MSGPACK =
                     3,              /* one value of MessagePack: msgpack.h reads and writes it */
                 HWR_CODEC_RAW = 5,  /* bytes: a Buffer in JavaScript */
                 HWR_CODEC_TEXT = 6, /* UTF-8, of the serializer that options.serializer names */
                 HWR_CODEC_BYTES = 7 /* bytes, of the serializer that options.serializer names */
};

typedef struct hwr_payload_s {
  const void *bytes; /* may be NULL where length_bytes is 0 */
  size_t length_bytes;
  enum hwr_codec codec;
} hwr_payload_t;

/* A payload that borrows its bytes. Thread: any. */
static inline hwr_payload_t
hwr_payload(enum hwr_codec codec, const void *bytes, size_t length_bytes) {
  hwr_payload_t payload;
  payload.bytes = bytes;
  payload.length_bytes = length_bytes;
  payload.codec = codec;
  return payload;
}

static inline hwr_payload_t
hwr_nothing(void) {
  return hwr_payload(HWR_CODEC_NONE, NULL, 0);
}

/* What a writer has written, borrowed until it is used again: see msgpack.h. */
static inline hwr_payload_t
hwr_msgpack_payload(const hwr_msgpack_writer_t *writer) {
  return hwr_payload(HWR_CODEC_MSGPACK, writer->bytes, writer->length_bytes);
}

typedef struct hwr_property_s { /* of an error, beside name, message, code and cause */
  const char *key;
  const char *text; /* or NULL, and it is the number */
  double number;
} hwr_property_t;

typedef struct hwr_error_s {
  const char *name; /* of its class: a standard one, such as "RangeError", arrives as such, others
                          as RemoteError; NULL: "Error" */
  const char *code; /* or NULL */
  const char *message;              /* or NULL */
  const struct hwr_error_s *cause;  /* or NULL; at most 8 deep, what lies deeper is left out */
  const hwr_property_t *properties; /* property_count of them */
  size_t property_count;
} hwr_error_t;

/* ---- the worker */

typedef struct hwr_worker_options_s {
  /* Threads that run handlers, at most HWR_MAX_THREADS; 0, the default: the worker's own does. */
  uint32_t threads;
  /* Requests whose handlers run or are kept, at a time; others wait, but events do not. 0, the
   * default: no limit of its own (the host's highWaterMark.messages is one). */
  uint32_t max_concurrency;
  /* Name of a serializer of the user's own that the program understands beside 'msgpack', 'json'
   * and 'raw'; NULL, the default: none. */
  const char *serializer;
} hwr_worker_options_t;

enum { HWR_MAX_THREADS = 256, HWR_NO_TIMEOUT = 0x7fffffff };

/* A worker that is not connected yet.
 *
 *   worker   out: returned owned
 *   options  borrowed until return; NULL: all defaults
 *   returns  0, HWR_EBADARG for an option out of its range, HWR_ENOMEM
 *   thread   any; the one that runs the worker later may be another
 */
int hwr_worker_create(hwr_worker_t **worker, const hwr_worker_options_t *options);
/* Not while the worker runs. Requests and pipes that the program still holds end with it. NULL does
 * nothing. [worker] */
void hwr_worker_destroy(hwr_worker_t *worker);

/* Answers a request. It calls hwr_reply or hwr_fail before it returns, or hwr_request_keep; if not,
 * the caller gets an Error that says so, or TooLargeError if hwr_reply returned HWR_ETOOBIG. In a thread of the pool, if there is one. */
typedef void (*hwr_handler_cb)(hwr_request_t *request, void *context);
/* A callback without arguments of its own. [worker] */
typedef void (*hwr_worker_cb)(hwr_worker_t *worker, void *context);
/* An event of the host. `payload` is borrowed until return. [worker] */
typedef void (*hwr_event_cb)(hwr_worker_t *worker, const char *name, hwr_payload_t payload,
                             void *context);
/* A pipe that the host has opened, which is the callee's: release it some time. [worker] */
typedef void (*hwr_pipe_cb)(hwr_pipe_t *pipe, void *context);

/* What follows until hwr_worker_open is called before that. 0, HWR_EBADARG (a type that is there
 * already, NULL for a text or callback, or the worker is open), HWR_ETOOBIG (over 65,536 types),
 * HWR_ENOMEM. `context` is handed to the callback and never looked at. [worker] */

/* Serve a type of message to send() and post(). */
int hwr_worker_handle(hwr_worker_t *worker, const char *type, hwr_handler_cb handler,
                      void *context);
/* Serve a type to stream(): the handler writes items to hwr_request_results. */
int hwr_worker_handle_stream(hwr_worker_t *worker, const char *type, hwr_handler_cb handler,
                             void *context);
/* Accept pipes of the host. Without this they are refused. */
int hwr_worker_on_pipe(hwr_worker_t *worker, hwr_pipe_cb callback, void *context);
/* Hear events of that name, or those that nobody else hears if `name` is NULL. */
int hwr_worker_on_event(hwr_worker_t *worker, const char *name, hwr_event_cb callback,
                        void *context);
/* The host has said who it is: hwr_worker_data and hwr_worker_name are there. Requests come behind
 * that. A callback that calls hwr_worker_fail refuses to start. */
int hwr_worker_on_start(hwr_worker_t *worker, hwr_worker_cb callback, void *context);
/* The worker ends: no handler runs any more, but what is sent now still arrives if the host lives.
 * Pipes and calls that are open end behind it. Not called where hwr_worker_run returns an error. */
int hwr_worker_on_shutdown(hwr_worker_t *worker, hwr_worker_cb callback, void *context);
/* What made hwr_emit or hwr_post return HWR_EAGAIN has drained to half of the mark. */
int hwr_worker_on_drain(hwr_worker_t *worker, hwr_worker_cb callback, void *context);

/* Open, and take turns until the worker is over: the host has shut it down or is gone, or
 * hwr_worker_stop.
 *
 *   returns  0; what hwr_worker_open returns; or a fatal status: the host broke the protocol
 *            (HWR_EPROTO, HWR_EVERSION, HWR_ETRUNCATED, HWR_ESTRIKES), HWR_ENOMEM; HWR_EREFUSED: it
 *            has another serializer than the host, or hwr_worker_fail; HWR_ETIMEOUT: the host
 *            was silent for 10 s
 *   thread   the caller's is [worker] from here on
 */
int hwr_worker_run(hwr_worker_t *worker);
/* Finish what runs, then end; before the worker is open, it ends once it is. Idempotent. [any], but
 * not in a handler of a signal. */
void hwr_worker_stop(hwr_worker_t *worker);
/* In on_start: refuse to start; createWorker rejects with this error as its cause. [worker] */
void hwr_worker_fail(hwr_worker_t *worker, const hwr_error_t *error);

/* What the host gave as workerData, encoded like every payload; borrowed until destroy. From
 * on_start on; HWR_CODEC_NONE before. [any] */
hwr_payload_t hwr_worker_data(const hwr_worker_t *worker);
/* The name that the host gave, or NULL. Likewise. */
const char *hwr_worker_name(const hwr_worker_t *worker);
/* How payloads are encoded: of the host's `serializer`. Likewise. Where it is HWR_CODEC_MSGPACK, a
 * payload to the host may be JSON or raw as well; else it has this codec, or none. */
enum hwr_codec hwr_worker_codec(const hwr_worker_t *worker);

/* ---- a loop of your own
 *
 *   hwr_worker_open(worker);
 *   do {
 *     hwr_wait_t waits[HWR_WORKER_WAITS];
 *     int timeout_ms, count = hwr_worker_waits(worker, waits, &timeout_ms);
 *     ... poll() those, and what else the program waits for ...
 *   } while (hwr_worker_turn(worker) > 0);
 */

enum { HWR_WORKER_WAITS = 2 };

typedef struct hwr_wait_s { /* what to wait for; either will do */
  int fd;                   /* borrowed; never read, write or close it */
  bool readable, writable;
} hwr_wait_t;

/* Connect to the host and start the pool. Does not block.
 *
 *   returns  0; HWR_ENOHOST when the process was not started by hawser; HWR_EUNSUPPORTED when the
 *            system lacks something; HWR_EBADARG when it was open before; HWR_ENOMEM
 *   thread   the caller's is [worker] from here on
 */
int hwr_worker_open(hwr_worker_t *worker);
/* What to wait for before the next turn: returns how many of `waits` are set, and *timeout_ms as
 * for poll(2), 0 when there is something to do at once, -1 for no limit. Tells the host that this
 * end may sleep, so it is to be followed by a turn, or, where this thread has used the SDK since, by
 * another of these. [worker] */
int hwr_worker_waits(hwr_worker_t *worker, hwr_wait_t waits[HWR_WORKER_WAITS], int *timeout_ms);
/* Do what there is to do, without waiting: 1 while the worker goes on, 0 when it is over, or what
 * hwr_worker_run returns. [worker] */
int hwr_worker_turn(hwr_worker_t *worker);

/* ---- requests */

/* Keep a request beyond the return of its handler: it and its payload (copied, if need be) are the
 * caller's until hwr_reply or hwr_fail takes it. 0, or HWR_ENOMEM and it is not kept. In its handler
 * only. */
int hwr_request_keep(hwr_request_t *request);

/* Borrowed until the handler returns, or, behind keep, until the request is answered. Keep may move
 * it: ask again. [any] */
hwr_payload_t hwr_request_payload(const hwr_request_t *request);
/* What was called. Borrowed as long as the worker lives. */
const char *hwr_request_type(const hwr_request_t *request);
/* The name of the transaction, for logs (`tx`); borrowed as the payload. */
const char *hwr_request_tx(const hwr_request_t *request);
/* A value of the metadata of send(), or NULL; borrowed as the payload. */
const char *hwr_request_metadata(const hwr_request_t *request, const char *key);
hwr_worker_t *hwr_request_worker(const hwr_request_t *request);
/* Milliseconds until the caller gives up, 0 when it may have; HWR_NO_TIMEOUT for none. [any] */
int32_t hwr_request_time_left_ms(const hwr_request_t *request);
/* Nobody waits for the answer any more: the caller gave up, or the host is gone. The request is
 * still to be answered, which costs nothing. [any] */
bool hwr_request_is_cancelled(const hwr_request_t *request);
/* True for a message of post(), which wants no answer: hwr_reply only says that it is done with. */
bool hwr_request_is_post(const hwr_request_t *request);

typedef void (*hwr_request_cb)(hwr_request_t *request, void *context);
/* Be told, once, when it is cancelled; at once, in the thread that calls this, if it is. Not called
 * behind its answer. The callback runs on [worker] else, and may answer the request. [any] */
void hwr_request_on_cancel(hwr_request_t *request, hwr_request_cb callback, void *context);

/* Answer. Of a request that was kept, 0 and the fatal statuses take it; it may not be used behind
 * that.
 *
 *   payload  borrowed until return
 *   returns  0, also when nobody waits for it any more
 *            HWR_ETOOBIG    over the host's maxMessageBytes: answer otherwise
 *            HWR_EBADARG    not a codec that the host reads: answer otherwise
 *            HWR_ENOMEM     the connection ends
 *   thread   any, one at a time per request
 */
int hwr_reply(hwr_request_t *request, hwr_payload_t payload);
/* Answer with an error (NULL: an Error without a message), which send() rejects with; of a message of post() it is dropped. What makes
 * it too long is cut (P10.1). As hwr_reply. */
int hwr_fail(hwr_request_t *request, const hwr_error_t *error);
/* The same, with an Error of that code (or NULL) and message. */
int hwr_fail_with(hwr_request_t *request, const char *code, const char *message);
/* Tell onProgress of the caller. Dropped when nobody waits for it, or far more waits to be sent than
 * the mark allows. 0, HWR_ETOOBIG, HWR_EBADARG, HWR_ENOMEM. [any] */
int hwr_progress(hwr_request_t *request, hwr_payload_t payload);

/* Where the items of a stream() go; NULL for other requests. It is the request's: hwr_reply ends it
 * behind what was written, and hwr_fail as well, so that stream() throws behind the items. [any] */
hwr_pipe_t *hwr_request_results(hwr_request_t *request);
/* The payload, if the caller gave a stream in its place, else NULL. It is the request's. [any] */
hwr_pipe_t *hwr_request_items(hwr_request_t *request);

/* ---- events, and calls to the host */

/* Emit an event to the host's worker.events.
 *
 *   name     0 to 1024 bytes
 *   payload  borrowed until return
 *   returns  0
 *            HWR_EAGAIN     sent, but more waits than the mark allows: wait for on_drain
 *            HWR_EOVERLOAD  not sent: sixty-four times as much waits
 *            HWR_ECLOSED    not sent: there is no host yet, or no more
 *            HWR_ETOOBIG, HWR_EBADARG  as hwr_reply; HWR_ENOMEM
 *   thread   any
 */
int hwr_emit(hwr_worker_t *worker, const char *name, hwr_payload_t payload);
/* Post to a handler of the host (option `handlers`); as hwr_emit, and HWR_EUNKNOWN for a type that
 * the host does not serve. [any] */
int hwr_post(hwr_worker_t *worker, const char *type, hwr_payload_t payload);

typedef struct hwr_answer_s {
  int status; /* 0; HWR_EREMOTE: see error; HWR_ETIMEOUT; HWR_ECLOSED: the host is gone */
  hwr_payload_t payload;    /* borrowed until return */
  const hwr_error_t *error; /* likewise, or NULL */
} hwr_answer_t;

/* The one answer to hwr_call. [worker] */
typedef void (*hwr_answer_cb)(hwr_worker_t *worker, const hwr_answer_t *answer, void *context);
/* Progress of it. `payload` is borrowed until return. [worker] */
typedef void (*hwr_progress_cb)(hwr_worker_t *worker, hwr_payload_t payload, void *context);

typedef struct hwr_call_options_s {
  int32_t timeout_ms; /* 0: the host's option `timeout` of that type; HWR_NO_TIMEOUT: none */
  hwr_progress_cb on_progress; /* or NULL; with the context of the call */
} hwr_call_options_t;

/* Call a handler of the host (option `handlers`).
 *
 *   options    borrowed until return; NULL: all defaults
 *   on_answer  called once if this returns 0; where another thread than [worker] calls, perhaps
 *              before it has returned
 *   call       out, or NULL: for hwr_call_cancel
 *   returns    0, HWR_EUNKNOWN, HWR_EOVERLOAD (too many calls or bytes wait), HWR_ECLOSED,
 *              HWR_ETOOBIG, HWR_EBADARG, HWR_ENOMEM
 *   thread     any
 */
int hwr_call(hwr_worker_t *worker, const char *type, hwr_payload_t payload,
             const hwr_call_options_t *options, hwr_answer_cb on_answer, void *context,
             uint64_t *call);
/* Give it up: the host's handler is told, and on_answer is not called any more. True if it was open.
 * [any] */
bool hwr_call_cancel(hwr_worker_t *worker, uint64_t call);

/* ---- pipes
 *
 * A pipe carries bytes, or objects (one payload each), in both directions, and holds no more than
 * its windows. Nothing here waits but hwr_pipe_wait: read and write until HWR_EAGAIN, then wait
 * (a thread of yours or of the pool) or return to be told by on_ready.
 */

typedef struct hwr_pipe_options_s {
  bool objects;             /* false, the default: bytes */
  uint32_t high_water_mark; /* bytes or objects that may come and be unread; 0, the default: 262,144
                               bytes or 1,024 objects; at most 16,777,216 */
} hwr_pipe_options_t;

/* Open a pipe to the host, which hears of it as worker event 'pipe'.
 *
 *   name     1 to 1024 bytes
 *   pipe     out: returned owned, until hwr_pipe_release
 *   returns  0, HWR_EOVERLOAD (1,024 are open), HWR_ECLOSED, HWR_EBADARG, HWR_ENOMEM
 *   thread   any
 */
int hwr_pipe_open(hwr_worker_t *worker, const char *name, const hwr_pipe_options_t *options,
                  hwr_pipe_t **pipe);
/* Take the next object, or the bytes that are there.
 *
 *   item     out: borrowed until the next read, release, or, of a request's, its answer. Bytes have
 *            HWR_CODEC_RAW
 *   returns  1; 0 at the end; HWR_EAGAIN when nothing is there yet; HWR_ECLOSED when the other end
 *            has given the pipe up, or is gone: hwr_pipe_error; HWR_ENOMEM
 *   thread   any, one at a time per pipe
 */
int hwr_pipe_read(hwr_pipe_t *pipe, hwr_payload_t *item);
/* Write an object, all or nothing, or as many bytes as there is room for.
 *
 *   item     borrowed until return; of bytes its codec is HWR_CODEC_RAW
 *   returns  bytes taken; HWR_EAGAIN when there is no room; HWR_ECLOSED as above, or behind end;
 *            HWR_ETOOBIG, HWR_EBADARG, HWR_ENOMEM
 *   thread   any, one at a time per pipe
 */
int64_t hwr_pipe_write(hwr_pipe_t *pipe, hwr_payload_t item);
/* Nothing more is written; what was arrives. Idempotent. 0, HWR_ECLOSED, HWR_ENOMEM. [any] */
int hwr_pipe_end(hwr_pipe_t *pipe);
/* Give up both directions: the other end's stream is destroyed with this error, or none if NULL.
 * [any] */
void hwr_pipe_reset(hwr_pipe_t *pipe, const hwr_error_t *error);
/* Why the other end has given it up, or NULL; borrowed until release. [any] */
const hwr_error_t *hwr_pipe_error(const hwr_pipe_t *pipe);
/* Its name; borrowed until release. [any] */
const char *hwr_pipe_name(const hwr_pipe_t *pipe);
bool hwr_pipe_has_objects(const hwr_pipe_t *pipe);
hwr_worker_t *hwr_pipe_worker(const hwr_pipe_t *pipe);

/* Be told when a read or write that got HWR_EAGAIN may go on, and when the pipe has ended or was
 * reset. The first call comes soon. NULL: no more. The callback runs on [worker]. [any] */
void hwr_pipe_on_ready(hwr_pipe_t *pipe, hwr_pipe_cb callback, void *context);

enum hwr_pipe_want { HWR_PIPE_READ = 1, HWR_PIPE_WRITE = 2 };
/* Block until a read (or write) gets something else than HWR_EAGAIN. 0, or HWR_EBADARG on [worker],
 * which would wait for itself. */
int hwr_pipe_wait(hwr_pipe_t *pipe, enum hwr_pipe_want want);
/* The program is done with it; what is not over is reset. on_ready is not called any more. Not of
 * pipes of a request. NULL does nothing. [any] */
void hwr_pipe_release(hwr_pipe_t *pipe);

#ifdef __cplusplus
}
#endif

#endif
