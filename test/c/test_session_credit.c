/* SPDX-License-Identifier: MIT */
#include "session_pair.h"

static pair_t pair;
static end_t end;
static frames_t frames;
static uint8_t big[1 << 20];

static void
answer_with_the_same(end_t *e, const seen_t *seen, const uint8_t *payload) {
  if (seen->kind == HWR_EV_REQUEST)
    end_answer(e, seen->slot, seen->generation, payload, seen->length);
}

/* What the end sends now, by type. */
static uint32_t
sent_frames(uint8_t type) {
  end_flush(&end);
  collect(&end, &frames);
  uint32_t count = count_frames(&frames, type);
  frames.count = 0;
  return count;
}

static void
grant(uint64_t bytes, uint64_t messages) {
  put_credit(&frames, bytes, messages);
  CHECK_INT(feed_frames(&end, &frames), 0);
}

/* ---- what the peer allows */

/* P5.5 */
TEST(requests_wait_for_message_credit_and_go_in_order) {
  lone_grant(&end, &DEFAULTS, 1 << 20, 3);
  for (uint32_t slot = 0; slot < 10; slot++) end_call(&end, slot, 1, "x", 1);
  CHECK_INT(sent_frames(HWR_REQUEST), 3);
  CHECK_INT(hwr_session_held_records(end.session), 7);
  CHECK_INT(hwr_session_room_wanted(end.session), 0); /* it is credit that is wanted */
  CHECK(!hwr_session_control_waits(end.session));
  grant(1 << 20, 4);
  CHECK_INT(sent_frames(HWR_REQUEST), 1);
  grant(1 << 20, 100);
  CHECK_INT(sent_frames(HWR_REQUEST), 6);
  CHECK_INT(hwr_session_held_bytes(end.session), 0);
  end_close(&end);
}

/* P5.1 */
TEST(frames_wait_for_byte_credit_header_and_padding_included) {
  lone_grant(&end, &DEFAULTS, 4096, 1000);
  end_call(&end, 1, 1, big, 4096 - 16 - 24);
  CHECK_INT(sent_frames(HWR_REQUEST), 1);
  end_call(&end, 2, 1, big, 9);
  CHECK_INT(sent_frames(HWR_REQUEST), 0);
  grant(4096 + 7, 1000);
  CHECK_INT(sent_frames(HWR_REQUEST), 0);
  grant(4096 + 8, 1000);
  CHECK_INT(sent_frames(HWR_REQUEST), 1);
  end_close(&end);
}

/* P5.7 */
TEST(control_frames_need_no_credit) {
  lone_grant(&end, &DEFAULTS, 4096, 0);
  end_call(&end, 1, 1, big, 10);
  CHECK_INT(hwr_session_ping(end.session, 2, 1, HWR_NO_DEADLINE), 0);
  PUT(&frames, .type = HWR_PING, .slot = 3);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_REQUEST), 0);
  CHECK_INT(count_frames(&frames, HWR_PING), 1);
  CHECK_INT(count_frames(&frames, HWR_PONG), 1);
  frames.count = 0;
  end_close(&end);
}

/* P6.1 */
TEST(goaway_needs_no_credit_and_waits_for_all_that_does) {
  lone_grant(&end, &DEFAULTS, 4096, 2);
  hwr_session_goaway(end.session, 0);
  CHECK_INT(sent_frames(HWR_GOAWAY), 1);
  end_post(&end, big, 4000);
  end_post(&end, big, 4000); /* waits for bytes */
  end_post(&end, big, 4000); /* waits for a message */
  hwr_session_goaway(end.session, 0);
  CHECK_INT(sent_frames(HWR_GOAWAY), 0);
  CHECK(!hwr_session_control_waits(end.session)); /* or the owner would flush for ever */
  grant(1 << 20, 2);
  CHECK_INT(sent_frames(HWR_GOAWAY), 0);
  grant(1 << 20, 3);
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_REQUEST), 2); /* in two chunks */
  CHECK_INT(count_frames(&frames, HWR_GOAWAY), 1);
  frames.count = 0;
  end_close(&end);
}

