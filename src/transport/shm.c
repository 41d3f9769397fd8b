/* SPDX-License-Identifier: MIT
 *
 * shm.c - two rings in shared segments; a byte on the control socket is the doorbell.   P7
 *
 * Each end of the socket is an open file description of its own, so nothing that the peer does to
 * its end can make a call on ours block. The end of the stream tells that the peer is gone.
 */
#include "os/os.h"
#include "transport/loop.h"

#include <stdlib.h>

typedef struct shm_s shm_t;

enum { RELEASE_BYTES = 16 * 1024 }; /* the peer hears of this much room at once */

typedef struct mapping_s {
  hwr_lease_t lease; /* first: the lease is the mapping */
  hwr_segments_t segments;
} mapping_t;

struct shm_s {
  hwr_transport_t base; /* first */
  hwr_consumer_t consumer;
  mapping_t *mapping;
  uv_poll_t poll;
  int fd;                             /* owned */
  uint64_t stuck_unread;              /* index at the last check; UINT64_MAX: nothing stuck */
  uint64_t heard_count, heard_before; /* doorbells received; as of the last check */
};

static void
mapping_end(hwr_lease_t *lease) {
  mapping_t *mapping = (mapping_t *) lease;
  hwr_segments_deinit(&mapping->segments);
  free(mapping);
}

static void
ring_doorbell(shm_t *shm) {
  shm->base.counters.doorbells_rung++;
  hwr_os_send_byte(shm->fd, 1); /* a broken socket shows as the end of the stream */
}

static bool
shm_publish(hwr_transport_t *t, bool held) {
  shm_t *shm = (shm_t *) t;
  t->held = held;
  uint64_t count = t->producer.tail - t->producer.published;
  if (count == 0) return false;
  t->counters.bytes_sent += count;
  if (hwr_producer_publish(&t->producer)) ring_doorbell(shm);
  hwr__spin_sent(t);
  hwr__loop_watch(t->loop); /* until it is read */
  return false;
}

static void
release(shm_t *shm) {
  if (hwr_consumer_release(&shm->consumer)) ring_doorbell(shm);
}

static bool
shm_receive(hwr_transport_t *t) {
  shm_t *shm = (shm_t *) t;
  bool received = false;
  uint8_t *to;
  size_t room;
  /* One ring at a time: who publishes as fast as we read must not keep us here. */
  uint64_t most = shm->consumer.head + shm->consumer.capacity_bytes;
  while (shm->consumer.head < most && (room = t->owner.want(t->owner.context, &to)) > 0) {
    int64_t count = hwr_consumer_read(&shm->consumer, to, room);
    if (count < 0) hwr__transport_end(t, (int) count);
    if (count <= 0) break;
    received = true;
    t->counters.bytes_received += (uint64_t) count;
    if (count >= RELEASE_BYTES) release(shm); /* a bulk goes on while we take it in */
    if (!t->owner.received(t->owner.context, (size_t) count)) break;
  }
  if (!received) return false;
  release(shm);
  hwr__spin_received(t);
  return true;
}

static bool
shm_sleep(hwr_transport_t *t) {
  shm_t *shm = (shm_t *) t;
  bool room = t->held && !hwr_producer_sleep(&t->producer, t->producer.capacity_bytes / 2);
  if (room) t->turn_wanted = true;
  return hwr_consumer_sleep(&shm->consumer) && !room;
}

/* Bytes came while we slept, and no doorbell with them: take them in. It may still be on its way;
 * when none has come by the next look, the wake-up was lost, by our bug or by the peer's design. */
static void
check_unheard(shm_t *shm) {
  hwr_transport_t *t = &shm->base;
  bool lost = t->suspect && shm->heard_count == shm->heard_before;
  if (lost) t->counters.missed_wakeups++;
  t->suspect = t->armed && hwr_consumer_readable(&shm->consumer) != 0;
  shm->heard_before = shm->heard_count;
  if (!lost && !t->suspect) return;
  t->turn_wanted = true;
  hwr__transport_run(t);
}

/* Nothing may stay unread from one look to the next, on either side. */
static void
shm_check(hwr_transport_t *t) {
  shm_t *shm = (shm_t *) t;
  uint64_t read = t->producer.head;
  check_unheard(shm);
  if (t->closing) return;
  if (hwr_producer_unread(&t->producer) <= 0) shm->stuck_unread = UINT64_MAX;
  else if (shm->stuck_unread == read) ring_doorbell(shm);
  else shm->stuck_unread = t->producer.head;
}

static bool
shm_wait_taken(hwr_transport_t *t, int timeout_ms) {
  shm_t *shm = (shm_t *) t;
  uint8_t doorbells[64];
  if (!hwr_producer_sleep(&t->producer, t->producer.capacity_bytes / 2)) return true;
  if (!hwr_os_wait(shm->fd, false, timeout_ms)) return true;
  int64_t got = hwr_os_receive(shm->fd, doorbells, sizeof doorbells);
  return got > 0 || got == HWR_EAGAIN;
}

