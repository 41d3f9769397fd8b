/* SPDX-License-Identifier: MIT
 *
 * flow.c - workers/flow.js as a native worker.
 */
#include "files.h"

#include <signal.h>

static list_t seen, wrong;    /* ids, in the order in which their handlers were called */
static list_t slow, gathered; /* requests */
static list_t awaiting_signal;
static size_t next_slow;
static int64_t running, most_running;
static bool gate_is_open, is_signalled;

/* ---- bodies: bodyOf() of bodies.js */

static void
fill_body(uint8_t *body, size_t length, int64_t id) {
  char text[64];
  size_t text_length =
      (size_t) snprintf(text, sizeof text, "%lld:body of a message;", (long long) id);
  for (size_t at = 0; at < length; at += text_length)
    memcpy(body + at, text, length - at < text_length ? length - at : text_length);
  if (length <= 8) return;
  for (int i = 0; i < 4; i++) body[length - 4 + (size_t) i] = (uint8_t) (id >> 8 * i);
}

static bool
body_is_of(const uint8_t *body, size_t length, int64_t id) {
  uint8_t *expected = need(length);
  fill_body(expected, length, id);
  bool is_equal = length == 0 || memcmp(body, expected, length) == 0;
  free(expected);
  return is_equal;
}

/* ---- notes */

static int64_t
take_note(hwr_payload_t payload) {
  int64_t id = value_int_field(payload, "id", -1);
  size_t length;
  const uint8_t *body = value_bytes(value_field(payload, "body"), &length);
  list_push(&seen, id);
  if (!body || !body_is_of(body, length, id)) list_push(&wrong, id);
  return id;
}

static void
note(hwr_request_t *request, void *context) {
  (void) context;
  take_note(hwr_request_payload(request));
  reply_nothing(request);
}

static void
end_next_slow(void *context) {
  (void) context;
  reply_nothing((hwr_request_t *) slow.items[next_slow++]);
  if (next_slow < slow.count) program_later(end_next_slow, NULL);
  else next_slow = slow.count = 0;
}

/* Takes its message credit until all before it have ended, a turn of the loop each. */
static void
note_slowly(hwr_request_t *request, void *context) {
  (void) context;
  take_note(hwr_request_payload(request));
  must(hwr_request_keep(request));
  list_push_pointer(&slow, request);
  if (slow.count == 1) program_later(end_next_slow, NULL);
}

static void
note_and_throw(hwr_request_t *request, void *context) {
  (void) context;
  take_note(hwr_request_payload(request));
  must(hwr_fail_with(request, NULL, "as every time"));
}

static void
write_list_field(hwr_msgpack_writer_t *writer, const char *key, const list_t *list) {
  hwr_msgpack_write_text(writer, key);
  hwr_msgpack_write_array(writer, (uint32_t) list->count);
  for (size_t i = 0; i < list->count; i++) hwr_msgpack_write_int64(writer, list->items[i]);
}

/* What has been seen since the last call. */
static void
tell_seen(hwr_request_t *request, void *context) {
  (void) context;
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_map(writer, 2);
  write_list_field(writer, "ids", &seen);
  write_list_field(writer, "wrong", &wrong);
  int status = hwr_reply(request, value_written(writer));
  seen.count = wrong.count = 0;
  if (status != HWR_ETOOBIG)
    must(status); /* where nothing may be answered the caller hears of that */
}

/* ---- crowds */

static void
leave_crowd(void *context) {
  running--;
  reply_nothing(context);
}

static void
crowd(hwr_request_t *request, void *context) {
  (void) context;
  if (++running > most_running) most_running = running;
  must(hwr_request_keep(request));
  program_later(leave_crowd, request);
}

static void
tell_most_running(hwr_request_t *request, void *context) {
  (void) context;
  reply_int(request, most_running);
}

