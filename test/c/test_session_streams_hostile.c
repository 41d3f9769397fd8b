/* SPDX-License-Identifier: MIT
 *
 * What a peer could do on streams that wants to do harm.
 */
#include "stream_steps.h"

static end_t end;
static frames_t frames;
static uint8_t body[65536];

static const stream_id_t THEIRS = {1, 7}; /* of lone_stream, where the end is a host */
static const stream_id_t NOBODYS = {5, 1};

static void
open_host(void) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
}

static size_t
held_bytes(void) {
  return end.books.held_bytes;
}

/* ---- W10 */

/* P11.12 */
TEST(data_and_end_of_a_stream_never_opened_are_strikes_W10) {
  open_host();
  size_t held = held_bytes();
  for (int i = 0; i < 50; i++) {
    PUT_STREAM(&frames, NOBODYS, .type = HWR_DATA, .length = 3000);
    PUT_STREAM(&frames, NOBODYS, .type = HWR_END);
  }
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 0);
  CHECK_INT(held_bytes(), held);
  PUT_STREAM(&frames, NOBODYS, .type = HWR_DATA, .length = 3000);
  check_broken(&end, &frames, HWR_ESTRIKES, "P11.12");
}

TEST(bodies_of_no_stream_are_skipped_however_long_W10) {
  open_host();
  size_t held = held_bytes();
  PUT_STREAM(&frames, NOBODYS, .type = HWR_DATA, .length = 1 << 20);
  PUT_STREAM(&frames, NOBODYS, .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 10);
  PUT(&frames, .type = HWR_PING, .slot = 3);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.books.peak_bytes - held < 4096, 1);
  CHECK(hwr_session_control_waits(end.session)); /* the PONG */
  end_close(&end);
}

TEST(data_and_end_behind_the_end_are_strikes_W10) {
  open_host();
  lone_stream(&end, false, false);
  PUT_STREAM(&frames, THEIRS, .type = HWR_END);
  for (int i = 0; i < 50; i++) {
    PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 30);
    PUT_STREAM(&frames, THEIRS, .type = HWR_END);
  }
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 1);
  PUT_STREAM(&frames, THEIRS, .type = HWR_END);
  check_broken(&end, &frames, HWR_ESTRIKES, "P11.12");
}

TEST(data_of_another_generation_of_the_slot_is_a_strike_W10) {
  open_host();
  lone_stream(&end, false, false);
  stream_id_t older = {THEIRS.slot, THEIRS.generation - 1};
  for (int i = 0; i < 100; i++) PUT_STREAM(&frames, older, .type = HWR_DATA, .length = 30);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 0);
  PUT_STREAM(&frames, older, .type = HWR_DATA, .length = 30);
  check_broken(&end, &frames, HWR_ESTRIKES, "P11.12");
}

/* P11.12 */
TEST(data_that_crossed_our_reset_is_dropped_within_its_window_W10) {
  open_host();
  lone_stream(&end, false, true);
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 30000);
  feed_frames(&end, &frames);
  size_t held = held_bytes();
  end_reset(&end, THEIRS, NULL, 0);
  end_flush(&end);
  CHECK(held_bytes() < held);
  held = held_bytes();
  for (int i = 0; i < 4; i++) PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 8176);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 0);
  CHECK_INT(held_bytes(), held);
  end_consume(&end, THEIRS, 60000, 4); /* nothing more is granted */
  CHECK(!hwr_session_control_waits(end.session));
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 8176);
  check_broken(&end, &frames, HWR_EPROTO, "P5.2");
}

TEST(and_no_longer_when_the_peer_has_answered_it_W10) {
  open_host();
  lone_stream(&end, false, false);
  end_reset(&end, THEIRS, NULL, 0);
  end_flush(&end);
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 8);
  PUT_STREAM(&frames, THEIRS, .type = HWR_RESET);
  for (int i = 0; i < 100; i++) PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 8);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 8);
  check_broken(&end, &frames, HWR_ESTRIKES, "P11.12");
}

