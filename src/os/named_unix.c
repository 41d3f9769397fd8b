/* SPDX-License-Identifier: MIT
 *
 * named_unix.c - sockets with a name in the file system: who may make, replace, remove and reach
 * them.
 */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "os/os.h"
#include "os/os_unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
  BACKLOG = 511,    /* as Node listens: a busy process accepts late */
  LOCK_TRIES = 200, /* of 5 ms: who holds the lock needs less than one */
  LOCK_WAIT_NS = 5 * 1000 * 1000,
  MAX_RIGHTS_AT_ONCE = 253 /* of Linux; fewer elsewhere */
};

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* macOS: hwr__os_prepare sets SO_NOSIGPIPE */
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0 /* macOS: set one by one below */
#endif

size_t
hwr_os_max_socket_path(void) {
  return sizeof((struct sockaddr_un *) 0)->sun_path - 1;
}

static bool
set_name(struct sockaddr_un *name, const char *path) {
  size_t bytes = strlen(path);
  if (bytes == 0 || bytes > hwr_os_max_socket_path()) return false;
  memset(name, 0, sizeof *name);
  name->sun_family = AF_UNIX;
  memcpy(name->sun_path, path, bytes);
  return true;
}

static int
new_socket(void) {
  int type = SOCK_STREAM;
#ifdef SOCK_CLOEXEC
  type |= SOCK_CLOEXEC; /* at once: another thread may be forking */
#endif
  int fd = socket(AF_UNIX, type, 0);
  if (fd < 0) return -errno;
  int err = hwr__os_prepare(fd);
  if (!err) return fd;
  close(fd);
  return err;
}

/* ------------------------------------------------------------------ the folder */

typedef struct place_s {
  struct sockaddr_un name;
  const char *base; /* in name: the last part of the path */
  int folder;       /* owned; locked */
} place_t;

static int
open_folder(const char *folder, bool make) {
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  int fd = open(folder, flags);
  if (fd >= 0 || errno != ENOENT || !make) return fd < 0 ? -errno : fd;
  if (mkdir(folder, 0700) == 0) {
    if (chmod(folder, 0700)) return -errno; /* whatever the umask */
  } else if (errno != EEXIST) return -errno;
  fd = open(folder, flags);
  return fd < 0 ? -errno : fd;
}

/* Whoever can rename in it could put another socket in the place of ours. */
static bool
is_trusted(int folder) {
  struct stat about;
  if (fstat(folder, &about)) return false;
  if (about.st_uid != geteuid() && about.st_uid != 0) return false;
  return !(about.st_mode & (S_IWGRP | S_IWOTH)) || (about.st_mode & S_ISVTX);
}

static int
lock(int folder) {
  const struct timespec wait = {0, LOCK_WAIT_NS};
  for (int i = 0; i < LOCK_TRIES; i++) {
    if (flock(folder, LOCK_EX | LOCK_NB) == 0) return 0;
    if (errno != EWOULDBLOCK && errno != EINTR) return -errno;
    nanosleep(&wait, NULL);
  }
  return -EADDRINUSE;
}

/* Its folder is opened by its own name, and held: all that is looked at is in that one. */
static int
enter(place_t *place, const char *path, bool make) {
  if (!set_name(&place->name, path)) return -ENAMETOOLONG;
  char *slash = strrchr(place->name.sun_path, '/');
  if (!slash || !slash[1]) return -EINVAL;
  place->base = slash + 1;
  char folder[sizeof place->name.sun_path];
  size_t bytes = (size_t) (slash - place->name.sun_path);
  memcpy(folder, place->name.sun_path, bytes ? bytes : 1);
  folder[bytes ? bytes : 1] = 0;
  place->folder = open_folder(folder, make);
  if (place->folder < 0) return place->folder;
  int err = is_trusted(place->folder) ? lock(place->folder) : -EPERM;
  if (err) close(place->folder);
  return err;
}

