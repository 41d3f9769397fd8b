/* SPDX-License-Identifier: MIT
 *
 * fed.c - a transport without a descriptor: bytes are fed to it, and taken out of its ring.
 *
 * Whoever feeds may be anywhere in JavaScript, so nothing is delivered then: the owner's turns and
 * the end run in a callback of the loop, like those of the other transports.
 */
#include "transport/loop.h"
#include "transport/private_ring.h"

#include <stdlib.h>
#include <string.h>

typedef struct fed_s {
  hwr_transport_t base; /* first */
  hwr_private_ring_t *ring;
  hwr_consumer_t consumer;
  uint64_t offered; /* bytes, from the ring's beginning; consumer.head <= offered */
  uv_idle_t alive;  /* active while a turn is wanted: no descriptor keeps the loop from ending */
  int end_status;
  bool ending;  /* end_status is to be told */
  bool refused; /* bytes wait outside */
} fed_t;

static void
finish(fed_t *fed) {
  hwr_transport_t *t = &fed->base;
  fed->ending = false;
  hwr_transport_read_rest(t);
  hwr__transport_end(t, fed->end_status);
}

static void
on_alive(uv_idle_t *alive) {
  fed_t *fed = alive->data;
  uv_idle_stop(alive);
  if (fed->ending) finish(fed);
  else hwr__transport_run(&fed->base);
}

static void
fed_stay(hwr_transport_t *t) {
  uv_idle_start(&((fed_t *) t)->alive, on_alive);
}

/* ------------------------------------------------------------------ receiving */

size_t
hwr_fed_feed(hwr_transport_t *t, const uint8_t *bytes, size_t count) {
  fed_t *fed = (fed_t *) t;
  size_t taken = 0;
  bool going = !t->closing && !t->ended && !fed->ending;
  if (!going) return count; /* nobody wants them any more */
  while (going && taken < count) {
    uint8_t *to;
    size_t room = t->owner.want(t->owner.context, &to);
    if (room == 0) break;
    if (room > count - taken) room = count - taken;
    memcpy(to, bytes + taken, room);
    taken += room;
    going = t->owner.received(t->owner.context, room);
  }
  t->counters.bytes_received += taken;
  fed->refused = taken < count;
  hwr_transport_schedule(t);
  return taken;
}

bool
hwr_fed_is_hungry(hwr_transport_t *t) {
  fed_t *fed = (fed_t *) t;
  uint8_t *to;
  if (!fed->refused || t->owner.want(t->owner.context, &to) == 0) return false;
  fed->refused = false;
  return true;
}

void
hwr_fed_end(hwr_transport_t *t, int status) {
  fed_t *fed = (fed_t *) t;
  if (t->closing || t->ended || fed->ending) return;
  fed->ending = true;
  fed->end_status = status;
  hwr_transport_schedule(t);
}

static bool
fed_receive(hwr_transport_t *t) {
  (void) t;
  return false;
}

/* ------------------------------------------------------------------ sending */

size_t
hwr_fed_offer(hwr_transport_t *t, uint32_t *start) {
  fed_t *fed = (fed_t *) t;
  hwr_consumer_readable(&fed->consumer);
  uint64_t bytes = fed->consumer.tail - fed->offered;
  *start = (uint32_t) (fed->offered & (fed->consumer.capacity_bytes - 1));
  fed->offered = fed->consumer.tail;
  return (size_t) bytes;
}

void
hwr_fed_sent(hwr_transport_t *t, size_t count) {
  fed_t *fed = (fed_t *) t;
  uint64_t under_way = fed->offered - fed->consumer.head;
  if (t->closing) return;
  if (count > under_way) count = (size_t) under_way;
  hwr_consumer_skip(&fed->consumer, count);
  hwr_consumer_release(&fed->consumer);
  t->counters.bytes_sent += count;
  if (hwr__transport_has_room(t)) hwr_transport_schedule(t);
}

/* What is published goes out in the next turn, never from within whatever wrote it. */
static bool
fed_publish(hwr_transport_t *t, bool held) {
  fed_t *fed = (fed_t *) t;
  t->held = held;
  hwr_producer_publish(&t->producer);
  if (t->producer.published != fed->offered) hwr_transport_schedule(t);
  return false;
}

/* ------------------------------------------------------------------ the rest of a transport */

static bool
fed_sleep(hwr_transport_t *t) {
  (void) t;
  return true;
}

static void
fed_check(hwr_transport_t *t) {
  (void) t;
}

/* Only the embedder moves bytes, and it does not run meanwhile. */
static bool
fed_wait_taken(hwr_transport_t *t, int timeout_ms) {
  (void) t, (void) timeout_ms;
  return false;
}

static void
fed_ref(hwr_transport_t *t, bool ref) {
  uv_handle_t *alive = (uv_handle_t *) &((fed_t *) t)->alive;
  if (ref) uv_ref(alive);
  else uv_unref(alive);
}

static void
fed_close(hwr_transport_t *t) {
  uv_close((uv_handle_t *) &((fed_t *) t)->alive, hwr__transport_handle_closed);
}

static void
fed_free(hwr_transport_t *t) {
  fed_t *fed = (fed_t *) t;
  hwr_lease_drop(&fed->ring->lease);
  free(fed);
}

static const hwr_transport_ops_t FED_OPS = {
    .publish = fed_publish,
    .receive = fed_receive,
    .receive_rest = fed_receive,
    .sleep = fed_sleep,
    .check = fed_check,
    .wait_taken = fed_wait_taken,
    .ref = fed_ref,
    .stay = fed_stay,
    .close = fed_close,
    .free = fed_free,
};

int
hwr_fed_open(hwr_transport_t **transport, hwr_loop_t *loop, const hwr_owner_t *owner) {
  fed_t *fed = calloc(1, sizeof *fed);
  if (!fed) return HWR_ENOMEM;
  fed->ring = hwr__private_ring_create(&fed->base.producer, &fed->consumer);
  if (!fed->ring) {
    free(fed);
    return HWR_ENOMEM;
  }
  fed->base.lease = &fed->ring->lease;
  hwr__transport_init(&fed->base, &FED_OPS, loop, owner);
  uv_idle_init(loop->uv, &fed->alive);
  fed->alive.data = fed;
  fed->base.handles_open++;
  *transport = &fed->base;
  return 0;
}
