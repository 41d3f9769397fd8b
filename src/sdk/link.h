/* SPDX-License-Identifier: MIT
 *
 * link.h - moving bytes between a ring and the host, without a loop: shared rings with doorbells on
 * the control socket (P7), or that socket itself, fed from a private ring.
 *
 * It never looks at the bytes. Nothing here blocks.
 *
 * Thread  receive, release, arm and woken are one thread's; publish is whoever's holds the lock of the
 *         worker, and so are the others.
 */
#ifndef HWR_SDK_LINK_H
#define HWR_SDK_LINK_H

#include "core/ring.h"
#include "os/os.h"

typedef struct hwr__private_ring_s {
  hwr_ring_words_t words;
  uint8_t data[256 * 1024];
} hwr__private_ring_t;

typedef struct hwr__link_s {
  int fd;      /* owned, or -1 */
  bool shared; /* rings, not the socket */
  bool ended;  /* the host sends no more */
  hwr_segments_t segments;
  hwr_ring_page_t *page;     /* shared: borrowed from the segments */
  hwr__private_ring_t *ring; /* socket: owned */
  hwr_producer_t producer;   /* what is sent is written here */
  hwr_consumer_t consumer;   /* shared: of what comes; socket: of what is sent */
  uint64_t taken_bytes;      /* that the host had taken at the last look */
} hwr__link_t;

/* No descriptors and no memory. */
void hwr__link_init(hwr__link_t *link);
/* Join the host over the inherited descriptors, which are taken, also on failure, and tell it how
 * (P3.0). 0, HWR_EUNSUPPORTED, HWR_ENOMEM, or a negative errno. */
int hwr__link_open(hwr__link_t *link, const int *fds, uint32_t fd_count);
void hwr__link_deinit(hwr__link_t *link);

/* Store what has come, up to `room_bytes`: its bytes, 0 when there is nothing, HWR_ECLOSED behind
 * the last byte of the host, HWR_EPROTO (P7.3), or a negative errno. */
int64_t hwr__link_receive(hwr__link_t *link, uint8_t *to, size_t room_bytes);
/* What was received need not be kept in the ring any more. */
void hwr__link_release(hwr__link_t *link);
/* Make what was written visible to the host, or hand it to the kernel, as far as it takes it. */
void hwr__link_publish(hwr__link_t *link);
/* Written, and not published yet. */
static inline bool
hwr__link_has_unpublished(const hwr__link_t *link) {
  return link->producer.tail != link->producer.published;
}
/* Published, and not with the kernel: a socket only. */
bool hwr__link_has_unsent(hwr__link_t *link);
/* Published, and not taken by the host: shared rings only. */
bool hwr__link_has_untaken(hwr__link_t *link);
/* A second look finds it untaken still: the doorbell may have been lost (P7.8). */
void hwr__link_check(hwr__link_t *link);
/* About to sleep, until something comes or, if it is not 0, `room_bytes` of the ring are free.
 * False: there is something to do now. */
bool hwr__link_arm(hwr__link_t *link, uint32_t room_bytes);
/* Awake: no doorbell is needed. Takes those that were rung. */
void hwr__link_woken(hwr__link_t *link);
/* One look, without a system call: is there something to receive? Shared rings only. */
bool hwr__link_has_bytes(const hwr__link_t *link);

#endif
