/* SPDX-License-Identifier: MIT
 *
 * asks.c - workers/asks.js as a native worker: calls to the host.
 */
#include "program.h"
#include "values.h"

#include <stdlib.h>

static int early; /* what a call before the start came to */

static void
on_nothing(hwr_worker_t *worker, const hwr_answer_t *answer, void *context) {
  (void) worker, (void) answer, (void) context;
}

static void
tell_early(hwr_request_t *request, void *context) {
  (void) context;
  reply_text(request, error_of_status(early).code);
}

/* The type, owned, and the payload of [type, payload]. */
static char *
asked(hwr_request_t *request, hwr_payload_t *payload) {
  hwr_payload_t whole = hwr_request_payload(request);
  *payload = value_element(whole, 1);
  return value_text(value_element(whole, 0));
}

static int
call_host(hwr_request_t *request, hwr_answer_cb on_answer) {
  hwr_payload_t payload;
  must(hwr_request_keep(request));
  char *type = asked(request, &payload);
  int status = hwr_call(hwr_request_worker(request), type, payload, NULL, on_answer, request, NULL);
  free(type);
  return status;
}

static void
pass_on(hwr_worker_t *worker, const hwr_answer_t *answer, void *context) {
  (void) worker;
  if (answer->status == 0) must(hwr_reply(context, answer->payload));
  else if (answer->error) must(hwr_fail(context, answer->error));
  else fail_with_status(context, answer->status);
}

/* What the host answers. */
static void
ask(hwr_request_t *request, void *context) {
  (void) context;
  int status = call_host(request, pass_on);
  if (status) fail_with_status(request, status);
}

static void
reply_with_error(hwr_request_t *request, const hwr_error_t *error) {
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_map(writer, 4);
  write_text_field(writer, "name", error->name);
  write_text_field(writer, "code", error->code);
  write_text_field(writer, "message", error->message);
  hwr_msgpack_write_text(writer, "limit");
  const hwr_property_t *limit = error->property_count ? error->properties : NULL;
  if (limit && !limit->text) hwr_msgpack_write_double(writer, limit->number);
  else hwr_msgpack_write_nil(writer);
  reply_written(request, writer);
}

static void
reply_with_status(hwr_request_t *request, int status) {
  hwr_error_t error = error_of_status(status);
  reply_with_error(request, &error);
}

static void
tell_failure(hwr_worker_t *worker, const hwr_answer_t *answer, void *context) {
  (void) worker;
  if (answer->error) reply_with_error(context, answer->error);
  else if (answer->status) reply_with_status(context, answer->status);
  else reply_text(context, "answered");
}

static void
fails(hwr_request_t *request, void *context) {
  (void) context;
  int status = call_host(request, tell_failure);
  if (status) reply_with_status(request, status);
}

/* ---- many */

typedef struct many_s {
  hwr_request_t *request;
  uint32_t count, answered;
  struct one_s {
    struct many_s *many;
    int64_t answer;
  } one[];
} many_s;

static void
take_one(hwr_worker_t *worker, const hwr_answer_t *answer, void *context) {
  (void) worker;
  must(answer->status);
  struct one_s *one = context;
  many_s *many = one->many;
  one->answer = value_int(answer->payload, -1);
  if (++many->answered < many->count) return;
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, many->count);
  for (uint32_t i = 0; i < many->count; i++) hwr_msgpack_write_int64(writer, many->one[i].answer);
  reply_written(many->request, writer);
  free(many);
}

static void
ask_many(hwr_request_t *request, void *context) {
  (void) context;
  uint32_t count = (uint32_t) value_int(hwr_request_payload(request), 0);
  many_s *many = need(sizeof *many + count * sizeof *many->one);
  must(hwr_request_keep(request));
  many->request = request;
  many->count = count;
  for (uint32_t i = 0; i < count; i++) {
    many->one[i].many = many;
    must(hwr_call(hwr_request_worker(request), "double", encoded_int(HWR_CODEC_MSGPACK, i), NULL,
                  take_one, &many->one[i], NULL));
  }
}