/* P6.1 */
TEST(goaway_is_the_last_to_arrive_whatever_waited) {
  settings_t tight = DEFAULTS;
  tight.ring_bytes = 8192;
  tight.window_bytes = 10000;
  tight.window_messages = 100;
  pair_open(&pair, &tight);
  for (uint32_t i = 0; i < 60; i++) end_post(&pair.host, big, i * i * 5);
  end_post(&pair.host, big, sizeof big);
  hwr_session_goaway(pair.host.session, 5);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_REQUEST), 61);
  CHECK_INT(end_last(&pair.worker)->kind, HWR_EV_GOAWAY);
  CHECK_INT(end_last(&pair.worker)->value, 5);
  pair_close(&pair);
}

/* P5.3 */
TEST(the_largest_grant_is_legal_and_a_smaller_one_after_it_is_not_W12) {
  lone_grant(&end, &DEFAULTS, 4096, 1);
  grant(UINT64_MAX, UINT64_MAX);
  grant(UINT64_MAX, UINT64_MAX);
  for (uint32_t slot = 0; slot < 100; slot++) end_call(&end, slot, 1, big, 1000);
  CHECK_INT(sent_frames(HWR_REQUEST), 100);
  put_credit(&frames, 0, UINT64_MAX);
  CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
  CHECK_STR(hwr_session_rule(end.session), "P5.3");
  end_close(&end);
}

/* P5.3 */
TEST(no_part_of_a_grant_may_shrink) {
  lone_grant(&end, &DEFAULTS, 5000, 5);
  put_credit(&frames, 6000, 4);
  CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
  CHECK_STR(hwr_session_rule(end.session), "P5.3");
  end_close(&end);
}

/* P5.4 */
TEST(grants_that_grant_nothing_are_strikes_W12) {
  lone_grant(&end, &DEFAULTS, 5000, 5);
  for (int i = 0; i < 100; i++) put_credit(&frames, 5000, 5);
  CHECK_INT(feed_frames(&end, &frames), 0);
  put_credit(&frames, 5000, 5);
  CHECK_INT(feed_frames(&end, &frames), HWR_ESTRIKES);
  CHECK_STR(hwr_session_rule(end.session), "P5.4");
  end_close(&end);
}

/* P5.1 */
TEST(a_lane_that_does_not_exist_has_no_credit) {
  lone_grant(&end, &DEFAULTS, 5000, 5);
  put_credit(&frames, 6000, 6);
  frames.bytes[8] = 1, frames.bytes[9] = 8; /* 2049 */
  CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
  CHECK_STR(hwr_session_rule(end.session), "P5.1");
  end_close(&end);
}

/* ---- what we allow */

/* P5.2 */
TEST(bytes_past_the_window_break_the_rule_W11) {
  settings_t small = DEFAULTS;
  small.window_bytes = 4096;
  lone_open(&end, HWR_WORKER, &small);
  PUT(&frames, .type = HWR_REQUEST, .body = big, .length = 4096);
  CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
  CHECK_STR(hwr_session_rule(end.session), "P5.2");
  CHECK_INT(hwr_session_open_requests(end.session), 0);
  end_close(&end);
}

