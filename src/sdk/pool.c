/* SPDX-License-Identifier: MIT
 *
 * pool.c - threads that run handlers while the worker's own receives.
 */
#include "sdk/worker_state.h"

#include <stdlib.h>

static void
run_pool_thread(void *context) {
  hwr_worker_t *w = context;
  hwr__lock(w);
  while (!w->pool_ends) {
    if (hwr__queue_may_run(w)) hwr__request_run(w, hwr__queue_shift(w));
    else hwr_signal_wait(w->work, w->lock);
  }
  hwr__unlock(w);
}

int
hwr__pool_start(hwr_worker_t *w) {
  if (w->options.threads == 0) return 0;
  w->threads = calloc(w->options.threads, sizeof *w->threads);
  if (!w->threads) return HWR_ENOMEM;
  while (w->thread_count < w->options.threads) {
    hwr_thread_t *thread = hwr_thread_start(run_pool_thread, w);
    if (!thread) return HWR_ENOMEM;
    w->threads[w->thread_count++] = thread;
  }
  return 0;
}

void
hwr__pool_stop(hwr_worker_t *w) {
  w->pool_ends = true;
  hwr_signal_all(w->work);
  hwr_signal_all(w->changed);
  hwr__unlock(w);
  for (uint32_t i = 0; i < w->thread_count; i++) hwr_thread_join(w->threads[i]);
  hwr__lock(w);
  free(w->threads);
  w->threads = NULL;
  w->thread_count = 0;
}
