/* SPDX-License-Identifier: MIT
 *
 * channel.c - life of a channel and the turn of its loop; calls.c has what JavaScript calls.
 */
#include "binding/channel_state.h"

#include <stdlib.h>
#include <string.h>

static void *
resize(void *context, void *block, size_t bytes) {
  (void) context;
  if (bytes) return realloc(block, bytes);
  free(block);
  return NULL;
}

static const hwr_mem_t MEMORY = {resize, NULL};

/* ------------------------------------------------------------------ the door into JavaScript */

/* Call function(a, b) with the listener as `this`. The only place from which JavaScript is entered.
 * What it returned, or NULL. */
static napi_value
emit(hwr_channel_t *ch, napi_value function, napi_value a, napi_value b) {
  napi_env env = ch->env;
  napi_value listener, result, args[2] = {a, b};
  if (napi_get_reference_value(env, ch->listener, &listener) != napi_ok || !listener) return NULL;
  ch->depth++;
  if (!function ||
      napi_make_callback(env, ch->async, listener, function, 2, args, &result) != napi_ok) {
    hwr__js_report(env);
    result = NULL;
  }
  ch->depth--;
  return result;
}

/* listener.<method>, or NULL with an exception pending. */
static napi_value
method_of(hwr_channel_t *ch, const char *method) {
  napi_value listener, function = NULL;
  ch->depth++; /* it may be a getter */
  if (napi_get_reference_value(ch->env, ch->listener, &listener) == napi_ok && listener)
    napi_get_named_property(ch->env, listener, method, &function);
  ch->depth--;
  return function;
}

/* listener.onBatch, looked up once: finding it took as long as calling it. */
static napi_value
batch_function(hwr_channel_t *ch) {
  napi_value function = NULL;
  if (ch->on_batch) napi_get_reference_value(ch->env, ch->on_batch, &function);
  else if ((function = method_of(ch, "onBatch")))
    napi_create_reference(ch->env, function, 1, &ch->on_batch); /* if not, again the next time */
  return function;
}

static bool
can_emit(const hwr_channel_t *ch) {
  return !ch->closing && !ch->state->closing;
}

/* onBatch(from, count): the events from..count-1. It returns how many of the table are done with;
 * it stops early when it has taken its time, so that the loop can turn. */
static uint32_t
emit_batch(hwr_channel_t *ch, uint32_t from, uint32_t count) {
  napi_handle_scope scope;
  napi_value first, number, result = NULL;
  uint32_t done = count;
  if (!can_emit(ch) || napi_open_handle_scope(ch->env, &scope) != napi_ok) return count;
  ch->block->words[HWR_WORD_IN_BATCH] = 1;
  ch->block->counters[HWR_COUNTER_BATCHES_RECEIVED]++;
  if (napi_create_uint32(ch->env, from, &first) == napi_ok &&
      napi_create_uint32(ch->env, count, &number) == napi_ok)
    result = emit(ch, batch_function(ch), first, number);
  if (!result || napi_get_value_uint32(ch->env, result, &done) != napi_ok) done = count;
  ch->block->words[HWR_WORD_IN_BATCH] = 0;
  napi_close_handle_scope(ch->env, scope);
  return done;
}

/* onEnd(code, rule): the channel carries nothing any more. */
static void
emit_end(hwr_channel_t *ch, int status) {
  napi_handle_scope scope;
  napi_value rule;
  if (ch->ended || !can_emit(ch) || napi_open_handle_scope(ch->env, &scope) != napi_ok) return;
  ch->ended = true;
  const char *text = hwr_session_rule(ch->session);
  if (napi_create_string_utf8(ch->env, text, NAPI_AUTO_LENGTH, &rule) == napi_ok)
    emit(ch, method_of(ch, "onEnd"), hwr__js_int32(ch->env, status), rule);
  napi_close_handle_scope(ch->env, scope);
}

static void
free_ring_lease(napi_env env, void *data, void *hint) {
  (void) env, (void) data;
  hwr_lease_drop(hint);
}

