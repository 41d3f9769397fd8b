/* SPDX-License-Identifier: MIT */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "os/os.h"
#include "os/os_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

/* ------------------------------------------------------------------ memory */

void *
hwr_os_alloc_pages(size_t bytes) {
  void *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return pages == MAP_FAILED ? NULL : pages;
}

void
hwr_os_free_pages(void *pages, size_t bytes) {
  munmap(pages, bytes);
}

/* ------------------------------------------------------------------ segments */

void
hwr_segments_init(hwr_segments_t *segments) {
  memset(segments, 0, sizeof *segments);
  for (int i = 0; i < HWR_SEGMENTS; i++) segments->fd[i] = -1;
}

void
hwr_segments_close(hwr_segments_t *segments) {
  for (int i = 0; i < HWR_SEGMENTS; i++) {
    if (segments->fd[i] >= 0) close(segments->fd[i]);
    segments->fd[i] = -1;
  }
}

void
hwr_segments_deinit(hwr_segments_t *segments) {
  for (int i = 0; i < HWR_SEGMENTS; i++)
    if (segments->address[i]) munmap(segments->address[i], segments->bytes[i]);
  hwr_segments_close(segments);
  hwr_segments_init(segments);
}

#ifdef __linux__

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif
enum { SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL };

/* Storing past RLIMIT_FSIZE raises SIGXFSZ instead of an error. */
static bool
file_size_allowed(size_t bytes) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit)) return false;
  return limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur >= bytes;
}

static void *
map_segment(int fd, size_t bytes, bool writable) {
  int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  void *address = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
  return address == MAP_FAILED ? NULL : address;
}

/* One sealed segment, its pages allocated now: a full /dev/shm fails here, not as SIGBUS. They are
 * mapped as they are touched: most workers never use the whole of a ring. */
static const char *
create_segment(hwr_segments_t *s, int i, size_t bytes) {
  s->bytes[i] = bytes;
  s->fd[i] = memfd_create("hawser", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (s->fd[i] < 0) return "memfd_create";
  if (ftruncate(s->fd[i], (off_t) bytes)) return "ftruncate";
  if (fallocate(s->fd[i], 0, 0, (off_t) bytes)) return "fallocate";
  s->address[i] = map_segment(s->fd[i], bytes, i != HWR_SEGMENT_TO_HOST);
  if (!s->address[i]) return "mmap";
  /* The worker only reads what the host writes; kernels before 5.1 cannot enforce that. */
  if (i == HWR_SEGMENT_TO_WORKER) (void) !fcntl(s->fd[i], F_ADD_SEALS, F_SEAL_FUTURE_WRITE);
  return fcntl(s->fd[i], F_ADD_SEALS, SEALS) ? "F_ADD_SEALS" : NULL;
}

int
hwr_segments_create(hwr_segments_t *s, size_t page_bytes, size_t ring_bytes, const char **reason) {
  hwr_segments_init(s);
  *reason = file_size_allowed(ring_bytes) ? NULL : "RLIMIT_FSIZE";
  for (int i = 0; i < HWR_SEGMENTS && !*reason; i++)
    *reason = create_segment(s, i, i == HWR_SEGMENT_PAGE ? page_bytes : ring_bytes);
  if (!*reason) return 0;
  hwr_segments_deinit(s);
  return HWR_EUNSUPPORTED;
}

static const char *
join_segment(hwr_segments_t *s, int i, size_t min_bytes) {
  struct stat about;
  if (fstat(s->fd[i], &about) || about.st_size < (off_t) min_bytes) return "size";
  int seals = fcntl(s->fd[i], F_GET_SEALS);
  if (seals < 0 || (seals & SEALS) != SEALS) return "seals";
  s->bytes[i] = (size_t) about.st_size;
  s->address[i] = map_segment(s->fd[i], s->bytes[i], i != HWR_SEGMENT_TO_WORKER);
  return s->address[i] ? NULL : "mmap";
}

int
hwr_segments_join(hwr_segments_t *s, const int fd[HWR_SEGMENTS], size_t page_bytes,
                  const char **reason) {
  hwr_segments_init(s);
  *reason = NULL;
  for (int i = 0; i < HWR_SEGMENTS; i++) s->fd[i] = fd[i];
  for (int i = 0; i < HWR_SEGMENTS && !*reason; i++)
    *reason = join_segment(s, i, i == HWR_SEGMENT_PAGE ? page_bytes : 1);
  if (!*reason) return 0;
  hwr_segments_deinit(s);
  return HWR_EUNSUPPORTED;
}

#else

int
hwr_segments_create(hwr_segments_t *s, size_t page_bytes, size_t ring_bytes, const char **reason) {
  (void) page_bytes;
  (void) ring_bytes;
  hwr_segments_init(s);
  *reason = "no sealed memory on this system";
  return HWR_EUNSUPPORTED;
}

int
hwr_segments_join(hwr_segments_t *s, const int fd[HWR_SEGMENTS], size_t page_bytes,
                  const char **reason) {
  (void) page_bytes;
  hwr_segments_init(s);
  for (int i = 0; i < HWR_SEGMENTS; i++) s->fd[i] = fd[i];
  hwr_segments_close(s);
  *reason = "no sealed memory on this system";
  return HWR_EUNSUPPORTED;
}

#endif

/* ------------------------------------------------------------------ control socket */

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS: SO_NOSIGPIPE below */
#endif

int
hwr__os_prepare(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK)) return -errno;
  if (fcntl(fd, F_SETFD, FD_CLOEXEC)) return -errno;
#ifdef SO_NOSIGPIPE
  int on = 1;
  if (setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on)) return -errno;
#endif
  return 0;
}

