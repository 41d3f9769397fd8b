/* SPDX-License-Identifier: MIT */
#include "session_pair.h"

static pair_t pair;
static end_t end;
static frames_t frames;

static void
answer_with_the_same(end_t *e, const seen_t *seen, const uint8_t *payload) {
  if (seen->kind != HWR_EV_REQUEST || (seen->word >> 8 & HWR_FLAG_ONEWAY)) return;
  end_answer(e, seen->slot, seen->generation, payload, seen->length);
}

static void
check_seen(const seen_t *seen, uint32_t kind, uint32_t slot, uint32_t generation) {
  CHECK_INT(seen->kind, kind);
  CHECK_INT(seen->slot, slot);
  CHECK_INT(seen->generation, generation);
}

/* P4.3 */
TEST(a_call_is_answered_under_its_own_slot_and_generation) {
  pair_open(&pair, &DEFAULTS);
  pair.worker.on_event = answer_with_the_same;
  end_send(&pair.host, make_word(HWR_REQUEST, 1, 513), 7, 9, 0, "ping", 4);
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_REQUEST, 7, 9);
  CHECK_INT(end_last(&pair.worker)->word, make_word(HWR_REQUEST, 1, 513));
  check_seen(end_last(&pair.host), HWR_EV_RESPONSE, 7, 9);
  CHECK(end_last(&pair.host)->hash == hash_bytes((const uint8_t *) "ping", 4));
  CHECK_INT(hwr_session_open_calls(pair.host.session), 0);
  CHECK_INT(hwr_session_open_requests(pair.worker.session), 0);
  pair_close(&pair);
}

TEST(a_worker_may_call_its_host) {
  pair_open(&pair, &DEFAULTS);
  pair.host.on_event = answer_with_the_same;
  end_call(&pair.worker, 0, 0, "x", 1);
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_RESPONSE, 0, 0);
  pair_close(&pair);
}

TEST(an_error_settles_a_call_too) {
  pair_open(&pair, &DEFAULTS);
  end_call(&pair.host, 1, 1, NULL, 0);
  pair_run(&pair);
  end_send(&pair.worker, make_word(HWR_ERROR, 2, 0), 1, 1, 0, "why", 3);
  pair_run(&pair);
  check_seen(end_last(&pair.host), HWR_EV_ERROR, 1, 1);
  pair_close(&pair);
}

TEST(a_thousand_calls_in_one_flush_are_answered_in_order) {
  pair_open(&pair, &DEFAULTS);
  pair.worker.on_event = answer_with_the_same;
  for (uint32_t i = 0; i < 1000; i++) end_call(&pair.host, i, 5, &i, 4);
  pair_run(&pair);
  REQUIRE(pair.host.log_count == 1000);
  for (uint32_t i = 0; i < 1000; i++) {
    check_seen(&pair.host.log[i], HWR_EV_RESPONSE, i, 5);
    CHECK(pair.host.log[i].hash == hash_bytes((const uint8_t *) &i, 4));
  }
  pair_close(&pair);
}

/* P4.11 */
TEST(one_way_requests_open_nothing_and_want_no_answer) {
  pair_open(&pair, &DEFAULTS);
  for (int i = 0; i < 10; i++) end_post(&pair.host, "p", 1);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_REQUEST), 10);
  CHECK_INT(hwr_session_open_calls(pair.host.session), 0);
  CHECK_INT(hwr_session_open_requests(pair.worker.session), 0);
  pair_close(&pair);
}

/* P2.6 */
TEST(a_deadline_travels_in_the_extension_block_and_not_in_the_payload) {
  uint8_t body[HWR_EXT_DEADLINE_BYTES + 3] = {0};
  hwr_ext_encode_deadline(body, 250);
  memcpy(body + HWR_EXT_DEADLINE_BYTES, "abc", 3);
  pair_open(&pair, &DEFAULTS);
  end_send(&pair.host, make_word(HWR_REQUEST, 1 | HWR_FLAG_EXT, 0), 1, 1, 250, body, sizeof body);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.worker)->value, 250);
  CHECK_INT(end_last(&pair.worker)->length, 3);
  CHECK(end_last(&pair.worker)->hash == hash_bytes((const uint8_t *) "abc", 3));
  pair_close(&pair);
}