/* P11.13 */
TEST(each_stream_that_is_over_allows_one_late_reset_W10) {
  open_host();
  lone_stream(&end, false, false);
  end_finish(&end, THEIRS);
  end_flush(&end);
  PUT_STREAM(&frames, THEIRS, .type = HWR_END);
  PUT_STREAM(&frames, THEIRS, .type = HWR_RESET, .length = 50);
  for (int i = 0; i < 100; i++) PUT_STREAM(&frames, THEIRS, .type = HWR_RESET, .length = 50);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end_count(&end, HWR_EV_RESET), 0);
  PUT_STREAM(&frames, THEIRS, .type = HWR_RESET);
  check_broken(&end, &frames, HWR_ESTRIKES, "P11.13");
}

TEST(a_second_reset_of_a_stream_is_a_strike_W10) {
  open_host();
  lone_stream(&end, false, false);
  for (int i = 0; i < 101; i++) PUT_STREAM(&frames, THEIRS, .type = HWR_RESET);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end_count(&end, HWR_EV_RESET), 1);
  PUT_STREAM(&frames, THEIRS, .type = HWR_RESET);
  check_broken(&end, &frames, HWR_ESTRIKES, "P11.13");
}

/* ---- W11, W12 */

/* P11.4 */
TEST(data_before_the_first_grant_breaks_the_rule_and_nothing_is_kept_W11) {
  const uint8_t types[] = {HWR_DATA, HWR_END, HWR_CREDIT};
  for (int i = 0; i < 3; i++) {
    open_host();
    put_open(&frames, THEIRS, true, 4096, 1);
    CHECK_INT(feed_frames(&end, &frames), 0);
    size_t held = held_bytes();
    if (types[i] == HWR_CREDIT) put_stream_credit(&frames, THEIRS, 1 << 20, 9);
    else PUT_STREAM(&frames, THEIRS, .type = types[i], .length = types[i] == HWR_DATA ? 8 : 0);
    CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
    CHECK_INT(held_bytes(), held);
    check_broken(&end, &frames, HWR_EPROTO, "P11.4");
  }
}

TEST(the_end_that_was_asked_says_nothing_before_it_accepts_W11) {
  open_host();
  stream_id_t id = end_stream(&end, "n", false);
  PUT_STREAM(&frames, id, .type = HWR_END);
  check_broken(&end, &frames, HWR_EPROTO, "P11.4");
}

/* P5.2 */
TEST(the_first_data_past_its_window_breaks_the_rule_before_it_is_received_W11) {
  open_host();
  lone_stream(&end, false, true);
  size_t held = held_bytes();
  put_header(&frames, (frame_spec_t){.type = HWR_DATA,
                                     .slot = THEIRS.slot,
                                     .generation = THEIRS.generation,
                                     .length = WINDOW_BYTES});
  CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
  CHECK_INT(held_bytes(), held);
  check_broken(&end, &frames, HWR_EPROTO, "P5.2");
}

/* P5.2 */
TEST(more_messages_than_granted_break_the_rule_W11) {
  open_host();
  lone_stream(&end, false, true);
  for (int i = 0; i < WINDOW_MESSAGES; i++) PUT_STREAM(&frames, THEIRS, .type = HWR_DATA);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA);
  check_broken(&end, &frames, HWR_EPROTO, "P5.2");
}

/* P4.6 */
TEST(a_message_past_the_limit_breaks_the_rule_W3) {
  settings_t small = DEFAULTS;
  small.max_message_bytes = 1000;
  lone_open(&end, HWR_HOST, &small);
  lone_stream(&end, false, true);
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 600);
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 401);
  check_broken(&end, &frames, HWR_EPROTO, "P4.6");
}

/* P5.3, P5.4 */
TEST(credit_of_a_stream_may_reach_the_end_of_numbers_and_never_go_back_W12) {
  open_host();
  lone_stream(&end, false, true);
  put_stream_credit(&frames, THEIRS, UINT64_MAX, UINT64_MAX);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_data(&end, THEIRS, body, 30000);
  CHECK_INT(end_flush(&end), 0);
  CHECK_INT(end_held(&end, THEIRS), 0);
  for (int i = 0; i < 100; i++) put_stream_credit(&frames, THEIRS, UINT64_MAX, UINT64_MAX);
  CHECK_INT(feed_frames(&end, &frames), 0);
  put_stream_credit(&frames, THEIRS, UINT64_MAX, UINT64_MAX);
  check_broken(&end, &frames, HWR_ESTRIKES, "P5.4");
}

