/* SPDX-License-Identifier: MIT
 *
 * start.c - from hwr_worker_open to READY: joining the host, agreeing on a codec, saying what is
 * served.                                                                  docs/protocol.md P3
 */
#include "sdk/worker_state.h"

#include "sdk/error_records.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_GONE_GRACE_MS = 500 }; /* then the watch thread ends the process */
enum { WINDOW_BYTES = 1 << 20, STREAMS_WINDOW_BYTES = 16 << 20, STREAM_MARK_BYTES = 64 * 1024 };
/* P9.2: what the start is encoded in, and what programs read. */
enum {
  CODECS =
      1 << HWR__CODEC_RECORD | 1 << HWR_CODEC_JSON | 1 << HWR_CODEC_MSGPACK | 1 << HWR_CODEC_RAW,
  CODECS_OF_OTHERS = 1 << HWR_CODEC_TEXT | 1 << HWR_CODEC_BYTES
};

/* ------------------------------------------------------------------ memory */

typedef struct hwr__memory_s {
  hwr_event_t events[HWR__EVENTS];
  uint8_t inbox[HWR__INBOX_BYTES];
  uint8_t scratch[HWR__SCRATCH_BYTES];
} hwr__memory_t;

static void *
resize(void *context, void *block, size_t bytes) {
  (void) context;
  if (bytes) return realloc(block, bytes);
  free(block);
  return NULL;
}

static const hwr_mem_t MEMORY = {resize, NULL};

void
hwr__memory_free(hwr_worker_t *w) {
  if (w->memory) hwr_os_free_pages(w->memory, sizeof *w->memory);
  w->memory = NULL;
}

/* ------------------------------------------------------------------ joining */

static int
make_session(hwr_worker_t *w) {
  hwr__memory_t *memory = w->memory = hwr_os_alloc_pages(sizeof *memory);
  if (!memory) return HWR_ENOMEM;
  hwr_session_config_t config = {
      .role = HWR_WORKER,
      .codecs = w->serializer ? CODECS | CODECS_OF_OTHERS : CODECS,
      .max_message_bytes = (uint32_t) w->config.max_message_bytes,
      .window_bytes = WINDOW_BYTES,
      .window_messages = w->config.high_water_messages,
      .high_water_bytes = w->config.high_water_bytes,
      .high_water_messages = w->config.high_water_messages,
      .streams_window_bytes = STREAMS_WINDOW_BYTES,
      .stream_high_water_bytes = STREAM_MARK_BYTES,
      .chunk_bytes = HWR__CHUNK_BYTES,
      .read_ahead_bytes = HWR_HEADER_BYTES,
      .inbox = memory->inbox,
      .inbox_bytes = HWR__INBOX_BYTES,
      .scratch = memory->scratch,
      .scratch_bytes = HWR__SCRATCH_BYTES,
      .events = memory->events,
      .max_events = HWR__EVENTS,
  };
  int err = hwr_os_random(config.uuid, HWR_UUID_BYTES);
  w->inbox = memory->inbox;
  w->events = memory->events;
  return err ? err : hwr_session_create(&w->session, &config, &MEMORY);
}

static int
read_config(hwr_worker_t *w) {
  char json[HWR__CONFIG_BYTES];
  if (hwr_os_take_variable("HAWSER_WORKER", json, sizeof json) < 0) return HWR_ENOHOST;
  return hwr__start_config_read(&w->config, json);
}

static int
make_wake(hwr_worker_t *w) {
  int err = hwr_os_socketpair(w->wake);
  for (int i = 0; i < 2 && !err; i++) w->wake[i] = hwr_os_move_high(w->wake[i]);
  return err;
}

static int
join(hwr_worker_t *w) {
  int err = make_wake(w);
  if (!err) err = hwr__link_open(&w->link, w->config.fds, w->config.fd_count);
  if (err) return err;
  hwr__spin_init(&w->spin, w->config.spin_us);
  w->watch = hwr_watch_start(w->link.fd, HOST_GONE_GRACE_MS, NULL, NULL);
  err = make_session(w);
  if (err) return err;
  hwr_session_attach(w->session, &w->link.producer);
  err = hwr_session_flush(w->session, NULL, 0, hwr__now_ms(w)); /* HELLO */
  hwr__link_publish(&w->link);
  return err;
}

