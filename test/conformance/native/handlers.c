/* SPDX-License-Identifier: MIT
 *
 * handlers.c - workers/handlers.js as a native worker.
 */
#include "program.h"
#include "values.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { MOST_COUNTED = 1 << 16 };

static hwr_request_t *held;
static list_t together;
static int64_t turns;
static uint32_t counts[MOST_COUNTED];

static void
echo_kept(void *context) {
  hwr_request_t *request = context;
  echo(request, NULL);
}

/* Answers after others that began later. */
static void
later(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  program_later(echo_kept, request);
}

static void
behind(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  held = request;
}

static void
ahead(hwr_request_t *request, void *context) {
  echo(request, context);
  echo(held, NULL);
}

static void
data(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_reply(request, hwr_worker_data(hwr_request_worker(request))));
}

static void
type_error(hwr_request_t *request, void *context) {
  (void) context;
  const hwr_error_t cause = {.name = "RangeError", .message = "of 3 colours"};
  const hwr_error_t error = {.name = "TypeError", .message = "no such colour", .cause = &cause};
  must(hwr_fail(request, &error));
}

static void
quota_error(hwr_request_t *request, void *context) {
  (void) context;
  const hwr_property_t limit = {"limit", NULL, 7};
  const hwr_error_t error = {.name = "QuotaError",
                             .code = "E_QUOTA",
                             .message = "quota is used up",
                             .properties = &limit,
                             .property_count = 1};
  must(hwr_fail(request, &error));
}

/* As a program does that wants nothing of what it may have inherited. */
static void
close_low_descriptors(hwr_request_t *request, void *context) {
  (void) context;
  int closed = 0;
  for (int fd = 3; fd < 7; fd++) closed += close(fd) == 0;
  reply_int(request, closed);
}

static void
exit_now(hwr_request_t *request, void *context) {
  (void) context;
  exit((int) value_int(hwr_request_payload(request), 0));
}

static void
kill_self(void *context) {
  (void) context;
  kill(getpid(), SIGKILL);
}

static void
kill_now(hwr_request_t *request, void *context) {
  (void) request;
  kill_self(context);
}

static void
answer_and_die(hwr_request_t *request, void *context) {
  (void) context;
  program_later(kill_self, NULL);
  reply_bytes(request, (size_t) value_int(hwr_request_payload(request), 0), 0);
}

/* Leaves as soon as the answer has been handed over. */
static void
answer_and_exit(hwr_request_t *request, void *context) {
  (void) context;
  hwr_worker_t *worker = hwr_request_worker(request);
  reply_bytes(request, (size_t) value_int(hwr_request_payload(request), 0), 'z');
  program_stop(worker, 0);
}

/* All at once, with the last of them, and leaves before the host can have caught up. */
static void
answer_together_and_exit(hwr_request_t *request, void *context) {
  (void) context;
  hwr_worker_t *worker = hwr_request_worker(request);
  hwr_payload_t payload = hwr_request_payload(request);
  size_t bytes = (size_t) value_int_field(payload, "bytes", 0);
  hwr_payload_t last = value_field(payload, "isLast");
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(last.bytes, last.length_bytes);
  bool is_last = false;
  must(hwr_msgpack_read_bool(&reader, &is_last));
  must(hwr_request_keep(request));
  list_push_pointer(&together, request);
  if (!is_last) return;
  for (size_t i = 0; i < together.count; i++)
    reply_bytes((hwr_request_t *) together.items[i], bytes, 0);
  program_stop(worker, 0);
}

static void
count_turn(void *context) {
  (void) context;
  turns++;
}

static int64_t
clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* How often the loop turned behind such calls before this one. */
static void
turns_before(hwr_request_t *request, void *context) {
  (void) context;
  int64_t until = clock_ms() + value_int(hwr_request_payload(request), 0);
  while (clock_ms() < until) {
  }
  program_later(count_turn, NULL);
  reply_int(request, turns);
}

static void
count(hwr_request_t *request, void *context) {
  int64_t id = value_int(hwr_request_payload(request), -1);
  if (id >= 0 && id < MOST_COUNTED) counts[id]++;
  echo(request, context);
}

static void
tell_counts(hwr_request_t *request, void *context) {
  (void) context;
  uint32_t known = 0;
  for (int i = 0; i < MOST_COUNTED; i++) known += counts[i] > 0;
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, known);
  for (int i = 0; i < MOST_COUNTED; i++)
    if (counts[i]) hwr_msgpack_write_uint64(writer, counts[i]);
  reply_written(request, writer);
}

static const route_t routes[] = {
    {"echo", echo, ROUTE_FREE},
    {"later", later, 0},
    {"behind", behind, 0},
    {"ahead", ahead, 0},
    {"data", data, 0},
    {"typeError", type_error, ROUTE_FREE},
    {"quotaError", quota_error, ROUTE_FREE},
    {"closeLowDescriptors", close_low_descriptors, 0},
    {"never", keep_for_ever, ROUTE_FREE},
    {"exit", exit_now, ROUTE_FREE},
    {"answerAndDie", answer_and_die, 0},
    {"kill", kill_now, ROUTE_FREE},
    {"answerAndExit", answer_and_exit, 0},
    {"answerTogetherAndExit", answer_together_and_exit, 0},
    {"turnsBefore", turns_before, 0},
    {"count", count, 0},
    {"counts", tell_counts, 0},
};

int
main(int argc, char **argv) {
  static const program_t program = {.routes = routes,
                                    .route_count = sizeof routes / sizeof *routes};
  return program_run(&program, argc, argv);
}