/* P2.9, P2.10: the owner is told where the block is, and only if it has something for him */
TEST(a_block_with_a_tx_or_metadata_is_shown_to_the_owner) {
  const uint8_t named[] = {16, 0, 1, 4, 250, 0, 0, 0, 2, 2, 't', 'x', 3, 0, 0, 0, 'a', 'b', 'c'};
  pair_open(&pair, &DEFAULTS);
  end_send(&pair.host, make_word(HWR_REQUEST, 1 | HWR_FLAG_EXT, 0), 1, 1, 250, named, sizeof named);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.worker)->details, 16);
  CHECK_INT(end_last(&pair.worker)->value, 250);
  CHECK_INT(end_last(&pair.worker)->length, 3);
  CHECK(end_last(&pair.worker)->hash == hash_bytes((const uint8_t *) "abc", 3));
  pair_close(&pair);
}

TEST(a_long_message_has_its_block_in_its_own_buffer) {
  static uint8_t body[100000] = {16, 0, 2, 2, 't', 'x'};
  pair_open(&pair, &DEFAULTS);
  end_send(&pair.host, make_word(HWR_REQUEST, 1 | HWR_FLAG_EXT, 0), 1, 1, 0, body, sizeof body);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.worker)->details, 16);
  CHECK_INT(end_last(&pair.worker)->length, sizeof body - 16);
  pair_close(&pair);
}

/* ---- time */

TEST(a_call_that_is_not_answered_times_out_once) {
  pair_open(&pair, &DEFAULTS);
  pair.host.now_ms = 1000;
  end_send(&pair.host, make_word(HWR_REQUEST, 1, 0), 3, 4, 50, "x", 1);
  pair_run(&pair);
  CHECK_INT(hwr_session_next_deadline(pair.host.session), 1050);
  hwr_session_tick(pair.host.session, 1049);
  end_take(&pair.host);
  CHECK_INT(pair.host.log_count, 0);
  hwr_session_tick(pair.host.session, 1050);
  hwr_session_tick(pair.host.session, 2000);
  end_take(&pair.host);
  CHECK_INT(pair.host.log_count, 1);
  check_seen(end_last(&pair.host), HWR_EV_TIMEOUT, 3, 4);
  CHECK_INT(end_last(&pair.host)->value, 0);
  CHECK(hwr_session_next_deadline(pair.host.session) == HWR_NO_DEADLINE);
  pair_close(&pair);
}

TEST(a_call_that_never_left_says_so_and_never_leaves) {
  settings_t narrow = DEFAULTS;
  narrow.window_messages = 1;
  pair_open(&pair, &narrow);
  for (uint32_t slot = 1; slot <= 3; slot++)
    end_send(&pair.host, make_word(HWR_REQUEST, 1, 0), slot, 1, 10 * slot, "x", 1);
  pair_run(&pair); /* the first takes all the credit there is */
  CHECK_INT(hwr_session_held_records(pair.host.session), 2);
  hwr_session_tick(pair.host.session, 20);
  end_take(&pair.host);
  REQUIRE(pair.host.log_count == 2);
  CHECK_INT(pair.host.log[0].value, 0);
  CHECK_INT(pair.host.log[1].value, 1);
  end_send(&pair.host, make_word(HWR_REQUEST, 1, 0), 2, 2, 0, "y", 1); /* the slot again */
  pair.worker.on_event = answer_with_the_same;
  end_answer(&pair.worker, 1, 1, NULL, 0);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_REQUEST), 3);
  check_seen(&pair.worker.log[1], HWR_EV_CANCEL, 1, 1);
  check_seen(&pair.worker.log[2], HWR_EV_REQUEST, 3, 1);
  check_seen(&pair.worker.log[3], HWR_EV_REQUEST, 2, 2);
  check_seen(end_last(&pair.host), HWR_EV_RESPONSE, 2, 2);
  CHECK_INT(hwr_session_held_bytes(pair.host.session), 0);
  pair_close(&pair);
}

