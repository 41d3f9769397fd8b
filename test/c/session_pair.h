/* SPDX-License-Identifier: MIT
 *
 * session_pair.h - a host and a worker back to back, with a wire that tears everything apart.
 *
 * The wire moves bytes in pieces of random size in both directions until neither side has more
 * to say. Seeds make every run repeatable.
 */
#ifndef HAWSER_TEST_SESSION_PAIR_H
#define HAWSER_TEST_SESSION_PAIR_H

#include "frames.h"

typedef struct pair_s {
  end_t host, worker;
  uint32_t seed;
  uint32_t piece_bytes; /* most that is read off a ring at a time */
  uint64_t moved_bytes;
} pair_t;

/* One piece from one end to the other; returns its size. */
static inline size_t
pair_move(pair_t *pair, end_t *from, end_t *to) {
  uint8_t bytes[16384];
  size_t most = pair->piece_bytes < sizeof bytes ? pair->piece_bytes : sizeof bytes;
  size_t count = end_read(from, bytes, 1 + next_random(&pair->seed) % most);
  if (count) end_feed(to, bytes, count);
  pair->moved_bytes += count;
  return count;
}

/* Until both are silent: nothing was moved although both have flushed. */
static inline void
pair_run(pair_t *pair) {
  for (int silent = 0; silent < 2;) {
    end_flush(&pair->host);
    size_t moved = pair_move(pair, &pair->host, &pair->worker);
    end_flush(&pair->worker);
    moved += pair_move(pair, &pair->worker, &pair->host);
    end_take(&pair->host);
    end_take(&pair->worker);
    silent = moved ? 0 : silent + 1;
    if (pair->host.status || pair->worker.status) return;
  }
}

static inline void
pair_open_apart(pair_t *pair, const settings_t *host, const settings_t *worker, uint32_t seed) {
  *pair = (pair_t){.seed = seed * 2654435761u + 1, .piece_bytes = 16384};
  end_open(&pair->host, HWR_HOST, host);
  end_open(&pair->worker, HWR_WORKER, worker);
}

/* INIT there, METHODS and READY back. */
static inline void
pair_start(pair_t *pair) {
  pair_run(pair);
  end_send(&pair->host, make_word(HWR_INIT, 1, 0), 0, 0, 0, "init", 4);
  pair_run(pair);
  end_send(&pair->worker, make_word(HWR_METHODS, 1, 0), 0, 0, 0, "methods", 7);
  end_send(&pair->worker, make_word(HWR_READY, 1, 0), 0, 0, 0, "ready", 5);
  pair_run(pair);
  REQUIRE(end_count(&pair->host, HWR_EV_READY) == 1);
  pair->host.log_count = pair->worker.log_count = 0;
}

static inline void
pair_open(pair_t *pair, const settings_t *settings) {
  pair_open_apart(pair, settings, settings, 1);
  pair_start(pair);
}

static inline void
pair_close(pair_t *pair) {
  CHECK_INT(pair->host.status, 0);
  CHECK_INT(pair->worker.status, 0);
  end_close(&pair->host);
  end_close(&pair->worker);
}

#endif