/* P5.2 */
TEST(requests_past_the_message_window_break_the_rule) {
  settings_t small = DEFAULTS;
  small.window_messages = 4;
  lone_open(&end, HWR_WORKER, &small);
  for (uint32_t slot = 0; slot < 4; slot++) PUT(&frames, .type = HWR_REQUEST, .slot = slot);
  PUT(&frames, .type = HWR_RESPONSE); /* answers cost no message */
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT(&frames, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
  CHECK_STR(hwr_session_rule(end.session), "P5.2");
  end_close(&end);
}

/* P5.4 */
TEST(byte_credit_returns_when_half_the_window_has_been_copied_out) {
  settings_t small = DEFAULTS;
  small.window_bytes = 4096;
  lone_open(&end, HWR_WORKER, &small); /* INIT took 16 of them */
  PUT(&frames, .type = HWR_DEFINE, .body = big, .length = 2016 - 16);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(sent_frames(HWR_CREDIT), 0);
  PUT(&frames, .type = HWR_DEFINE);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK(hwr_session_control_waits(end.session));
  CHECK_INT(sent_frames(HWR_CREDIT), 1);
  CHECK(!hwr_session_control_waits(end.session));
  end_close(&end);
}

/* P5.9 */
TEST(byte_credit_returns_for_each_chunk_of_a_message_in_progress) {
  settings_t small = DEFAULTS;
  small.window_bytes = 20000;
  lone_open(&end, HWR_WORKER, &small);
  for (int i = 0; i < 40; i++) {
    PUT(&frames, .type = HWR_REQUEST, .flags = 8, .body = big, .length = 9984);
    CHECK_INT(feed_frames(&end, &frames), 0);
    sent_frames(HWR_CREDIT);
  }
  end_close(&end);
}

/* P5.5 */
TEST(message_credit_of_a_call_returns_with_its_answer) {
  settings_t small = DEFAULTS;
  small.window_messages = 2;
  lone_open(&end, HWR_WORKER, &small);
  PUT(&frames, .type = HWR_REQUEST, .slot = 0);
  PUT(&frames, .type = HWR_REQUEST, .slot = 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(sent_frames(HWR_CREDIT), 0);
  end_answer(&end, 1, 0, "", 0);
  CHECK_INT(sent_frames(HWR_CREDIT), 1);
  PUT(&frames, .type = HWR_REQUEST, .slot = 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_close(&end);
}

/* P5.5 */
TEST(message_credit_of_one_way_requests_returns_when_they_are_settled) {
  settings_t small = DEFAULTS;
  small.window_messages = 2;
  lone_open(&end, HWR_WORKER, &small);
  PUT(&frames, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  PUT(&frames, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(sent_frames(HWR_CREDIT), 0);
  hwr_session_settle(end.session, 1);
  CHECK(hwr_session_control_waits(end.session));
  CHECK_INT(sent_frames(HWR_CREDIT), 1);
  hwr_session_settle(end.session, 100); /* no more than was received */
  CHECK_INT(sent_frames(HWR_CREDIT), 1);
  for (int i = 0; i < 2; i++) PUT(&frames, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT(&frames, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
  end_close(&end);
}

/* P5.4: or two handlers that wait for each other's calls do so for ever, below the limit. */
TEST(all_of_a_message_window_can_be_in_use_whatever_was_settled_before) {
  settings_t narrow = DEFAULTS;
  narrow.window_messages = 10;
  for (uint32_t settled = 0; settled <= 20; settled++) {
    pair_open(&pair, &narrow);
    for (uint32_t i = 0; i < settled; i++) {
      end_call(&pair.host, 1, i, "x", 1);
      pair_run(&pair);
      end_answer(&pair.worker, 1, i, "", 0);
      pair_run(&pair);
    }
    for (uint32_t slot = 0; slot < 12; slot++) end_call(&pair.host, slot, 100, "x", 1);
    pair_run(&pair);
    CHECK_INT(end_count(&pair.worker, HWR_EV_REQUEST), settled + 10);
    CHECK_INT(hwr_session_open_requests(pair.worker.session), 10);
    pair_close(&pair);
  }
}

/* P5.5 */
TEST(no_new_work_is_granted_while_answers_pile_up_and_it_is_once_they_have_gone) {
  settings_t small = DEFAULTS;
  small.window_messages = 1;
  small.high_water_bytes = 10000;
  end_open(&end, HWR_WORKER, &small);
  put_hello_limits(&frames, HWR_HOST, 4096, 1000);
  PUT(&frames, .type = HWR_INIT);
  PUT(&frames, .type = HWR_PAD);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_send(&end, make_word(HWR_READY, 0, 0), 0, 0, 0, NULL, 0);
  sent_frames(HWR_READY);
  PUT(&frames, .type = HWR_REQUEST);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_answer(&end, 0, 0, big, 50000);
  CHECK_INT(sent_frames(HWR_CREDIT), 0);
  CHECK(!hwr_session_control_waits(end.session));
  grant(30000, 1000);
  CHECK_INT(sent_frames(HWR_CREDIT), 0);
  grant(100000, 1000);
  CHECK_INT(sent_frames(HWR_CREDIT), 1); /* with the flush that drained, not with the next */
  end_close(&end);
}

TEST(a_window_of_no_messages_never_grants) {
  settings_t none = DEFAULTS;
  none.window_messages = 0;
  lone_open(&end, HWR_WORKER, &none);
  for (int i = 0; i < 3; i++) CHECK_INT(sent_frames(HWR_CREDIT), 0);
  end_close(&end);
}

/* ---- liveness */

static void
check_echo_over(const settings_t *host, const settings_t *worker, uint32_t length) {
  pair_open_apart(&pair, host, worker, 11);
  pair.piece_bytes = 700;
  pair_start(&pair);
  pair.worker.on_event = answer_with_the_same;
  for (uint32_t slot = 0; slot < 5; slot++) end_call(&pair.host, slot, 1, big + slot, length);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 5);
  CHECK(end_last(&pair.host)->hash == hash_bytes(big + 4, length));
  CHECK_INT(hwr_session_held_bytes(pair.host.session), 0);
  CHECK_INT(hwr_session_held_bytes(pair.worker.session), 0);
  pair_close(&pair);
}

/* P5.6 */
TEST(chunks_shrink_to_windows_and_rings_that_are_small) {
  fill_bytes(big, sizeof big, 4);
  const uint32_t sizes[] = {4096, 4097, 5000, 6161, 8192, 10007, 65536 - 1};
  settings_t narrow = DEFAULTS, tight = DEFAULTS;
  narrow.chunk_bytes = 1 << 20;
  tight.chunk_bytes = 1 << 20;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    narrow.window_bytes = sizes[i];
    narrow.window_messages = 1;
    check_echo_over(&narrow, &DEFAULTS, 70000);
    check_echo_over(&DEFAULTS, &narrow, 70000);
    check_echo_over(&narrow, &narrow, 70001);
  }
  for (uint32_t ring = 4096; ring <= 65536; ring *= 2) {
    tight.ring_bytes = ring;
    check_echo_over(&tight, &tight, 70000);
    check_echo_over(&tight, &narrow, 3071);
  }
}

/* P5.8: the answer must not stand behind a request that waits for the end of what it answers. */
TEST(an_answer_passes_requests_that_wait_for_message_credit) {
  settings_t narrow = DEFAULTS;
  narrow.window_messages = 1;
  narrow.high_water_bytes = 100;
  pair_open(&pair, &narrow);
  end_call(&pair.host, 1, 1, big, 10);
  end_call(&pair.host, 2, 1, big, 1000);
  end_call(&pair.host, 3, 1, big, 1000);
  end_call(&pair.worker, 1, 1, big, 10);
  end_call(&pair.worker, 2, 1, big, 1000);
  pair_run(&pair);
  CHECK(hwr_session_held_bytes(pair.host.session) > 2000);
  CHECK_INT(hwr_session_lane_bytes(pair.host.session), 0);
  end_answer(&pair.host, 1, 1, "for the handler of the first call", 33);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_RESPONSE), 1);
  CHECK_INT(end_count(&pair.host, HWR_EV_REQUEST), 2);
  end_answer(&pair.worker, 1, 1, "", 0);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_REQUEST), 2);
  hwr_session_abandon(pair.host.session, 3, 1);
  end_answer(&pair.worker, 2, 1, "", 0);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_REQUEST), 2);
  CHECK_INT(hwr_session_held_bytes(pair.host.session), 0);
  pair_close(&pair);
}