TEST(more_timeouts_than_events_come_with_the_next_ticks) {
  settings_t few = DEFAULTS;
  few.max_events = 3;
  pair_open(&pair, &few);
  for (uint32_t slot = 0; slot < 10; slot++)
    end_send(&pair.host, make_word(HWR_REQUEST, 1, 0), slot, 1, 10, NULL, 0);
  pair_run(&pair);
  for (int i = 0; i < 4; i++) {
    hwr_session_tick(pair.host.session, 10);
    end_take(&pair.host);
  }
  CHECK_INT(end_count(&pair.host, HWR_EV_TIMEOUT), 10);
  CHECK_INT(hwr_session_open_calls(pair.host.session), 0);
  pair_close(&pair);
}

/* P4.4 */
TEST(an_abandoned_call_allows_one_late_answer_W8) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  end_call(&end, 5, 1, "x", 1);
  end_flush(&end);
  CHECK(hwr_session_abandon(end.session, 5, 1));
  CHECK(!hwr_session_abandon(end.session, 5, 1));
  for (int i = 0; i < 101; i++) PUT(&frames, .type = HWR_RESPONSE, .slot = 5, .generation = 1);
  CHECK_INT(feed_frames(&end, &frames), 0); /* one allowed, a hundred strikes */
  PUT(&frames, .type = HWR_RESPONSE, .slot = 5, .generation = 1);
  CHECK_INT(feed_frames(&end, &frames), HWR_ESTRIKES);
  CHECK_STR(hwr_session_rule(end.session), "P4.4");
  CHECK_INT(end.log_count, 0);
  end_close(&end);
}

TEST(an_answer_of_an_older_generation_settles_nobody_W8_W9) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  end_call(&end, 5, UINT32_MAX, "x", 1);
  end_flush(&end);
  PUT(&frames, .type = HWR_RESPONSE, .slot = 5, .generation = UINT32_MAX);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_call(&end, 5, 0, "x", 1); /* wrapped */
  end_flush(&end);
  PUT(&frames, .type = HWR_RESPONSE, .slot = 5, .generation = UINT32_MAX);
  PUT(&frames, .type = HWR_RESPONSE, .slot = 4, .generation = 0);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 1);
  CHECK_INT(hwr_session_open_calls(end.session), 1);
  PUT(&frames, .type = HWR_RESPONSE, .slot = 5, .generation = 0);
  CHECK_INT(feed_frames(&end, &frames), 0);
  check_seen(end_last(&end), HWR_EV_RESPONSE, 5, 0);
  end_close(&end);
}

/* P4.3 */
TEST(an_answer_nobody_asked_for_is_not_sent) {
  pair_open(&pair, &DEFAULTS);
  end_call(&pair.host, 1, 1, NULL, 0);
  end_call(&pair.host, 2, 1, NULL, 0);
  pair_run(&pair);
  for (int i = 0; i < 3; i++) end_answer(&pair.worker, 1, 1, "first", 5);
  end_answer(&pair.worker, 9, 1, "unknown", 7);
  end_answer(&pair.worker, 2, 1, "second", 6);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 2);
  check_seen(&pair.host.log[1], HWR_EV_RESPONSE, 2, 1);
  CHECK(pair.host.log[1].hash == hash_bytes((const uint8_t *) "second", 6));
  CHECK_INT(hwr_session_region(pair.worker.session).kind, HWR_REGION_RING);
  pair_close(&pair);
}

/* ---- pings and the end */

