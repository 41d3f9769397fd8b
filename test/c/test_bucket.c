/* SPDX-License-Identifier: MIT */
#include "core/bucket.h"

#include "check.h"

static int
take_all(hwr_bucket_t *bucket, uint64_t now_ms) {
  int taken = 0;
  while (taken < 1000 && hwr_bucket_take(bucket, now_ms)) taken++;
  return taken;
}

/* P8.2 */
TEST(a_burst_is_all_there_is_at_one_moment) {
  hwr_bucket_t bucket;
  hwr_bucket_init(&bucket, 100, 10);
  CHECK_INT(take_all(&bucket, 0), 100);
  CHECK(!hwr_bucket_take(&bucket, 0));
}

TEST(tokens_come_back_at_the_rate) {
  hwr_bucket_t bucket;
  hwr_bucket_init(&bucket, 100, 10);
  take_all(&bucket, 1000);
  CHECK_INT(take_all(&bucket, 1099), 0);
  CHECK_INT(take_all(&bucket, 1100), 1);
  CHECK_INT(take_all(&bucket, 2100), 10);
}

TEST(looking_often_does_not_lose_tokens) {
  hwr_bucket_t bucket;
  hwr_bucket_init(&bucket, 5, 10);
  take_all(&bucket, 1000);
  int taken = 0;
  for (uint64_t now_ms = 1000; now_ms <= 2000; now_ms += 7) taken += take_all(&bucket, now_ms);
  CHECK(taken >= 9 && taken <= 10);
}

TEST(a_long_rest_never_gives_more_than_the_burst) {
  hwr_bucket_t bucket;
  hwr_bucket_init(&bucket, 100, 10);
  take_all(&bucket, 0);
  CHECK_INT(take_all(&bucket, UINT64_MAX), 100);
}

TEST(time_that_goes_back_gives_nothing) {
  hwr_bucket_t bucket;
  hwr_bucket_init(&bucket, 3, 10);
  take_all(&bucket, 5000);
  CHECK_INT(take_all(&bucket, 100), 0);
  CHECK_INT(take_all(&bucket, 5100), 1);
}

int
main(void) {
  RUN(a_burst_is_all_there_is_at_one_moment);
  RUN(tokens_come_back_at_the_rate);
  RUN(looking_often_does_not_lose_tokens);
  RUN(a_long_rest_never_gives_more_than_the_burst);
  RUN(time_that_goes_back_gives_nothing);
  return check_exit_code();
}
