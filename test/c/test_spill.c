/* SPDX-License-Identifier: MIT */
#include "core/spill.h"

#include <hawser/status.h>

#include "check.h"
#include "counting_mem.h"

static counting_mem_t books;
static hwr_mem_t mem;
static hwr_spill_t spill;
static uint8_t pattern[300000];

static void
fresh(void) {
  books = (counting_mem_t){0};
  mem = counting_mem(&books);
  hwr_spill_init(&spill);
  for (size_t i = 0; i < sizeof pattern; i++) pattern[i] = (uint8_t) (i * 31 + i / 256);
}

static int
push(uint32_t slot, uint32_t length) {
  hwr_frame_t frame = {length, HWR_REQUEST, HWR_FLAG_EXT, 0, slot, 1};
  hwr_slice_t slice = {pattern + slot, length};
  return hwr_spill_push(&spill, &mem, &frame, &slice, 1, 0);
}

static void
check_front(uint32_t slot, uint32_t skipped, uint32_t length) {
  hwr_frame_t frame;
  const uint8_t *body;
  REQUIRE(hwr_spill_front(&spill, &frame, &body));
  CHECK_INT(frame.slot, slot);
  CHECK_INT(frame.length_bytes, length);
  CHECK_MEM(body, pattern + slot + skipped, length);
}

TEST(records_come_out_in_the_order_in_which_they_went_in) {
  fresh();
  uint64_t held = 0;
  for (uint32_t i = 0; i < 500; i++) {
    CHECK_INT(push(i, i * 7), 0);
    held += hwr_frame_stride(i * 7);
  }
  CHECK_INT(spill.held_bytes, held);
  CHECK_INT(spill.record_count, 500);
  for (uint32_t i = 0; i < 500; i++) {
    check_front(i, 0, i * 7);
    hwr_spill_drop(&spill, &mem);
  }
  CHECK_INT(spill.held_bytes, 0);
  CHECK_INT(spill.record_count, 0);
  CHECK(spill.front == NULL && spill.back == NULL);
  hwr_spill_deinit(&spill, &mem);
  CHECK_INT(books.held_blocks, 0);
}

TEST(an_empty_spill_has_no_front) {
  fresh();
  hwr_frame_t frame;
  const uint8_t *body;
  CHECK(!hwr_spill_front(&spill, &frame, &body));
  hwr_spill_deinit(&spill, &mem);
}

TEST(a_record_is_gathered_from_its_slices_behind_what_is_skipped) {
  hwr_slice_t slices[] = {{pattern, 5}, {pattern + 5, 0}, {pattern + 5, 20}, {pattern + 25, 3}};
  for (size_t skip = 0; skip <= 28; skip++) {
    fresh();
    hwr_frame_t frame = {(uint32_t) (28 - skip), HWR_REQUEST, 0, 0, 0, 1};
    CHECK_INT(hwr_spill_push(&spill, &mem, &frame, slices, 4, skip), 0);
    check_front(0, (uint32_t) skip, (uint32_t) (28 - skip));
    hwr_spill_deinit(&spill, &mem);
  }
}

TEST(the_front_record_is_taken_in_pieces) {
  fresh();
  push(1, 100000);
  push(2, 10);
  uint32_t skipped = 0;
  for (; skipped < 100000 - 8000; skipped += 8000) {
    check_front(1, skipped, 100000 - skipped);
    hwr_spill_shorten(&spill, 8000);
  }
  hwr_frame_t frame;
  const uint8_t *body;
  CHECK(hwr_spill_front(&spill, &frame, &body));
  CHECK_INT(frame.flags & HWR_FLAG_EXT, 0);
  CHECK_INT(spill.held_bytes, hwr_frame_stride(100000 - skipped) + hwr_frame_stride(10));
  hwr_spill_drop(&spill, &mem);
  check_front(2, 0, 10);
  hwr_spill_deinit(&spill, &mem);
  CHECK_INT(books.held_blocks, 0);
}

TEST(pieces_of_eight_bytes_leave_the_last_byte_whole) {
  fresh();
  push(3, 25);
  hwr_spill_shorten(&spill, 8);
  check_front(3, 8, 17);
  hwr_spill_shorten(&spill, 16);
  check_front(3, 24, 1);
  hwr_spill_drop(&spill, &mem);
  CHECK_INT(spill.held_bytes, 0);
  hwr_spill_deinit(&spill, &mem);
}

TEST(a_flood_of_small_records_costs_few_allocations) {
  fresh();
  for (uint32_t i = 0; i < 10000; i++) CHECK_INT(push(i, 16), 0);
  CHECK(books.calls <= 6);
  CHECK(books.held_bytes < 2 * spill.held_bytes);
  hwr_spill_deinit(&spill, &mem);
}

TEST(a_spill_that_fills_and_empties_keeps_one_block) {
  fresh();
  for (int round = 0; round < 100; round++) {
    push(0, 60000);
    push(1, 60000);
    hwr_spill_drop(&spill, &mem);
    hwr_spill_drop(&spill, &mem);
  }
  CHECK_INT(books.held_blocks, 1);
  CHECK(books.calls <= 102);
  push(0, 250000); /* not kept */
  hwr_spill_drop(&spill, &mem);
  CHECK_INT(books.held_blocks, 1);
  hwr_spill_deinit(&spill, &mem);
  CHECK_INT(books.held_blocks, 0);
}

TEST(a_failed_allocation_leaves_the_spill_as_it_was) {
  fresh();
  push(0, 60000);
  books.fail_call = books.calls + 1;
  CHECK_INT(push(1, 60000), HWR_ENOMEM);
  CHECK_INT(spill.record_count, 1);
  CHECK_INT(spill.held_bytes, hwr_frame_stride(60000));
  CHECK_INT(push(1, 60000), 0);
  check_front(0, 0, 60000);
  hwr_spill_drop(&spill, &mem);
  check_front(1, 0, 60000);
  hwr_spill_deinit(&spill, &mem);
  CHECK_INT(books.held_blocks, 0);
}

int
main(void) {
  RUN(records_come_out_in_the_order_in_which_they_went_in);
  RUN(an_empty_spill_has_no_front);
  RUN(a_record_is_gathered_from_its_slices_behind_what_is_skipped);
  RUN(the_front_record_is_taken_in_pieces);
  RUN(pieces_of_eight_bytes_leave_the_last_byte_whole);
  RUN(a_flood_of_small_records_costs_few_allocations);
  RUN(a_spill_that_fills_and_empties_keeps_one_block);
  RUN(a_failed_allocation_leaves_the_spill_as_it_was);
  return check_exit_code();
}
