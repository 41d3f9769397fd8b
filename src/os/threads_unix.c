/* SPDX-License-Identifier: MIT
 *
 * threads_unix.c - locks, threads and the process, for programs without libuv.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "os/os.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct hwr_lock_s {
  pthread_mutex_t mutex;
};

struct hwr_signal_s {
  pthread_cond_t condition;
};

struct hwr_thread_s {
  pthread_t thread;
  void (*run)(void *context);
  void *context;
};

hwr_lock_t *
hwr_lock_create(void) {
  hwr_lock_t *lock = calloc(1, sizeof *lock);
  if (lock && pthread_mutex_init(&lock->mutex, NULL) == 0) return lock;
  free(lock);
  return NULL;
}

void
hwr_lock_destroy(hwr_lock_t *lock) {
  if (!lock) return;
  pthread_mutex_destroy(&lock->mutex);
  free(lock);
}

void
hwr_lock_take(hwr_lock_t *lock) {
  pthread_mutex_lock(&lock->mutex);
}

void
hwr_lock_leave(hwr_lock_t *lock) {
  pthread_mutex_unlock(&lock->mutex);
}

hwr_signal_t *
hwr_signal_create(void) {
  hwr_signal_t *signal = calloc(1, sizeof *signal);
  if (signal && pthread_cond_init(&signal->condition, NULL) == 0) return signal;
  free(signal);
  return NULL;
}

void
hwr_signal_destroy(hwr_signal_t *signal) {
  if (!signal) return;
  pthread_cond_destroy(&signal->condition);
  free(signal);
}

void
hwr_signal_wait(hwr_signal_t *signal, hwr_lock_t *lock) {
  pthread_cond_wait(&signal->condition, &lock->mutex);
}

void
hwr_signal_one(hwr_signal_t *signal) {
  pthread_cond_signal(&signal->condition);
}

void
hwr_signal_all(hwr_signal_t *signal) {
  pthread_cond_broadcast(&signal->condition);
}

static void *
run_thread(void *context) {
  hwr_thread_t *thread = context;
  thread->run(thread->context);
  return NULL;
}

hwr_thread_t *
hwr_thread_start(void (*run)(void *context), void *context) {
  hwr_thread_t *thread = calloc(1, sizeof *thread);
  if (!thread) return NULL;
  thread->run = run;
  thread->context = context;
  sigset_t all, before;
  sigfillset(&all); /* signals are for the threads of the program */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int err = pthread_create(&thread->thread, NULL, run_thread, thread);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  if (!err) return thread;
  free(thread);
  return NULL;
}

void
hwr_thread_join(hwr_thread_t *thread) {
  pthread_join(thread->thread, NULL);
  free(thread);
}

/* The address of what each thread has of its own. */
uint64_t
hwr_thread_self(void) {
  static _Thread_local char mark;
  return (uint64_t) (uintptr_t) &mark;
}

uint64_t
hwr_os_now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t) now.tv_sec * 1000000000 + (uint64_t) now.tv_nsec;
}

int
hwr_os_random(uint8_t *to, size_t count) {
  int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  ssize_t got;
  do got = read(fd, to, count);
  while (got < 0 && errno == EINTR);
  int err = got == (ssize_t) count ? 0 : -EIO;
  close(fd);
  return err;
}

int
hwr_os_take_variable(const char *name, char *to, size_t size) {
  const char *value = getenv(name);
  size_t length = value ? strlen(value) : size;
  if (length >= size) return -1;
  memcpy(to, value, length + 1);
  unsetenv(name);
  return (int) length;
}