/* An ArrayBuffer over leased memory; the lease ends with it. */
napi_value
hwr__channel_lease_buffer(napi_env env, hwr_lease_t *lease, void *data, size_t bytes) {
  napi_value buffer = NULL;
  hwr_lease_take(lease);
  if (napi_create_external_arraybuffer(env, data, bytes, free_ring_lease, lease, &buffer) ==
      napi_ok)
    return buffer;
  hwr_lease_drop(lease);
  hwr__js_throw_napi(env, "napi_create_external_arraybuffer");
  return NULL;
}

/* onOpen(ring, kind): the transport is there, and the session says HELLO. */
static void
emit_open(hwr_channel_t *ch) {
  napi_handle_scope scope;
  if (!can_emit(ch) || napi_open_handle_scope(ch->env, &scope) != napi_ok) return;
  hwr_producer_t *p = hwr_transport_producer(ch->transport);
  hwr_lease_t *lease = hwr_transport_lease(ch->transport);
  napi_value kind, ring = hwr__channel_lease_buffer(ch->env, lease, p->data, p->capacity_bytes);
  const char *name = ch->shared ? "shm" : "socket";
  if (!ring) hwr__js_report(ch->env);
  else if (napi_create_reference(ch->env, ring, 1, &ch->ring_buffer) == napi_ok &&
           napi_create_string_utf8(ch->env, name, NAPI_AUTO_LENGTH, &kind) == napi_ok)
    emit(ch, method_of(ch, "onOpen"), ring, kind);
  napi_close_handle_scope(ch->env, scope);
}

/* onSend(start, bytes): so much of the ring, from there on around it, is to be carried now. */
static void
emit_send(hwr_channel_t *ch) {
  napi_handle_scope scope;
  napi_value from, count;
  uint32_t start;
  if (!can_emit(ch)) return;
  size_t bytes = hwr_fed_offer(ch->transport, &start);
  if (bytes == 0 || napi_open_handle_scope(ch->env, &scope) != napi_ok) return;
  if (napi_create_uint32(ch->env, start, &from) == napi_ok &&
      napi_create_uint32(ch->env, (uint32_t) bytes, &count) == napi_ok)
    emit(ch, method_of(ch, "onSend"), from, count);
  napi_close_handle_scope(ch->env, scope);
}

/* onWant(): there is room for what feed() has not taken. */
static void
emit_want(hwr_channel_t *ch) {
  napi_handle_scope scope;
  napi_value nothing;
  if (!can_emit(ch) || !hwr_fed_is_hungry(ch->transport)) return;
  if (napi_open_handle_scope(ch->env, &scope) != napi_ok) return;
  if (napi_get_undefined(ch->env, &nothing) == napi_ok)
    emit(ch, method_of(ch, "onWant"), nothing, nothing);
  napi_close_handle_scope(ch->env, scope);
}

/* ------------------------------------------------------------------ one turn */

static void
publish_counters(hwr_channel_t *ch) {
  const hwr_transport_counters_t *c = hwr_transport_counters(ch->transport);
  double *counters = ch->block->counters;
  counters[HWR_COUNTER_BYTES_SENT] = (double) c->bytes_sent;
  counters[HWR_COUNTER_BYTES_RECEIVED] = (double) c->bytes_received;
  counters[HWR_COUNTER_DOORBELLS_RUNG] = (double) c->doorbells_rung;
  counters[HWR_COUNTER_SPIN_HITS] = (double) c->spin_hits;
  counters[HWR_COUNTER_SPIN_MISSES] = (double) c->spin_misses;
  counters[HWR_COUNTER_MISSED_WAKEUPS] = (double) c->missed_wakeups;
}

static void
publish_words(hwr_channel_t *ch) {
  uint32_t *words = ch->block->words;
  hwr_region_t region = hwr_session_region(ch->session);
  words[HWR_WORD_REGION_KIND] = region.kind;
  words[HWR_WORD_REGION_START] = region.start;
  words[HWR_WORD_REGION_LIMIT] = region.limit;
  words[HWR_WORD_HELD_BYTES] = (uint32_t) hwr_session_held_bytes(ch->session);
  words[HWR_WORD_LANE_BYTES] = (uint32_t) hwr_session_lane_bytes(ch->session);
  words[HWR_WORD_HELD_RECORDS] = (uint32_t) hwr_session_held_records(ch->session);
  words[HWR_WORD_ENDS_WAITING] = hwr_session_ends_waiting(ch->session);
}