/* P4.17: what comes behind an event never passes it, however few messages are granted. */
TEST(an_event_takes_bytes_of_credit_only_and_keeps_its_place) {
  static const uint8_t event[16] = {1, 0, 'e'};
  lone_grant(&end, &DEFAULTS, 4096, 0);
  for (int i = 0; i < 3; i++)
    end_send(&end, make_word(HWR_EVENT, 1, 0), 0, 0, 0, event, sizeof event);
  end_call(&end, 1, 1, big, 10);
  CHECK_INT(sent_frames(HWR_EVENT), 3);
  CHECK_INT(hwr_session_held_records(end.session), 1);
  end_close(&end);
  lone_grant(&end, &DEFAULTS, 4096, 10);
  end_post(&end, big, 4000);
  end_send(&end, make_word(HWR_EVENT, 1, 0), 0, 0, 0, big, 2000);
  end_call(&end, 1, 1, big, 10);
  CHECK_INT(sent_frames(HWR_EVENT), 0);
  CHECK_INT(hwr_session_held_records(end.session), 2);
  end_close(&end);
}

TEST(a_call_given_up_in_the_lane_leaves_its_message_credit_to_the_next) {
  lone_grant(&end, &DEFAULTS, 4096, 2);
  end_call(&end, 1, 1, big, 4000);
  end_call(&end, 2, 1, big, 4000); /* has message credit, and waits for bytes */
  end_call(&end, 3, 1, big, 10);
  CHECK_INT(sent_frames(HWR_REQUEST), 1);
  hwr_session_abandon(end.session, 2, 1);
  CHECK_INT(sent_frames(HWR_REQUEST), 1);
  CHECK_INT(hwr_session_held_records(end.session), 0);
  end_close(&end);
}

