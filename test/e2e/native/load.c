/* SPDX-License-Identifier: MIT
 *
 * load.c - a worker for sanitizers to watch: handlers in a pool, answers from a thread of its own,
 * streams, pipes, events, and calls to the host, all at once.
 */
#include "streams.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { STREAM = ROUTE_STREAM | ROUTE_FREE };

/* ---- answers from a thread that is neither the worker's nor of the pool */

static struct {
  pthread_mutex_t lock;
  pthread_cond_t filled;
  pthread_t thread;
  list_t requests;
  bool is_over;
} later = {.lock = PTHREAD_MUTEX_INITIALIZER, .filled = PTHREAD_COND_INITIALIZER};

static void *
answer_later(void *context) {
  (void) context;
  pthread_mutex_lock(&later.lock);
  while (!later.is_over || later.requests.count) {
    if (!later.requests.count) {
      pthread_cond_wait(&later.filled, &later.lock);
      continue;
    }
    hwr_request_t *request = (hwr_request_t *) later.requests.items[--later.requests.count];
    pthread_mutex_unlock(&later.lock);
    echo(request, NULL);
    pthread_mutex_lock(&later.lock);
  }
  pthread_mutex_unlock(&later.lock);
  return NULL;
}

static void
echo_later(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  pthread_mutex_lock(&later.lock);
  list_push_pointer(&later.requests, request);
  pthread_cond_signal(&later.filled);
  pthread_mutex_unlock(&later.lock);
}

/* ---- what a handler does beside its answer */

static void
tell_steps(hwr_request_t *request, void *context) {
  for (int64_t step = 0; step < 5; step++)
    must(hwr_progress(request, encoded_int(HWR_CODEC_MSGPACK, step)));
  echo(request, context);
}

static void
emit_some(hwr_request_t *request, void *context) {
  hwr_worker_t *worker = hwr_request_worker(request);
  for (int64_t i = 0; i < 5; i++) {
    int status = hwr_emit(worker, "event", encoded_int(HWR_CODEC_MSGPACK, i));
    if (status != HWR_EAGAIN && status != HWR_EOVERLOAD) must(status);
  }
  echo(request, context);
}

static void
note(hwr_request_t *request, void *context) {
  (void) context;
  reply_nothing(request);
}

static void
end_cancelled(hwr_request_t *request, void *context) {
  (void) context;
  reply_nothing(request);
}

static void
until_cancelled(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  hwr_request_on_cancel(request, end_cancelled, NULL);
}

static void
pass_on(hwr_worker_t *worker, const hwr_answer_t *answer, void *context) {
  (void) worker;
  if (answer->status == 0) must(hwr_reply(context, answer->payload));
  else fail_with_status(context, answer->status);
}

static void
ask_host(hwr_request_t *request, void *context) {
  (void) context;
  hwr_worker_t *worker = hwr_request_worker(request);
  must(hwr_request_keep(request));
  int status = hwr_post(worker, "note", hwr_request_payload(request));
  if (status != HWR_EAGAIN && status != HWR_EOVERLOAD) must(status);
  status = hwr_call(worker, "double", hwr_request_payload(request), NULL, pass_on, request, NULL);
  if (status) fail_with_status(request, status);
}

/* ---- streams */

static void
numbers(hwr_request_t *request, void *context) {
  (void) context;
  hwr_pipe_t *results = hwr_request_results(request);
  int64_t count = value_int(hwr_request_payload(request), 0);
  int64_t written = 0;
  for (int64_t i = 0; i < count && written >= 0; i++) {
    while ((written = hwr_pipe_write(results, encoded_int(HWR_CODEC_MSGPACK, i))) == HWR_EAGAIN)
      must(hwr_pipe_wait(results, HWR_PIPE_WRITE));
  }
  if (written != HWR_ECLOSED) must((int) written);
  reply_nothing(request);
}

void
take_note(const char *what) {
  (void) what;
}

const hwr_error_t unreadable_error;

bool
is_unreadable(hwr_payload_t payload) {
  (void) payload;
  return false;
}

void
run_steps(steps_s *steps) {
  while (steps->step(steps->context) == HWR_EAGAIN) {
    bool is_reading = steps->waits_for == steps->reads;
    must(hwr_pipe_wait(steps->waits_for, is_reading ? HWR_PIPE_READ : HWR_PIPE_WRITE));
  }
}

static void
set_up(hwr_worker_t *worker) {
  must(hwr_worker_on_pipe(worker, echo_pipe, NULL));
}

static const route_t own_routes[] = {
    {"echo", echo, ROUTE_FREE},        {"later", echo_later, ROUTE_FREE},
    {"steps", tell_steps, ROUTE_FREE}, {"emit", emit_some, ROUTE_FREE},
    {"note", note, ROUTE_FREE},        {"untilCancelled", until_cancelled, ROUTE_FREE},
    {"ask", ask_host, ROUTE_FREE},     {"numbers", numbers, STREAM},
};

int
main(int argc, char **argv) {
  enum { OWN = sizeof own_routes / sizeof *own_routes };
  route_t *routes = need((OWN + given_route_count) * sizeof *routes);
  memcpy(routes, own_routes, sizeof own_routes);
  memcpy(routes + OWN, given_routes, given_route_count * sizeof *routes);
  const program_t program = {
      .routes = routes, .route_count = OWN + given_route_count, .set_up = set_up};
  if (pthread_create(&later.thread, NULL, answer_later, NULL)) abort();
  int code = program_run(&program, argc, argv);
  pthread_mutex_lock(&later.lock);
  later.is_over = true;
  pthread_cond_signal(&later.filled);
  pthread_mutex_unlock(&later.lock);
  pthread_join(later.thread, NULL);
  free(later.requests.items);
  free(routes);
  return code;
}
