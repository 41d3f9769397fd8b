/* SPDX-License-Identifier: MIT */
#include "sdk/link.h"

#include <stdlib.h>
#include <string.h>

enum { ATTACH_RINGS = 'R', ATTACH_SOCKET = 'S' }; /* P3.0 */
enum { RELEASE_BYTES = 16 * 1024 };               /* the host hears of this much room at once */

void
hwr__link_init(hwr__link_t *link) {
  memset(link, 0, sizeof *link);
  link->fd = -1;
  hwr_segments_init(&link->segments);
}

void
hwr__link_deinit(hwr__link_t *link) {
  hwr_os_close(link->fd);
  hwr_segments_deinit(&link->segments);
  if (link->ring) hwr_os_free_pages(link->ring, sizeof *link->ring);
  hwr__link_init(link);
}

/* ------------------------------------------------------------------ opening */

static bool
capacity_of(const hwr_segments_t *s, uint32_t *capacity_bytes) {
  if (hwr_ring_page_check(s->address[HWR_SEGMENT_PAGE], capacity_bytes)) return false;
  return s->bytes[HWR_SEGMENT_TO_WORKER] >= *capacity_bytes &&
         s->bytes[HWR_SEGMENT_TO_HOST] >= *capacity_bytes;
}

/* False: the socket has to do, as for any host whose segments cannot be mapped. */
static bool
join_rings(hwr__link_t *link, const int fds[HWR_SEGMENTS]) {
  const char *reason;
  uint32_t capacity_bytes;
  hwr_segments_t *s = &link->segments;
  if (hwr_segments_join(s, fds, sizeof(hwr_ring_page_t), &reason)) return false;
  if (!capacity_of(s, &capacity_bytes)) {
    hwr_segments_deinit(s);
    return false;
  }
  hwr_segments_close(s);
  hwr_ring_page_t *page = link->page = s->address[HWR_SEGMENT_PAGE];
  hwr_producer_init(&link->producer, &page->to_host, s->address[HWR_SEGMENT_TO_HOST],
                    capacity_bytes);
  hwr_consumer_init(&link->consumer, &page->to_worker, s->address[HWR_SEGMENT_TO_WORKER],
                    capacity_bytes);
  return true;
}

static int
make_private_ring(hwr__link_t *link) {
  hwr__private_ring_t *ring = link->ring = hwr_os_alloc_pages(sizeof *ring);
  if (!ring) return HWR_ENOMEM;
  hwr_producer_init(&link->producer, &ring->words, ring->data, sizeof ring->data);
  hwr_consumer_init(&link->consumer, &ring->words, ring->data, sizeof ring->data);
  return 0;
}

int
hwr__link_open(hwr__link_t *link, const int *fds, uint32_t fd_count) {
  if (!hwr_os_is_stream_socket(fds[0])) return HWR_ENOHOST;
  link->fd = hwr_os_move_high(fds[0]); /* out of the way of programs that close the low numbers */
  link->shared = fd_count > 1 && join_rings(link, fds + 1);
  int err = link->shared ? 0 : make_private_ring(link);
  if (err) return err;
  return hwr_os_send_byte(link->fd, link->shared ? ATTACH_RINGS : ATTACH_SOCKET);
}

/* ------------------------------------------------------------------ receiving */

static void
ring_doorbell(hwr__link_t *link) {
  hwr_os_send_byte(link->fd, 1); /* a broken socket shows as the end of the stream */
}

void
hwr__link_release(hwr__link_t *link) {
  if (link->shared && hwr_consumer_release(&link->consumer)) ring_doorbell(link);
}

static int64_t
receive_from_ring(hwr__link_t *link, uint8_t *to, size_t room_bytes) {
  int64_t count = hwr_consumer_read(&link->consumer, to, room_bytes);
  if (count == 0) return link->ended ? HWR_ECLOSED : 0;
  if (count >= RELEASE_BYTES) hwr__link_release(link); /* a bulk goes on while we take it in */
  return count;
}

static int64_t
receive_from_socket(hwr__link_t *link, uint8_t *to, size_t room_bytes) {
  if (link->ended) return HWR_ECLOSED;
  int64_t count = hwr_os_receive(link->fd, to, room_bytes);
  if (count == HWR_EAGAIN) return 0;
  if (count > 0) return count;
  link->ended = true;
  return count < 0 ? count : HWR_ECLOSED;
}

int64_t
hwr__link_receive(hwr__link_t *link, uint8_t *to, size_t room_bytes) {
  return link->shared ? receive_from_ring(link, to, room_bytes)
                      : receive_from_socket(link, to, room_bytes);
}

bool
hwr__link_has_bytes(const hwr__link_t *link) {
  uint64_t tail = atomic_load_explicit(&link->consumer.words->tail, memory_order_acquire);
  return tail != link->consumer.head;
}

/* ------------------------------------------------------------------ sending */

static void
pump(hwr__link_t *link) {
  const uint8_t *pieces[2];
  size_t lengths[2];
  while (hwr_consumer_readable(&link->consumer) > 0) {
    hwr_consumer_peek(&link->consumer, pieces, lengths);
    int64_t sent = hwr_os_write(link->fd, pieces[0], lengths[0]);
    if (sent <= 0) return; /* a broken socket shows as the end of the stream */
    hwr_consumer_skip(&link->consumer, (size_t) sent);
    hwr_consumer_release(&link->consumer);
  }
}

void
hwr__link_publish(hwr__link_t *link) {
  bool sleeps = hwr_producer_publish(&link->producer);
  if (!link->shared) pump(link);
  else if (sleeps) ring_doorbell(link);
}

bool
hwr__link_has_unsent(hwr__link_t *link) {
  return !link->shared && hwr_consumer_readable(&link->consumer) > 0;
}

bool
hwr__link_has_untaken(hwr__link_t *link) {
  return link->shared && hwr_producer_unread(&link->producer) > 0;
}

void
hwr__link_check(hwr__link_t *link) {
  if (!hwr__link_has_untaken(link)) return;
  if (link->taken_bytes == link->producer.head) ring_doorbell(link);
  link->taken_bytes = link->producer.head;
}

/* ------------------------------------------------------------------ sleeping */

bool
hwr__link_arm(hwr__link_t *link, uint32_t room_bytes) {
  if (!link->shared) return true;
  bool full = room_bytes == 0 || hwr_producer_sleep(&link->producer, room_bytes);
  return hwr_consumer_sleep(&link->consumer) && full;
}

void
hwr__link_woken(hwr__link_t *link) {
  uint8_t doorbells[64];
  if (!link->shared) return;
  hwr_consumer_wake(&link->consumer);
  int64_t got = hwr_os_receive(link->fd, doorbells, sizeof doorbells);
  if (got <= 0 && got != HWR_EAGAIN) link->ended = true;
}