/* P11.13 */
TEST(credit_for_no_stream_is_allowed_as_often_as_it_may_cross_an_end_W12) {
  open_host();
  lone_stream(&end, false, true);
  end_finish(&end, THEIRS);
  end_flush(&end);
  PUT_STREAM(&frames, THEIRS, .type = HWR_END);
  for (int i = 0; i < HWR_LATE_CREDITS; i++) put_stream_credit(&frames, THEIRS, 1 << 20, 1 << 20);
  for (int i = 0; i < 100; i++) put_stream_credit(&frames, NOBODYS, 1, 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  put_stream_credit(&frames, NOBODYS, 1, 1);
  check_broken(&end, &frames, HWR_ESTRIKES, "P11.13");
}

/* ---- W13 */

/* P8.4, P11.14 */
TEST(a_million_streams_opened_and_reset_end_the_connection_W13) {
  open_host();
  size_t held = 0;
  int rounds = 0;
  while (rounds < 1000000 && end.status == 0) {
    stream_id_t id = {1, (uint32_t) rounds++};
    put_open(&frames, id, true, 4096, 1);
    PUT_STREAM(&frames, id, .type = HWR_RESET);
    feed_frames(&end, &frames);
    end_flush(&end);
    lone_drain(&end);
    if (rounds == 10) held = held_bytes();
    if (rounds == 900) CHECK_INT(held_bytes(), held);
  }
  CHECK_INT(rounds, 1001);
  CHECK_STR(hwr_session_rule(end.session), "P11.14");
  CHECK_INT(end.status, HWR_ESTRIKES);
  end_close(&end);
}

TEST(resets_of_streams_that_are_served_or_refused_cost_nothing_W13) {
  open_host();
  for (uint32_t i = 0; i < 3000 && end.status == 0; i++) {
    stream_id_t id = {1, i};
    put_open(&frames, id, false, 4096, 1);
    CHECK_INT(feed_frames(&end, &frames), 0);
    if (i % 2) end_accept(&end, id);
    else end_reset(&end, id, NULL, 0);
    end_flush(&end);
    PUT_STREAM(&frames, id, .type = HWR_RESET);
    CHECK_INT(feed_frames(&end, &frames), 0);
    end_flush(&end);
    lone_drain(&end);
  }
  CHECK_INT(hwr_session_open_streams(end.session), 0);
  end_close(&end);
}

TEST(with_time_more_streams_may_be_given_up_W13) {
  open_host();
  for (uint32_t i = 0; i < 1100 && end.status == 0; i++) {
    stream_id_t id = {1, i};
    put_open(&frames, id, false, 4096, 1);
    PUT_STREAM(&frames, id, .type = HWR_RESET);
    end.now_ms += 31;
    feed_frames(&end, &frames);
    end_flush(&end);
    lone_drain(&end);
  }
  CHECK_INT(end.status, 0);
  end_close(&end);
}

TEST(no_more_streams_are_open_than_the_limit_W13) {
  open_host();
  for (uint32_t i = 0; i < HWR_MAX_STREAMS; i++)
    put_open(&frames, (stream_id_t){1 + 2 * i, 1}, false, 4096, 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK(end.books.peak_bytes < 2 << 20);
  CHECK_INT(hwr_session_open_streams(end.session), HWR_MAX_STREAMS);
  put_open(&frames, (stream_id_t){1 + 2 * HWR_MAX_STREAMS, 1}, false, 4096, 1);
  check_broken(&end, &frames, HWR_EPROTO, "P11.2");
}

TEST(refusals_that_the_peer_does_not_take_keep_their_slots_W13) {
  open_host();
  size_t held = held_bytes();
  uint32_t count = 0;
  for (; count < 10000 && end.status == 0; count++) {
    stream_id_t id = {1 + count % HWR_MAX_STREAMS * 2, count};
    put_open(&frames, id, false, 4096, 1);
    if (feed_frames(&end, &frames)) break;
    end_reset(&end, id, body, 500);
    end_flush(&end); /* into the ring, as long as there is room */
    PUT_STREAM(&frames, id, .type = HWR_RESET);
    CHECK_INT(feed_frames(&end, &frames), 0);
  }
  CHECK(count < 3 * HWR_MAX_STREAMS);
  CHECK(held_bytes() - held < 2 << 20);
  check_broken(&end, &frames, HWR_EPROTO, "P11.2");
}

TEST(credit_behind_a_refusal_means_nothing_W12) {
  open_host();
  for (int given_up = 0; given_up < 2; given_up++) {
    stream_id_t id = end_stream(&end, "n", false);
    if (given_up) end_reset(&end, id, NULL, 0);
    end_flush(&end);
    lone_drain(&end);
    PUT_STREAM(&frames, id, .type = HWR_RESET);
    for (int i = 0; i < 20; i++) put_stream_credit(&frames, id, 4096, 1);
    CHECK_INT(feed_frames(&end, &frames), 0);
    CHECK_INT(end_count(&end, HWR_EV_ACCEPT), 0);
    end_flush(&end);
    CHECK_INT(hwr_session_open_streams(end.session), 0);
    collect(&end, &frames);
    CHECK_INT(frames.count, HWR_HEADER_BYTES); /* one RESET, and nothing else */
    CHECK_INT(count_frames(&frames, HWR_RESET), 1);
    frames.count = 0;
  }
  end_close(&end);
}

/* ---- W15 */

/* P4.7, P11.5 */
TEST(empty_chunks_are_strikes_W15) {
  for (int messages = 0; messages < 2; messages++) {
    open_host();
    lone_stream(&end, false, messages);
    uint8_t flags = messages ? HWR_FLAG_MORE : 0;
    for (int i = 0; i < 100; i++) PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .flags = flags);
    CHECK_INT(feed_frames(&end, &frames), 0);
    CHECK_INT(end.log_count, 0);
    PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .flags = flags);
    check_broken(&end, &frames, HWR_ESTRIKES, messages ? "P4.7" : "P11.5");
  }
}