static bool
look(const place_t *place, struct stat *about) {
  return fstatat(place->folder, place->base, about, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISSOCK(about->st_mode) && about->st_uid == geteuid();
}

/* A socket of this user at which nobody listens. With the lock held nobody is about to. */
static bool
is_dead(const place_t *place, struct stat *about) {
  if (!look(place, about)) return false;
  int fd = new_socket();
  if (fd < 0) return false;
  int status = connect(fd, (const struct sockaddr *) &place->name, sizeof place->name);
  bool refused = status && errno == ECONNREFUSED;
  close(fd);
  return refused;
}

/* ------------------------------------------------------------------ listening */

static int
bind_name(int fd, const place_t *place) {
  return bind(fd, (const struct sockaddr *) &place->name, sizeof place->name) ? -errno : 0;
}

/* Nobody can connect before listen(), so whatever mode the umask gave is never used. */
static int
listen_at(int fd, const place_t *place, hwr_socket_file_t *file) {
  struct stat about;
  int err = bind_name(fd, place);
  if (err == -EADDRINUSE && is_dead(place, &about) && !unlinkat(place->folder, place->base, 0))
    err = bind_name(fd, place);
  if (err) return err;
  if (!look(place, &about)) return -EPERM; /* the path led elsewhere meanwhile */
  *file = (hwr_socket_file_t){(uint64_t) about.st_dev, (uint64_t) about.st_ino};
  if (fchmodat(place->folder, place->base, 0600, 0) == 0 && listen(fd, BACKLOG) == 0) return 0;
  err = -errno;
  unlinkat(place->folder, place->base, 0);
  return err;
}

int
hwr_os_listen(const char *path, hwr_socket_file_t *file) {
  place_t place;
  int err = enter(&place, path, true);
  if (err) return err;
  int fd = new_socket();
  if (fd >= 0 && (err = listen_at(fd, &place, file))) {
    close(fd);
    fd = err;
  }
  close(place.folder);
  return fd < 0 ? fd : hwr_os_move_high(fd);
}

static bool
is_file(const struct stat *about, const hwr_socket_file_t *file) {
  return (uint64_t) about->st_dev == file->device && (uint64_t) about->st_ino == file->inode;
}

/* As long as it listens nobody of this user takes its name away. */
void
hwr_os_unlink_own_socket(const char *path, const hwr_socket_file_t *file) {
  struct stat about;
  if (lstat(path, &about) == 0 && S_ISSOCK(about.st_mode) && is_file(&about, file)) unlink(path);
}

bool
hwr_os_unlink_dead_socket(const char *path, const hwr_socket_file_t *file) {
  place_t place;
  struct stat about;
  if (enter(&place, path, false)) return false;
  bool removed = is_dead(&place, &about) && is_file(&about, file) &&
                 unlinkat(place.folder, place.base, 0) == 0;
  close(place.folder);
  return removed;
}

int
hwr_os_accept(int fd) {
  int got;
#ifdef __linux__
  do got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
#else
  do got = accept(fd, NULL, NULL);
#endif
  while (got < 0 && (errno == EINTR || errno == ECONNABORTED));
  if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? HWR_EAGAIN : -errno;
#ifndef __linux__
  int err = hwr__os_prepare(got);
  if (err) close(got);
  if (err) return err;
#endif
  return got;
}

int
hwr_os_reserve(void) {
  int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -errno : hwr_os_move_high(fd);
}

/* ------------------------------------------------------------------ connecting */

int
hwr_os_connect(const char *path) {
  struct sockaddr_un name;
  if (!set_name(&name, path)) return -ENAMETOOLONG;
  int fd = new_socket();
  if (fd < 0) return fd;
  int status;
  do status = connect(fd, (const struct sockaddr *) &name, sizeof name);
  while (status && errno == EINTR);
  if (!status) return fd;
  int err = -errno;
  close(fd);
  return err;
}

#ifdef __linux__

bool
hwr_os_peer(int fd, int *pid) {
  struct ucred peer;
  socklen_t bytes = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &bytes)) return false;
  *pid = peer.pid;
  return peer.uid == geteuid();
}

#else

bool
hwr_os_peer(int fd, int *pid) {
  uid_t uid;
  gid_t gid;
  *pid = 0;
#ifdef LOCAL_PEERPID
  socklen_t bytes = sizeof *pid;
  if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, pid, &bytes)) *pid = 0;
#endif
  return getpeereid(fd, &uid, &gid) == 0 && uid == geteuid();
}

#endif

/* ------------------------------------------------------------------ descriptors that travel */

int64_t
hwr_os_write_rights(int fd, const uint8_t *bytes, size_t count, const int *rights,
                    size_t rights_count) {
  if (rights_count == 0) return hwr_os_write(fd, bytes, count);
  union {
    struct cmsghdr first;
    char bytes[CMSG_SPACE(sizeof(int) * HWR_SEGMENTS)];
  } control;
  memset(&control, 0, sizeof control);
  struct iovec piece = {.iov_base = (void *) (uintptr_t) bytes, .iov_len = count};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes};
  message.msg_controllen = CMSG_SPACE(sizeof(int) * rights_count);
  control.first.cmsg_level = SOL_SOCKET;
  control.first.cmsg_type = SCM_RIGHTS;
  control.first.cmsg_len = CMSG_LEN(sizeof(int) * rights_count);
  memcpy(CMSG_DATA(&control.first), rights, sizeof(int) * rights_count);
  ssize_t sent;
  do sent = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent < 0 && errno == EINTR);
  if (sent >= 0) return sent;
  return errno == EAGAIN || errno == EWOULDBLOCK ? HWR_EAGAIN : -errno;
}

void
hwr_rights_close(hwr_rights_t *rights) {
  for (size_t i = 0; i < rights->count; i++) close(rights->fd[i]);
  rights->count = 0;
}

static void
take_right(hwr_rights_t *rights, int fd) {
  if (MSG_CMSG_CLOEXEC == 0) fcntl(fd, F_SETFD, FD_CLOEXEC);
  if (rights->count < HWR_SEGMENTS) {
    rights->fd[rights->count++] = fd;
    return;
  }
  rights->excess = true;
  close(fd);
}

static void
take_rights(struct msghdr *message, hwr_rights_t *rights) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; i++) {
      int fd;
      memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
      take_right(rights, fd);
    }
  }
  if (message->msg_flags & MSG_CTRUNC) rights->lost = true;
}

int64_t
hwr_os_receive_rights(int fd, uint8_t *to, size_t size, hwr_rights_t *rights) {
  union {
    struct cmsghdr first;
    char bytes[CMSG_SPACE(sizeof(int) * MAX_RIGHTS_AT_ONCE)];
  } control;
  struct iovec piece = {.iov_base = to, .iov_len = size};
  struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes};
  message.msg_controllen = sizeof control.bytes;
  ssize_t got;
  do got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return HWR_EAGAIN;
  if (got < 0) return errno == ECONNRESET ? 0 : -errno;
  take_rights(&message, rights);
  return got;
}
