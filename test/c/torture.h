/* SPDX-License-Identifier: MIT
 *
 * torture.h - two ends under random limits, over a wire that tears everything apart, while a test
 * does to each of them what a seed says.
 */
#ifndef TEST_TORTURE_H
#define TEST_TORTURE_H

#include "session_pair.h"

static inline settings_t
random_settings(uint32_t *seed) {
  settings_t s = DEFAULTS;
  s.window_bytes = 4096 + next_random(seed) % (next_random(seed) % 2 ? 5000 : 200000);
  s.window_messages = 1 + next_random(seed) % 40;
  s.high_water_bytes = next_random(seed) % 100000;
  s.streams_window_bytes = next_random(seed) % 300000;
  s.stream_high_water_bytes = next_random(seed) % 30000;
  s.chunk_bytes = 8 + next_random(seed) % 5000 * 8;
  s.read_ahead_bytes = 1 + next_random(seed) % 5000;
  s.inbox_bytes = 16384 + next_random(seed) % 50000;
  s.scratch_bytes = next_random(seed) % 20000;
  s.max_events = 1 + next_random(seed) % 20;
  s.ring_bytes = 4096u << next_random(seed) % 6;
  return s;
}

static inline void
end_tick(end_t *e) {
  e->now_ms += 3;
  hwr_session_tick(e->session, e->now_ms);
  end_take(e);
}

/* The seed is borrowed until the pair is closed. */
static inline void
torture_open(pair_t *pair, uint32_t run, uint32_t *seed) {
  settings_t host = random_settings(seed), worker = random_settings(seed);
  pair_open_apart(pair, &host, &worker, run);
  pair->piece_bytes = 1 + next_random(seed) % 16000;
  pair->host.split = 1 + next_random(seed) % 9000;
  pair->worker.split = 1 + next_random(seed) % 9000;
  pair->host.random_split = pair->worker.random_split = seed;
  pair_start(pair);
}

static inline void
torture_run(pair_t *pair, int steps, uint32_t *seed, void (*act)(end_t *e, uint32_t *seed)) {
  for (int i = 0; i < steps && !pair->host.status && !pair->worker.status; i++) {
    act(&pair->host, seed);
    act(&pair->worker, seed);
    uint32_t what = next_random(seed) % 8;
    if (what < 2) end_flush(&pair->host);
    if (what > 5) end_flush(&pair->worker);
    if (what & 1) pair_move(pair, &pair->host, &pair->worker);
    if (what & 2) pair_move(pair, &pair->worker, &pair->host);
    if (what == 7) end_tick(&pair->host);
    if (what == 6) end_tick(&pair->worker);
  }
}

static inline void
torture_check_alive(const pair_t *pair, uint32_t run) {
  if (pair->host.status || pair->worker.status)
    check_fail(__FILE__, __LINE__, "run %u: host %d %s, worker %d %s", run, pair->host.status,
               hwr_session_rule(pair->host.session), pair->worker.status,
               hwr_session_rule(pair->worker.session));
}

#endif
