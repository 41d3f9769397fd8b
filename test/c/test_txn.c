/* SPDX-License-Identifier: MIT */
#include "core/txn.h"

#include <hawser/status.h>

#include "check.h"
#include "counting_mem.h"

static counting_mem_t books;
static hwr_mem_t mem;

static void
fresh(void) {
  books = (counting_mem_t){0};
  mem = counting_mem(&books);
}

static int
open_call(hwr_calls_t *calls, uint32_t slot, uint32_t generation, uint64_t deadline_ms) {
  return hwr_calls_open(calls, &mem, slot, generation, HWR_CALL_SENT, deadline_ms);
}

TEST(a_call_is_found_by_slot_and_generation_only) {
  fresh();
  hwr_calls_t calls;
  hwr_calls_init(&calls);
  CHECK(hwr_calls_find(&calls, 0, 0) == NULL);
  CHECK_INT(open_call(&calls, 5, 7, HWR_NO_DEADLINE), 0);
  CHECK(hwr_calls_find(&calls, 5, 7) != NULL);
  CHECK(hwr_calls_find(&calls, 5, 6) == NULL);
  CHECK(hwr_calls_find(&calls, 4, 7) == NULL);
  CHECK(hwr_calls_find(&calls, 4, 0) == NULL); /* a free slot is no call of generation 0 */
  CHECK(hwr_calls_find(&calls, UINT32_MAX, 7) == NULL);
  hwr_calls_close(&calls, hwr_calls_find(&calls, 5, 7));
  CHECK(hwr_calls_find(&calls, 5, 7) == NULL);
  CHECK_INT(calls.open_count, 0);
  hwr_calls_deinit(&calls, &mem);
  CHECK_INT(books.held_blocks, 0);
}

TEST(a_generation_may_wrap_W9) {
  fresh();
  hwr_calls_t calls;
  hwr_calls_init(&calls);
  for (uint32_t generation = UINT32_MAX - 1, i = 0; i < 4; i++, generation++) {
    CHECK_INT(open_call(&calls, 1, generation, HWR_NO_DEADLINE), 0);
    CHECK(hwr_calls_find(&calls, 1, generation - 1) == NULL);
    hwr_call_t *call = hwr_calls_find(&calls, 1, generation);
    REQUIRE(call != NULL);
    hwr_calls_close(&calls, call);
  }
  hwr_calls_deinit(&calls, &mem);
}

TEST(an_open_slot_and_one_out_of_range_are_refused) {
  fresh();
  hwr_calls_t calls;
  hwr_calls_init(&calls);
  CHECK_INT(open_call(&calls, HWR_MAX_SLOTS, 1, 1), HWR_EBADARG);
  CHECK_INT(open_call(&calls, UINT32_MAX, 1, 1), HWR_EBADARG);
  CHECK_INT(open_call(&calls, HWR_MAX_SLOTS - 1, 1, 1), 0);
  CHECK_INT(open_call(&calls, HWR_MAX_SLOTS - 1, 2, 1), HWR_EBADARG);
  CHECK_INT(calls.open_count, 1);
  CHECK_INT(calls.capacity_count, HWR_MAX_SLOTS);
  hwr_calls_deinit(&calls, &mem);
}

static int
walk_due(hwr_calls_t *calls, uint64_t now_ms, uint32_t *slots) {
  hwr_calls_walk_t walk = {0, HWR_NO_DEADLINE};
  uint32_t slot;
  int count = 0;
  while (hwr_calls_due(calls, now_ms, &walk, &slot)) {
    slots[count++] = slot;
    hwr_calls_close(calls, &calls->table[slot]);
  }
  return count;
}

TEST(a_walk_finds_the_calls_that_are_due_and_the_next_deadline) {
  fresh();
  hwr_calls_t calls;
  uint32_t due[8];
  hwr_calls_init(&calls);
  open_call(&calls, 3, 1, 30);
  open_call(&calls, 1, 1, 10);
  open_call(&calls, 2, 1, HWR_NO_DEADLINE);
  open_call(&calls, 200, 1, 10);
  CHECK_INT(calls.earliest_ms, 10);
  CHECK_INT(walk_due(&calls, 9, due), 0);
  CHECK_INT(walk_due(&calls, 10, due), 2);
  CHECK_INT(due[0], 1);
  CHECK_INT(due[1], 200);
  CHECK_INT(calls.earliest_ms, 30);
  CHECK_INT(walk_due(&calls, UINT64_MAX - 1, due), 1);
  CHECK(calls.earliest_ms == HWR_NO_DEADLINE);
  CHECK_INT(calls.open_count, 1);
  hwr_calls_deinit(&calls, &mem);
}

