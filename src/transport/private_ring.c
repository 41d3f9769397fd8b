/* SPDX-License-Identifier: MIT */
#include "transport/private_ring.h"

#include <stdlib.h>

static void
ring_end(hwr_lease_t *lease) {
  free(((hwr_private_ring_t *) lease)->block);
}

/* aligned_alloc is not everywhere. */
hwr_private_ring_t *
hwr__private_ring_create(hwr_producer_t *producer, hwr_consumer_t *consumer) {
  uint8_t *block = calloc(1, sizeof(hwr_private_ring_t) + HWR_RING_LINE_BYTES);
  if (!block) return NULL;
  size_t over = (uintptr_t) block % HWR_RING_LINE_BYTES;
  size_t gap = over ? HWR_RING_LINE_BYTES - over : 0;
  hwr_private_ring_t *ring = (hwr_private_ring_t *) (block + gap);
  ring->block = block;
  ring->lease = (hwr_lease_t){1, ring_end};
  hwr_producer_init(producer, &ring->words, ring->data, HWR_DEFAULT_RING_BYTES);
  hwr_consumer_init(consumer, &ring->words, ring->data, HWR_DEFAULT_RING_BYTES);
  return ring;
}
