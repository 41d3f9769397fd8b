/* SPDX-License-Identifier: MIT
 *
 * os.h - every call to the operating system that hawser makes itself.
 *
 * os_unix.c and os_win.c implement it; what a system lacks answers HWR_EUNSUPPORTED, and the
 * caller does without. Descriptors are close-on-exec. Nothing here blocks, except where it says so.
 * Thread  any, but one at a time per object.
 */
#ifndef HWR_OS_H
#define HWR_OS_H

#include <hawser/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- the shared segments: control page, host to worker, worker to host (P7.1) */

enum { HWR_SEGMENT_PAGE = 0, HWR_SEGMENT_TO_WORKER = 1, HWR_SEGMENT_TO_HOST = 2, HWR_SEGMENTS = 3 };

typedef struct hwr_segments_s {
  int fd[HWR_SEGMENTS];        /* owned, or -1 */
  void *address[HWR_SEGMENTS]; /* owned mapping, or NULL */
  size_t bytes[HWR_SEGMENTS];
} hwr_segments_t;

void hwr_segments_init(hwr_segments_t *segments);
/* [host] Make, fault in, map and seal all three. HWR_EUNSUPPORTED when the system refuses: no
 * memfd, a file-size limit below what is needed (the write would raise SIGXFSZ), no memory.
 * Nothing is left behind then, and *reason names the refused step (borrowed for ever). */
int hwr_segments_create(hwr_segments_t *segments, size_t page_bytes, size_t ring_bytes,
                        const char **reason);
/* [worker] Map the three inherited descriptors (taken, also on failure) after checking sizes and
 * seals, so that no access can raise SIGBUS. HWR_EUNSUPPORTED as above. */
int hwr_segments_join(hwr_segments_t *segments, const int fd[HWR_SEGMENTS], size_t page_bytes,
                      const char **reason);
/* Close the descriptors, keep the mappings. */
void hwr_segments_close(hwr_segments_t *segments);
/* Unmap and close. */
void hwr_segments_deinit(hwr_segments_t *segments);

/* ---- the control socket */

/* Two connected ends, non-blocking, close-on-exec. 0, HWR_EUNSUPPORTED, or a negative errno. */
int hwr_os_socketpair(int fd[2]);
void hwr_os_close(int fd);
/* True for a stream socket. */
bool hwr_os_is_stream_socket(int fd);
/* Move a descriptor out of the way of programs that close or reuse the low numbers. Returns its
 * number from now on, `fd` itself where none is free. It is not inherited. */
int hwr_os_move_high(int fd);
/* Send one byte, never blocking, never raising a signal (P7.7). A full socket is fine: the peer has
 * unread doorbells then. Returns 0 or a negative errno. */
int hwr_os_send_byte(int fd, uint8_t byte);
/* Read what is there, up to `size` bytes: their number, 0 at the end of the stream,
 * HWR_EAGAIN when there is nothing, or a negative errno. */
int64_t hwr_os_receive(int fd, uint8_t *to, size_t size);
/* Write now what the socket takes: its bytes, HWR_EAGAIN, or a negative errno. */
int64_t hwr_os_write(int fd, const uint8_t *bytes, size_t count);
/* Block until the descriptor is readable (or writable), hung up, or `timeout_ms` is over. True
 * when it is. Blocks. */
bool hwr_os_wait(int fd, bool writable, int timeout_ms);
/* True when a poll of this descriptor would not sleep. */
bool hwr_os_ready(int fd);

typedef struct hwr_look_s { /* what to wait for */
  int fd;
  bool readable, writable;
} hwr_look_t;

enum { HWR_MAX_LOOKS = 4 };
/* Block until one of at most HWR_MAX_LOOKS descriptors is ready, or hung up, or `timeout_ms` is over
 * (-1: never). Blocks. */
void hwr_os_wait_any(const hwr_look_t *looks, int count, int timeout_ms);

/* ---- named sockets */

/* Which file a listening socket is, so that nobody removes another one. */
typedef struct hwr_socket_file_s {
  uint64_t device, inode;
} hwr_socket_file_t;

/* The longest path, in bytes without the NUL; 0 where there are no named sockets. */
size_t hwr_os_max_socket_path(void);
/* Listen at `path` (absolute, borrowed until return): a socket that nobody but this user can
 * connect to, in a folder that nobody else can change; a folder that is missing is made. What a
 * dead worker of this user left at `path` is replaced, nothing else is. Returns the descriptor, or
 * -EPERM (others own the folder or can change it), -EADDRINUSE, or another negative errno. Blocks
 * for a second at most, while others do the same in this folder. */
