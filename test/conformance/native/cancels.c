/* SPDX-License-Identifier: MIT
 *
 * cancels.c - workers/cancels.js as a native worker.
 */
#include "files.h"

/* Ids as they were encoded, for they may be texts. */
typedef struct id_s {
  size_t length_bytes;
  uint8_t bytes[];
} id_s;

static list_t seen, aborted;
static int64_t live; /* handlers whose requests are not cancelled */

static struct {
  hwr_request_t *request;
  size_t count;
} waiting; /* for ids that were aborted */

static id_s *
copy_id(hwr_request_t *request) {
  hwr_payload_t value = value_field(hwr_request_payload(request), "id");
  if (value.codec == HWR_CODEC_NONE) return NULL; /* of a payload that is none */
  id_s *id = need(sizeof *id + value.length_bytes);
  id->length_bytes = value.length_bytes;
  memcpy(id->bytes, value.bytes, value.length_bytes);
  return id;
}

static void
reply_list(hwr_request_t *request, const list_t *list) {
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, (uint32_t) list->count);
  for (size_t i = 0; i < list->count; i++) {
    const id_s *id = (const id_s *) list->items[i];
    if (id) hwr_msgpack_write_encoded(writer, id->bytes, id->length_bytes);
    else hwr_msgpack_write_nil(writer);
  }
  reply_written(request, writer);
}

static void
tell_if_all_are_aborted(void) {
  if (!waiting.request || aborted.count < waiting.count) return;
  reply_list(waiting.request, &aborted);
  waiting.request = NULL;
}

static void
note_aborted(hwr_request_t *request) {
  list_push_pointer(&aborted, copy_id(request));
  tell_if_all_are_aborted();
}

static void
tell_seen(hwr_request_t *request, void *context) {
  (void) context;
  reply_list(request, &seen);
}

static void
end_aborted(hwr_request_t *request, void *context) {
  (void) context;
  program_lock();
  live--;
  note_aborted(request);
  hwr_payload_t payload = hwr_request_payload(request);
  if (!value_is_nothing(value_field(payload, "how")))
    must(hwr_fail_with(request, NULL, "given up"));
  else reply_bytes(request, (size_t) value_int_field(payload, "bytes", 0), 0);
  program_unlock();
}

/* Settles when it is cancelled, as `how` says. */
static void
until_aborted(hwr_request_t *request, void *context) {
  (void) context;
  list_push_pointer(&seen, copy_id(request));
  live++;
  must(hwr_request_keep(request));
  hwr_request_on_cancel(request, end_aborted, NULL);
}

static void
end_late(hwr_request_t *request) {
  if (hwr_request_is_cancelled(request)) note_aborted(request);
  reply_nothing(request);
}

static void
end_if_file_exists(hwr_request_t *request, later_cb again, void (*end)(hwr_request_t *request)) {
  char *path = value_text(value_field(hwr_request_payload(request), "file"));
  bool exists = file_exists(path);
  free(path);
  if (exists) end(request);
  else program_after(1, again, request);
}

static void
ask_again(void *context) {
  end_if_file_exists(context, ask_again, end_late);
}

/* Asks whether it is cancelled when the answer to `untilFile` would have been too late. */
static void
asks_late(hwr_request_t *request, void *context) {
  (void) context;
  list_push_pointer(&seen, copy_id(request));
  must(hwr_request_keep(request));
  ask_again(request);
}

/* The ids that were aborted, once there are so many. */
static void
when_aborted(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  waiting.request = request;
  waiting.count = (size_t) value_int(hwr_request_payload(request), 0);
  tell_if_all_are_aborted();
}

static void
tell_live(hwr_request_t *request, void *context) {
  (void) context;
  reply_int(request, live);
}

static void
look_again(void *context) {
  end_if_file_exists(context, look_again, reply_nothing);
}

/* Runs on when its caller has given up. */
static void
until_file(hwr_request_t *request, void *context) {
  (void) context;
  list_push_pointer(&seen, copy_id(request));
  must(hwr_request_keep(request));
  look_again(request);
}

static const route_t routes[] = {
    {"echo", echo, ROUTE_FREE},         {"seen", tell_seen, 0},
    {"untilAborted", until_aborted, 0}, {"asksLate", asks_late, 0},
    {"whenAborted", when_aborted, 0},   {"live", tell_live, 0},
    {"untilFile", until_file, 0},
};

int
main(int argc, char **argv) {
  static const program_t program = {.routes = routes,
                                    .route_count = sizeof routes / sizeof *routes};
  return program_run(&program, argc, argv);
}
