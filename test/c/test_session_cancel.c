/* SPDX-License-Identifier: MIT
 *
 * A caller gives up: CANCEL, what it withdraws, and what it leaves alone.
 */
#include "session_pair.h"

static pair_t pair;
static end_t end;
static frames_t frames;

static void
check_seen(const seen_t *seen, uint32_t kind, uint32_t slot, uint32_t generation) {
  CHECK_INT(seen->kind, kind);
  CHECK_INT(seen->slot, slot);
  CHECK_INT(seen->generation, generation);
}

/* P4.14, P4.4 */
TEST(the_peer_is_told_and_its_answer_is_dropped_once) {
  pair_open(&pair, &DEFAULTS);
  end_call(&pair.host, 3, 7, "x", 1);
  pair_run(&pair);
  end_cancel(&pair.host, 3, 7);
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_CANCEL, 3, 7);
  CHECK_INT(hwr_session_open_calls(pair.host.session), 0);
  CHECK_INT(hwr_session_open_requests(pair.worker.session), 1);
  end_answer(&pair.worker, 3, 7, "late", 4);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 0);
  CHECK_INT(hwr_session_open_requests(pair.worker.session), 0);
  pair_close(&pair);
}

TEST(a_late_answer_is_told_of_when_that_was_asked_for) {
  pair_open(&pair, &DEFAULTS);
  CHECK(!hwr_session_is_sent(pair.host.session, 3, 7));
  end_call(&pair.host, 3, 7, "x", 1);
  pair_run(&pair);
  CHECK(hwr_session_is_sent(pair.host.session, 3, 7));
  CHECK(!hwr_session_is_sent(pair.host.session, 3, 8));
  hwr_session_tell_late(pair.host.session);
  end_cancel(&pair.host, 3, 7);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 0);
  end_answer(&pair.worker, 3, 7, "late", 4);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 1);
  check_seen(end_last(&pair.host), HWR_EV_LATE, 3, 7);
  CHECK_INT(end_last(&pair.host)->length, 0);
  end_call(&pair.host, 3, 8, "y", 1);
  pair_run(&pair);
  end_answer(&pair.worker, 3, 8, "now", 3);
  pair_run(&pair);
  check_seen(end_last(&pair.host), HWR_EV_RESPONSE, 3, 8);
  pair_close(&pair);
}

TEST(a_late_answer_of_many_chunks_is_told_of_once) {
  static uint8_t big[2 << 20];
  pair_open(&pair, &DEFAULTS);
  hwr_session_tell_late(pair.host.session);
  end_call(&pair.host, 3, 7, "x", 1);
  pair_run(&pair);
  end_cancel(&pair.host, 3, 7);
  end_answer(&pair.worker, 3, 7, big, sizeof big);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 1);
  check_seen(end_last(&pair.host), HWR_EV_LATE, 3, 7);
  pair_close(&pair);
}

TEST(a_call_that_waits_is_not_sent) {
  settings_t narrow = DEFAULTS;
  narrow.window_messages = 1;
  pair_open(&pair, &narrow);
  for (uint32_t slot = 1; slot <= 2; slot++) end_call(&pair.host, slot, 1, "x", 1);
  pair_run(&pair);
  CHECK(hwr_session_is_sent(pair.host.session, 1, 1));
  CHECK(!hwr_session_is_sent(pair.host.session, 2, 1));
  pair_close(&pair);
}

TEST(a_call_and_its_cancel_in_one_flush_arrive_in_this_order) {
  pair_open(&pair, &DEFAULTS);
  end_call(&pair.host, 3, 7, "x", 1);
  end_cancel(&pair.host, 3, 7);
  end_call(&pair.host, 3, 8, "y", 1); /* the slot again */
  pair_run(&pair);
  REQUIRE(pair.worker.log_count == 3);
  check_seen(&pair.worker.log[0], HWR_EV_REQUEST, 3, 7);
  check_seen(&pair.worker.log[1], HWR_EV_CANCEL, 3, 7);
  check_seen(&pair.worker.log[2], HWR_EV_REQUEST, 3, 8);
  pair_close(&pair);
}

/* P5.5 */
TEST(what_waits_is_withdrawn_and_credit_comes_back_with_the_answer_only) {
  settings_t narrow = DEFAULTS;
  narrow.window_messages = 1;
  pair_open(&pair, &narrow);
  for (uint32_t slot = 1; slot <= 3; slot++) end_call(&pair.host, slot, 1, "x", 1);
  end_cancel(&pair.host, 2, 1);
  end_cancel(&pair.host, 1, 1);
  pair_run(&pair);
  REQUIRE(pair.worker.log_count == 2);
  check_seen(&pair.worker.log[0], HWR_EV_REQUEST, 1, 1);
  check_seen(&pair.worker.log[1], HWR_EV_CANCEL, 1, 1);
  end_answer(&pair.worker, 1, 1, NULL, 0);
  pair_run(&pair);
  REQUIRE(pair.worker.log_count == 3);
  check_seen(&pair.worker.log[2], HWR_EV_REQUEST, 3, 1);
  CHECK_INT(hwr_session_held_records(pair.host.session), 0);
  pair_close(&pair);
}