TEST(a_million_chunks_of_one_byte_in_one_message_cost_their_bytes_W15) {
  open_host();
  stream_id_t id = lone_stream(&end, false, true);
  size_t held = held_bytes();
  for (int i = 0; i < 1000000 && end.status == 0; i++) {
    PUT_STREAM(&frames, id, .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 1);
    if (i % 1000) continue;
    feed_frames(&end, &frames);
    end_flush(&end);
    lone_drain(&end);
  }
  feed_frames(&end, &frames);
  CHECK_INT(end.status, 0);
  CHECK(held_bytes() - held < 3 << 20);
  end_close(&end);
}

TEST(chunks_of_one_byte_use_up_the_window_by_their_headers_W15) {
  open_host();
  lone_stream(&end, false, false);
  for (int i = 0; i < WINDOW_BYTES / 24; i++)
    PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end_last(&end)->value, 24);
  PUT_STREAM(&frames, THEIRS, .type = HWR_DATA, .length = 1);
  check_broken(&end, &frames, HWR_EPROTO, "P5.2");
}

/* ---- the rest */

TEST(one_stream_borrows_at_a_time_and_the_others_keep_to_their_windows) {
  open_host();
  stream_id_t ids[3];
  for (uint32_t i = 0; i < 3; i++) {
    ids[i] = (stream_id_t){1 + 2 * i, 1};
    put_open(&frames, ids[i], true, 4096, 1);
    feed_frames(&end, &frames);
    end_accept(&end, ids[i]);
  }
  end_flush(&end);
  lone_drain(&end);
  for (int round = 0; round < 8; round++) {
    PUT_STREAM(&frames, ids[0], .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 32752);
    CHECK_INT(feed_frames(&end, &frames), 0);
    end_flush(&end);
    lone_drain(&end);
  }
  for (int i = 0; i < 2; i++)
    PUT_STREAM(&frames, ids[1], .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 32752);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_flush(&end);
  PUT_STREAM(&frames, ids[0], .type = HWR_DATA, .length = 8); /* the first is complete */
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK(hwr_session_control_waits(end.session)); /* and the second may go on */
  end_flush(&end);
  PUT_STREAM(&frames, ids[1], .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 32752);
  CHECK_INT(feed_frames(&end, &frames), 0);
  for (int i = 0; i < 2; i++)
    PUT_STREAM(&frames, ids[2], .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 32752);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT_STREAM(&frames, ids[2], .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 32752);
  check_broken(&end, &frames, HWR_EPROTO, "P5.2");
}

