/* SPDX-License-Identifier: MIT
 *
 * session_end.h - one end of a connection in plain memory, with an owner that logs its events.
 *
 *   end_open(&host, HWR_HOST, &DEFAULTS);       a session, its ring and its buffers
 *   end_call(&host, 1, 1, "hi", 2);             a record in the region, or sent whole
 *   end_feed(&host, bytes, count);              in pieces of at most host.split bytes
 *   end_close(&host);                           checks that no memory is left
 *
 * Two ends are joined by pair_run (session_pair.h); a lone one is fed frames made by hand.
 * Memory  everything an end lends to its session is on the heap, so that a byte past it is
 * found. Thread  none.
 */
#ifndef HAWSER_TEST_SESSION_END_H
#define HAWSER_TEST_SESSION_END_H

#include "core/session.h"

#include "check.h"
#include "counting_mem.h"

typedef struct settings_s {
  uint64_t window_bytes, window_messages, high_water_bytes, high_water_messages;
  uint64_t streams_window_bytes, stream_high_water_bytes;
  uint32_t chunk_bytes, read_ahead_bytes, max_message_bytes;
  uint32_t inbox_bytes, scratch_bytes, max_events, ring_bytes;
} settings_t;

static const settings_t DEFAULTS = {
    .window_bytes = 1 << 20,
    .window_messages = 1024,
    .high_water_bytes = 1 << 20,
    .high_water_messages = 1024,
    .streams_window_bytes = 1 << 20,
    .stream_high_water_bytes = 64 << 10,
    .chunk_bytes = 32 << 10,
    .read_ahead_bytes = 4096,
    .max_message_bytes = HWR_MAX_MESSAGE_BYTES,
    .inbox_bytes = 64 << 10,
    .scratch_bytes = 64 << 10,
    .max_events = 64,
    .ring_bytes = 256 << 10,
};

typedef struct seen_s { /* an event, and what its payload was */
  uint32_t kind, slot, generation, word, length, value;
  uint64_t details; /* bytes of the extension block, if it has a tx or metadata */
  uint64_t hash;
} seen_t;

enum { END_MAX_RECORDS = 512 };

typedef struct end_s {
  hwr_ring_words_t words;
  uint8_t *ring;
  hwr_producer_t out;
  hwr_consumer_t wire; /* reads what this end sends */
  hwr_session_t *session;
  hwr_session_config_t config;
  counting_mem_t books;
  hwr_mem_t mem;
  hwr_record_t records[END_MAX_RECORDS]; /* stored in the region, not flushed */
  uint32_t record_count, filled_bytes;
  seen_t *log;
  size_t log_count, log_capacity;
  uint64_t now_ms;
  uint32_t split;         /* most bytes per feed; 0: as many as wanted */
  uint32_t *random_split; /* seed of random splits up to `split`, or NULL */
  bool lazy;              /* leave the events untaken until there is no room */
  int status;             /* first failure of feed, flush or send */
  void (*on_event)(struct end_s *end, const seen_t *seen, const uint8_t *payload);
} end_t;

static inline uint32_t
next_random(uint32_t *seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

static inline void
fill_bytes(uint8_t *bytes, size_t count, uint32_t seed) {
  seed = seed * 2654435761u + 1;
  for (size_t i = 0; i < count; i++) bytes[i] = (uint8_t) (next_random(&seed) >> 11);
}

static inline uint64_t
hash_bytes(const uint8_t *bytes, size_t count) {
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < count; i++) hash = (hash ^ bytes[i]) * 1099511628211u;
  return hash;
}

static inline uint32_t
make_word(uint8_t type, uint8_t flags, uint16_t method) {
  return type | (uint32_t) flags << 8 | (uint32_t) method << 16;
}

/* ---- life */

static inline uint8_t *
end_allocate(size_t bytes) {
  uint8_t *block = malloc(bytes);
  REQUIRE(block != NULL);
  return block;
}