TEST(a_call_that_waits_in_the_lane_is_withdrawn) {
  settings_t small = DEFAULTS;
  small.ring_bytes = 8192;
  static const uint8_t body[20000];
  lone_open(&end, HWR_HOST, &small);
  frames_t sent = {0};
  end_post(&end, body, sizeof body);
  end_call(&end, 1, 1, "x", 1);
  CHECK_INT(end_flush(&end), 0);
  CHECK(hwr_session_held_records(end.session) > 0);
  end_cancel(&end, 1, 1);
  for (int i = 0; i < 40; i++) {
    CHECK_INT(end_flush(&end), 0);
    collect(&end, &sent);
  }
  CHECK_INT(hwr_session_held_records(end.session), 0);
  hwr_frame_t frame;
  for (size_t at = 0; next_frame(&sent, &at, &frame);)
    CHECK(frame.type != HWR_CANCEL && (frame.type != HWR_REQUEST || frame.flags & 0x20));
  frames_free(&sent);
  end_close(&end);
}

TEST(it_comes_behind_all_chunks_of_its_request) {
  settings_t small = DEFAULTS;
  small.ring_bytes = 4096;
  static const uint8_t body[50000];
  pair_open(&pair, &small);
  end_call(&pair.host, 1, 1, body, sizeof body);
  end_flush(&pair.host); /* begun */
  end_cancel(&pair.host, 1, 1);
  pair_run(&pair);
  REQUIRE(pair.worker.log_count == 2);
  check_seen(&pair.worker.log[0], HWR_EV_REQUEST, 1, 1);
  CHECK_INT(pair.worker.log[0].length, sizeof body);
  check_seen(&pair.worker.log[1], HWR_EV_CANCEL, 1, 1);
  pair_close(&pair);
}

TEST(a_deadline_that_passes_tells_the_peer_of_what_it_has_seen) {
  settings_t narrow = DEFAULTS;
  narrow.window_messages = 1;
  pair_open(&pair, &narrow);
  for (uint32_t slot = 1; slot <= 2; slot++)
    end_send(&pair.host, make_word(HWR_REQUEST, 1, 0), slot, 1, 10, "x", 1);
  pair_run(&pair);
  hwr_session_tick(pair.host.session, 10);
  end_take(&pair.host);
  CHECK_INT(end_count(&pair.host, HWR_EV_TIMEOUT), 2);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_CANCEL), 1);
  check_seen(end_last(&pair.worker), HWR_EV_CANCEL, 1, 1);
  pair_close(&pair);
}

TEST(a_deadline_of_a_ping_tells_nobody) {
  pair_open(&pair, &DEFAULTS);
  CHECK_INT(hwr_session_ping(pair.host.session, 1, 1, 5), 0);
  end_flush(&pair.host);
  hwr_session_tick(pair.host.session, 5);
  end_take(&pair.host);
  pair_run(&pair);
  CHECK_INT(pair.worker.log_count, 0);
  CHECK(pair.worker.status == 0);
  pair_close(&pair);
}

TEST(without_memory_a_deadline_passes_all_the_same) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  end_send(&end, make_word(HWR_REQUEST, 1, 0), 1, 1, 10, "x", 1);
  end_flush(&end);
  end.books.fail_call = end.books.calls + 1;
  hwr_session_tick(end.session, 10);
  end_take(&end);
  CHECK(end.books.failed);
  check_seen(end_last(&end), HWR_EV_TIMEOUT, 1, 1);
  CHECK_INT(end_flush(&end), 0);
  end_close(&end);
}

TEST(of_a_call_that_was_answered_nothing_is_sent) {
  pair_open(&pair, &DEFAULTS);
  end_call(&pair.host, 3, 7, "x", 1);
  pair_run(&pair);
  end_answer(&pair.worker, 3, 7, NULL, 0);
  pair_run(&pair);
  end_cancel(&pair.host, 3, 7);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_CANCEL), 0);
  CHECK_INT(pair.worker.log_count, 1);
  pair_close(&pair);
}