/* All events of the table are done with. */
void
hwr__channel_events_taken(hwr_channel_t *ch) {
  ch->delivered = 0;
  hwr_session_events_taken(ch->session);
}

static bool
wants_room(const hwr_channel_t *ch) {
  return hwr_session_room_wanted(ch->session) > 0;
}

/* After the session wrote to the ring: hand it over, refill while that makes room. A drain may have
 * fallen due with that. */
int
hwr__channel_push(hwr_channel_t *ch) {
  int err = 0;
  while (!err && hwr_transport_publish(ch->transport, wants_room(ch)) && wants_room(ch))
    err = hwr_session_flush(ch->session, NULL, 0, hwr_loop_now_ms());
  publish_words(ch);
  publish_counters(ch);
  bool expecting = !ch->host || hwr_session_open_calls(ch->session) > 0 ||
                   hwr_session_open_streams(ch->session) > 0;
  hwr_transport_expect(ch->transport, expecting);
  hwr_transport_wake_at(ch->transport, hwr_session_next_deadline(ch->session));
  if (hwr_session_drain_due(ch->session)) hwr_transport_schedule(ch->transport);
  return err;
}

/* Send what JavaScript stored, and what else there is. */
int
hwr__channel_flush(hwr_channel_t *ch) {
  uint32_t *words = ch->block->words;
  uint32_t count = words[HWR_WORD_RECORD_COUNT];
  words[HWR_WORD_RECORD_COUNT] = 0;
  if (words[HWR_WORD_SETTLED]) {
    hwr_session_settle(ch->session, words[HWR_WORD_SETTLED]);
    words[HWR_WORD_SETTLED] = 0;
  }
  if (count > HWR_RECORDS) return HWR_EBADARG;
  int err = hwr_session_flush(ch->session, ch->block->records, count, hwr_loop_now_ms());
  return err ? err : hwr__channel_push(ch);
}

static size_t
channel_want(void *context, uint8_t **to) {
  hwr_channel_t *ch = context;
  /* Fed within a batch, events would be let go with its table. */
  if (ch->failed || (ch->fed && ch->delivering)) return 0;
  size_t room = hwr_session_want(ch->session, to);
  if (room == 0) hwr_transport_schedule(ch->transport); /* its events wait, or it has failed */
  return room;
}

static void
fail(hwr_channel_t *ch, int status) {
  if (ch->failed == 0) ch->failed = status;
}

static bool
channel_received(void *context, size_t count) {
  hwr_channel_t *ch = context;
  int err = hwr_session_feed(ch->session, count, hwr_loop_now_ms());
  if (err) fail(ch, err);
  return err == 0;
}

/* Deliver one batch, or what time allows of it. False when the channel was closed meanwhile. */
static bool
deliver(hwr_channel_t *ch) {
  hwr_session_tick(ch->session, hwr_loop_now_ms());
  uint32_t count = hwr_session_event_count(ch->session);
  if (count == 0) return !ch->closing;
  ch->delivering = true;
  uint32_t done = emit_batch(ch, ch->delivered, count);
  ch->delivering = false;
  ch->delivered = done;
  if (done >= count) hwr__channel_events_taken(ch);
  return !ch->closing;
}

static void start_close(hwr_channel_t *ch);

/* Of a channel that is fed: what there is to carry, in both directions. */
static void
carry(hwr_channel_t *ch) {
  emit_send(ch);
  emit_want(ch);
  if (ch->closing) start_close(ch);
}

static bool
channel_turn(void *context) {
  hwr_channel_t *ch = context;
  if (!deliver(ch)) {
    start_close(ch);
    return false;
  }
  if (ch->failed == 0 && hwr_session_stalled(ch->session)) channel_received(ch, 0);
  bool more = hwr_session_event_count(ch->session) > 0;
  int err = ch->failed ? 0 : hwr__channel_flush(ch);
  if (err) fail(ch, err);
  if (ch->failed && !more) {
    emit_end(ch, ch->failed);
    hwr_channel_close(ch);
  }
  if (ch->fed) carry(ch);
  return more && !ch->closing;
}