static inline hwr_session_config_t
end_configure(enum hwr_role role, const settings_t *settings) {
  hwr_session_config_t config = {
      .role = role,
      .codecs = 2,
      .max_message_bytes = settings->max_message_bytes,
      .window_bytes = settings->window_bytes,
      .window_messages = settings->window_messages,
      .high_water_bytes = settings->high_water_bytes,
      .high_water_messages = settings->high_water_messages,
      .streams_window_bytes = settings->streams_window_bytes,
      .stream_high_water_bytes = settings->stream_high_water_bytes,
      .chunk_bytes = settings->chunk_bytes,
      .read_ahead_bytes = settings->read_ahead_bytes,
      .inbox_bytes = settings->inbox_bytes,
      .scratch_bytes = settings->scratch_bytes,
      .max_events = settings->max_events,
  };
  memset(config.uuid, role == HWR_HOST ? 0xaa : 0xbb, sizeof config.uuid);
  config.inbox = end_allocate(config.inbox_bytes);
  config.scratch = end_allocate(config.scratch_bytes);
  config.stream_full = calloc(HWR_LAST_STREAM + 1, sizeof *config.stream_full);
  REQUIRE(config.stream_full != NULL);
  config.events = (hwr_event_t *) (void *) end_allocate(config.max_events * sizeof(hwr_event_t));
  return config;
}

/* 0, or what create answered; the end is to be closed in either case. */
static inline int
end_try_open(end_t *e, enum hwr_role role, const settings_t *settings, uint64_t fail_call) {
  memset(e, 0, sizeof *e);
  e->books.fail_call = fail_call;
  e->mem = counting_mem(&e->books);
  e->config = end_configure(role, settings);
  e->ring = end_allocate(settings->ring_bytes);
  hwr_producer_init(&e->out, &e->words, e->ring, settings->ring_bytes);
  hwr_consumer_init(&e->wire, &e->words, e->ring, settings->ring_bytes);
  e->status = hwr_session_create(&e->session, &e->config, &e->mem);
  if (e->status == 0) hwr_session_attach(e->session, &e->out);
  return e->status;
}

static inline void
end_open(end_t *e, enum hwr_role role, const settings_t *settings) {
  REQUIRE(end_try_open(e, role, settings, 0) == 0);
}

static inline void
end_close(end_t *e) {
  hwr_session_destroy(e->session);
  CHECK_INT(e->books.held_blocks, 0);
  free(e->config.inbox);
  free(e->config.scratch);
  free(e->config.events);
  free(e->config.stream_full);
  free(e->ring);
  free(e->log);
  memset(e, 0, sizeof *e);
}

/* ---- events */

static inline void
end_log(end_t *e, seen_t seen) {
  if (e->log_count == e->log_capacity) {
    e->log_capacity = e->log_capacity ? e->log_capacity * 2 : 64;
    e->log = realloc(e->log, e->log_capacity * sizeof *e->log);
    REQUIRE(e->log != NULL);
  }
  e->log[e->log_count++] = seen;
}

static inline void
end_see(end_t *e, const hwr_event_t *event) {
  seen_t seen = {event->kind,   event->slot,  event->generation, event->word,
                 event->length, event->value, event->bulk >> 16, 0};
  uint8_t *bulk = NULL;
  size_t bulk_bytes = 0;
  uint32_t index = event->bulk & 0xffff;
  if (index) bulk = hwr_session_take_bulk(e->session, index - 1, &bulk_bytes);
  if (index) CHECK_INT(bulk_bytes, event->offset + event->length);
  const uint8_t *payload = (bulk ? bulk : e->config.inbox) + event->offset;
  seen.hash = hash_bytes(payload, event->length);
  end_log(e, seen);
  if (e->on_event) e->on_event(e, &seen, payload);
  if (bulk) e->mem.resize(e->mem.context, bulk, 0);
}

/* The handlers may send, so they run on a copy of the table. */
static inline void
end_take(end_t *e) {
  uint32_t count = hwr_session_event_count(e->session);
  hwr_event_t *events = (hwr_event_t *) (void *) end_allocate((count + 1) * sizeof *events);
  memcpy(events, e->config.events, count * sizeof *events);
  for (uint32_t i = 0; i < count; i++) end_see(e, &events[i]);
  free(events);
  hwr_session_events_taken(e->session);
}

static inline void
check_seen(const seen_t *seen, uint32_t kind, uint32_t slot, uint32_t generation) {
  CHECK_INT(seen->kind, kind);
  CHECK_INT(seen->slot, slot);
  CHECK_INT(seen->generation, generation);
}

static inline const seen_t *
end_last(const end_t *e) {
  static const seen_t nothing = {0};
  return e->log_count ? &e->log[e->log_count - 1] : &nothing;
}

static inline size_t
end_count(const end_t *e, uint32_t kind) {
  size_t count = 0;
  for (size_t i = 0; i < e->log_count; i++) count += e->log[i].kind == kind;
  return count;
}

/* ---- receiving */