/* P6.3 */
TEST(a_ping_comes_back_as_a_pong) {
  pair_open(&pair, &DEFAULTS);
  CHECK_INT(hwr_session_ping(pair.host.session, 11, 2, 500), 0);
  CHECK_INT(hwr_session_ping(pair.host.session, 11, 3, 500), HWR_EBADARG);
  CHECK(hwr_session_control_waits(pair.host.session));
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 1);
  check_seen(end_last(&pair.host), HWR_EV_PONG, 11, 2);
  CHECK_INT(pair.worker.log_count, 0);
  CHECK(!hwr_session_control_waits(pair.host.session));
  pair_close(&pair);
}

TEST(a_ping_without_pong_times_out) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  CHECK_INT(hwr_session_ping(end.session, 1, 1, 500), 0);
  end_flush(&end);
  hwr_session_tick(end.session, 500);
  end_take(&end);
  check_seen(end_last(&end), HWR_EV_TIMEOUT, 1, 1);
  PUT(&frames, .type = HWR_PONG, .slot = 1, .generation = 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 1);
  end_close(&end);
}

TEST(pings_of_our_own_are_bounded) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  for (uint32_t slot = 0; slot < HWR_MAX_PENDING_PONGS; slot++)
    CHECK_INT(hwr_session_ping(end.session, slot, 1, HWR_NO_DEADLINE), 0);
  CHECK_INT(hwr_session_ping(end.session, 5000, 1, HWR_NO_DEADLINE), HWR_EOVERLOAD);
  CHECK_INT(hwr_session_open_calls(end.session), HWR_MAX_PENDING_PONGS);
  CHECK_INT(end_flush(&end), 0);
  CHECK_INT(hwr_session_ping(end.session, 5000, 1, HWR_NO_DEADLINE), 0);
  end_close(&end);
}

/* P6.1 */
TEST(goaway_is_told_once) {
  pair_open(&pair, &DEFAULTS);
  hwr_session_goaway(pair.host.session, 3);
  CHECK(hwr_session_control_waits(pair.host.session));
  pair_run(&pair);
  CHECK_INT(pair.worker.log_count, 1);
  check_seen(end_last(&pair.worker), HWR_EV_GOAWAY, 0, 0);
  CHECK_INT(end_last(&pair.worker)->value, 3);
  pair_close(&pair);
}

/* ---- records of the owner */

TEST(a_record_outside_the_region_is_refused) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  hwr_region_t r = hwr_session_region(end.session);
  CHECK_INT(r.kind, HWR_REGION_RING);
  const struct {
    uint32_t offset, length;
  } bad[] = {
      {r.start + 4, 0},
      {r.limit, 0},
      {r.limit - 8, 0},
      {r.start, r.limit - r.start},
      {r.start, UINT32_MAX},
      {r.start - 8, 0},
      {UINT32_MAX - 7, UINT32_MAX},
  };
  end_close(&end);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    lone_open(&end, HWR_HOST, &DEFAULTS);
    hwr_record_t record = {
        bad[i].offset, bad[i].length, make_word(HWR_REQUEST, 0, 0), 0, 0, 0, {0}};
    CHECK_INT(hwr_session_flush(end.session, &record, 1, 0), HWR_EBADARG);
    end_close(&end);
  }
}

TEST(records_that_overlap_are_refused) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  uint32_t start = hwr_session_region(end.session).start, word = make_word(HWR_REQUEST, 0, 0);
  hwr_record_t records[] = {{start, 9, word, 0, 0, 0, {0}}, {start + 24, 0, word, 1, 0, 0, {0}}};
  CHECK_INT(hwr_session_flush(end.session, records, 2, 0), HWR_EBADARG);
  end_close(&end);
}

TEST(a_slot_in_use_is_refused) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  end_call(&end, 1, 1, NULL, 0);
  end_call(&end, 1, 2, NULL, 0);
  CHECK_INT(end_flush(&end), HWR_EBADARG);
  end_close(&end);
}

TEST(slices_must_add_up) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  hwr_record_t record = {0, 9, make_word(HWR_REQUEST, 0, 0), 0, 0, 0, {0}};
  hwr_slice_t slices[] = {{(const uint8_t *) "12345", 5}, {(const uint8_t *) "123", 3}};
  CHECK_INT(hwr_session_send(end.session, &record, slices, 2, 0), HWR_EBADARG);
  CHECK_INT(hwr_session_open_calls(end.session), 0);
  CHECK_INT(end_flush(&end), 0);
  end_close(&end);
}

