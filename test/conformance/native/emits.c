/* SPDX-License-Identifier: MIT
 *
 * emits.c - workers/emits.js as a native worker.
 */
#include "files.h"

typedef struct heard_s {
  enum hwr_codec codec;
  size_t length_bytes;
  uint8_t bytes[];
} heard_s;

/* Emits `count` events and heeds HWR_EAGAIN. */
typedef struct flood_s {
  hwr_request_t *request;
  int64_t at, count, falses;
  size_t bytes;
} flood_s;

static list_t heard;
static int early; /* what an event before the start came to */
static flood_s *flood;

static struct {
  hwr_request_t *request;
  size_t count;
} waiting; /* for events that were heard */

/* ---- events of the host */

static void
tell_if_all_are_heard(void) {
  if (!waiting.request || heard.count < waiting.count) return;
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, (uint32_t) heard.count);
  for (size_t i = 0; i < heard.count; i++) {
    const heard_s *event = (const heard_s *) heard.items[i];
    write_value(writer, hwr_payload(event->codec, event->bytes, event->length_bytes));
  }
  reply_written(waiting.request, writer);
  waiting.request = NULL;
}

static void
on_note(hwr_worker_t *worker, const char *name, hwr_payload_t payload, void *context) {
  (void) worker, (void) name, (void) context;
  heard_s *event = need(sizeof *event + payload.length_bytes);
  event->codec = payload.codec;
  event->length_bytes = payload.length_bytes;
  if (payload.length_bytes) memcpy(event->bytes, payload.bytes, payload.length_bytes);
  program_lock();
  list_push_pointer(&heard, event);
  tell_if_all_are_heard();
  program_unlock();
}

static void
on_ask(hwr_worker_t *worker, const char *name, hwr_payload_t payload, void *context) {
  (void) name, (void) context;
  must(hwr_emit(worker, "told", payload));
}

static void
tell_heard(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  waiting.request = request;
  waiting.count = (size_t) value_int(hwr_request_payload(request), 0);
  tell_if_all_are_heard();
}

/* ---- events of the worker */

static void
tell_early(hwr_request_t *request, void *context) {
  (void) context;
  reply_text(request, error_of_status(early).code);
}

static void
emit(hwr_request_t *request, void *context) {
  (void) context;
  hwr_payload_t payload = hwr_request_payload(request);
  char *name = value_text(value_element(payload, 0));
  int status = hwr_emit(hwr_request_worker(request), name, value_element(payload, 1));
  free(name);
  if (status && status != HWR_EAGAIN) {
    fail_with_status(request, status);
    return;
  }
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_bool(writer, status == 0);
  reply_written(request, writer);
}

static int
emit_at(hwr_request_t *request, int64_t id, const void *body, size_t length_bytes) {
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_map(writer, body ? 2 : 1);
  write_int_field(writer, "id", id);
  if (body) {
    hwr_msgpack_write_text(writer, "body");
    hwr_msgpack_write_bytes(writer, body, length_bytes);
  }
  return hwr_emit(hwr_request_worker(request), "at", value_written(writer));
}

/* Its answer stands between the events of its neighbours. */
static void
emit_and_answer(hwr_request_t *request, void *context) {
  (void) context;
  hwr_payload_t payload = hwr_request_payload(request);
  int status = emit_at(request, value_int_field(payload, "id", -1), NULL, 0);
  bool is_emitted = status == 0 || status == HWR_EAGAIN;
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_map(writer, is_emitted ? 1 : 2);
  if (!is_emitted) write_text_field(writer, "code", error_of_status(status).code);
  hwr_msgpack_write_text(writer, "body");
  write_value(writer, value_field(payload, "body"));
  reply_written(request, writer);
}

static void
go_on(void) {
  uint8_t *body = need(flood->bytes);
  int status = 0;
  while (status == 0 && flood->at < flood->count)
    status = emit_at(flood->request, flood->at++, body, flood->bytes);
  free(body);
  flood->falses += status == HWR_EAGAIN;
  if (status == HWR_EAGAIN) return;
  if (status) fail_with_status(flood->request, status);
  else reply_int(flood->request, flood->falses);
  free(flood);
  flood = NULL;
}

static void
on_drain(hwr_worker_t *worker, void *context) {
  (void) worker, (void) context;
  program_lock();
  if (flood) go_on();
  program_unlock();
}

static void
heeds_false(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  flood = need(sizeof *flood);
  flood->request = request;
  flood->count = value_int_field(hwr_request_payload(request), "count", 0);
  flood->bytes = (size_t) value_int_field(hwr_request_payload(request), "bytes", 0);
  go_on();
}

/* Until the cap; answers how many were accepted and what ended it. */
static void
ignores_false(hwr_request_t *request, void *context) {
  (void) context;
  size_t bytes = (size_t) value_int_field(hwr_request_payload(request), "bytes", 0);
  uint8_t *body = need(bytes);
  int64_t accepted = 0;
  int status = 0;
  while (status == 0 || status == HWR_EAGAIN) status = emit_at(request, accepted++, body, bytes);
  free(body);
  hwr_error_t error = error_of_status(status);
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_map(writer, 3);
  write_int_field(writer, "accepted", accepted - 1);
  write_text_field(writer, "name", error.name);
  write_text_field(writer, "code", error.code);
  reply_written(request, writer);
}

/* ---- what the C API refuses, by the names of its statuses */

static void
refusals(hwr_request_t *request, void *context) {
  (void) context;
  hwr_worker_t *worker = hwr_request_worker(request);
  char *longest = need(1026);
  memset(longest, 'x', 1025);
  const int statuses[] = {
      hwr_emit(worker, NULL, hwr_nothing()),
      hwr_emit(worker, longest, hwr_nothing()),
      hwr_emit(worker, "a", hwr_payload((enum hwr_codec) 1, "?", 1)),
      hwr_emit(worker, "a", hwr_payload(HWR_CODEC_TEXT, "?", 1)),
      hwr_reply(request, hwr_payload((enum hwr_codec) 9, "?", 1)),
  };
  free(longest);
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, sizeof statuses / sizeof *statuses);
  for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
    hwr_msgpack_write_text(writer, hwr_status_name(statuses[i]));
  reply_written(request, writer);
}

static void
set_up(hwr_worker_t *worker) {
  early = hwr_emit(worker, "early", hwr_nothing());
  must(hwr_worker_on_event(worker, "note", on_note, NULL));
  must(hwr_worker_on_event(worker, "ask", on_ask, NULL));
  must(hwr_worker_on_drain(worker, on_drain, NULL));
}

static const route_t routes[] = {
    {"echo", echo, ROUTE_FREE},
    {"early", tell_early, 0},
    {"emit", emit, 0},
    {"emitAndAnswer", emit_and_answer, 0},
    {"heard", tell_heard, 0},
    {"heedsFalse", heeds_false, 0},
    {"ignoresFalse", ignores_false, 0},
    {"refusals", refusals, 0},
    {"blockUntil", block_until, ROUTE_FREE},
};

int
main(int argc, char **argv) {
  static const program_t program = {
      .routes = routes, .route_count = sizeof routes / sizeof *routes, .set_up = set_up};
  return program_run(&program, argc, argv);
}
