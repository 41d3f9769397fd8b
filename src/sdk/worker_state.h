/* SPDX-License-Identifier: MIT
 *
 * worker_state.h - what the files of the SDK share. Nobody else's.
 *
 * One lock guards everything here. Public functions take it; functions of this file are called with
 * it held, and those that say so leave it while a callback of the program runs. So any thread may
 * send at once, without a hand-over to the thread of the worker, which alone receives.
 */
#ifndef HWR_SDK_WORKER_STATE_H
#define HWR_SDK_WORKER_STATE_H

#include "core/session.h"
#include "os/os.h"
#include "sdk/link.h"
#include "sdk/spin.h"
#include "sdk/start_config.h"
#include "sdk/start_records.h"

#include <hawser/worker.h>

enum {
  HWR__EVENTS = 512,            /* of one batch */
  HWR__INBOX_BYTES = 64 * 1024, /* of one batch */
  HWR__SCRATCH_BYTES = 64,      /* no record is made in place */
  HWR__CHUNK_BYTES = 32 * 1024, /* of a long message */
  HWR__HARD_CAP = 64,           /* times a mark: nothing more may wait */
  HWR__MAX_TYPES = 65536,
  HWR__INIT_TIMEOUT_MS = 10000,
  HWR__EXIT_DRAIN_MS = 1000
};
enum { HWR__CODEC_RECORD = 1 }; /* of errors, and of the start (P9.4) */
enum { HWR__OBJECTS_WINDOW_BYTES = 1 << 20, HWR__OBJECTS_WINDOW = 1024 };
enum { HWR__BYTES_WINDOW = 256 * 1024, HWR__MAX_WINDOW = 16 << 20 };

typedef struct hwr__handler_s { /* of a type */
  char *type;                   /* owned */
  hwr_handler_cb call;
  void *context;
  bool streams; /* it answers stream() */
  uint32_t timeout_ms;
} hwr__handler_t;

typedef struct hwr__listener_s { /* of events of a name */
  char *name;                    /* owned; NULL: of all others */
  hwr_event_cb call;
  void *context;
} hwr__listener_t;

typedef struct hwr__callback_s {
  hwr_worker_cb call; /* or NULL */
  void *context;
} hwr__callback_t;

/* Where what came lies: an extension block (or name) and the payload behind it. */
typedef struct hwr__body_s {
  const uint8_t *block;
  uint32_t block_bytes;
  hwr_payload_t payload;
  uint8_t *owned; /* both of them, of malloc; NULL: they are in the inbox, for this batch */
} hwr__body_t;

struct hwr_request_s { /* a request, or an event that waits behind requests */
  hwr_worker_t *worker;
  hwr_request_t *next; /* in the queue, or of those that are free */
  hwr_request_t *live_next, *live_previous;
  const hwr__handler_t *handler;
  const hwr__listener_t *listener; /* of an event */
  uint32_t slot, generation;
  bool is_post;
  bool in_handler;
  bool kept;
  bool answered;
  bool counted; /* in worker->running */
  _Atomic bool cancelled;
  uint32_t holders;     /* callbacks that are being run with it */
  uint64_t deadline_ms; /* UINT64_MAX: none */
  size_t refused_bytes; /* of an answer that was too long; 0: none */
  hwr__body_t body;
  char *texts; /* owned: tx, then pairs of key and value, each ended by NUL; NULL until asked for */
  uint32_t pair_count;
  hwr_request_cb on_cancel;
  void *cancel_context;
  hwr_pipe_t *results, *items; /* owned, or NULL */
};

typedef struct hwr__queue_s { /* of requests, first in, first out */
  hwr_request_t *first, *last;
  uint32_t count;
} hwr__queue_t;

typedef struct hwr__call_s { /* that the program made */
  uint32_t generation;
  uint32_t next_free; /* slot + 1 */
  bool open;
  hwr_answer_cb on_answer;
  hwr_progress_cb on_progress;
  void *context;
} hwr__call_t;

typedef struct hwr__calls_s {
  hwr__call_t *table;         /* owned, by slot */
  uint32_t count, first_free; /* slot + 1 */
} hwr__calls_t;

typedef struct hwr__pipes_s {
  hwr_pipe_t *live;                   /* owned: all of them */
  hwr_pipe_t **table;                 /* owned, by slot: those whose stream is not over */
  uint32_t count;                     /* of the table */
  uint32_t unclaimed_count;           /* of calls whose request is still to come */
  hwr_pipe_t *touched, *touched_last; /* on_ready is due */
} hwr__pipes_t;

