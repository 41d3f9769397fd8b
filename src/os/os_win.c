/* SPDX-License-Identifier: MIT
 *
 * os_win.c - Windows has none of this yet: the library loads, createWorker says that it cannot.
 */
#include "os/os.h"

#include <string.h>
#include <windows.h>

void *
hwr_os_alloc_pages(size_t bytes) {
  return VirtualAlloc(NULL, bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void
hwr_os_free_pages(void *pages, size_t bytes) {
  (void) bytes;
  VirtualFree(pages, 0, MEM_RELEASE);
}

void
hwr_segments_init(hwr_segments_t *segments) {
  memset(segments, 0, sizeof *segments);
  for (int i = 0; i < HWR_SEGMENTS; i++) segments->fd[i] = -1;
}

int
hwr_segments_create(hwr_segments_t *segments, size_t page_bytes, size_t ring_bytes,
                    const char **reason) {
  (void) page_bytes;
  (void) ring_bytes;
  hwr_segments_init(segments);
  *reason = "no shared segments on this system";
  return HWR_EUNSUPPORTED;
}

int
hwr_segments_join(hwr_segments_t *segments, const int fd[HWR_SEGMENTS], size_t page_bytes,
                  const char **reason) {
  (void) fd;
  return hwr_segments_create(segments, page_bytes, 0, reason);
}

void
hwr_segments_close(hwr_segments_t *segments) {
  hwr_segments_init(segments);
}

void
hwr_segments_deinit(hwr_segments_t *segments) {
  hwr_segments_init(segments);
}

int
hwr_os_socketpair(int fd[2]) {
  fd[0] = fd[1] = -1;
  return HWR_EUNSUPPORTED;
}

void
hwr_os_close(int fd) {
  (void) fd;
}

bool
hwr_os_is_stream_socket(int fd) {
  (void) fd;
  return false;
}

int
hwr_os_move_high(int fd) {
  return fd;
}

int
hwr_os_send_byte(int fd, uint8_t byte) {
  (void) fd;
  (void) byte;
  return HWR_EUNSUPPORTED;
}

int64_t
hwr_os_receive(int fd, uint8_t *to, size_t size) {
  (void) fd;
  (void) to;
  (void) size;
  return HWR_EUNSUPPORTED;
}

int64_t
hwr_os_write(int fd, const uint8_t *bytes, size_t count) {
  (void) fd;
  (void) bytes;
  (void) count;
  return HWR_EUNSUPPORTED;
}

bool
hwr_os_wait(int fd, bool writable, int timeout_ms) {
  (void) fd;
  (void) writable;
  (void) timeout_ms;
  return false;
}

bool
hwr_os_ready(int fd) {
  (void) fd;
  return true;
}

size_t
hwr_os_max_socket_path(void) {
  return 0;
}

int
hwr_os_listen(const char *path, hwr_socket_file_t *file) {
  (void) path;
  (void) file;
  return HWR_EUNSUPPORTED;
}

void
hwr_os_unlink_own_socket(const char *path, const hwr_socket_file_t *file) {
  (void) path;
  (void) file;
}

bool
hwr_os_unlink_dead_socket(const char *path, const hwr_socket_file_t *file) {
  (void) path;
  (void) file;
  return false;
}

int
hwr_os_accept(int fd) {
  (void) fd;
  return HWR_EUNSUPPORTED;
}

int
hwr_os_reserve(void) {
  return HWR_EUNSUPPORTED;
}

int
hwr_os_connect(const char *path) {
  (void) path;
  return HWR_EUNSUPPORTED;
}

bool
hwr_os_peer(int fd, int *pid) {
  (void) fd;
  *pid = 0;
  return false;
}

int64_t
hwr_os_write_rights(int fd, const uint8_t *bytes, size_t count, const int *rights,
                    size_t rights_count) {
  (void) rights;
  (void) rights_count;
  return hwr_os_write(fd, bytes, count);
}

void
hwr_rights_close(hwr_rights_t *rights) {
  rights->count = 0;
}

int64_t
hwr_os_receive_rights(int fd, uint8_t *to, size_t size, hwr_rights_t *rights) {
  (void) rights;
  return hwr_os_receive(fd, to, size);
}

hwr_watch_t *
hwr_watch_start(int fd, int grace_ms, const char *path, const hwr_socket_file_t *file) {
  (void) fd;
  (void) grace_ms;
  (void) path;
  (void) file;
  return NULL;
}

void
hwr_watch_stop(hwr_watch_t *watch) {
  (void) watch;
}