int hwr_os_listen(const char *path, hwr_socket_file_t *file);
/* Remove the file of a socket of ours that still listens, if `path` names it. */
void hwr_os_unlink_own_socket(const char *path, const hwr_socket_file_t *file);
/* Remove the file of a socket that may have been `file`, if nobody listens there any more.
 * True when it was removed. */
bool hwr_os_unlink_dead_socket(const char *path, const hwr_socket_file_t *file);
/* The next connection: its descriptor, HWR_EAGAIN when there is none, or a negative errno. */
int hwr_os_accept(int fd);
/* A descriptor to give up when no other is left; or a negative errno. */
int hwr_os_reserve(void);
/* Connect, without blocking: a descriptor, or a negative errno. */
int hwr_os_connect(const char *path);
/* Whether the process at the other end runs as this user; its id, or 0 where that is not known. */
bool hwr_os_peer(int fd, int *pid);
/* Write bytes, and descriptors with the first of them: as hwr_os_write. The caller keeps them. */
int64_t hwr_os_write_rights(int fd, const uint8_t *bytes, size_t count, const int *rights,
                            size_t rights_count);

typedef struct hwr_rights_s { /* descriptors that came */
  int fd[HWR_SEGMENTS];       /* owned by who holds this */
  size_t count;
  bool lost;   /* some came for which this process had no room */
  bool excess; /* more came than anybody may send; those are closed */
} hwr_rights_t;

void hwr_rights_close(hwr_rights_t *rights);
/* As hwr_os_receive; what descriptors come are added to `rights`. */
int64_t hwr_os_receive_rights(int fd, uint8_t *to, size_t size, hwr_rights_t *rights);

/* ---- memory */

/* Zeroed memory by the page, which takes up room only as it is touched, and none once it is freed:
 * calloc() reuses large blocks, and writes zeros to all of them. Returned owned; NULL without memory.
 * Freed with the same `bytes`. */
void *hwr_os_alloc_pages(size_t bytes);
void hwr_os_free_pages(void *pages, size_t bytes);

/* ---- threads of the SDK: threads_unix.c */

/* Mutual exclusion. Not to be taken twice by one thread. */
typedef struct hwr_lock_s hwr_lock_t;
hwr_lock_t *hwr_lock_create(void); /* returned owned, NULL without memory or threads */
void hwr_lock_destroy(hwr_lock_t *lock);
void hwr_lock_take(hwr_lock_t *lock);
void hwr_lock_leave(hwr_lock_t *lock);

/* What threads wait for that hold a lock; it is left meanwhile. */
typedef struct hwr_signal_s hwr_signal_t;
hwr_signal_t *hwr_signal_create(void);
void hwr_signal_destroy(hwr_signal_t *signal);
/* Look again behind it at what was waited for: it may return for no reason. Blocks. */
void hwr_signal_wait(hwr_signal_t *signal, hwr_lock_t *lock);
void hwr_signal_one(hwr_signal_t *signal);
void hwr_signal_all(hwr_signal_t *signal);

/* A thread in which no signal of the system is delivered. Returned owned; NULL when there is none. */
typedef struct hwr_thread_s hwr_thread_t;
hwr_thread_t *hwr_thread_start(void (*run)(void *context), void *context);
/* Wait for its end, and free it. Blocks. */
void hwr_thread_join(hwr_thread_t *thread);
/* Which thread this is, among those that live. */
uint64_t hwr_thread_self(void);

/* ---- process */

/* Monotonic. */
uint64_t hwr_os_now_ns(void);
/* Fill with random bytes; 0 or a negative errno. */
int hwr_os_random(uint8_t *to, size_t count);
/* Copy a variable of the environment, with its NUL, and remove it, so that no child has it: its
 * length, or -1 when there is none that fits. One thread at a time. */
int hwr_os_take_variable(const char *name, char *to, size_t size);

/* A short pause between looks at shared memory. */
static inline void
hwr_os_relax(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/* Watch a socket for its peer's end from a thread of its own. When the peer is gone, the process
 * has `grace_ms` to end by itself, then it is ended, whatever JavaScript does, and the file of its
 * socket, if `path` is not NULL (copied), with it. Returned owned; NULL when no thread can be had:
 * then the kernel is asked to end us with our parent. */
typedef struct hwr_watch_s hwr_watch_t;
hwr_watch_t *hwr_watch_start(int fd, int grace_ms, const char *path, const hwr_socket_file_t *file);
/* Stop and join. Blocks for as long as the thread takes to wake up. */
void hwr_watch_stop(hwr_watch_t *watch);

#endif