TEST(what_waits_for_room_says_how_much_and_goes_when_it_is_there) {
  settings_t tight = DEFAULTS;
  tight.ring_bytes = 8192;
  lone_grant(&end, &tight, 1 << 20, 1000);
  for (uint32_t slot = 0; slot < 20; slot++) end_call(&end, slot, 1, big, 1000);
  end_flush(&end);
  uint8_t taken[8192];
  while (hwr_session_held_records(end.session) > 0) {
    uint32_t want = hwr_session_room_wanted(end.session);
    uint64_t held = hwr_session_held_records(end.session);
    CHECK(want > 0 && want <= tight.ring_bytes);
    CHECK(hwr_producer_sleep(&end.out, want));
    while (hwr_producer_room(&end.out) < want) REQUIRE(end_read(&end, taken, 8) == 8);
    CHECK(!hwr_producer_sleep(&end.out, want));
    end_flush(&end);
    CHECK(hwr_session_held_records(end.session) < held);
  }
  CHECK_INT(hwr_session_room_wanted(end.session), 0);
  end_close(&end);
}

TEST(credit_that_finds_no_room_is_not_forgotten) {
  settings_t tight = DEFAULTS;
  tight.ring_bytes = 4096;
  tight.window_messages = 2;
  lone_open(&end, HWR_WORKER, &tight);
  for (uint32_t i = 0; i < 300; i++) PUT(&frames, .type = HWR_PING, .slot = i);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end_flush(&end), 0); /* 256 pongs fill the ring */
  PUT(&frames, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  CHECK_INT(feed_frames(&end, &frames), 0);
  hwr_session_settle(end.session, 1);
  CHECK_INT(end_flush(&end), 0);
  CHECK(hwr_session_control_waits(end.session));
  CHECK_INT(hwr_session_room_wanted(end.session), 32);
  lone_drain(&end);
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_CREDIT), 1);
  CHECK_INT(count_frames(&frames, HWR_PONG), 300 - 256);
  CHECK(!hwr_session_control_waits(end.session));
  frames.count = 0;
  end_close(&end);
}

/* P5.10 */
TEST(control_frames_find_room_in_a_ring_full_of_records) {
  settings_t tight = DEFAULTS;
  tight.ring_bytes = 8192;
  lone_grant(&end, &tight, 1 << 20, 1000);
  for (uint32_t slot = 0; slot < 100; slot++) end_call(&end, slot, 1, big, 128 - 16);
  end_flush(&end);
  CHECK(hwr_session_held_records(end.session) > 0);
  for (uint32_t slot = 100; slot < 100 + 1024 / 16; slot++)
    CHECK_INT(hwr_session_ping(end.session, slot, 1, HWR_NO_DEADLINE), 0);
  CHECK_INT(sent_frames(HWR_PING), 1024 / 16);
  end_close(&end);
}

