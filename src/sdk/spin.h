/* SPDX-License-Identifier: MIT
 *
 * spin.h - when a worker waits awake for what the host is likely to send soon.
 *
 * The rules are those of transport/spin.c for a loop with one connection: only while the host grants
 * it, only after traffic within the budget, or four of them while the host is awake, for it takes
 * that long to settle a batch of answers and to make new calls; two misses in a row switch it off, and something that
 * came soon after we sent, although we slept, switches it on again for a trial, each time after more
 * of them.
 *
 * Thread  the worker's.
 */
#ifndef HWR_SDK_SPIN_H
#define HWR_SDK_SPIN_H

#include "sdk/link.h"

typedef struct hwr__spin_s {
  uint64_t budget_ns;
  uint64_t traffic_ns; /* when something was last sent or received */
  uint64_t sent_ns;
  bool on, trial;
  bool waited; /* since the last traffic */
  uint32_t misses, arrivals, backoff;
} hwr__spin_t;

void hwr__spin_init(hwr__spin_t *spin, uint64_t budget_us);
void hwr__spin_sent(hwr__spin_t *spin, uint64_t now_ns);
void hwr__spin_received(hwr__spin_t *spin, uint64_t now_ns);
/* Wait awake as the rules allow: true when something has come. Without the lock of the worker. */
bool hwr__spin_wait(hwr__spin_t *spin, const hwr__link_t *link);

#endif
