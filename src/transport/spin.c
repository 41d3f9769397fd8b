/* SPDX-License-Identifier: MIT
 *
 * spin.c - waiting awake for a message that is likely to come soon.
 *
 * A wake-up costs tens of microseconds, an answer from a worker that is awake takes two. So
 * before the loop sleeps it may look at its rings for a while, under these rules:
 *  - only after traffic within the last budget, and only while something is expected;
 *  - two misses in a row switch it off; an answer that came soon after its question although we
 *    slept switches it on again for a trial, each time after more of them (a handler of 100 us
 *    would otherwise burn its length for nothing);
 *  - a trial outlasts a wake-up, over several turns: when both ends sleep, neither answers within
 *    a budget until one of them has waited for the other to wake;
 *  - the budget is per turn of the loop, deliveries included: timers and other I/O run between
 *    turns, and what the kernel has ready ends the wait;
 *  - never with more processes awake than cores; the host counts, and tells its workers.
 */
#include "os/os.h"
#include "transport/loop.h"

enum {
  LOOKS_PER_CLOCK = 32, /* looks at the ring between looks at the clock */
  MISSES_TO_SWITCH_OFF = 2,
  MAX_BACKOFF = 64
};
static const uint64_t LIKELY_NS = 200000; /* an answer this soon would have been worth the wait */
static const uint64_t IO_LOOK_NS = 10000; /* between looks at other I/O */
static const uint64_t BUSY_IO_LOOK_NS = 1500; /* the same while there has been some of late */
static const uint64_t BUSY_NS = 1000000;      /* of late */

void
hwr__spin_init(hwr_spin_t *spin) {
  *spin = (hwr_spin_t){.on = true, .backoff = 1};
}

void
hwr_shm_set_spin(hwr_transport_t *t, uint64_t spin_ns) {
  t->spin.budget_ns = spin_ns;
}

void
hwr__spin_sent(hwr_transport_t *t) {
  if (t->spin.budget_ns == 0) return;
  t->spin.traffic_ns = t->spin.sent_ns = uv_hrtime();
}

/* How long after its traffic a transport is worth waiting for. */
static uint64_t
patience_ns(const hwr_spin_t *spin) {
  return spin->trial && spin->budget_ns < LIKELY_NS ? LIKELY_NS : spin->budget_ns;
}

static void
count_hit(hwr_transport_t *t, uint64_t now_ns) {
  hwr_spin_t *spin = &t->spin;
  t->counters.spin_hits++;
  if ((int64_t) (now_ns - spin->traffic_ns) >= (int64_t) spin->budget_ns) {
    spin->trial = false; /* came, but not soon: the next must */
    return;
  }
  spin->trial = false;
  spin->misses = 0;
  spin->backoff = 1;
}

static void
count_miss(hwr_transport_t *t) {
  t->counters.spin_misses++;
  t->spin.waited = false;
  if (++t->spin.misses >= MISSES_TO_SWITCH_OFF) t->spin.on = t->spin.trial = false;
}

static void
try_again(hwr_spin_t *spin) {
  if (++spin->arrivals < spin->backoff) return;
  spin->on = spin->trial = true;
  spin->misses = MISSES_TO_SWITCH_OFF - 1;
  spin->arrivals = 0;
  if (spin->backoff < MAX_BACKOFF) spin->backoff *= 2;
}

void
hwr__spin_received(hwr_transport_t *t) {
  hwr_spin_t *spin = &t->spin;
  if (spin->budget_ns == 0) return;
  uint64_t now_ns = uv_hrtime();
  if (spin->waited) count_hit(t, now_ns);
  else if (!spin->on && now_ns - spin->sent_ns <= LIKELY_NS) try_again(spin);
  spin->waited = false;
  spin->traffic_ns = now_ns;
}

static bool
is_hot(const hwr_transport_t *t, uint64_t now_ns) {
  const hwr_spin_t *spin = &t->spin;
  return spin->on && spin->expecting && !t->closing && t->watched &&
         (int64_t) (now_ns - spin->traffic_ns) < (int64_t) patience_ns(spin); /* may be ahead */
}