static void
channel_ended(void *context, int status) {
  hwr_channel_t *ch = context;
  if (ch->failed) status = ch->failed;
  else if (status == HWR_EPROTO) hwr_session_fail(ch->session, status, "P7.3");
  else if (status == 0) status = hwr_session_end(ch->session);
  emit_end(ch, status);
  if (ch->closing) start_close(ch);
}

/* ------------------------------------------------------------------ the end */

static void
detach(hwr_channel_t *ch, napi_ref *reference) {
  napi_value buffer;
  if (!*reference || ch->state->closing) return;
  if (napi_get_reference_value(ch->env, *reference, &buffer) == napi_ok && buffer)
    napi_detach_arraybuffer(ch->env, buffer);
  napi_delete_reference(ch->env, *reference);
  *reference = NULL;
}

/* JavaScript keeps no view of memory that is about to go, and nothing keeps the channel. */
static void
let_go_of_js(hwr_channel_t *ch) {
  napi_handle_scope scope;
  if (ch->state->closing || napi_open_handle_scope(ch->env, &scope) != napi_ok) return;
  detach(ch, &ch->ring_buffer);
  detach(ch, &ch->block_buffer);
  if (ch->listener) napi_delete_reference(ch->env, ch->listener);
  if (ch->on_batch) napi_delete_reference(ch->env, ch->on_batch);
  if (ch->async) napi_async_destroy(ch->env, ch->async);
  ch->listener = ch->on_batch = NULL;
  ch->async = NULL;
  napi_close_handle_scope(ch->env, scope);
}

static void
leave_env(hwr_channel_t *ch) {
  if (ch->prev) ch->prev->next = ch->next;
  else ch->state->first = ch->next;
  if (ch->next) ch->next->prev = ch->prev;
}

/* Nothing of the transport is left. */
static void
channel_closed(void *context) {
  hwr_channel_t *ch = context;
  hwr_env_t *state = ch->state;
  let_go_of_js(ch);
  leave_env(ch);
  hwr_os_close(ch->fd);
  hwr_segments_deinit(&ch->segments);
  hwr_session_destroy(ch->session);
  hwr_lease_drop(&ch->block->lease);
  ch->session = NULL;
  ch->closed = true;
  if (ch->finalized) free(ch);
  if (state->closing) hwr_env_channels_closed(state);
}

static void
start_close(hwr_channel_t *ch) {
  if (ch->depth > 0 || ch->close_started) return;
  ch->close_started = true;
  ch->block->words[HWR_WORD_REGION_KIND] = 0;
  if (ch->transport) hwr_transport_close(ch->transport);
  else if (ch->attach) hwr_attach_close(ch->attach);
  else channel_closed(ch);
}

void
hwr_channel_close(hwr_channel_t *ch) {
  ch->closing = true;
  start_close(ch);
}

void
hwr_env_close_channels(hwr_env_t *state) {
  if (!state->first) {
    hwr_env_channels_closed(state);
    return;
  }
  for (hwr_channel_t *ch = state->first, *next; ch; ch = next) {
    next = ch->next;
    ch->depth = 0; /* no JavaScript is on the stack when an environment ends */
    hwr_channel_close(ch);
  }
}

/* The wrapper was collected, or the environment ends. */
void
hwr__channel_finalize(napi_env env, void *data, void *hint) {
  (void) env, (void) hint;
  hwr_channel_t *ch = data;
  ch->finalized = true;
  if (ch->closed) free(ch);
  else hwr_channel_close(ch); /* nobody could use it any more */
}

/* ------------------------------------------------------------------ the beginning */

static void
block_end(hwr_lease_t *lease) {
  hwr_os_free_pages(lease, sizeof(hwr_block_t));
}

static int
make_session(hwr_channel_t *ch, const hwr_session_config_t *wanted) {
  hwr_block_t *block = hwr_os_alloc_pages(sizeof *block);
  if (!block) return HWR_ENOMEM;
  block->lease = (hwr_lease_t){1, block_end};
  ch->block = block;
  hwr_session_config_t config = *wanted;
  config.chunk_bytes = HWR_DEFAULT_RING_BYTES / 8;
  config.read_ahead_bytes = HWR_HEADER_BYTES;
  config.inbox = block->inbox;
  config.inbox_bytes = HWR_INBOX_BYTES;
  config.scratch = block->scratch;
  config.scratch_bytes = HWR_SCRATCH_BYTES;
  config.events = block->events;
  config.max_events = HWR_EVENTS;
  config.stream_full = block->stream_full;
  int err = hwr_session_create(&ch->session, &config, &MEMORY);
  if (err) hwr_lease_drop(&block->lease);
  return err;
}

