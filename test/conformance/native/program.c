/* SPDX-License-Identifier: MIT
 *
 * program.c - the loop: poll, a turn of the worker, what was to be done behind it.
 */
#include "program.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

typedef struct timer_s {
  int64_t due_ms; /* 0: now */
  later_cb run;
  void *context;
} timer_s;

static struct {
  pthread_mutex_t lock;
  timer_s *timers;
  size_t count, capacity;
  int wake[2];
  uint32_t threads;
  int exit_code;
  const program_t *program;
} self;

static volatile sig_atomic_t signalled;

void
must(int status) {
  if (status >= 0) return;
  fprintf(stderr, "%s: %s\n", hwr_status_name(status), hwr_status_text(status));
  abort();
}

void *
need(size_t bytes) {
  void *memory = calloc(1, bytes ? bytes : 1);
  if (!memory) abort();
  return memory;
}

void
list_push(list_t *list, intptr_t item) {
  if (list->count == list->capacity) {
    list->capacity = list->capacity ? 2 * list->capacity : 16;
    list->items = realloc(list->items, list->capacity * sizeof *list->items);
    if (!list->items) abort();
  }
  list->items[list->count++] = item;
}

void
program_lock(void) {
  pthread_mutex_lock(&self.lock);
}

void
program_unlock(void) {
  pthread_mutex_unlock(&self.lock);
}

bool
program_has_threads(void) {
  return self.threads > 0;
}

static int64_t
now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
wake(void) {
  ssize_t written = write(self.wake[1], "", 1); /* a full pipe wakes as well */
  (void) written;
}

static void
push_timer(int64_t due_ms, later_cb run, void *context) {
  if (self.count == self.capacity) {
    self.capacity = self.capacity ? 2 * self.capacity : 16;
    self.timers = realloc(self.timers, self.capacity * sizeof *self.timers);
    if (!self.timers) abort();
  }
  self.timers[self.count++] = (timer_s){due_ms, run, context};
}

void
program_after(int ms, later_cb run, void *context) {
  program_lock();
  push_timer(ms ? now_ms() + ms : 0, run, context);
  program_unlock();
  wake();
}

void
program_later(later_cb run, void *context) {
  program_after(0, run, context);
}

void
program_stop(hwr_worker_t *worker, int code) {
  self.exit_code = code;
  hwr_worker_stop(worker);
}

/* Those that are there now: what they ask for is another turn's. */
static void
run_timers(void) {
  program_lock();
  timer_s *timers = self.timers;
  size_t count = self.count;
  self.timers = NULL;
  self.count = self.capacity = 0;
  int64_t now = count ? now_ms() : 0;
  for (size_t i = 0; i < count; i++) {
    if (timers[i].due_ms > now) push_timer(timers[i].due_ms, timers[i].run, timers[i].context);
    else timers[i].run(timers[i].context);
  }
  program_unlock();
  free(timers);
}

static int
timeout_of_timers(int timeout_ms) {
  program_lock();
  int64_t now = self.count ? now_ms() : 0;
  for (size_t i = 0; i < self.count; i++) {
    int64_t left = self.timers[i].due_ms - now;
    if (left < 0) left = 0;
    if (timeout_ms < 0 || left < timeout_ms) timeout_ms = (int) left;
  }
  program_unlock();
  return timeout_ms;
}

static void
sleep_until_something(hwr_worker_t *worker) {
  hwr_wait_t waits[HWR_WORKER_WAITS];
  struct pollfd fds[HWR_WORKER_WAITS + 1];
  int timeout_ms = -1;
  int count = hwr_worker_waits(worker, waits, &timeout_ms);
  must(count);
  for (int i = 0; i < count; i++) {
    fds[i].fd = waits[i].fd;
    fds[i].events = (short) ((waits[i].readable ? POLLIN : 0) | (waits[i].writable ? POLLOUT : 0));
  }
  fds[count].fd = self.wake[0];
  fds[count].events = POLLIN;
  fds[count].revents = 0;
  poll(fds, (nfds_t) count + 1, timeout_of_timers(timeout_ms));
  char bytes[256];
  if (fds[count].revents) {
    while (read(self.wake[0], bytes, sizeof bytes) == (ssize_t) sizeof bytes) {
    }
  }
}

static int
loop(hwr_worker_t *worker) {
  int status = hwr_worker_open(worker);
  if (status) return status;
  do {
    sleep_until_something(worker);
    if (signalled) {
      signalled = 0;
      program_later(self.program->on_signal, NULL);
    }
    status = hwr_worker_turn(worker);
    run_timers();
  } while (status > 0);
  return status;
}

static void
on_signal(int number) {
  (void) number;
  signalled = 1;
  wake();
}

static void
dispatch(hwr_request_t *request, void *context) {
  const route_t *route = context;
  if (!(route->how & ROUTE_FREE)) program_lock();
  route->handler(request, NULL);
  if (!(route->how & ROUTE_FREE)) program_unlock();
}

static void
set_routes(hwr_worker_t *worker, const program_t *program) {
  for (size_t i = 0; i < program->route_count; i++) {
    const route_t *route = &program->routes[i];
    if (route->how & ROUTE_STREAM)
      must(hwr_worker_handle_stream(worker, route->type, dispatch, (void *) route));
    else must(hwr_worker_handle(worker, route->type, dispatch, (void *) route));
  }
}

static void
set_up_process(void) {
  pthread_mutexattr_t attributes;
  pthread_mutexattr_init(&attributes);
  pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
  pthread_mutex_init(&self.lock, &attributes);
  pthread_mutexattr_destroy(&attributes);
  if (pipe(self.wake)) abort();
  for (int i = 0; i < 2; i++) { /* out of the way of handlers that close the low ones */
    int high = fcntl(self.wake[i], F_DUPFD_CLOEXEC, 64);
    if (high < 0 || fcntl(high, F_SETFL, O_NONBLOCK)) abort();
    close(self.wake[i]);
    self.wake[i] = high;
  }
  if (self.program->on_signal) signal(SIGUSR2, on_signal);
}

static hwr_worker_options_t
options_of(int argc, char **argv) {
  hwr_worker_options_t options = {0, 0, self.program->serializer};
  static const char most[] = "--max-concurrency=";
  for (int i = 1; i < argc; i++) {
    if (!strncmp(argv[i], most, sizeof most - 1))
      options.max_concurrency = (uint32_t) atoi(argv[i] + sizeof most - 1);
  }
  const char *threads = getenv("HAWSER_TEST_THREADS");
  if (threads) self.threads = options.threads = (uint32_t) atoi(threads);
  return options;
}

int
program_run(const program_t *program, int argc, char **argv) {
  self.program = program;
  set_up_process();
  hwr_worker_options_t options = options_of(argc, argv);
  hwr_worker_t *worker;
  must(hwr_worker_create(&worker, &options));
  set_routes(worker, program);
  if (program->set_up) program->set_up(worker);
  int status = loop(worker);
  hwr_worker_destroy(worker);
  must(status);
  return self.exit_code;
}
