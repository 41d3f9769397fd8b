/* SPDX-License-Identifier: MIT
 *
 * stream_steps.h - what owners do with streams, and frames of streams made by hand.
 */
#ifndef HAWSER_TEST_STREAM_STEPS_H
#define HAWSER_TEST_STREAM_STEPS_H

#include "session_pair.h"

typedef struct stream_id_s {
  uint32_t slot, generation;
} stream_id_t;

enum { WINDOW_BYTES = 64 << 10, WINDOW_MESSAGES = 16 };

/* ---- owners */

static inline int
end_try_stream(end_t *e, const hwr_stream_options_t *options, stream_id_t *id) {
  if (e->record_count) end_flush(e);
  int err = hwr_session_stream_open(e->session, options, e->now_ms, &id->slot, &id->generation);
  hwr_producer_publish(&e->out);
  return err;
}

static inline stream_id_t
end_stream(end_t *e, const char *name, bool messages) {
  stream_id_t id = {0, 0};
  hwr_stream_options_t options = {name, (uint32_t) strlen(name), messages, WINDOW_BYTES,
                                  WINDOW_MESSAGES};
  int err = end_try_stream(e, &options, &id);
  CHECK_INT(err, 0);
  if (err) end_fail(e, err);
  return id;
}

static inline void
end_accept(end_t *e, stream_id_t id) {
  CHECK_INT(
      hwr_session_stream_accept(e->session, id.slot, id.generation, WINDOW_BYTES, WINDOW_MESSAGES),
      0);
}

static inline int
end_data(end_t *e, stream_id_t id, const void *body, uint32_t length) {
  return end_send(e, make_word(HWR_DATA, 1, 0), id.slot, id.generation, 0, body, length);
}

static inline int
end_finish(end_t *e, stream_id_t id) {
  return end_send(e, make_word(HWR_END, 0, 0), id.slot, id.generation, 0, NULL, 0);
}

static inline int
end_reset(end_t *e, stream_id_t id, const void *body, uint32_t length) {
  return end_send(e, make_word(HWR_RESET, 1, 0), id.slot, id.generation, 0, body, length);
}

/* True when all of it was taken. */
static inline bool
end_write(end_t *e, stream_id_t id, const void *bytes, size_t length, size_t *taken) {
  if (e->record_count) end_flush(e);
  int err = hwr_session_stream_write(e->session, id.slot, id.generation, 1, bytes, length,
                                     e->now_ms, taken);
  hwr_producer_publish(&e->out);
  if (err && err != HWR_EAGAIN) end_fail(e, err);
  return err == 0;
}

static inline void
end_consume(end_t *e, stream_id_t id, uint64_t bytes, uint64_t messages) {
  hwr_session_stream_consumed(e->session, id.slot, id.generation, bytes, messages);
}

/* Likewise, with the next flush. */
static inline void
end_consume_by_record(end_t *e, stream_id_t id, uint32_t bytes, uint32_t messages) {
  if (e->record_count == END_MAX_RECORDS) end_flush(e);
  e->records[e->record_count++] =
      (hwr_record_t){0, bytes, make_word(HWR_CREDIT, 0, 0), id.slot, id.generation, messages, {0}};
}

static inline bool
end_full(const end_t *e, stream_id_t id) {
  return hwr_session_stream_full(e->session, id.slot, id.generation);
}

static inline uint64_t
end_held(const end_t *e, stream_id_t id) {
  uint64_t held = hwr_session_stream_held(e->session, id.slot, id.generation);
  if (held) CHECK_INT(e->config.stream_full[id.slot], end_full(e, id));
  return held;
}

/* A stream that `from` opened and `to` accepted. */
static inline stream_id_t
pair_stream(pair_t *pair, end_t *from, end_t *to, bool messages) {
  stream_id_t id = end_stream(from, "a pipe", messages);
  pair_run(pair);
  end_accept(to, id);
  pair_run(pair);
  CHECK_INT(end_last(from)->kind, HWR_EV_ACCEPT);
  return id;
}

/* ---- frames by hand */

static inline void
put_open(frames_t *f, stream_id_t id, bool messages, uint64_t bytes, uint64_t count) {
  frames_t body = {0};
  put_number(&body, bytes, 8);
  put_number(&body, count, 8);
  put_number(&body, messages, 2);
  put_number(&body, 4, 2);
  put_bytes(&body, "pipe", 4);
  PUT(f, .type = HWR_OPEN, .slot = id.slot, .generation = id.generation, .body = body.bytes,
      .length = (uint32_t) body.count);
  frames_free(&body);
}

static inline void
put_stream_credit(frames_t *f, stream_id_t id, uint64_t bytes, uint64_t messages) {
  frames_t body = {0};
  put_number(&body, bytes, 8);
  put_number(&body, messages, 8);
  PUT(f, .type = HWR_CREDIT, .slot = id.slot, .generation = id.generation, .body = body.bytes,
      .length = 16);
  frames_free(&body);
}

/* A frame of that stream. */
#define PUT_STREAM(f, id, ...)                                                                     \
  put_frame((f), (frame_spec_t){.slot = (id).slot, .generation = (id).generation, __VA_ARGS__})

/* A stream between a lone end and its peer, accepted; opened by the end if `ours`. */
static inline stream_id_t
lone_stream(end_t *e, bool ours, bool messages) {
  frames_t f = {0};
  bool host = e->config.role == HWR_HOST;
  stream_id_t id = {host ? 1 : 2, 7};
  if (ours) {
    id = end_stream(e, "pipe", messages);
    put_stream_credit(&f, id, WINDOW_BYTES, messages ? WINDOW_MESSAGES : 0);
    REQUIRE(feed_frames(e, &f) == 0);
  } else {
    put_open(&f, id, messages, WINDOW_BYTES, messages ? WINDOW_MESSAGES : 0);
    REQUIRE(feed_frames(e, &f) == 0);
    end_accept(e, id);
  }
  REQUIRE(end_flush(e) == 0);
  lone_drain(e);
  e->log_count = 0;
  frames_free(&f);
  return id;
}

#endif
