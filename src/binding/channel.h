/* SPDX-License-Identifier: MIT
 *
 * channel.h - one session on one transport, as JavaScript sees it.
 *
 * JavaScript and C share a block of memory: words, counters, a table of records to send and a
 * table of events received, a scratch region, the inbox. A batch costs one call each way,
 * whatever is in it. Node-API is used nowhere else than in this room, and JavaScript is entered
 * through one door, emit() in channel.c.
 *
 * Thread  the environment's.
 */
#ifndef HWR_BINDING_CHANNEL_H
#define HWR_BINDING_CHANNEL_H

#include "binding/js.h"
#include "core/session.h"
#include "transport/transport.h"

/* Indices into the words that both sides read and write. lib/binding.js gets them by name. */
#define HWR_WORD_MAP(X)                                                                            \
  X(REGION_KIND) /* where records are stored: enum hwr_region_kind, 0 once closed */               \
  X(REGION_START)                                                                                  \
  X(REGION_LIMIT)                                                                                  \
  X(RECORD_COUNT) /* records stored and not flushed; JavaScript counts, flush clears */            \
  X(IN_BATCH)     /* 1 while a batch is delivered: C flushes when it returns */                    \
  X(HELD_BYTES)   /* waiting in the spill */                                                       \
  X(LANE_BYTES)   /* of them, but for requests that wait for messages of credit */                 \
  X(HELD_RECORDS)                                                                                  \
  X(ENDS_WAITING) /* ENDs of streams that have not left yet */                                     \
  X(SETTLED)      /* one-way requests handled since the last flush */                              \
  X(STREAM_SLOT)  /* of the stream that was opened last */                                         \
  X(STREAM_GENERATION)

/* What stats() reads, as doubles. */
#define HWR_COUNTER_MAP(X)                                                                         \
  X(BYTES_SENT)                                                                                    \
  X(BYTES_RECEIVED)                                                                                \
  X(BATCHES_RECEIVED)                                                                              \
  X(DOORBELLS_RUNG)                                                                                \
  X(SPIN_HITS)                                                                                     \
  X(SPIN_MISSES)                                                                                   \
  X(MISSED_WAKEUPS)

enum hwr_word {
#define X(name) HWR_WORD_##name,
  HWR_WORD_MAP(X)
#undef X
      HWR_WORDS_USED
};

enum hwr_counter {
#define X(name) HWR_COUNTER_##name,
  HWR_COUNTER_MAP(X)
#undef X
      HWR_COUNTERS_USED
};

enum {
  HWR_WORDS = 32,
  HWR_COUNTERS = 16,
  HWR_RECORDS = 1024,
  HWR_EVENTS = 1024,
  HWR_SCRATCH_BYTES = 64 * 1024,
  HWR_INBOX_BYTES = HWR_DEFAULT_RING_BYTES,
  HWR_STREAM_HIGH_WATER_BYTES = 64 * 1024 /* what may wait of one stream before it is full */
};
_Static_assert((int) HWR_WORDS_USED <= (int) HWR_WORDS, "words");
_Static_assert((int) HWR_COUNTERS_USED <= (int) HWR_COUNTERS, "counters");

typedef struct hwr_block_s {
  hwr_lease_t lease; /* first: the lease is the block */
  uint32_t words[HWR_WORDS];
  double counters[HWR_COUNTERS];
  hwr_record_t records[HWR_RECORDS];
  hwr_event_t events[HWR_EVENTS];
  uint8_t scratch[HWR_SCRATCH_BYTES];
  uint8_t inbox[HWR_INBOX_BYTES];
  uint8_t stream_full[HWR_LAST_STREAM + 1];
} hwr_block_t;

typedef struct hwr_channel_s hwr_channel_t;
typedef struct hwr_named_s hwr_named_t;

/* What one environment (the main thread, a worker thread, a vm context's addon) owns. */
typedef struct hwr_env_s {
  napi_env env;
  napi_async_cleanup_hook_handle hook;
  struct uv_loop_s *uv;
  hwr_loop_t *loop;
  hwr_channel_t *first;     /* all that are not closed */
  hwr_named_t *first_named; /* likewise: the sockets at which this environment listens */
  struct hwr_watch_s *watch;
  bool closing;
} hwr_env_t;

/* Close every channel, or listener, without a word to JavaScript; hwr_env_channels_closed is called
 * then, and goes on when it finds none left of either. */
void hwr_env_close_channels(hwr_env_t *state);
void hwr_env_close_named(hwr_env_t *state);
void hwr_env_channels_closed(hwr_env_t *state);

/* Add the functions of calls.c, streams.c, fed.c, link.c and listener.c to the module's exports. */
bool hwr_channel_export(napi_env env, napi_value exports);
bool hwr_streams_export(napi_env env, napi_value exports);
bool hwr_fed_export(napi_env env, napi_value exports);
bool hwr_link_export(napi_env env, napi_value exports);
bool hwr_named_export(napi_env env, napi_value exports);

/* ---- the host's end of a worker that is being started: link.c */

typedef struct hwr_link_s hwr_link_t;
/* Take the socket and the segments (an all-zero struct when there are none) out of a link.
 * Returns the socket, or -1 when they were taken before. */
struct hwr_segments_s;
int hwr_link_take(hwr_link_t *link, struct hwr_segments_s *segments);
/* Whether it leads to a named socket: a refusal may come instead of the worker's first byte. */
bool hwr_link_is_named(const hwr_link_t *link);
hwr_link_t *hwr_link_unwrap(napi_env env, napi_value object);
/* [fd, ...segments], in the order in which a worker finds them. */
napi_value hwr_link_descriptors(napi_env env, int fd, const int segments[HWR_SEGMENTS]);

/* ---- listener.c */

/* The path of a listener's socket and which file it is, borrowed; NULL once it is closed, or with a
 * TypeError pending. */
const char *hwr_named_path(napi_env env, napi_value object, hwr_socket_file_t *file);

/* The instance data of this environment. */
static inline hwr_env_t *
hwr_env_of(napi_env env) {
  void *state = NULL;
  napi_get_instance_data(env, &state);
  return state;
}

/* The same; without it NULL, with an exception pending. */
static inline hwr_env_t *
hwr_env_started(napi_env env) {
  hwr_env_t *state = hwr_env_of(env);
  if (!state) napi_throw_error(env, "ERR_HAWSER_INTERNAL", "start() has not been called");
  return state;
}

#define HWR_FUNCTION(name, function)                                                               \
  { name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

#endif
