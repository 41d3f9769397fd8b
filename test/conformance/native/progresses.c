/* SPDX-License-Identifier: MIT
 *
 * progresses.c - workers/progresses.js as a native worker.
 */
#include "program.h"
#include "values.h"

#include <stdlib.h>

typedef struct steps_s {
  hwr_request_t *request;
  int64_t at, count;
} steps_s;

static void
tell_step(hwr_request_t *request, int64_t step) {
  hwr_payload_t body = value_field(hwr_request_payload(request), "body");
  hwr_msgpack_writer_t *writer = value_writer();
  if (value_is_nothing(body)) {
    hwr_msgpack_write_int64(writer, step);
  } else {
    hwr_msgpack_write_map(writer, 2);
    write_int_field(writer, "step", step);
    hwr_msgpack_write_text(writer, "body");
    write_value(writer, body);
  }
  must(hwr_progress(request, value_written(writer)));
}

static void
next_step(void *context) {
  steps_s *steps = context;
  if (steps->at == steps->count) {
    reply_text(steps->request, "done");
    free(steps);
    return;
  }
  tell_step(steps->request, ++steps->at);
  program_later(next_step, steps);
}

static void
tell_all(hwr_request_t *request) {
  int64_t count = value_int_field(hwr_request_payload(request), "count", 0);
  for (int64_t step = 1; step <= count; step++) tell_step(request, step);
}

/* Tells of each step, and all in one turn where `turns` is not asked for. */
static void
steps(hwr_request_t *request, void *context) {
  (void) context;
  hwr_payload_t payload = hwr_request_payload(request);
  hwr_payload_t turns = value_field(payload, "turns");
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(turns.bytes, turns.length_bytes);
  bool has_turns = false;
  if (hwr_msgpack_read_bool(&reader, &has_turns) || !has_turns) {
    tell_all(request);
    reply_text(request, "done");
    return;
  }
  steps_s *state = need(sizeof *state);
  state->request = request;
  state->count = value_int_field(payload, "count", 0);
  must(hwr_request_keep(request));
  next_step(state);
}

/* A request that is answered is gone: there is no progress of it to tell. */
static void
keep(hwr_request_t *request, void *context) {
  (void) context;
  reply_nothing(request);
}

static void
progress_of_kept(hwr_request_t *request, void *context) {
  (void) context;
  reply_text(request, "told");
}

static hwr_payload_t
text_of(const char *text) {
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_text(writer, text);
  return value_written(writer);
}

static void
give_up(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_progress(request, text_of("given up")));
  reply_nothing(request);
}

static void
until_aborted(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_progress(request, text_of("begun")));
  must(hwr_request_keep(request));
  hwr_request_on_cancel(request, give_up, NULL);
}

/* All of its steps are one batch, and no answer is. */
static void
steps_and_no_answer(hwr_request_t *request, void *context) {
  (void) context;
  tell_all(request);
  must(hwr_request_keep(request));
  hwr_request_on_cancel(request, give_up, NULL);
}

static void
refused(hwr_request_t *request, void *context) {
  (void) context;
  fail_with_status(request, hwr_progress(request, hwr_payload((enum hwr_codec) 4, "?", 1)));
}

static void
posted(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_progress(request, text_of("to nobody")));
  reply_nothing(request);
}

static const route_t routes[] = {
    {"echo", echo, ROUTE_FREE},
    {"steps", steps, ROUTE_FREE},
    {"keep", keep, ROUTE_FREE},
    {"progressOfKept", progress_of_kept, ROUTE_FREE},
    {"untilAborted", until_aborted, ROUTE_FREE},
    {"stepsAndNoAnswer", steps_and_no_answer, ROUTE_FREE},
    {"refused", refused, ROUTE_FREE},
    {"posted", posted, ROUTE_FREE},
};

int
main(int argc, char **argv) {
  static const program_t program = {.routes = routes,
                                    .route_count = sizeof routes / sizeof *routes};
  return program_run(&program, argc, argv);
}
