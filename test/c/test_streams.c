/* SPDX-License-Identifier: MIT */
#include "core/streams.h"

#include "check.h"
#include "counting_mem.h"

#include <hawser/status.h>

static hwr_streams_t all;
static counting_mem_t books;
static hwr_mem_t mem;

static void
open_all(uint64_t budget_bytes) {
  books = (counting_mem_t){0};
  mem = counting_mem(&books);
  hwr_streams_init(&all, budget_bytes);
}

static void
close_all(void) {
  hwr_streams_deinit(&all, &mem);
  CHECK_INT(books.held_blocks, 0);
}

static hwr_stream_t *
open_one(void) {
  hwr_stream_t *stream = NULL;
  REQUIRE(hwr_streams_open(&all, &mem, 2, &stream) == 0);
  stream->accepted = true;
  return stream;
}

static void
end_both(hwr_stream_t *stream) {
  stream->sending = HWR_HALF_OVER;
  hwr_streams_end_receiving(&all, stream);
  CHECK(hwr_streams_remove_if_over(&all, &mem, stream));
}

/* Grant what may be granted; returns how much more that is. */
static uint64_t
grant(hwr_stream_t *stream) {
  uint64_t before = stream->window_bytes.granted, bytes, messages;
  hwr_streams_grants(&all, stream, &bytes, &messages);
  hwr_streams_granted(&all, stream, bytes, messages);
  return bytes - before;
}

/* P11.2 */
TEST(each_end_takes_the_lowest_free_slot_of_its_own) {
  open_all(0);
  hwr_stream_t *streams[3], *peers;
  for (uint32_t i = 0; i < 3; i++) {
    streams[i] = open_one();
    CHECK_INT(streams[i]->slot, 2 + 2 * i);
  }
  CHECK_INT(hwr_streams_adopt(&all, &mem, 1, 1, 9, &peers), 0);
  end_both(streams[1]);
  CHECK(hwr_streams_find(&all, 4, 2) == NULL);
  hwr_stream_t *again = open_one();
  CHECK_INT(again->slot, 4);
  CHECK_INT(again->generation, 4);
  CHECK(hwr_streams_find(&all, 4, 4) == again);
  CHECK(hwr_streams_find(&all, 1, 9) == peers);
  CHECK(hwr_streams_find(&all, 1, 8) == NULL);
  CHECK(hwr_streams_find(&all, UINT32_MAX, 0) == NULL);
  close_all();
}

/* P11.2 */
TEST(a_peer_opens_in_its_own_free_slots_only) {
  open_all(0);
  hwr_stream_t *stream;
  const uint32_t wrong[] = {0, 2, 2048, 2049, 2050, UINT32_MAX};
  for (size_t i = 0; i < 6; i++)
    CHECK_INT(hwr_streams_adopt(&all, &mem, 1, wrong[i], 1, &stream), HWR_EPROTO);
  CHECK_INT(hwr_streams_adopt(&all, &mem, 1, 2047, 1, &stream), 0);
  CHECK_INT(hwr_streams_adopt(&all, &mem, 1, 2047, 2, &stream), HWR_EPROTO);
  close_all();
  open_all(0);
  CHECK_INT(hwr_streams_adopt(&all, &mem, 2, 0, 1, &stream), HWR_EPROTO);
  CHECK_INT(hwr_streams_adopt(&all, &mem, 2, 2048, 1, &stream), 0);
  close_all();
}

TEST(a_stream_goes_when_both_directions_are_over_not_before) {
  open_all(0);
  hwr_stream_t *stream = open_one();
  CHECK(!hwr_streams_remove_if_over(&all, &mem, stream));
  stream->sending = HWR_HALF_RESETTING;
  stream->receiving = HWR_HALF_OVER;
  CHECK(!hwr_streams_remove_if_over(&all, &mem, stream));
  stream->sending = HWR_HALF_OVER;
  CHECK(hwr_streams_remove_if_over(&all, &mem, stream));
  CHECK_INT(all.open_count + all.ours_count, 0);
  CHECK_INT(all.late_credits, HWR_LATE_CREDITS);
  CHECK_INT(all.late_resets, 1);
  close_all();
}

