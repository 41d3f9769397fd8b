/* SPDX-License-Identifier: MIT */
#include "core/flow.h"

#include <hawser/status.h>

#include "check.h"

TEST(credit_is_taken_up_to_the_limit_and_not_past_it) {
  hwr_credit_t credit = {100, 0};
  CHECK(hwr_credit_take(&credit, 60));
  CHECK(!hwr_credit_take(&credit, 41));
  CHECK_INT(credit.used, 60);
  CHECK(hwr_credit_take(&credit, 40));
  CHECK(hwr_credit_take(&credit, 0));
  CHECK(!hwr_credit_take(&credit, 1));
}

/* P5.3 */
TEST(credit_never_shrinks_W12) {
  hwr_credit_t credit = {100, 50};
  CHECK_INT(hwr_credit_grant(&credit, 99), HWR_EPROTO);
  CHECK_INT(hwr_credit_grant(&credit, 0), HWR_EPROTO);
  CHECK_INT(hwr_credit_grant(&credit, 100), 0);
  CHECK_INT(hwr_credit_grant(&credit, 101), 1);
  CHECK_INT(credit.limit, 101);
}

TEST(the_largest_grant_cannot_overflow_W12) {
  hwr_credit_t credit = {UINT64_MAX - 1, UINT64_MAX - 8};
  CHECK_INT(hwr_credit_grant(&credit, UINT64_MAX), 1);
  CHECK(!hwr_credit_take(&credit, UINT64_MAX));
  CHECK(hwr_credit_take(&credit, 8));
  CHECK(!hwr_credit_take(&credit, 1));
}

/* P5.2 */
TEST(a_window_refuses_what_was_not_granted) {
  hwr_window_t window;
  hwr_window_init(&window, 100);
  CHECK_INT(hwr_window_receive(&window, 100), 0);
  CHECK_INT(hwr_window_receive(&window, 1), HWR_EPROTO);
  CHECK_INT(hwr_window_receive(&window, UINT64_MAX), HWR_EPROTO);
  CHECK_INT(window.received, 100);
}

/* P5.4 */
TEST(a_grant_is_due_at_half_a_window) {
  hwr_window_t window;
  hwr_window_init(&window, 100);
  hwr_window_receive(&window, 80);
  CHECK(!hwr_window_due(&window));
  hwr_window_return(&window, 49);
  CHECK(!hwr_window_due(&window));
  hwr_window_return(&window, 1);
  CHECK(hwr_window_due(&window));
  CHECK_INT(hwr_window_grant(&window), 150);
  CHECK(!hwr_window_due(&window));
}

TEST(a_window_of_one_is_granted_one_at_a_time) {
  hwr_window_t window;
  hwr_window_init(&window, 1);
  CHECK(!hwr_window_due(&window));
  hwr_window_receive(&window, 1);
  CHECK(!hwr_window_due(&window));
  hwr_window_return(&window, 1);
  CHECK(hwr_window_due(&window));
  CHECK_INT(hwr_window_grant(&window), 2);
}

TEST(a_window_of_nothing_is_never_due) {
  hwr_window_t window;
  hwr_window_init(&window, 0);
  CHECK(!hwr_window_due(&window));
  CHECK_INT(hwr_window_receive(&window, 1), HWR_EPROTO);
}

/* P5.4 */
TEST(a_window_that_is_used_up_is_granted_as_soon_as_anything_is_free) {
  hwr_window_t window;
  hwr_window_init(&window, 10);
  CHECK(!hwr_window_exhausted(&window));
  hwr_window_receive(&window, 9);
  hwr_window_return(&window, 1);
  CHECK(!hwr_window_exhausted(&window));
  hwr_window_receive(&window, 1);
  CHECK(hwr_window_exhausted(&window));
  CHECK(!hwr_window_due(&window));
  CHECK_INT(hwr_window_grant(&window), 11);
  CHECK(!hwr_window_exhausted(&window));
  hwr_window_receive(&window, 1);
  CHECK(!hwr_window_exhausted(&window)); /* nothing has come back */
}

/* Whatever the sizes, a sender that needs no more than half a window is never stuck. */
TEST(half_a_window_is_always_either_free_or_due) {
  for (uint64_t size = 1; size < 40; size++)
    for (uint64_t step = 1; step <= (size + 1) / 2; step++) {
      hwr_window_t window;
      hwr_window_init(&window, size);
      for (int i = 0; i < 100; i++) {
        if (window.granted - window.received < step) {
          REQUIRE(hwr_window_due(&window));
          hwr_window_grant(&window);
        }
        REQUIRE(hwr_window_receive(&window, step) == 0);
        hwr_window_return(&window, step);
      }
    }
}

int
main(void) {
  RUN(credit_is_taken_up_to_the_limit_and_not_past_it);
  RUN(credit_never_shrinks_W12);
  RUN(the_largest_grant_cannot_overflow_W12);
  RUN(a_window_refuses_what_was_not_granted);
  RUN(a_grant_is_due_at_half_a_window);
  RUN(a_window_of_one_is_granted_one_at_a_time);
  RUN(a_window_of_nothing_is_never_due);
  RUN(a_window_that_is_used_up_is_granted_as_soon_as_anything_is_free);
  RUN(half_a_window_is_always_either_free_or_due);
  return check_exit_code();
}
