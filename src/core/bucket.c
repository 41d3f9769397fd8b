/* SPDX-License-Identifier: MIT */
#include "core/bucket.h"

void
hwr_bucket_init(hwr_bucket_t *bucket, uint64_t burst, uint64_t per_second) {
  *bucket = (hwr_bucket_t){.tokens = burst, .burst = burst, .per_second = per_second};
}

static void
refill(hwr_bucket_t *bucket, uint64_t now_ms) {
  if (now_ms <= bucket->filled_ms) return;
  uint64_t elapsed_ms = now_ms - bucket->filled_ms;
  if (elapsed_ms > 1000 * bucket->burst) elapsed_ms = 1000 * bucket->burst; /* no overflow */
  uint64_t added = elapsed_ms * bucket->per_second / 1000;
  if (added == 0) return;
  bucket->tokens = added < bucket->burst - bucket->tokens ? bucket->tokens + added : bucket->burst;
  bucket->filled_ms = now_ms;
}

bool
hwr_bucket_take(hwr_bucket_t *bucket, uint64_t now_ms) {
  refill(bucket, now_ms);
  if (bucket->tokens == 0) return false;
  bucket->tokens--;
  return true;
}
