/* SPDX-License-Identifier: MIT
 *
 * late.c - a worker that does things late: behind an answer, between two turns, behind the end.
 *
 *   late [threads=N] [max=N] [own] [stopped]
 */
#include <hawser/worker.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { STOPPED = 7, TOLD = 8, RAN_LATE = 9, BEHIND_MS = 50, BIG_BYTES = 8 << 20 };

static struct {
  hwr_request_t *kept, *post;
  bool is_left, is_shut;
  int exit_code;
} self;

static void
must(bool holds) {
  if (!holds) abort();
}

static void
reply_text(hwr_request_t *request, const char *text) {
  must(hwr_reply(request, hwr_payload(HWR_CODEC_JSON, text, strlen(text))) == 0);
}

static void
on_early(hwr_request_t *request, void *context) {
  (void) context;
  reply_text(request, "\"early\"");
  usleep(BEHIND_MS * 1000);
}

static void
on_keep(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request) == 0);
  if (hwr_request_is_post(request)) self.post = request;
  else self.kept = request;
}

static void
on_go(hwr_worker_t *worker, const char *name, hwr_payload_t payload, void *context) {
  (void) worker, (void) name, (void) context;
  must(self.kept && hwr_reply(self.kept, payload) == 0);
  self.kept = NULL;
}

/* An item that is longer than the host's maxMessageBytes. */
static void
on_long_item(hwr_request_t *request, void *context) {
  static char bytes[5000];
  hwr_pipe_options_t options = {.objects = true};
  hwr_pipe_t *pipe;
  char text[32];
  (void) context;
  must(hwr_pipe_open(hwr_request_worker(request), "items", &options, &pipe) == 0);
  int64_t status = hwr_pipe_write(pipe, hwr_payload(HWR_CODEC_RAW, bytes, sizeof bytes));
  snprintf(text, sizeof text, "\"%s\"", hwr_status_name((int) status));
  hwr_pipe_release(pipe);
  reply_text(request, text);
}

/* What no item ever comes for. */
static void
on_wait(hwr_request_t *request, void *context) {
  hwr_pipe_t *items = hwr_request_items(request);
  hwr_payload_t item;
  (void) context;
  must(hwr_emit(hwr_request_worker(request), "waits", hwr_nothing()) == 0);
  while (hwr_pipe_read(items, &item) == HWR_EAGAIN) must(hwr_pipe_wait(items, HWR_PIPE_READ) == 0);
  hwr_fail_with(request, NULL, "left");
}

static void
on_leave(hwr_worker_t *worker, const char *name, hwr_payload_t payload, void *context) {
  (void) worker, (void) name, (void) payload, (void) context;
  self.is_left = true;
}

static void
on_told(hwr_pipe_t *pipe, void *context) {
  hwr_payload_t item;
  (void) context;
  if (hwr_pipe_read(pipe, &item) != HWR_ECLOSED) return;
  self.exit_code = TOLD;
  hwr_pipe_release(pipe);
}

static void
on_pipe(hwr_pipe_t *pipe, void *context) {
  hwr_pipe_on_ready(pipe, on_told, context);
}

static void
on_big_and_stop(hwr_request_t *request, void *context) {
  static char bytes[BIG_BYTES];
  (void) context;
  must(hwr_reply(request, hwr_payload(HWR_CODEC_RAW, bytes, sizeof bytes)) == 0);
  hwr_worker_stop(hwr_request_worker(request));
}

static void
on_shutdown(hwr_worker_t *worker, void *context) {
  (void) worker, (void) context;
  self.is_shut = true;
}

static void
on_mark(hwr_request_t *request, void *context) {
  (void) request, (void) context;
  if (self.is_shut) self.exit_code = RAN_LATE;
}

/* Between two turns it answers what was posted. */
static int
loop(hwr_worker_t *worker) {
  int status = hwr_worker_open(worker);
  if (status) return status;
  do {
    hwr_wait_t waits[HWR_WORKER_WAITS];
    struct pollfd fds[HWR_WORKER_WAITS];
    int timeout_ms, count = hwr_worker_waits(worker, waits, &timeout_ms);
    for (int i = 0; i < count; i++) {
      int events = (waits[i].readable ? POLLIN : 0) | (waits[i].writable ? POLLOUT : 0);
      fds[i] = (struct pollfd){.fd = waits[i].fd, .events = (short) events};
    }
    poll(fds, (nfds_t) count, timeout_ms);
    status = hwr_worker_turn(worker);
    if (self.post) must(hwr_reply(self.post, hwr_nothing()) == 0);
    self.post = NULL;
  } while (status > 0 && !self.is_left);
  return status < 0 ? status : 0;
}

static int
run_stopped(hwr_worker_t *worker) {
  hwr_worker_stop(worker);
  must(hwr_emit(worker, "early", hwr_nothing()) == HWR_ECLOSED);
  must(hwr_worker_turn(worker) == HWR_EBADARG);
  must(hwr_worker_run(worker) == 0);
  must(hwr_worker_turn(worker) == 0);
  self.exit_code = STOPPED;
  return 0;
}

static void
set_up(hwr_worker_t *worker) {
  must(hwr_worker_handle(worker, "early", on_early, NULL) == 0);
  must(hwr_worker_handle(worker, "keep", on_keep, NULL) == 0);
  must(hwr_worker_handle(worker, "longItem", on_long_item, NULL) == 0);
  must(hwr_worker_handle(worker, "wait", on_wait, NULL) == 0);
  must(hwr_worker_handle(worker, "bigAndStop", on_big_and_stop, NULL) == 0);
  must(hwr_worker_handle(worker, "mark", on_mark, NULL) == 0);
  must(hwr_worker_on_event(worker, "go", on_go, NULL) == 0);
  must(hwr_worker_on_event(worker, "leave", on_leave, NULL) == 0);
  must(hwr_worker_on_pipe(worker, on_pipe, NULL) == 0);
  must(hwr_worker_on_shutdown(worker, on_shutdown, NULL) == 0);
}

int
main(int argc, char **argv) {
  hwr_worker_options_t options = {0, 0, NULL};
  int (*run)(hwr_worker_t *) = hwr_worker_run;
  hwr_worker_t *worker;
  for (int i = 1; i < argc; i++) {
    if (!strncmp(argv[i], "threads=", 8)) options.threads = (uint32_t) atoi(argv[i] + 8);
    if (!strncmp(argv[i], "max=", 4)) options.max_concurrency = (uint32_t) atoi(argv[i] + 4);
    if (!strcmp(argv[i], "own")) run = loop;
    if (!strcmp(argv[i], "stopped")) run = run_stopped;
  }
  must(hwr_worker_create(&worker, &options) == 0);
  set_up(worker);
  int status = run(worker);
  hwr_worker_destroy(worker);
  return status ? 3 : self.exit_code;
}
