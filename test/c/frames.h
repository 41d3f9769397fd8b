/* SPDX-License-Identifier: MIT
 *
 * frames.h - frames made by hand, for a session to receive, and found in what one sent.
 *
 * Written against docs/protocol.md, not with the core's own encoder.
 */
#ifndef HAWSER_TEST_FRAMES_H
#define HAWSER_TEST_FRAMES_H

#include "session_end.h"

typedef struct frames_s {
  uint8_t *bytes; /* owned */
  size_t count, capacity;
} frames_t;

typedef struct frame_spec_s {
  uint8_t type, flags;
  uint16_t method;
  uint32_t slot, generation;
  const void *body;
  uint32_t length;
} frame_spec_t;

static inline void
frames_free(frames_t *f) {
  free(f->bytes);
  *f = (frames_t){0};
}

static inline void
put_bytes(frames_t *f, const void *bytes, size_t count) {
  if (f->count + count > f->capacity) {
    f->capacity = (f->count + count) * 2;
    f->bytes = realloc(f->bytes, f->capacity);
    REQUIRE(f->bytes != NULL);
  }
  if (count) memcpy(f->bytes + f->count, bytes, count);
  f->count += count;
}

static inline void
put_number(frames_t *f, uint64_t value, unsigned size) {
  uint8_t bytes[8];
  for (unsigned i = 0; i < size; i++) bytes[i] = (uint8_t) (value >> (8 * i));
  put_bytes(f, bytes, size);
}

static inline void
put_header(frames_t *f, frame_spec_t spec) {
  put_number(f, spec.length, 4);
  put_number(f, spec.type, 1);
  put_number(f, spec.flags, 1);
  put_number(f, spec.method, 2);
  put_number(f, spec.slot, 4);
  put_number(f, spec.generation, 4);
}

static inline void
put_frame(frames_t *f, frame_spec_t spec) {
  put_header(f, spec);
  if (spec.body) put_bytes(f, spec.body, spec.length);
  for (uint32_t i = 0; !spec.body && i < spec.length; i++) put_number(f, 0x2e, 1);
  while (f->count % 8) put_number(f, 0, 1);
}
#define PUT(f, ...) put_frame((f), (frame_spec_t){__VA_ARGS__})

static inline void
put_hello_limits(frames_t *f, enum hwr_role role, uint64_t window_bytes, uint64_t window_messages) {
  frames_t body = {0};
  put_number(&body, HWR_HELLO_MAGIC, 4);
  put_number(&body, HWR_PROTOCOL_VERSION, 2);
  put_number(&body, role, 2);
  put_bytes(&body, "0123456789abcdef", 16);
  put_number(&body, 2, 4);
  put_number(&body, 64 << 20, 4);
  put_number(&body, window_bytes, 8);
  put_number(&body, window_messages, 8);
  PUT(f, .type = HWR_HELLO, .body = body.bytes, .length = (uint32_t) body.count);
  frames_free(&body);
}

static inline void
put_hello(frames_t *f, enum hwr_role role) {
  put_hello_limits(f, role, 1 << 20, 1024);
}

static inline void
put_credit(frames_t *f, uint64_t bytes, uint64_t messages) {
  frames_t body = {0};
  put_number(&body, bytes, 8);
  put_number(&body, messages, 8);
  PUT(f, .type = HWR_CREDIT, .body = body.bytes, .length = 16);
  frames_free(&body);
}

static inline int
feed_frames(end_t *e, frames_t *f) {
  int status = end_feed(e, f->bytes, f->count);
  f->count = 0;
  return status;
}

/* An end whose peer is the test: everything it sends is thrown away. */
static inline void
lone_drain(end_t *e) {
  uint8_t bytes[4096];
  while (end_read(e, bytes, sizeof bytes) > 0) continue;
}

/* Bring an open end to the stage in which calls are made. */
static inline void
lone_start(end_t *e) {
  frames_t f = {0};
  bool host = e->config.role == HWR_HOST;
  end_flush(e);
  put_hello(&f, host ? HWR_WORKER : HWR_HOST);
  if (host) {
    PUT(&f, .type = HWR_METHODS);
    PUT(&f, .type = HWR_READY);
  } else {
    PUT(&f, .type = HWR_INIT);
  }
  REQUIRE(feed_frames(e, &f) == 0);
  if (!host) end_send(e, make_word(HWR_METHODS, 0, 0), 0, 0, 0, NULL, 0);
  if (!host) end_send(e, make_word(HWR_READY, 0, 0), 0, 0, 0, NULL, 0);
  REQUIRE(end_flush(e) == 0);
  lone_drain(e);
  e->log_count = 0;
  frames_free(&f);
}

static inline void
lone_open(end_t *e, enum hwr_role role, const settings_t *settings) {
  end_open(e, role, settings);
  lone_start(e);
}

/* A lone host whose peer granted these windows. */
static inline void
lone_grant(end_t *e, const settings_t *settings, uint64_t window_bytes, uint64_t window_messages) {
  frames_t f = {0};
  end_open(e, HWR_HOST, settings);
  put_hello_limits(&f, HWR_WORKER, window_bytes, window_messages);
  PUT(&f, .type = HWR_METHODS);
  PUT(&f, .type = HWR_READY);
  REQUIRE(feed_frames(e, &f) == 0);
  end_flush(e);
  lone_drain(e);
  frames_free(&f);
}

/* The next frame in what an end sent; its body's place in `at`. False at the end. */
static inline bool
next_frame(const frames_t *f, size_t *at, hwr_frame_t *frame) {
  if (f->count - *at < HWR_HEADER_BYTES) return false;
  hwr_frame_decode(frame, f->bytes + *at);
  *at += (size_t) hwr_frame_stride(frame->length_bytes);
  REQUIRE(*at <= f->count);
  return true;
}

/* Everything an end has published so far. */
static inline void
collect(end_t *e, frames_t *f) {
  uint8_t bytes[4096];
  size_t count;
  while ((count = end_read(e, bytes, sizeof bytes)) > 0) put_bytes(f, bytes, count);
}

/* The frames end the session, for that rule. */
static inline void
check_broken(end_t *e, frames_t *f, int status, const char *rule) {
  CHECK_INT(feed_frames(e, f), status);
  CHECK_STR(hwr_session_rule(e->session), rule);
  end_close(e);
}

static inline uint32_t
count_frames(const frames_t *f, uint8_t type) {
  hwr_frame_t frame;
  uint32_t count = 0;
  for (size_t at = 0; next_frame(f, &at, &frame);) count += frame.type == type;
  return count;
}

#endif