/* Spinning processes are this one and each worker that is hot. */
static bool
grant(hwr_loop_t *loop, uint64_t now_ns) {
  uint32_t hot = 0;
  for (hwr_transport_t *t = loop->first; t; t = t->next) hot += t->host && is_hot(t, now_ns);
  bool granted = hot + 1 <= loop->cores;
  for (hwr_transport_t *t = loop->first; t; t = t->next)
    if (t->host && t->spin_granted &&
        atomic_load_explicit(t->spin_granted, memory_order_relaxed) != granted)
      atomic_store_explicit(t->spin_granted, granted, memory_order_relaxed);
  return granted;
}

static bool
allowed(const hwr_transport_t *t, bool granted) {
  return t->host ? granted : atomic_load_explicit(t->spin_granted, memory_order_relaxed) != 0;
}

static bool
has_bytes(const hwr_transport_t *t) {
  return atomic_load_explicit(&t->watched->words->tail, memory_order_acquire) != t->watched->head;
}

static bool
has_work(hwr_transport_t *t) {
  return has_bytes(t) || hwr__transport_has_room(t);
}

/* One look at every hot ring; true when one had something, which is delivered. */
static bool
look(hwr_loop_t *loop, uint64_t now_ns, bool granted) {
  for (hwr_transport_t *t = loop->first; t; t = t->next) {
    if (!is_hot(t, now_ns) || !allowed(t, granted) || !has_work(t)) continue;
    hwr__transport_run(t);
    return true;
  }
  return false;
}

/* Ready for a wait: no doorbell is needed, and somebody is hot. */
static bool
begin(hwr_loop_t *loop, uint64_t now_ns, bool granted) {
  bool any = false;
  for (hwr_transport_t *t = loop->first; t; t = t->next) {
    if (!is_hot(t, now_ns) || !allowed(t, granted)) continue;
    t->armed = false;
    if (!t->suspect) /* else who was about to ring would not */
      atomic_store_explicit(&t->watched->words->waiting, 0, memory_order_relaxed);
    any = t->spin.waited = true;
  }
  return any;
}

/* Who was waited for, and did not come within its budget, has missed. True: somebody is hot. */
static bool
settle(hwr_loop_t *loop, bool granted) {
  uint64_t now_ns = uv_hrtime();
  bool hot = false;
  for (hwr_transport_t *t = loop->first; t; t = t->next) {
    if (!t->watched || t->closing || !t->spin.on || !t->spin.expecting) continue;
    if (t->spin.budget_ns == 0 || !allowed(t, granted)) continue;
    if (is_hot(t, now_ns)) hot = true;
    else if (now_ns - t->spin.traffic_ns < 2 * patience_ns(&t->spin)) count_miss(t);
  }
  return hot;
}

/* Who is not hot may have work, too, and nobody rings for it while the loop is awake. */
static bool
others_have_work(hwr_loop_t *loop) {
  for (hwr_transport_t *t = loop->first; t; t = t->next)
    if (t->watched && !t->closing && has_work(t)) return true;
  return false;
}

/* True when other I/O is due for a turn of the loop; the look is a system call. */
static bool
look_at_io(hwr_loop_t *loop, uint64_t now_ns, uint64_t *io_ns) {
  bool busy = now_ns - loop->io_seen_ns < BUSY_NS;
  if (now_ns - *io_ns < (busy ? BUSY_IO_LOOK_NS : IO_LOOK_NS)) return false;
  *io_ns = now_ns;
  if (others_have_work(loop)) return true;
  if (!hwr_os_ready(uv_backend_fd(loop->uv))) return false;
  loop->io_seen_ns = now_ns;
  return true;
}

bool
hwr__loop_spin(hwr_loop_t *loop) {
  uint64_t start_ns = uv_hrtime(), now_ns = start_ns, io_ns = start_ns;
  bool granted = grant(loop, now_ns);
  if (!begin(loop, now_ns, granted)) return false;
  uv_update_time(loop->uv);
  if (loop->awake || uv_backend_timeout(loop->uv) == 0) return true;
  uint64_t turn_ns = 0;
  for (const hwr_transport_t *t = loop->first; t; t = t->next)
    if (t->spin.budget_ns > turn_ns) turn_ns = t->spin.budget_ns;
  while (now_ns - start_ns < turn_ns) {
    for (int i = 0; i < LOOKS_PER_CLOCK; i++) {
      if (look(loop, now_ns, granted)) break;
      hwr_os_relax();
    }
    if (loop->awake || uv_backend_timeout(loop->uv) == 0) return true;
    now_ns = uv_hrtime();
    if (look_at_io(loop, now_ns, &io_ns)) return true;
  }
  return settle(loop, granted);
}