static inline int
end_fail(end_t *e, int status) {
  if (e->status == 0) e->status = status;
  return e->status;
}

static inline size_t
end_part(end_t *e, size_t most) {
  size_t part = e->split && e->split < most ? e->split : most;
  return e->random_split && part ? 1 + next_random(e->random_split) % part : part;
}

/* All of it, taking events whenever there is no room; returns the session's first failure. */
static inline int
end_feed(end_t *e, const uint8_t *bytes, size_t count) {
  bool more = true; /* frames may be left in the inbox */
  while (e->status == 0 && (count > 0 || more)) {
    uint8_t *to = NULL;
    size_t want = hwr_session_want(e->session, &to);
    if (want == 0) {
      bool held = hwr_session_event_count(e->session) > 0 || hwr_session_stalled(e->session);
      end_take(e);
      int err = hwr_session_feed(e->session, 0, e->now_ms);
      if (err) return end_fail(e, err);
      if (!held) return end_fail(e, HWR_EAGAIN); /* stuck: a defect */
      continue;
    }
    size_t part = end_part(e, want < count ? want : count);
    if (part) memcpy(to, bytes, part);
    bytes += part;
    count -= part;
    int err = hwr_session_feed(e->session, part, e->now_ms);
    if (!e->lazy) end_take(e);
    if (err) return end_fail(e, err);
    more = hwr_session_stalled(e->session);
  }
  return e->status;
}

/* ---- sending */

static inline int
end_flush(end_t *e) {
  uint32_t count = e->record_count;
  e->record_count = e->filled_bytes = 0;
  int err = hwr_session_flush(e->session, e->records, count, e->now_ms);
  hwr_producer_publish(&e->out);
  return err ? end_fail(e, err) : 0;
}

static inline int
end_send_whole(end_t *e, hwr_record_t record, const uint8_t *body) {
  if (e->record_count) end_flush(e);
  size_t cut = record.length / 3; /* in slices, as owners have it */
  hwr_slice_t slices[] = {{body, cut}, {body + cut, record.length - cut}};
  int err = hwr_session_send(e->session, &record, slices, 2, e->now_ms);
  hwr_producer_publish(&e->out);
  return err ? end_fail(e, err) : 0;
}

/* Store the record in the region if it fits, to go with the next flush; else send it at once.
 */
static inline int
end_send(end_t *e, uint32_t word, uint32_t slot, uint32_t generation, uint32_t timeout_ms,
         const void *body, uint32_t length) {
  if (e->status) return e->status; /* the region is no longer ours */
  hwr_record_t record = {0, length, word, slot, generation, timeout_ms, {0}};
  hwr_region_t region = hwr_session_region(e->session);
  uint64_t stride = hwr_frame_stride(length);
  if (e->record_count == END_MAX_RECORDS || region.start + e->filled_bytes + stride > region.limit)
    return end_send_whole(e, record, body);
  record.offset = region.start + e->filled_bytes;
  uint8_t *base = region.kind == HWR_REGION_RING ? e->ring : e->config.scratch;
  memset(base + record.offset, 0xee, HWR_HEADER_BYTES);
  if (length) memcpy(base + record.offset + HWR_HEADER_BYTES, body, length);
  e->records[e->record_count++] = record;
  e->filled_bytes += (uint32_t) stride;
  return 0;
}

static inline int
end_call(end_t *e, uint32_t slot, uint32_t generation, const void *body, uint32_t length) {
  return end_send(e, make_word(HWR_REQUEST, 1, 0), slot, generation, 0, body, length);
}

static inline int
end_post(end_t *e, const void *body, uint32_t length) {
  return end_send(e, make_word(HWR_REQUEST, 1 | HWR_FLAG_ONEWAY, 0), 0, 0, 0, body, length);
}

static inline int
end_answer(end_t *e, uint32_t slot, uint32_t generation, const void *body, uint32_t length) {
  return end_send(e, make_word(HWR_RESPONSE, 1, 0), slot, generation, 0, body, length);
}

static inline int
end_cancel(end_t *e, uint32_t slot, uint32_t generation) {
  return end_send(e, make_word(HWR_CANCEL, 0, 0), slot, generation, 0, NULL, 0);
}

/* Take up to `most` bytes of what this end has published; returns how many. */
static inline size_t
end_read(end_t *e, uint8_t *to, size_t most) {
  int64_t count = hwr_consumer_read(&e->wire, to, most);
  REQUIRE(count >= 0);
  hwr_consumer_release(&e->wire);
  return (size_t) count;
}

#endif