TEST(records_with_gaps_between_them_arrive_in_order) {
  pair_open(&pair, &DEFAULTS);
  uint32_t start = hwr_session_region(pair.host.session).start;
  hwr_record_t records[4];
  for (uint32_t i = 0; i < 4; i++) {
    records[i] = (hwr_record_t){start + i * 64, 4, make_word(HWR_REQUEST, 0, 0), i, 1, 0, {0}};
    memcpy(pair.host.ring + records[i].offset + HWR_HEADER_BYTES, &i, 4);
  }
  CHECK_INT(hwr_session_flush(pair.host.session, records, 4, 0), 0);
  hwr_producer_publish(&pair.host.out);
  pair_run(&pair);
  REQUIRE(pair.worker.log_count == 4);
  for (uint32_t i = 0; i < 4; i++)
    CHECK(pair.worker.log[i].hash == hash_bytes((const uint8_t *) &i, 4));
  pair_close(&pair);
}

/* ---- drain */

TEST(a_drain_comes_when_what_waits_is_below_half_the_mark) {
  settings_t low = DEFAULTS;
  low.high_water_bytes = 1000;
  low.window_bytes = 4096;
  pair_open(&pair, &low);
  hwr_session_want_drain(pair.host.session, HWR_DRAIN_ALL);
  CHECK(hwr_session_drain_due(pair.host.session));
  static uint8_t body[20000];
  end_post(&pair.host, body, sizeof body);
  end_flush(&pair.host);
  CHECK(hwr_session_held_bytes(pair.host.session) > 500);
  CHECK(!hwr_session_drain_due(pair.host.session));
  hwr_session_tick(pair.host.session, 0);
  end_take(&pair.host);
  CHECK_INT(pair.host.log_count, 0);
  pair_run(&pair);
  CHECK(hwr_session_drain_due(pair.host.session));
  hwr_session_tick(pair.host.session, 0);
  hwr_session_tick(pair.host.session, 0);
  end_take(&pair.host);
  CHECK_INT(end_count(&pair.host, HWR_EV_DRAIN), 1);
  CHECK(!hwr_session_drain_due(pair.host.session));
  pair_close(&pair);
}

int
main(void) {
  RUN(a_call_is_answered_under_its_own_slot_and_generation);
  RUN(a_worker_may_call_its_host);
  RUN(an_error_settles_a_call_too);
  RUN(a_thousand_calls_in_one_flush_are_answered_in_order);
  RUN(one_way_requests_open_nothing_and_want_no_answer);
  RUN(a_deadline_travels_in_the_extension_block_and_not_in_the_payload);
  RUN(a_block_with_a_tx_or_metadata_is_shown_to_the_owner);
  RUN(a_long_message_has_its_block_in_its_own_buffer);
  RUN(a_call_that_is_not_answered_times_out_once);
  RUN(a_call_that_never_left_says_so_and_never_leaves);
  RUN(more_timeouts_than_events_come_with_the_next_ticks);
  RUN(an_abandoned_call_allows_one_late_answer_W8);
  RUN(an_answer_of_an_older_generation_settles_nobody_W8_W9);
  RUN(an_answer_nobody_asked_for_is_not_sent);
  RUN(a_ping_comes_back_as_a_pong);
  RUN(a_ping_without_pong_times_out);
  RUN(pings_of_our_own_are_bounded);
  RUN(goaway_is_told_once);
  RUN(a_record_outside_the_region_is_refused);
  RUN(records_that_overlap_are_refused);
  RUN(a_slot_in_use_is_refused);
  RUN(slices_must_add_up);
  RUN(records_with_gaps_between_them_arrive_in_order);
  RUN(a_drain_comes_when_what_waits_is_below_half_the_mark);
  frames_free(&frames);
  return check_exit_code();
}