/* What a worker goes through. */
enum hwr__stage {
  HWR__NEW,      /* not open */
  HWR__STARTING, /* until INIT */
  HWR__READY,    /* serves */
  HWR__LEAVING,  /* finishes what runs */
  HWR__DRAINING, /* on_shutdown has run: what waits is sent */
  HWR__OVER
};

struct hwr_worker_s {
  hwr_lock_t *lock;             /* of everything */
  hwr_signal_t *work, *changed; /* there is a request to run; a pipe may go on */
  hwr_worker_options_t options;
  char *serializer; /* owned, of the options; or NULL */

  hwr__handler_t *handlers; /* owned; their place is the method number */
  uint32_t handler_count, handler_room;
  hwr__listener_t *listeners; /* owned */
  uint32_t listener_count;
  hwr_pipe_cb on_pipe;
  void *pipe_context;
  hwr__callback_t on_start, on_shutdown, on_drain;

  enum hwr__stage stage;
  int status; /* that ends the worker: what hwr_worker_run returns */
  hwr__start_config_t config;
  hwr__link_t link;
  hwr_session_t *session;
  hwr_watch_t *watch;
  struct hwr__memory_s *memory; /* owned: events, inbox, scratch, by the page */
  const uint8_t *inbox;
  hwr_event_t *events;
  hwr__init_t init; /* from stage READY on */
  enum hwr_codec codec;
  bool stopped_early; /* before it was open */
  bool serves;        /* READY was sent: other messages may be */
  bool start_refused;
  bool host_gone;
  uint64_t start_until_ms; /* INIT has come */
  uint64_t drain_until_ms;

  uint64_t thread; /* that takes the turns */
  bool in_turn;    /* sending waits for its end, or a few records */
  bool armed;      /* the host rings when it has something, for the thread may sleep */
  bool asleep;     /* likewise: who needs the thread writes to `wake` */
  bool wake_sent;
  bool more;                                 /* to do, without waiting */
  int wake[2];                               /* owned: the thread reads the first */
  uint32_t unpublished_count, publish_count; /* records; so many are published at once */
  uint64_t published_ns;
  uint64_t turn_ns; /* when it began */
  uint64_t now_ms;  /* as of the last look, in a turn */
  bool turn_is_long;
  hwr__spin_t spin;

  hwr_request_t **by_slot; /* owned: requests of the host that are not answered */
  uint32_t slot_count;
  hwr_request_t *live_requests; /* owned: all that are not over */
  hwr_request_t *free_requests; /* owned */
  uint32_t free_count;
  uint32_t open_count;    /* requests that are not over, waiting ones among them */
  uint32_t running_count; /* begun */
  uint32_t handler_depth; /* handlers that have not returned */
  hwr__queue_t queue;     /* that wait */
  hwr_thread_t **threads; /* owned: options.threads of them */
  uint32_t thread_count;
  bool pool_ends;

  hwr__calls_t calls;
  uint32_t post_count;
  hwr__pipes_t pipes;
};

/* ---- worker.c */
static inline void
hwr__lock(const hwr_worker_t *w) {
  hwr_lock_take(w->lock);
}
static inline void
hwr__unlock(const hwr_worker_t *w) {
  hwr_lock_leave(w->lock);
}
/* A copy that is the caller's, or NULL. */
char *hwr__text_copy(const char *text);
bool hwr__on_worker_thread(const hwr_worker_t *w);

/* ---- start.c: from hwr_worker_open to READY */
void hwr__memory_free(hwr_worker_t *w);
/* Leaves the lock. */
void hwr__on_init(hwr_worker_t *w, const hwr_event_t *event);

/* ---- turn.c */
/* Behind a handler: answers do not wait for those that take their time, nor does what may come. */
void hwr__look_at_clock(hwr_worker_t *w);
/* Monotonic. */
uint64_t hwr__now_ms(const hwr_worker_t *w);
/* It is over: whatever is open ends. Leaves the lock. */
void hwr__finish(hwr_worker_t *w);
/* The worker ends with this status; the first one counts. */
void hwr__worker_break(hwr_worker_t *w, int status);
/* Something was sent: the host hears of it, or will at the end of the turn. */
void hwr__sent(hwr_worker_t *w);
/* The thread of the worker is to look. */
void hwr__wake(hwr_worker_t *w);
/* Likewise, if it leaves, for it may be that nothing is left to wait for. */
void hwr__wake_to_leave(hwr_worker_t *w);
/* Where the body of an event is; what it owns is the caller's. */
hwr__body_t hwr__event_body(hwr_worker_t *w, const hwr_event_t *event);
/* The body as one of its own memory. 0 or HWR_ENOMEM. */
int hwr__body_own(hwr__body_t *body);
void hwr__body_free(hwr__body_t *body);