TEST(lines_are_first_in_first_out_and_take_each_once) {
  open_all(0);
  hwr_stream_t *a = open_one(), *b = open_one(), *c = open_one();
  const hwr_line_t *line = &all.lines[HWR_LINE_OWED];
  hwr_streams_join(&all, a, HWR_LINE_OWED);
  hwr_streams_join(&all, b, HWR_LINE_OWED);
  hwr_streams_join(&all, a, HWR_LINE_OWED);
  hwr_streams_join(&all, c, HWR_LINE_OWED);
  CHECK(line->first == a && line->last == c);
  hwr_streams_leave(&all, b, HWR_LINE_OWED);
  hwr_streams_leave(&all, b, HWR_LINE_OWED);
  hwr_streams_leave(&all, a, HWR_LINE_OWED);
  CHECK(line->first == c && line->last == c);
  CHECK(all.lines[HWR_LINE_READY].first == NULL);
  end_both(c); /* who goes leaves all lines */
  CHECK(line->first == NULL && line->last == NULL);
  close_all();
}

/* P11.8 */
TEST(windows_beyond_the_ordinary_come_out_of_the_budget_and_go_back_into_it) {
  open_all(100000);
  hwr_stream_t *a = open_one(), *b = open_one(), *c = open_one();
  a->window_bytes.size = b->window_bytes.size = 80000;
  c->window_bytes.size = 5000;
  CHECK_INT(grant(a), 80000);
  CHECK_INT(grant(b), 20000);
  CHECK_INT(grant(c), 5000); /* not more than it wants */
  CHECK_INT(all.outstanding_bytes, 105000);
  hwr_window_receive(&a->window_bytes, 80000);
  hwr_streams_return(&all, a, 80000, 0);
  CHECK_INT(all.outstanding_bytes, 25000);
  hwr_window_receive(&b->window_bytes, 20000);
  hwr_streams_return(&all, b, 20000, 0);
  CHECK_INT(grant(b), 80000);
  CHECK_INT(grant(a), HWR_ORDINARY_STREAM_WINDOW);
  end_both(b);
  CHECK_INT(all.outstanding_bytes, 5000 + HWR_ORDINARY_STREAM_WINDOW);
  CHECK_INT(grant(a), 80000 - HWR_ORDINARY_STREAM_WINDOW);
  close_all();
}

TEST(a_window_that_shrinks_takes_nothing_back) {
  open_all(100000);
  hwr_stream_t *a = open_one(), *b = open_one();
  a->window_bytes.size = b->window_bytes.size = 90000;
  CHECK_INT(grant(a), 90000);
  CHECK_INT(grant(b), HWR_ORDINARY_STREAM_WINDOW);
  hwr_window_receive(&a->window_bytes, 1000);
  hwr_streams_return(&all, a, 1000, 0);
  CHECK_INT(grant(a), 0);
  CHECK(!hwr_streams_grant_due(&all, a));
  close_all();
}

TEST(each_failed_allocation_changes_nothing) {
  for (uint64_t n = 1; n <= 2; n++) {
    open_all(0);
    books.fail_call = n;
    hwr_stream_t *stream;
    CHECK_INT(hwr_streams_open(&all, &mem, 2, &stream), HWR_ENOMEM);
    CHECK_INT(all.open_count + all.ours_count, 0);
    CHECK_INT(open_one()->slot, 2);
    close_all();
  }
}

int
main(void) {
  RUN(each_end_takes_the_lowest_free_slot_of_its_own);
  RUN(a_peer_opens_in_its_own_free_slots_only);
  RUN(a_stream_goes_when_both_directions_are_over_not_before);
  RUN(lines_are_first_in_first_out_and_take_each_once);
  RUN(windows_beyond_the_ordinary_come_out_of_the_budget_and_go_back_into_it);
  RUN(a_window_that_shrinks_takes_nothing_back);
  RUN(each_failed_allocation_changes_nothing);
  return check_exit_code();
}