/* The offset of bytes in the CREDIT that is sent next. */
static uint64_t
granted_offset(void) {
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_CREDIT), 1);
  uint64_t offset = 0;
  for (int i = 0; i < 8; i++) offset |= (uint64_t) frames.bytes[HWR_HEADER_BYTES + i] << (8 * i);
  frames.count = 0;
  return offset;
}

TEST(the_owner_may_say_it_has_read_more_than_came) {
  open_host();
  stream_id_t id = lone_stream(&end, false, true);
  end_consume(&end, id, UINT64_MAX, UINT64_MAX);
  CHECK(!hwr_session_control_waits(end.session));
  PUT_STREAM(&frames, id, .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 40000);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_consume(&end, id, UINT64_MAX, UINT64_MAX); /* what is in progress is not its own yet */
  CHECK_INT(granted_offset(), WINDOW_BYTES + 40016);
  for (int i = 0; i < WINDOW_MESSAGES; i++) PUT_STREAM(&frames, id, .type = HWR_DATA, .length = 8);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end_count(&end, HWR_EV_DATA), WINDOW_MESSAGES);
  end_consume(&end, id, UINT64_MAX, UINT64_MAX);
  CHECK_INT(granted_offset(), WINDOW_BYTES + 40016 + WINDOW_MESSAGES * 24);
  end_close(&end);
}

int
main(void) {
  RUN(data_and_end_of_a_stream_never_opened_are_strikes_W10);
  RUN(bodies_of_no_stream_are_skipped_however_long_W10);
  RUN(data_and_end_behind_the_end_are_strikes_W10);
  RUN(data_of_another_generation_of_the_slot_is_a_strike_W10);
  RUN(data_that_crossed_our_reset_is_dropped_within_its_window_W10);
  RUN(and_no_longer_when_the_peer_has_answered_it_W10);
  RUN(each_stream_that_is_over_allows_one_late_reset_W10);
  RUN(a_second_reset_of_a_stream_is_a_strike_W10);
  RUN(data_before_the_first_grant_breaks_the_rule_and_nothing_is_kept_W11);
  RUN(the_end_that_was_asked_says_nothing_before_it_accepts_W11);
  RUN(the_first_data_past_its_window_breaks_the_rule_before_it_is_received_W11);
  RUN(more_messages_than_granted_break_the_rule_W11);
  RUN(a_message_past_the_limit_breaks_the_rule_W3);
  RUN(credit_of_a_stream_may_reach_the_end_of_numbers_and_never_go_back_W12);
  RUN(credit_for_no_stream_is_allowed_as_often_as_it_may_cross_an_end_W12);
  RUN(a_million_streams_opened_and_reset_end_the_connection_W13);
  RUN(resets_of_streams_that_are_served_or_refused_cost_nothing_W13);
  RUN(with_time_more_streams_may_be_given_up_W13);
  RUN(no_more_streams_are_open_than_the_limit_W13);
  RUN(refusals_that_the_peer_does_not_take_keep_their_slots_W13);
  RUN(credit_behind_a_refusal_means_nothing_W12);
  RUN(empty_chunks_are_strikes_W15);
  RUN(a_million_chunks_of_one_byte_in_one_message_cost_their_bytes_W15);
  RUN(chunks_of_one_byte_use_up_the_window_by_their_headers_W15);
  RUN(one_stream_borrows_at_a_time_and_the_others_keep_to_their_windows);
  RUN(the_owner_may_say_it_has_read_more_than_came);
  frames_free(&frames);
  return check_exit_code();
}