int
hwr_os_socketpair(int fd[2]) {
  int type = SOCK_STREAM;
#ifdef SOCK_CLOEXEC
  type |= SOCK_CLOEXEC; /* at once: another thread may be forking */
#endif
  if (socketpair(AF_UNIX, type, 0, fd)) return -errno;
  int err = hwr__os_prepare(fd[0]);
  if (!err) err = hwr__os_prepare(fd[1]);
  if (!err) return 0;
  close(fd[0]);
  close(fd[1]);
  return err;
}

void
hwr_os_close(int fd) {
  if (fd >= 0) close(fd);
}

bool
hwr_os_is_stream_socket(int fd) {
  int type = 0;
  socklen_t type_bytes = sizeof type;
  return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes) == 0 && type == SOCK_STREAM;
}

enum { HIGH_DESCRIPTOR = 128 };

int
hwr_os_move_high(int fd) {
  int high = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_DESCRIPTOR);
  if (high < 0) (void) !fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (high < 0) return fd;
  close(fd);
  return high;
}

int64_t
hwr_os_write(int fd, const uint8_t *bytes, size_t count) {
  ssize_t sent;
  do sent = send(fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS ? HWR_EAGAIN : -errno;
}

int
hwr_os_send_byte(int fd, uint8_t byte) {
  int64_t sent = hwr_os_write(fd, &byte, 1);
  return sent == 1 || sent == HWR_EAGAIN ? 0 : (int) sent;
}

int64_t
hwr_os_receive(int fd, uint8_t *to, size_t size) {
  ssize_t got;
  do got = recv(fd, to, size, MSG_DONTWAIT);
  while (got < 0 && errno == EINTR);
  if (got >= 0) return got;
  if (errno == ECONNRESET) return 0; /* a peer that ended before it had read all of ours */
  return errno == EAGAIN || errno == EWOULDBLOCK ? HWR_EAGAIN : -errno;
}

bool
hwr_os_wait(int fd, bool writable, int timeout_ms) {
  struct pollfd look = {.fd = fd, .events = writable ? POLLOUT : POLLIN};
  int ready;
  do ready = poll(&look, 1, timeout_ms);
  while (ready < 0 && errno == EINTR);
  return ready > 0;
}

bool
hwr_os_ready(int fd) {
  struct pollfd look = {.fd = fd, .events = POLLIN};
  return poll(&look, 1, 0) > 0;
}

void
hwr_os_wait_any(const hwr_look_t *looks, int count, int timeout_ms) {
  struct pollfd polled[HWR_MAX_LOOKS];
  for (int i = 0; i < count; i++) {
    short events = (short) ((looks[i].readable ? POLLIN : 0) | (looks[i].writable ? POLLOUT : 0));
    polled[i] = (struct pollfd){.fd = looks[i].fd, .events = events};
  }
  (void) !poll(polled, (nfds_t) count, timeout_ms); /* a signal: the caller looks again */
}

/* ------------------------------------------------------------------ the watch */

enum { WATCH_STACK_BYTES = 64 * 1024 };

struct hwr_watch_s {
  pthread_t thread;
  int fd;      /* borrowed */
  int wake[2]; /* owned; a byte or the end of it stops the thread */
  int grace_ms;
  char *path; /* owned, or NULL */
  hwr_socket_file_t file;
};

#ifndef POLLRDHUP
#define POLLRDHUP 0 /* POLLHUP is reported unasked */
#endif

static void *
watch(void *arg) {
  hwr_watch_t *w = arg;
  struct pollfd look[2] = {{.fd = w->fd, .events = POLLRDHUP},
                           {.fd = w->wake[0], .events = POLLIN}};
  int ready;
  do ready = poll(look, 2, -1);
  while (ready < 0 && errno == EINTR);
  if (ready < 0 || look[1].revents) return NULL;
  look[0].fd = -1; /* the host is gone; the process may still leave in good order */
  do ready = poll(look, 2, w->grace_ms);
  while (ready < 0 && errno == EINTR);
  if (ready != 0) return NULL;
  if (w->path) hwr_os_unlink_own_socket(w->path, &w->file);
  kill(getpid(), SIGKILL);
  return NULL;
}

static int
start_thread(hwr_watch_t *w) {
  pthread_attr_t attributes;
  sigset_t all, before;
  if (pthread_attr_init(&attributes)) return -1;
  pthread_attr_setstacksize(&attributes, WATCH_STACK_BYTES);
  sigfillset(&all); /* signals are for the threads of the program */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  int err = pthread_create(&w->thread, &attributes, watch, w);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return err;
}

static void
die_with_parent(void) {
#ifdef __linux__
  prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

static void
free_watch(hwr_watch_t *w) {
  free(w->path);
  free(w);
}

hwr_watch_t *
hwr_watch_start(int fd, int grace_ms, const char *path, const hwr_socket_file_t *file) {
  hwr_watch_t *w = calloc(1, sizeof *w);
  if (w) {
    w->fd = fd;
    w->grace_ms = grace_ms;
    if (path) w->path = strdup(path);
    if (file) w->file = *file;
    if (hwr_os_socketpair(w->wake) == 0) {
      for (int i = 0; i < 2; i++) w->wake[i] = hwr_os_move_high(w->wake[i]);
      if (start_thread(w) == 0) return w;
      close(w->wake[0]);
      close(w->wake[1]);
    }
    free_watch(w);
  }
  die_with_parent();
  return NULL;
}

void
hwr_watch_stop(hwr_watch_t *w) {
  if (!w) return;
  close(w->wake[1]);
  pthread_join(w->thread, NULL);
  close(w->wake[0]);
  free_watch(w);
}