/* ---- send.c */
/* Of type | flags << 8. 0, or a fatal status, which ends the worker. */
int hwr__send(hwr_worker_t *w, uint32_t word, uint32_t slot, uint32_t generation,
              const hwr_slice_t *slices, size_t slice_count);
/* Credit that is due leaves with the end of the turn, or now. */
void hwr__send_credit(hwr_worker_t *w);
bool hwr__codec_is_agreed(const hwr_worker_t *w, enum hwr_codec codec);
/* Whether the host reads that payload with so many bytes before it: 0, HWR_EBADARG, HWR_ETOOBIG, or
 * HWR_ECLOSED. The limit of requests, answers and items is strict (P4.6). */
int hwr__payload_check(const hwr_worker_t *w, hwr_payload_t payload, size_t block_bytes,
                       bool is_strict);
/* The longest payload that both ends allow. */
size_t hwr__most_bytes(const hwr_worker_t *w, bool is_strict);
/* An error as the payload of ERROR or RESET. */
int hwr__send_error(hwr_worker_t *w, enum hwr_frame_type type, uint32_t slot, uint32_t generation,
                    const hwr_error_t *error);
/* HWR_EOVERLOAD when nothing more may wait, of those who can be told so; else 0. */
int hwr__check_cap(const hwr_worker_t *w);
/* The number of what the host serves, or HWR_EUNKNOWN. */
int hwr__host_method(const hwr_worker_t *w, const char *type);
static inline hwr_slice_t
hwr__slice_of(hwr_payload_t payload) {
  return (hwr_slice_t){(const uint8_t *) payload.bytes, payload.length_bytes};
}

/* ---- requests.c */
/* These leave the lock. */
void hwr__on_request(hwr_worker_t *w, const hwr_event_t *event);
void hwr__on_cancel(hwr_worker_t *w, const hwr_event_t *event);
void hwr__on_event(hwr_worker_t *w, const hwr_event_t *event);
/* Run what waits and may run, here; nothing where a pool does that. Leaves the lock. */
void hwr__queue_run(hwr_worker_t *w);
/* Nobody waits for any of them. Leaves the lock. */
void hwr__requests_cancel_all(hwr_worker_t *w);
/* What the program still holds. */
void hwr__requests_deinit(hwr_worker_t *w);
/* Run it. Leaves the lock. */
void hwr__request_run(hwr_worker_t *w, hwr_request_t *request);
bool hwr__queue_may_run(const hwr_worker_t *w);
hwr_request_t *hwr__queue_shift(hwr_worker_t *w);

/* ---- pool.c */
int hwr__pool_start(hwr_worker_t *w);
/* Wait for its handlers to return. Leaves the lock. */
void hwr__pool_stop(hwr_worker_t *w);

/* ---- calls.c: leave the lock */
void hwr__on_answer(hwr_worker_t *w, const hwr_event_t *event);
void hwr__on_progress(hwr_worker_t *w, const hwr_event_t *event);
void hwr__calls_end_all(hwr_worker_t *w);
void hwr__calls_deinit(hwr_worker_t *w);

/* ---- pipes.c, pipe_events.c */
/* These do not leave the lock, but for on_pipe. */
void hwr__on_stream(hwr_worker_t *w, const hwr_event_t *event);
/* Those of a request, which has come. */
void hwr__pipes_take(hwr_worker_t *w, hwr_request_t *request);
/* It is answered. What was written to its results arrives. */
void hwr__pipes_answered(hwr_request_t *request);
void hwr__pipes_free(hwr_request_t *request);
/* Run the on_ready that are due. Leaves the lock. */
void hwr__pipes_tell(hwr_worker_t *w);
/* Whether what either end has ended is read, or sent. */
bool hwr__pipes_finished(const hwr_worker_t *w);
/* The host is gone. */
void hwr__pipes_end_all(hwr_worker_t *w);
void hwr__pipes_deinit(hwr_worker_t *w);

#endif