hwr_channel_t *
hwr__channel_create(hwr_env_t *state, const hwr_session_config_t *config, uint64_t spin_ns) {
  hwr_channel_t *ch = calloc(1, sizeof *ch);
  if (!ch) return NULL;
  hwr_segments_init(&ch->segments);
  ch->state = state;
  ch->env = state->env;
  ch->fd = -1;
  ch->host = config->role == HWR_HOST;
  ch->spin_ns = spin_ns;
  if (make_session(ch, config)) {
    free(ch);
    return NULL;
  }
  ch->next = state->first;
  if (ch->next) ch->next->prev = ch;
  state->first = ch;
  return ch;
}

/* On ch->fd and the segments, as far as there are any. */
static int
make_transport(hwr_channel_t *ch, enum hwr_carrier carrier) {
  const hwr_owner_t owner = {ch,           channel_want,  channel_received,
                             channel_turn, channel_ended, channel_closed};
  hwr_loop_t *loop = ch->state->loop;
  switch (carrier) {
  case HWR_CARRIER_RINGS:
    return hwr_shm_open(&ch->transport, loop, &owner, ch->fd, &ch->segments, ch->host);
  case HWR_CARRIER_FED:
    return hwr_fed_open(&ch->transport, loop, &owner);
  default:
    return hwr_stream_open(&ch->transport, loop, &owner, ch->fd);
  }
}

int
hwr__channel_open_transport(hwr_channel_t *ch, enum hwr_carrier carrier) {
  bool shared = carrier == HWR_CARRIER_RINGS;
  hwr_segments_close(&ch->segments); /* the mappings are all that is needed from here on */
  int err = make_transport(ch, carrier);
  if (!ch->transport) return err;
  ch->fd = -1;
  ch->shared = shared;
  ch->fed = carrier == HWR_CARRIER_FED;
  if (shared) hwr_segments_init(&ch->segments);
  else hwr_segments_deinit(&ch->segments);
  if (err) return err;
  if (shared) hwr_shm_set_spin(ch->transport, ch->spin_ns);
  if (ch->unref) hwr_transport_ref(ch->transport, false);
  hwr_session_attach(ch->session, hwr_transport_producer(ch->transport));
  return hwr__channel_flush(ch);
}

static void
start_failed(hwr_channel_t *ch, int status) {
  fail(ch, status);
  emit_end(ch, status);
  hwr_channel_close(ch);
}

/* P3.15 */
static int
refusal_of(int byte) {
  switch (byte) {
  case HWR_KNOCK_BUSY:
    return HWR_EBUSY;
  case HWR_KNOCK_TOKEN:
    return HWR_ETOKEN;
  case HWR_KNOCK_USER:
    return HWR_EUSER;
  default:
    return 0;
  }
}

/* The worker's first byte has come, or will not. */
void
hwr__channel_attached(void *context, int byte) {
  hwr_channel_t *ch = context;
  ch->attach = NULL;
  if (ch->closing) {
    channel_closed(ch);
    return;
  }
  int refusal = ch->named ? refusal_of(byte) : 0;
  if (refusal) {
    start_failed(ch, refusal);
    return;
  }
  bool shared = byte == HWR_ATTACH_RINGS && ch->segments.address[HWR_SEGMENT_PAGE];
  if (!shared && byte != HWR_ATTACH_SOCKET) {
    if (byte >= 0) byte = hwr_session_fail(ch->session, HWR_EPROTO, "P3.0");
    start_failed(ch, byte == HWR_ECLOSED ? 0 : byte);
    return;
  }
  int err = hwr__channel_open_transport(ch, shared ? HWR_CARRIER_RINGS : HWR_CARRIER_SOCKET);
  if (err) {
    start_failed(ch, err);
    return;
  }
  emit_open(ch);
  if (ch->closing) start_close(ch);
}

void
hwr__channel_opened(hwr_channel_t *ch) {
  emit_open(ch);
  if (ch->closing) start_close(ch);
}
