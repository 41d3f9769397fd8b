/* SPDX-License-Identifier: MIT */
#include <hawser/status.h>

#include "check.h"

static const int CODES[] = {
#define X(name, code, text) code,
    HWR_STATUS_MAP(X)
#undef X
};
enum { COUNT = sizeof CODES / sizeof *CODES };

TEST(every_status_has_a_name_and_a_text_of_its_own) {
  for (int i = 0; i < COUNT; i++)
    for (int j = 0; j < i; j++) {
      CHECK(CODES[i] != CODES[j]);
      CHECK(strcmp(hwr_status_name(CODES[i]), hwr_status_name(CODES[j])) != 0);
      CHECK(strcmp(hwr_status_text(CODES[i]), hwr_status_text(CODES[j])) != 0);
    }
  CHECK_STR(hwr_status_name(HWR_EPROTO), "HWR_EPROTO");
}

TEST(codes_lie_below_those_of_libuv) {
  for (int i = 0; i < COUNT; i++) CHECK(CODES[i] < -4095);
}

TEST(a_broken_rule_is_fatal_and_a_full_queue_is_not) {
  CHECK(HWR_EPROTO <= HWR_FATAL && HWR_ESTRIKES <= HWR_FATAL && HWR_ENOMEM <= HWR_FATAL);
  CHECK(HWR_EOVERLOAD > HWR_FATAL && HWR_EBADARG > HWR_FATAL && HWR_EAGAIN > HWR_FATAL);
}

TEST(unknown_codes_have_a_text_too) {
  CHECK_STR(hwr_status_name(0), "HWR_UNKNOWN");
  CHECK_STR(hwr_status_name(-1), "HWR_UNKNOWN");
  CHECK_STR(hwr_status_text(12345), "unknown status");
}

int
main(void) {
  RUN(every_status_has_a_name_and_a_text_of_its_own);
  RUN(codes_lie_below_those_of_libuv);
  RUN(a_broken_rule_is_fatal_and_a_full_queue_is_not);
  RUN(unknown_codes_have_a_text_too);
  return check_exit_code();
}