TEST(closing_the_earliest_call_costs_one_walk_and_no_call_is_missed) {
  fresh();
  hwr_calls_t calls;
  uint32_t due[8];
  hwr_calls_init(&calls);
  open_call(&calls, 0, 1, 10);
  open_call(&calls, 1, 1, 20);
  hwr_calls_close(&calls, hwr_calls_find(&calls, 0, 1));
  CHECK_INT(walk_due(&calls, 15, due), 0);
  CHECK_INT(calls.earliest_ms, 20);
  CHECK_INT(walk_due(&calls, 20, due), 1);
  CHECK(calls.earliest_ms == HWR_NO_DEADLINE);
  hwr_calls_deinit(&calls, &mem);
}

/* P4.1, P4.2 */
TEST(a_served_slot_is_open_once_W9) {
  fresh();
  hwr_serving_t serving;
  hwr_serving_init(&serving);
  CHECK(!hwr_serving_close(&serving, 0, 0));
  CHECK_INT(hwr_serving_open(&serving, &mem, 9, 4), 0);
  CHECK_INT(hwr_serving_open(&serving, &mem, 9, 4), HWR_EPROTO);
  CHECK_INT(hwr_serving_open(&serving, &mem, HWR_MAX_SLOTS, 5), HWR_EPROTO);
  CHECK_INT(serving.open_count, 1);
  CHECK(!hwr_serving_close(&serving, 9, 5));
  CHECK(hwr_serving_close(&serving, 9, 4));
  CHECK(!hwr_serving_close(&serving, 9, 4));
  CHECK_INT(hwr_serving_open(&serving, &mem, 9, 5), 0);
  CHECK(!hwr_serving_forget(&serving));
  CHECK_INT(hwr_serving_open(&serving, &mem, 9, 6), 0); /* its caller gave 5 up */
  CHECK_INT(serving.open_count, 1);
  CHECK(!hwr_serving_close(&serving, 9, 5));
  CHECK(hwr_serving_forget(&serving));
  CHECK(!hwr_serving_forget(&serving));
  hwr_serving_deinit(&serving, &mem);
  CHECK_INT(books.held_blocks, 0);
}

/* P4.14 */
TEST(a_served_call_is_given_up_once_and_stays_open) {
  fresh();
  hwr_serving_t serving;
  hwr_serving_init(&serving);
  CHECK(!hwr_serving_cancel(&serving, 9, 4));
  CHECK_INT(hwr_serving_open(&serving, &mem, 9, 4), 0);
  CHECK(!hwr_serving_cancel(&serving, 9, 5));
  CHECK(hwr_serving_cancel(&serving, 9, 4));
  CHECK(!hwr_serving_cancel(&serving, 9, 4));
  CHECK_INT(serving.open_count, 1);
  CHECK_INT(hwr_serving_open(&serving, &mem, 9, 4), HWR_EPROTO);
  CHECK(hwr_serving_close(&serving, 9, 4));
  CHECK(!hwr_serving_cancel(&serving, 9, 4));
  hwr_serving_deinit(&serving, &mem);
}

TEST(a_failed_allocation_changes_nothing) {
  for (uint64_t fail = 1; fail <= 4; fail++) {
    fresh();
    books.fail_call = fail;
    hwr_serving_t serving;
    hwr_calls_t calls;
    hwr_serving_init(&serving);
    hwr_calls_init(&calls);
    for (uint32_t slot = 0; slot <= 64; slot += 64) {
      int err = hwr_serving_open(&serving, &mem, slot, 1);
      CHECK_INT(err, books.failed ? HWR_ENOMEM : 0);
      books.failed = false;
      if (err) CHECK_INT(hwr_serving_open(&serving, &mem, slot, 1), 0);
    }
    CHECK_INT(serving.open_count, 2);
    books.fail_call = books.calls + 1;
    CHECK_INT(open_call(&calls, 1, 1, 5), HWR_ENOMEM);
    CHECK_INT(calls.open_count, 0);
    CHECK(calls.earliest_ms == HWR_NO_DEADLINE);
    CHECK_INT(open_call(&calls, 1, 1, 5), 0);
    hwr_serving_deinit(&serving, &mem);
    hwr_calls_deinit(&calls, &mem);
    CHECK_INT(books.held_blocks, 0);
  }
}

int
main(void) {
  RUN(a_call_is_found_by_slot_and_generation_only);
  RUN(a_generation_may_wrap_W9);
  RUN(an_open_slot_and_one_out_of_range_are_refused);
  RUN(a_walk_finds_the_calls_that_are_due_and_the_next_deadline);
  RUN(closing_the_earliest_call_costs_one_walk_and_no_call_is_missed);
  RUN(a_served_slot_is_open_once_W9);
  RUN(a_served_call_is_given_up_once_and_stays_open);
  RUN(a_failed_allocation_changes_nothing);
  return check_exit_code();
}