static int
open_locked(hwr_worker_t *w) {
  if (w->stage != HWR__NEW) return HWR_EBADARG;
  int err = read_config(w);
  if (!err) err = join(w);
  if (err) return err;
  w->stage = w->stopped_early ? HWR__LEAVING : HWR__STARTING;
  w->thread = hwr_thread_self();
  w->start_until_ms = hwr__now_ms(w) + HWR__INIT_TIMEOUT_MS;
  err = hwr__pool_start(w);
  if (err) w->stage = HWR__OVER;
  return err;
}

int
hwr_worker_open(hwr_worker_t *w) {
  hwr__lock(w);
  int err = open_locked(w);
  hwr__unlock(w);
  return err;
}

/* ------------------------------------------------------------------ INIT, METHODS, READY */

/* The codec of the host's serializer (P3.8), or NONE where this worker has not got it. */
static enum hwr_codec
codec_of(const hwr_worker_t *w) {
  const char *name = w->init.serializer;
  if (!w->init.is_built_in)
    return w->serializer && !strcmp(w->serializer, name) ? HWR_CODEC_BYTES : HWR_CODEC_NONE;
  if (!strcmp(name, "msgpack")) return HWR_CODEC_MSGPACK;
  if (!strcmp(name, "json")) return HWR_CODEC_JSON;
  return strcmp(name, "raw") ? HWR_CODEC_NONE : HWR_CODEC_RAW;
}

/* P3.11 */
static void
refuse(hwr_worker_t *w, const hwr_error_t *error) {
  if (w->start_refused) return;
  w->start_refused = true;
  hwr__send_error(w, HWR_ERROR, 0, 0, error);
  w->stage = HWR__DRAINING;
  w->drain_until_ms = hwr__now_ms(w) + HWR__EXIT_DRAIN_MS;
}

static void
refuse_serializer(hwr_worker_t *w) {
  char text[256];
  snprintf(text, sizeof text, "Serializer mismatch: host uses %.80s, worker uses %.80s.",
           w->init.serializer, w->serializer ? w->serializer : "msgpack, json or raw");
  refuse(w,
         &(hwr_error_t){.name = "HandshakeError", .code = "ERR_HAWSER_HANDSHAKE", .message = text});
}

void
hwr_worker_fail(hwr_worker_t *w, const hwr_error_t *error) {
  hwr__lock(w);
  if (w->stage == HWR__STARTING) refuse(w, error);
  hwr__unlock(w);
}

static int
send_methods(hwr_worker_t *w) {
  const char **names = calloc(w->handler_count + 1, sizeof *names);
  uint8_t *bytes = NULL;
  hwr_slice_t slice = {NULL, 0};
  if (!names) return HWR_ENOMEM;
  for (uint32_t i = 0; i < w->handler_count; i++) names[i] = w->handlers[i].type;
  int err = hwr__methods_write(names, w->handler_count, &bytes, &slice.length_bytes);
  slice.bytes = bytes;
  if (!err) err = hwr__send(w, HWR_METHODS | HWR__CODEC_RECORD << 8, 0, 0, &slice, 1);
  if (!err) err = hwr__send(w, HWR_READY, 0, 0, NULL, 0);
  free(bytes);
  free(names);
  return err;
}

static void
call_on_start(hwr_worker_t *w) {
  if (!w->on_start.call) return;
  hwr__unlock(w);
  w->on_start.call(w, w->on_start.context);
  hwr__lock(w);
}

static void
serve(hwr_worker_t *w) {
  w->codec = codec_of(w);
  if (w->codec == HWR_CODEC_NONE) refuse_serializer(w);
  else call_on_start(w);
  if (w->stage != HWR__STARTING) return;
  for (uint32_t i = 0; i < w->handler_count; i++)
    w->handlers[i].timeout_ms = hwr__init_timeout_ms(&w->init, w->handlers[i].type);
  int err = send_methods(w);
  if (err) hwr__worker_break(w, err);
  if (err) return;
  w->serves = true;
  w->stage = HWR__READY;
}

void
hwr__on_init(hwr_worker_t *w, const hwr_event_t *event) {
  hwr__body_t body = hwr__event_body(w, event);
  const uint8_t *bytes = body.payload.bytes;
  int err = hwr__init_read(&w->init, bytes, body.payload.length_bytes);
  hwr__body_free(&body);
  if (err == HWR_EPROTO) hwr_session_fail(w->session, err, "P3.8");
  if (err) hwr__worker_break(w, err);
  else serve(w);
}