/* Runs until as many calls of it are there. */
static void
gather(hwr_request_t *request, void *context) {
  (void) context;
  if (++running == value_int(hwr_request_payload(request), 0)) gate_is_open = true;
  must(hwr_request_keep(request));
  list_push_pointer(&gathered, request);
  if (!gate_is_open) return;
  for (size_t i = 0; i < gathered.count; i++)
    reply_int((hwr_request_t *) gathered.items[i], running);
  gathered.count = 0;
}

/* ---- marks */

static int64_t
leave_mark(hwr_request_t *request) {
  hwr_payload_t payload = hwr_request_payload(request);
  int64_t id = value_int_field(payload, "id", -1);
  if (!value_is_nothing(value_field(payload, "body"))) take_note(payload);
  char *path = value_text(value_field(payload, "file"));
  file_append(path, id);
  free(path);
  return id;
}

/* Leaves its id in a file, which outlives this process. */
static void
mark(hwr_request_t *request, void *context) {
  (void) context;
  reply_int(request, leave_mark(request));
}

static void
mark_kept(void *context) {
  mark(context, NULL);
}

static void
mark_later(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  program_later(mark_kept, request);
}

static void
mark_and_end(hwr_request_t *request, void *context) {
  (void) context;
  leave_mark(request);
  char *how = value_text(value_field(hwr_request_payload(request), "how"));
  bool is_exit = !strcmp(how, "exit");
  free(how);
  if (is_exit) exit(7);
  kill(getpid(), SIGKILL);
}

/* ---- blocking */

static void
on_signal(void *context) {
  (void) context;
  is_signalled = true;
  for (size_t i = 0; i < awaiting_signal.count; i++)
    echo((hwr_request_t *) awaiting_signal.items[i], NULL);
  awaiting_signal.count = 0;
}

/* Answers when SIGUSR2 comes, which needs no credit. */
static void
until_signal(hwr_request_t *request, void *context) {
  (void) context;
  list_push(&seen, value_int(hwr_request_payload(request), -1));
  must(hwr_request_keep(request));
  list_push_pointer(&awaiting_signal, request);
  if (is_signalled) on_signal(NULL);
}

/* ---- payloads */

static void
body(hwr_request_t *request, void *context) {
  (void) context;
  hwr_payload_t payload = hwr_request_payload(request);
  size_t length = (size_t) value_int_field(payload, "length", 0);
  uint8_t *bytes = need(length);
  fill_body(bytes, length, value_int_field(payload, "id", -1));
  int status = hwr_reply(request, hwr_payload(HWR_CODEC_RAW, bytes, length));
  if (status != HWR_ETOOBIG) must(status); /* the caller hears of that */
  free(bytes);
}

static void
length_of(hwr_request_t *request, void *context) {
  (void) context;
  size_t length;
  if (value_bytes(hwr_request_payload(request), &length)) reply_int(request, (int64_t) length);
  else reply_nothing(request);
}

static void
type_of(hwr_request_t *request, void *context) {
  (void) context;
  bool is_nothing = value_is_nothing(hwr_request_payload(request));
  reply_text(request, is_nothing ? "undefined" : "object");
}

static const route_t routes[] = {
    {"note", note, 0},
    {"noteSlowly", note_slowly, 0},
    {"noteAndThrow", note_and_throw, 0},
    {"seen", tell_seen, 0},
    {"crowd", crowd, 0},
    {"mostRunning", tell_most_running, 0},
    {"gather", gather, 0},
    {"mark", mark, 0},
    {"markLater", mark_later, 0},
    {"markAndEnd", mark_and_end, 0},
    {"untilSignal", until_signal, 0},
    {"blockUntil", block_until, ROUTE_FREE},
    {"echo", echo, ROUTE_FREE},
    {"body", body, ROUTE_FREE},
    {"lengthOf", length_of, ROUTE_FREE},
    {"typeOf", type_of, ROUTE_FREE},
};

int
main(int argc, char **argv) {
  static const program_t program = {
      .routes = routes, .route_count = sizeof routes / sizeof *routes, .on_signal = on_signal};
  return program_run(&program, argc, argv);
}