/* ---- posts */

static void
post(hwr_request_t *request, void *context) {
  (void) context;
  hwr_payload_t payload;
  char *type = asked(request, &payload);
  int status = hwr_post(hwr_request_worker(request), type, payload);
  free(type);
  if (status && status != HWR_EAGAIN) reply_with_status(request, status);
  else reply_int(request, status == 0);
}

static void
post_many(hwr_request_t *request, void *context) {
  (void) context;
  int64_t count = value_int(hwr_request_payload(request), 0);
  for (int64_t i = 0; i < count; i++) {
    int status = hwr_post(hwr_request_worker(request), "note", encoded_int(HWR_CODEC_MSGPACK, i));
    if (status != HWR_EAGAIN) must(status);
  }
  reply_nothing(request);
}

/* ---- in turn */

static void
reply_one_deeper(hwr_worker_t *worker, const hwr_answer_t *answer, void *context) {
  (void) worker;
  must(answer->status);
  hwr_msgpack_reader_t reader =
      hwr_msgpack_reader(answer->payload.bytes, answer->payload.length_bytes);
  uint32_t count;
  must(hwr_msgpack_read_array(&reader, &count));
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, count + 1);
  write_value(writer, hwr_request_payload(context));
  hwr_msgpack_write_encoded(writer, reader.at, (size_t) (reader.end - reader.at));
  reply_written(context, writer);
}

/* One end asks the other, in turn. */
static void
descend(hwr_request_t *request, void *context) {
  (void) context;
  int64_t depth = value_int(hwr_request_payload(request), 0);
  if (depth > 0) {
    must(hwr_request_keep(request));
    must(hwr_call(hwr_request_worker(request), "descend", encoded_int(HWR_CODEC_MSGPACK, depth - 1),
                  NULL, reply_one_deeper, request, NULL));
    return;
  }
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, 0);
  reply_written(request, writer);
}

/* ---- giving up */

typedef struct given_up_s {
  hwr_request_t *request;
  uint64_t call;
} given_up_s;

static void
give_up(hwr_worker_t *worker, hwr_payload_t payload, void *context) {
  given_up_s *state = context;
  if (!hwr_call_cancel(worker, state->call)) abort();
  must(hwr_reply(state->request, payload));
  free(state);
}

static void
abort_after_progress(hwr_request_t *request, void *context) {
  (void) context;
  const hwr_call_options_t options = {HWR_NO_TIMEOUT, give_up};
  given_up_s *state = need(sizeof *state);
  must(hwr_request_keep(request));
  state->request = request;
  must(hwr_call(hwr_request_worker(request), "untilAborted", encoded_int(HWR_CODEC_MSGPACK, 1),
                &options, on_nothing, state, &state->call));
}

static void
never(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  must(hwr_call(hwr_request_worker(request), "never", hwr_nothing(), NULL, pass_on, request, NULL));
}

static void
exit_now(hwr_request_t *request, void *context) {
  (void) context;
  exit((int) value_int(hwr_request_payload(request), 0));
}

static void
set_up(hwr_worker_t *worker) {
  early = hwr_call(worker, "double", hwr_nothing(), NULL, on_nothing, NULL, NULL);
}

static const route_t routes[] = {
    {"echo", echo, ROUTE_FREE},
    {"early", tell_early, 0},
    {"ask", ask, 0},
    {"fails", fails, 0},
    {"askMany", ask_many, 0},
    {"post", post, 0},
    {"postMany", post_many, 0},
    {"descend", descend, 0},
    {"abortAfterProgress", abort_after_progress, 0},
    {"never", never, 0},
    {"exit", exit_now, 0},
};

int
main(int argc, char **argv) {
  static const program_t program = {
      .routes = routes, .route_count = sizeof routes / sizeof *routes, .set_up = set_up};
  return program_run(&program, argc, argv);
}
