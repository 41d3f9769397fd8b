/* SPDX-License-Identifier: MIT */
#include "sdk/spin.h"

enum { LOOKS_PER_CLOCK = 32, MISSES_TO_SWITCH_OFF = 2, MAX_BACKOFF = 64 };
enum { AWAKE_SHARE = 4 }; /* budgets, while the host does not sleep: it is at our answers */
static const uint64_t LIKELY_NS = 200000; /* something this soon would have been worth the wait */

void
hwr__spin_init(hwr__spin_t *spin, uint64_t budget_us) {
  *spin = (hwr__spin_t){.budget_ns = budget_us * 1000, .on = true, .backoff = 1};
}

void
hwr__spin_sent(hwr__spin_t *spin, uint64_t now_ns) {
  spin->traffic_ns = spin->sent_ns = now_ns;
}

static void
count_hit(hwr__spin_t *spin, uint64_t now_ns) {
  bool soon = now_ns - spin->traffic_ns < AWAKE_SHARE * spin->budget_ns;
  spin->trial = false;
  if (!soon) return; /* the next must */
  spin->misses = 0;
  spin->backoff = 1;
}

static void
try_again(hwr__spin_t *spin) {
  if (++spin->arrivals < spin->backoff) return;
  spin->on = spin->trial = true;
  spin->misses = MISSES_TO_SWITCH_OFF - 1;
  spin->arrivals = 0;
  if (spin->backoff < MAX_BACKOFF) spin->backoff *= 2;
}

void
hwr__spin_received(hwr__spin_t *spin, uint64_t now_ns) {
  if (spin->budget_ns == 0) return;
  if (spin->waited) count_hit(spin, now_ns);
  else if (!spin->on && now_ns - spin->sent_ns <= LIKELY_NS) try_again(spin);
  spin->waited = false;
  spin->traffic_ns = now_ns;
}

static bool
is_granted(const hwr__link_t *link) {
  return link->shared && atomic_load_explicit(&link->page->spin_granted, memory_order_relaxed);
}

static void
count_miss(hwr__spin_t *spin) {
  spin->waited = false;
  if (++spin->misses >= MISSES_TO_SWITCH_OFF) spin->on = spin->trial = false;
}

static bool
is_host_awake(const hwr__link_t *link) {
  return atomic_load_explicit(&link->producer.words->waiting, memory_order_relaxed) == 0;
}

static uint64_t
patience_ns(const hwr__spin_t *spin, const hwr__link_t *link) {
  if (is_host_awake(link)) return AWAKE_SHARE * spin->budget_ns;
  return spin->trial && spin->budget_ns < LIKELY_NS ? LIKELY_NS : spin->budget_ns;
}

bool
hwr__spin_wait(hwr__spin_t *spin, const hwr__link_t *link) {
  if (spin->budget_ns == 0 || !spin->on || !is_granted(link)) return false;
  while (hwr_os_now_ns() - spin->traffic_ns < patience_ns(spin, link) && is_granted(link)) {
    spin->waited = true;
    for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
      if (hwr__link_has_bytes(link)) return true;
      hwr_os_relax();
    }
  }
  if (spin->waited) count_miss(spin);
  return false;
}