TEST(the_region_comes_back_to_the_ring_when_the_spill_is_empty) {
  settings_t tight = DEFAULTS;
  tight.ring_bytes = 32768;
  lone_grant(&end, &tight, 1u << 30, 1u << 20);
  CHECK_INT(hwr_session_region(end.session).kind, HWR_REGION_RING);
  for (int round = 0; round < 200; round++) {
    for (uint32_t i = 0; i < 9; i++) end_post(&end, big, 5000 + (uint32_t) round);
    end_flush(&end);
    CHECK_INT(hwr_session_region(end.session).kind, HWR_REGION_SCRATCH);
    for (int i = 0; i < 9 && hwr_session_held_records(end.session) > 0; i++) {
      lone_drain(&end);
      end_flush(&end);
    }
    lone_drain(&end);
    end_flush(&end);
    lone_drain(&end);
    hwr_region_t region = hwr_session_region(end.session);
    CHECK_INT(region.kind, HWR_REGION_RING);
    CHECK(region.limit - region.start >= 4096 && region.limit <= tight.ring_bytes);
  }
  end_close(&end);
}

TEST(the_region_ends_where_a_frame_may_end_though_the_peer_has_read_half_of_one) {
  uint8_t some[101];
  lone_grant(&end, &DEFAULTS, 1u << 30, 1u << 20);
  end_post(&end, big, 5000);
  end_flush(&end);
  CHECK_INT(end_read(&end, some, sizeof some), sizeof some);
  end_flush(&end);
  hwr_region_t region = hwr_session_region(end.session);
  CHECK_INT(region.kind, HWR_REGION_RING);
  CHECK_INT(region.limit % HWR_FRAME_ALIGN, 0);
  end_close(&end);
}

/* P7.3 */
TEST(a_peer_that_lies_about_what_it_took_ends_the_session_S1) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  end_call(&end, 1, 1, big, 100);
  end_flush(&end);
  atomic_store(&end.words.head, end.out.published + 8);
  CHECK_INT(end_flush(&end), HWR_EPROTO);
  CHECK_STR(hwr_session_rule(end.session), "P7.3");
  end_close(&end);
}

int
main(void) {
  RUN(requests_wait_for_message_credit_and_go_in_order);
  RUN(frames_wait_for_byte_credit_header_and_padding_included);
  RUN(control_frames_need_no_credit);
  RUN(goaway_needs_no_credit_and_waits_for_all_that_does);
  RUN(goaway_is_the_last_to_arrive_whatever_waited);
  RUN(the_largest_grant_is_legal_and_a_smaller_one_after_it_is_not_W12);
  RUN(no_part_of_a_grant_may_shrink);
  RUN(grants_that_grant_nothing_are_strikes_W12);
  RUN(a_lane_that_does_not_exist_has_no_credit);
  RUN(bytes_past_the_window_break_the_rule_W11);
  RUN(requests_past_the_message_window_break_the_rule);
  RUN(byte_credit_returns_when_half_the_window_has_been_copied_out);
  RUN(byte_credit_returns_for_each_chunk_of_a_message_in_progress);
  RUN(message_credit_of_a_call_returns_with_its_answer);
  RUN(message_credit_of_one_way_requests_returns_when_they_are_settled);
  RUN(all_of_a_message_window_can_be_in_use_whatever_was_settled_before);
  RUN(no_new_work_is_granted_while_answers_pile_up_and_it_is_once_they_have_gone);
  RUN(a_window_of_no_messages_never_grants);
  RUN(chunks_shrink_to_windows_and_rings_that_are_small);
  RUN(an_answer_passes_requests_that_wait_for_message_credit);
  RUN(an_event_takes_bytes_of_credit_only_and_keeps_its_place);
  RUN(a_call_given_up_in_the_lane_leaves_its_message_credit_to_the_next);
  RUN(what_waits_for_room_says_how_much_and_goes_when_it_is_there);
  RUN(credit_that_finds_no_room_is_not_forgotten);
  RUN(control_frames_find_room_in_a_ring_full_of_records);
  RUN(the_region_comes_back_to_the_ring_when_the_spill_is_empty);
  RUN(the_region_ends_where_a_frame_may_end_though_the_peer_has_read_half_of_one);
  RUN(a_peer_that_lies_about_what_it_took_ends_the_session_S1);
  frames_free(&frames);
  return check_exit_code();
}
