/* SPDX-License-Identifier: MIT
 *
 * session.c - life, deadlines and books of a session; session_in.c receives, session_out.c sends.
 */
#include "core/session.h"

#include "core/session_state.h"

#include <assert.h>
#include <string.h>

/* P8.2 */
enum { STRIKES_BURST = 100, STRIKES_PER_SECOND = 10 };

int
hwr_session_create(hwr_session_t **session, const hwr_session_config_t *config,
                   const hwr_mem_t *mem) {
  assert(config->chunk_bytes % HWR_FRAME_ALIGN == 0 && config->inbox_bytes >= 2 * HWR_INLINE_BYTES);
  assert(config->chunk_bytes > 0 && config->read_ahead_bytes > 0 && config->max_events > 0);
  assert(config->max_message_bytes <= HWR_MAX_MESSAGE_BYTES);
  assert(config->window_bytes >= HWR_MIN_WINDOW_BYTES);
  hwr_session_t *s = hwr__mem_alloc(mem, sizeof *s);
  if (!s) return HWR_ENOMEM;
  memset(s, 0, sizeof *s);
  s->config = *config;
  s->mem = *mem;
  s->stage = HWR_STAGE_HELLO;
  s->rule = "";
  hwr_window_init(&s->window_bytes, config->window_bytes);
  hwr_window_init(&s->window_messages, config->window_messages);
  hwr_bucket_init(&s->strikes, STRIKES_BURST, STRIKES_PER_SECOND);
  hwr_serving_init(&s->serving);
  hwr_calls_init(&s->calls);
  hwr_spill_init(&s->spill);
  hwr_spill_init(&s->requests);
  hwr_streams_init(&s->streams, config->streams_window_bytes);
  *session = s;
  return 0;
}

void
hwr_session_destroy(hwr_session_t *s) {
  if (!s) return;
  hwr_session_events_taken(s);
  hwr_mem_t mem = s->mem;
  hwr__mem_free(&mem, s->assembly.data);
  hwr__mem_free(&mem, s->pings.ids);
  hwr__mem_free(&mem, s->pongs.ids);
  hwr_serving_deinit(&s->serving, &mem);
  hwr_calls_deinit(&s->calls, &mem);
  hwr_spill_deinit(&s->spill, &mem);
  hwr_spill_deinit(&s->requests, &mem);
  hwr_streams_deinit(&s->streams, &mem);
  hwr__mem_free(&mem, s);
}

int
hwr__session_fail(hwr_session_t *s, int status, const char *rule) {
  if (s->failed == 0) {
    s->failed = status;
    s->rule = rule;
  }
  return s->failed;
}

int
hwr_session_fail(hwr_session_t *s, int status, const char *rule) {
  return hwr__session_fail(s, status, rule);
}

hwr_event_t *
hwr__session_event(hwr_session_t *s, enum hwr_event_kind kind, const hwr_frame_t *frame) {
  assert(hwr__session_event_room(s));
  hwr_event_t *event = &s->config.events[s->event_count++];
  *event = (hwr_event_t){.kind = (uint32_t) kind};
  if (!frame) return event;
  event->slot = frame->slot;
  event->generation = frame->generation;
  event->word = frame->type | (uint32_t) frame->flags << 8 | (uint32_t) frame->method << 16;
  return event;
}

static int
id_queue_grow(hwr_id_queue_t *queue, const hwr_mem_t *mem) {
  uint32_t held = queue->end - queue->begin;
  if (queue->begin > 0) {
    memmove(queue->ids, queue->ids + queue->begin, held * sizeof *queue->ids);
  } else {
    uint32_t capacity = queue->capacity_count ? queue->capacity_count * 2 : 16;
    hwr_id_t *ids = mem->resize(mem->context, queue->ids, capacity * sizeof *ids);
    if (!ids) return HWR_ENOMEM;
    queue->ids = ids;
    queue->capacity_count = capacity;
  }
  queue->begin = 0;
  queue->end = held;
  return 0;
}

int
hwr__id_queue_push(hwr_id_queue_t *queue, const hwr_mem_t *mem, hwr_id_t id) {
  if (queue->end - queue->begin >= HWR_MAX_PENDING_PONGS) return HWR_EOVERLOAD;
  if (queue->end == queue->capacity_count) {
    int err = id_queue_grow(queue, mem);
    if (err) return err;
  }
  queue->ids[queue->end++] = id;
  return 0;
}

bool
hwr__id_queue_shift(hwr_id_queue_t *queue, hwr_id_t *id) {
  if (queue->begin == queue->end) return false;
  *id = queue->ids[queue->begin++];
  if (queue->begin == queue->end) queue->begin = queue->end = 0;
  return true;
}

/* A frame in progress was begun because its event had room: that room stays its own. */
static bool
has_room_for_tick(const hwr_session_t *s) {
  uint32_t kept = s->filling ? 1 : 0;
  return s->event_count + kept < s->config.max_events;
}

/* P4.14. Not to be told costs the peer work for nobody, so it need not be fatal without memory. */
static void
tell_of_cancel(hwr_session_t *s, uint32_t slot, uint32_t generation) {
  hwr_frame_t cancel = {.type = HWR_CANCEL, .slot = slot, .generation = generation};
  (void) hwr_spill_push(&s->spill, &s->mem, &cancel, NULL, 0, 0);
}