static void
shm_ref(hwr_transport_t *t, bool ref) {
  shm_t *shm = (shm_t *) t;
  if (ref) uv_ref((uv_handle_t *) &shm->poll);
  else uv_unref((uv_handle_t *) &shm->poll);
}

static void
shm_close(hwr_transport_t *t) {
  shm_t *shm = (shm_t *) t;
  uv_close((uv_handle_t *) &shm->poll, hwr__transport_handle_closed);
}

static void
shm_free(hwr_transport_t *t) {
  shm_t *shm = (shm_t *) t;
  hwr_os_close(shm->fd);
  hwr_lease_drop(&shm->mapping->lease);
  free(shm);
}

static const hwr_transport_ops_t SHM_OPS = {
    .publish = shm_publish,
    .receive = shm_receive,
    .receive_rest = shm_receive,
    .sleep = shm_sleep,
    .check = shm_check,
    .wait_taken = shm_wait_taken,
    .ref = shm_ref,
    .close = shm_close,
    .free = shm_free,
};

/* What the doorbell is about first, for somebody may wait for the answer. Its byte can be taken out
 * behind that: before the loop sleeps it looks at the ring again (P7.4). */
static void
on_doorbell(uv_poll_t *poll, int status, int events) {
  (void) events;
  shm_t *shm = poll->data;
  hwr_transport_t *t = &shm->base;
  uint8_t doorbells[64];
  t->turn_wanted |= t->held; /* the doorbell may tell of room */
  hwr__transport_run(t);
  if (t->closing) return;
  int64_t got = hwr_os_receive(shm->fd, doorbells, sizeof doorbells);
  bool broken = got < 0 && got != HWR_EAGAIN;
  if (got > 0) shm->heard_count += (uint64_t) got;
  if (got != 0 && !broken && status >= 0) return; /* after an error libuv looks no more */
  uv_poll_stop(poll);
  hwr_transport_read_rest(t);
  hwr__transport_end(t, broken ? (int) got : 0);
}

static void
attach_rings(shm_t *shm, bool host, uint32_t capacity_bytes) {
  const hwr_segments_t *s = &shm->mapping->segments;
  hwr_ring_page_t *page = s->address[HWR_SEGMENT_PAGE];
  uint8_t *to_worker = s->address[HWR_SEGMENT_TO_WORKER],
          *to_host = s->address[HWR_SEGMENT_TO_HOST];
  hwr_ring_words_t *out = host ? &page->to_worker : &page->to_host;
  hwr_ring_words_t *in = host ? &page->to_host : &page->to_worker;
  hwr_producer_init(&shm->base.producer, out, host ? to_worker : to_host, capacity_bytes);
  hwr_consumer_init(&shm->consumer, in, host ? to_host : to_worker, capacity_bytes);
  shm->base.spin_granted = &page->spin_granted;
  shm->base.watched = &shm->consumer;
  shm->base.host = host;
}

static int
start(shm_t *shm, hwr_loop_t *loop, const hwr_owner_t *owner) {
  int err = uv_poll_init(loop->uv, &shm->poll, shm->fd);
  if (err) return err;
  shm->poll.data = shm;
  hwr__transport_init(&shm->base, &SHM_OPS, loop, owner);
  shm->base.handles_open++;
  uv_poll_start(&shm->poll, UV_READABLE, on_doorbell); /* fails only on a closed handle */
  return 0;
}

static bool
capacity_of(const hwr_segments_t *s, uint32_t *capacity_bytes) {
  if (hwr_ring_page_check(s->address[HWR_SEGMENT_PAGE], capacity_bytes)) return false;
  return s->bytes[HWR_SEGMENT_TO_WORKER] >= *capacity_bytes &&
         s->bytes[HWR_SEGMENT_TO_HOST] >= *capacity_bytes;
}

int
hwr_shm_open(hwr_transport_t **transport, hwr_loop_t *loop, const hwr_owner_t *owner, int fd,
             hwr_segments_t *segments, bool host) {
  uint32_t capacity_bytes;
  if (!capacity_of(segments, &capacity_bytes)) return HWR_EPROTO;
  shm_t *shm = calloc(1, sizeof *shm);
  mapping_t *mapping = calloc(1, sizeof *mapping);
  if (!shm || !mapping) {
    free(shm);
    free(mapping);
    return HWR_ENOMEM;
  }
  mapping->lease = (hwr_lease_t){1, mapping_end};
  mapping->segments = *segments;
  shm->mapping = mapping;
  shm->base.lease = &mapping->lease;
  shm->fd = fd;
  shm->stuck_unread = UINT64_MAX;
  attach_rings(shm, host, capacity_bytes);
  int err = start(shm, loop, owner);
  if (err) {
    free(mapping);
    free(shm);
    return err;
  }
  *transport = &shm->base;
  return 0;
}