/* P4.15 */
TEST(each_call_allows_one_and_more_are_strikes_W9) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
  PUT(&frames, .type = HWR_REQUEST, .slot = 1, .generation = 1);
  PUT(&frames, .type = HWR_REQUEST, .slot = 2, .generation = 1);
  PUT(&frames, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  for (int i = 0; i < 102; i++) PUT(&frames, .type = HWR_CANCEL, .slot = 1, .generation = 1);
  CHECK_INT(feed_frames(&end, &frames), 0); /* two allowed, a hundred strikes */
  CHECK_INT(end_count(&end, HWR_EV_CANCEL), 1);
  PUT(&frames, .type = HWR_CANCEL, .slot = 1, .generation = 1);
  CHECK_INT(feed_frames(&end, &frames), HWR_ESTRIKES);
  CHECK_STR(hwr_session_rule(end.session), "P4.15");
  end_close(&end);
}

TEST(that_names_no_open_request_means_nothing_W9) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
  for (uint32_t slot = 1; slot <= 4; slot++)
    PUT(&frames, .type = HWR_REQUEST, .slot = slot, .generation = 1);
  PUT(&frames, .type = HWR_CANCEL, .slot = 1, .generation = 2);
  PUT(&frames, .type = HWR_CANCEL, .slot = 9, .generation = 1);
  PUT(&frames, .type = HWR_CANCEL, .slot = UINT32_MAX, .generation = 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end_count(&end, HWR_EV_CANCEL), 0);
  CHECK_INT(hwr_session_open_requests(end.session), 4);
  end_close(&end);
}

/* ---- PROGRESS */

/* P4.18 */
TEST(progress_reaches_its_call_until_that_is_answered_or_given_up) {
  pair_open(&pair, &DEFAULTS);
  uint32_t word = make_word(HWR_PROGRESS, 1, 0);
  end_call(&pair.host, 3, 7, "x", 1);
  end_call(&pair.host, 4, 1, "x", 1);
  end_send(&pair.worker, word, 3, 7, 0, "early", 5);
  end_flush(&pair.worker); /* before the call is there */
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 0);
  end_send(&pair.worker, word, 3, 7, 0, "half", 4);
  end_send(&pair.worker, word, 3, 8, 0, "other", 5);
  end_answer(&pair.worker, 3, 7, "done", 4);
  end_send(&pair.worker, word, 3, 7, 0, "late", 4);
  pair_run(&pair);
  REQUIRE(pair.host.log_count == 2);
  check_seen(&pair.host.log[0], HWR_EV_PROGRESS, 3, 7);
  CHECK(pair.host.log[0].hash == hash_bytes((const uint8_t *) "half", 4));
  check_seen(&pair.host.log[1], HWR_EV_RESPONSE, 3, 7);
  end_cancel(&pair.host, 4, 1);
  end_flush(&pair.host);
  end_send(&pair.worker, word, 4, 1, 0, "crosses", 7);
  pair_run(&pair);
  end_send(&pair.worker, word, 4, 1, 0, "unsent", 6);
  uint64_t moved = pair.moved_bytes;
  pair_run(&pair);
  CHECK_INT(pair.moved_bytes, moved);
  CHECK_INT(pair.host.log_count, 2);
  pair_close(&pair);
}

TEST(progress_of_no_call_is_a_strike_W8) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  CHECK_INT(hwr_session_ping(end.session, 6, 1, HWR_NO_DEADLINE), 0);
  for (int i = 0; i < 101; i++)
    PUT(&frames, .type = HWR_PROGRESS, .slot = 5 + (i & 1), .generation = 1);
  CHECK_INT(feed_frames(&end, &frames), HWR_ESTRIKES);
  CHECK_STR(hwr_session_rule(end.session), "P4.18");
  CHECK_INT(end.log_count, 0);
  end_close(&end);
}

int
main(void) {
  RUN(the_peer_is_told_and_its_answer_is_dropped_once);
  RUN(a_late_answer_is_told_of_when_that_was_asked_for);
  RUN(a_late_answer_of_many_chunks_is_told_of_once);
  RUN(a_call_that_waits_is_not_sent);
  RUN(a_call_and_its_cancel_in_one_flush_arrive_in_this_order);
  RUN(what_waits_is_withdrawn_and_credit_comes_back_with_the_answer_only);
  RUN(a_call_that_waits_in_the_lane_is_withdrawn);
  RUN(it_comes_behind_all_chunks_of_its_request);
  RUN(a_deadline_that_passes_tells_the_peer_of_what_it_has_seen);
  RUN(a_deadline_of_a_ping_tells_nobody);
  RUN(without_memory_a_deadline_passes_all_the_same);
  RUN(of_a_call_that_was_answered_nothing_is_sent);
  RUN(each_call_allows_one_and_more_are_strikes_W9);
  RUN(that_names_no_open_request_means_nothing_W9);
  RUN(progress_reaches_its_call_until_that_is_answered_or_given_up);
  RUN(progress_of_no_call_is_a_strike_W8);
  frames_free(&frames);
  return check_exit_code();
}
