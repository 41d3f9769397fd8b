/* SPDX-License-Identifier: MIT
 *
 * private_ring.h - a ring in memory of our own, for transports that take out of it themselves.
 */
#ifndef HWR_TRANSPORT_PRIVATE_RING_H
#define HWR_TRANSPORT_PRIVATE_RING_H

#include "transport/transport.h"

typedef struct hwr_private_ring_s {
  hwr_lease_t lease; /* first: the lease is the memory */
  hwr_ring_words_t words;
  _Alignas(HWR_RING_LINE_BYTES) uint8_t data[HWR_DEFAULT_RING_BYTES];
} hwr_private_ring_t;

/* With both of its sides. Returned owned, with one lease, which frees it; NULL without memory. */
hwr_private_ring_t *hwr__private_ring_create(hwr_producer_t *producer, hwr_consumer_t *consumer);

#endif
