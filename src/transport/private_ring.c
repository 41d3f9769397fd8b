/* SPDX-License-Identifier: MIT */
#include "transport/private_ring.h"

static void
ring_end(hwr_lease_t *lease) {
  hwr_os_free_pages(lease, sizeof(hwr_private_ring_t));
}

hwr_private_ring_t *
hwr__private_ring_create(hwr_producer_t *producer, hwr_consumer_t *consumer) {
  hwr_private_ring_t *ring = hwr_os_alloc_pages(sizeof *ring);
  if (!ring) return NULL;
  ring->lease = (hwr_lease_t){1, ring_end};
  hwr_producer_init(producer, &ring->words, ring->data, HWR_DEFAULT_RING_BYTES);
  hwr_consumer_init(consumer, &ring->words, ring->data, HWR_DEFAULT_RING_BYTES);
  return ring;
}
