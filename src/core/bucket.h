/* SPDX-License-Identifier: MIT
 *
 * bucket.h - token bucket: how often a peer may do what honest peers rarely do.
 *
 * As nghttp2 limits resets and glitches; docs/protocol.md P8.
 * Units   milliseconds; time is passed in.      Thread  none. Memory: never allocates.
 */
#ifndef HWR_CORE_BUCKET_H
#define HWR_CORE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

typedef struct hwr_bucket_s {
  uint64_t tokens, burst, per_second;
  uint64_t filled_ms; /* when tokens were last added */
} hwr_bucket_t;

void hwr_bucket_init(hwr_bucket_t *bucket, uint64_t burst, uint64_t per_second);
/* Take one token; false when there is none. */
bool hwr_bucket_take(hwr_bucket_t *bucket, uint64_t now_ms);

#endif