static void
expire_calls(hwr_session_t *s, uint64_t now_ms) {
  hwr_calls_walk_t walk = {0, HWR_NO_DEADLINE};
  uint32_t slot;
  while (has_room_for_tick(s) && hwr_calls_due(&s->calls, now_ms, &walk, &slot)) {
    hwr_call_t *call = &s->calls.table[slot];
    hwr_event_t *event = hwr__session_event(s, HWR_EV_TIMEOUT, NULL);
    event->slot = slot;
    event->generation = call->generation;
    event->value = call->state == HWR_CALL_QUEUED;
    if (call->state == HWR_CALL_SENT) tell_of_cancel(s, slot, call->generation);
    hwr_session_abandon(s, slot, call->generation);
  }
}

/* Of what was asked for. */
static uint32_t
drains_due(const hwr_session_t *s) {
  uint64_t half_bytes = s->config.high_water_bytes / 2;
  uint32_t due = s->spill.held_bytes <= half_bytes ? HWR_DRAIN_LANE : 0;
  if (hwr_session_held_bytes(s) <= half_bytes &&
      hwr_session_held_records(s) <= s->config.high_water_messages / 2)
    due |= HWR_DRAIN_ALL;
  if (s->streams.ending_count == 0) due |= HWR_DRAIN_ENDS;
  return due & s->drain_wanted;
}

bool
hwr_session_drain_due(const hwr_session_t *s) {
  return drains_due(s) != 0 || s->streams.lines[HWR_LINE_DRAINED].first != NULL;
}

static void
tell_writers(hwr_session_t *s) {
  hwr_stream_t *stream;
  while ((stream = s->streams.lines[HWR_LINE_DRAINED].first) && has_room_for_tick(s)) {
    hwr_event_t *event = hwr__session_event(s, HWR_EV_WRITABLE, NULL);
    event->slot = stream->slot;
    event->generation = stream->generation;
    hwr_streams_leave(&s->streams, stream, HWR_LINE_DRAINED);
  }
}

void
hwr_session_tick(hwr_session_t *s, uint64_t now_ms) {
  expire_calls(s, now_ms);
  tell_writers(s);
  uint32_t due = drains_due(s);
  if (!due || !has_room_for_tick(s)) return;
  hwr__session_event(s, HWR_EV_DRAIN, NULL)->value = due;
  s->drain_wanted &= ~due;
}

uint64_t
hwr_session_next_deadline(const hwr_session_t *s) {
  return s->calls.earliest_ms;
}

bool
hwr_session_abandon(hwr_session_t *s, uint32_t slot, uint32_t generation) {
  hwr_call_t *call = hwr_calls_find(&s->calls, slot, generation);
  if (!call) return false;
  if (call->state != HWR_CALL_QUEUED) s->late_allowed++;
  hwr_calls_close(&s->calls, call);
  return true;
}

void
hwr_session_tell_late(hwr_session_t *s) {
  s->tells_late = true;
}

bool
hwr_session_is_sent(const hwr_session_t *s, uint32_t slot, uint32_t generation) {
  const hwr_call_t *call = hwr_calls_find(&s->calls, slot, generation);
  return call && call->state == HWR_CALL_SENT;
}

uint32_t
hwr_session_event_count(const hwr_session_t *s) {
  return s->event_count;
}

uint8_t *
hwr_session_take_bulk(hwr_session_t *s, uint32_t bulk, size_t *length_bytes) {
  if (bulk >= s->bulk_count) return NULL;
  hwr_bulk_t *taken = &s->bulks[bulk];
  uint8_t *data = taken->data;
  *length_bytes = taken->length_bytes;
  taken->data = NULL;
  return data;
}

void
hwr_session_events_taken(hwr_session_t *s) {
  for (uint32_t i = 0; i < s->bulk_count; i++) hwr__mem_free(&s->mem, s->bulks[i].data);
  s->bulk_count = 0;
  s->event_count = 0;
}

bool
hwr_session_stalled(const hwr_session_t *s) {
  return s->stalled;
}

void
hwr_session_settle(hwr_session_t *s, uint32_t count) {
  uint64_t out = s->window_messages.received - s->window_messages.returned;
  hwr_window_return(&s->window_messages, count < out ? count : out);
}

void
hwr_session_want_drain(hwr_session_t *s, uint32_t what) {
  s->drain_wanted |= what;
}

uint64_t
hwr_session_held_bytes(const hwr_session_t *s) {
  return s->spill.held_bytes + s->requests.held_bytes;
}

uint64_t
hwr_session_lane_bytes(const hwr_session_t *s) {
  return s->spill.held_bytes;
}

uint64_t
hwr_session_held_records(const hwr_session_t *s) {
  return s->spill.record_count + s->requests.record_count;
}

uint32_t
hwr_session_open_calls(const hwr_session_t *s) {
  return s->calls.open_count;
}

uint32_t
hwr_session_open_requests(const hwr_session_t *s) {
  return s->serving.open_count;
}

const hwr_peer_t *
hwr_session_peer(const hwr_session_t *s) {
  return &s->peer;
}

const char *
hwr_session_rule(const hwr_session_t *s) {
  return s->rule;
}
