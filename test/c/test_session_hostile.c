/* SPDX-License-Identifier: MIT
 *
 * What a peer could do that wants to do harm: the session ends with the rule that was broken, or
 * bears it, but never more.
 */
#include "session_pair.h"

static end_t end;
static frames_t frames;
static uint8_t body[65536];

static void
open_worker(void) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
}

/* P2.3 */
TEST(lengths_past_a_limit_break_the_rule_before_any_allocation_W3) {
  const uint32_t lengths[] = {HWR_MAX_FRAME_BYTES + 1, 0x7fffffff, 0x80000000, UINT32_MAX};
  const uint8_t types[] = {HWR_REQUEST, HWR_RESPONSE, HWR_DEFINE, HWR_PAD};
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < 4; j++) {
      open_worker();
      size_t peak = end.books.peak_bytes;
      put_header(&frames, (frame_spec_t){.type = types[j], .length = lengths[i]});
      CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
      CHECK_INT(end.books.peak_bytes, peak);
      check_broken(&end, &frames, HWR_EPROTO, "P2.3");
    }
}

/* P2.3 */
TEST(control_frames_have_one_length_each) {
  const struct {
    uint8_t type;
    uint32_t length;
  } bad[] = {{HWR_CREDIT, 0}, {HWR_CREDIT, 15}, {HWR_CREDIT, 24}, {HWR_PING, 1},
             {HWR_PONG, 8},   {HWR_GOAWAY, 0},  {HWR_GOAWAY, 5},  {HWR_GOAWAY, 8}};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    open_worker();
    PUT(&frames, .type = bad[i].type, .length = bad[i].length);
    check_broken(&end, &frames, HWR_EPROTO, "P2.3");
  }
}

/* P4.6 */
TEST(a_message_of_exactly_the_limit_is_taken_and_one_byte_more_is_not_W3) {
  settings_t small = DEFAULTS;
  small.max_message_bytes = 10000;
  for (uint32_t extra = 0; extra < 2; extra++) {
    lone_open(&end, HWR_WORKER, &small);
    PUT(&frames, .type = HWR_REQUEST, .body = body, .length = 10000 + extra);
    CHECK_INT(feed_frames(&end, &frames), extra ? HWR_EPROTO : 0);
    CHECK_STR(hwr_session_rule(end.session), extra ? "P4.6" : "");
    end_close(&end);
    lone_open(&end, HWR_WORKER, &small);
    PUT(&frames, .type = HWR_REQUEST, .flags = 8, .body = body, .length = 9000);
    PUT(&frames, .type = HWR_REQUEST, .body = body, .length = 1000 + extra);
    CHECK_INT(feed_frames(&end, &frames), extra ? HWR_EPROTO : 0);
    CHECK_STR(hwr_session_rule(end.session), extra ? "P4.6" : "");
    end_close(&end);
  }
}

/* P4.6 */
TEST(an_answer_nobody_reads_is_limited_too) {
  settings_t small = DEFAULTS;
  small.max_message_bytes = 10000;
  lone_open(&end, HWR_WORKER, &small);
  PUT(&frames, .type = HWR_RESPONSE, .flags = 8, .body = body, .length = 9000);
  PUT(&frames, .type = HWR_RESPONSE, .body = body, .length = 1001);
  check_broken(&end, &frames, HWR_EPROTO, "P4.6");
}

/* P4.6: an owner that wants short messages must still be told why a call failed. */
TEST(errors_and_definitions_may_have_64_kib_whatever_the_limit) {
  static const uint8_t types[] = {HWR_ERROR, HWR_DEFINE};
  settings_t small = DEFAULTS;
  small.max_message_bytes = 100;
  for (uint32_t i = 0; i < 4; i++) {
    lone_open(&end, HWR_WORKER, &small);
    PUT(&frames, .type = types[i % 2], .flags = 8, .body = body, .length = 65000);
    PUT(&frames, .type = types[i % 2], .body = body, .length = 536 + i / 2);
    CHECK_INT(feed_frames(&end, &frames), i / 2 ? HWR_EPROTO : 0);
    CHECK_STR(hwr_session_rule(end.session), i / 2 ? "P4.6" : "");
    end_close(&end);
  }
}

/* P2.5 */
TEST(flags_that_a_type_does_not_have_break_the_rule_W7) {
  static const struct {
    uint8_t type, allowed;
  } types[] = {{HWR_DEFINE, 0x0f}, {HWR_REQUEST, 0x3f}, {HWR_RESPONSE, 0x0f},
               {HWR_ERROR, 0x0f},  {HWR_CREDIT, 0},     {HWR_PING, 0},
               {HWR_PONG, 0},      {HWR_GOAWAY, 0},     {HWR_PAD, 0}};
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    for (int bit = 0; bit < 8; bit++) {
      if (types[i].allowed & 1 << bit) continue;
      open_worker();
      PUT(&frames, .type = types[i].type, .flags = (uint8_t) (1 << bit), .length = 0);
      check_broken(&end, &frames, HWR_EPROTO, "P2.5");
    }
}

/* P0.2 */
TEST(of_several_faults_the_first_is_named) {
  static const struct {
    frame_spec_t frame;
    const char *rule;
  } cases[] = {
      {{.type = HWR_FRAME_TYPES - 1, .flags = 0x80, .length = UINT32_MAX}, "P2.4"},
      {{.type = HWR_INIT, .flags = 0x80, .length = UINT32_MAX}, "P2.5"},
      {{.type = HWR_INIT, .length = UINT32_MAX}, "P3.6"},
      {{.type = HWR_RESPONSE, .length = UINT32_MAX}, "P2.3"},
      {{.type = HWR_RESPONSE, .length = 96}, "P4.5"},
      {{.type = HWR_REQUEST, .slot = 1, .length = 4096}, "P4.6"},
      {{.type = HWR_REQUEST, .slot = 1, .length = 4092}, "P5.2"},
  };
  settings_t small = DEFAULTS;
  small.window_bytes = 4096;
  small.max_message_bytes = 4096;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    lone_open(&end, HWR_WORKER, &small);
    PUT(&frames, .type = HWR_REQUEST, .flags = 8, .slot = 1, .body = body, .length = 4);
    put_header(&frames, cases[i].frame);
    check_broken(&end, &frames, HWR_EPROTO, cases[i].rule);
  }
}

/* P2.4: OPEN, DATA, END and RESET are for later versions. */
TEST(types_without_a_name_break_the_rule_W7) {
  for (uint8_t type = HWR_PAD + 1; type; type++) {
    open_worker();
    PUT(&frames, .type = type);
    check_broken(&end, &frames, HWR_EPROTO, "P2.4");
  }
}

/* P4.16 */
TEST(an_event_without_the_whole_of_its_name_breaks_the_rule_W7) {
  static const uint8_t blocks[][8] = {{7, 0}, {0xff, 0xff}, {1, 4}, {255, 0}};
  for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
    open_worker();
    PUT(&frames, .type = HWR_EVENT, .body = blocks[i], .length = 8);
    check_broken(&end, &frames, HWR_EPROTO, "P4.16");
  }
  for (uint32_t length = 0; length < 8; length++) {
    open_worker();
    PUT(&frames, .type = HWR_EVENT, .flags = HWR_FLAG_MORE, .length = length);
    PUT(&frames, .type = HWR_EVENT);
    check_broken(&end, &frames, HWR_EPROTO, "P4.16");
  }
}

/* P2.6 */
TEST(a_malformed_extension_block_breaks_the_rule_whole_or_in_chunks) {
  const uint8_t block[] = {16, 0, 1, 4, 0, 0, 0, 0};
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .flags = 0x10, .body = block, .length = 8);
  check_broken(&end, &frames, HWR_EPROTO, "P2.6");
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .flags = 0x10);
  check_broken(&end, &frames, HWR_EPROTO, "P2.6");
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .flags = 0x18, .body = block, .length = 4);
  PUT(&frames, .type = HWR_REQUEST, .body = block + 4, .length = 4);
  check_broken(&end, &frames, HWR_EPROTO, "P2.6");
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .flags = 0x18);
  PUT(&frames, .type = HWR_REQUEST);
  check_broken(&end, &frames, HWR_EPROTO, "P2.6");
}

/* P4.1 */
TEST(an_id_that_is_open_may_not_be_used_again_W9) {
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .slot = 3, .generation = 1);
  PUT(&frames, .type = HWR_REQUEST, .slot = 3, .generation = 1);
  check_broken(&end, &frames, HWR_EPROTO, "P4.1");
}

/* P4.1 */
TEST(a_slot_whose_call_was_given_up_takes_another_generation) {
  settings_t small = DEFAULTS;
  small.window_messages = 4;
  lone_open(&end, HWR_WORKER, &small);
  for (uint32_t i = 0; i < 4; i++) PUT(&frames, .type = HWR_REQUEST, .slot = 3, .generation = i);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(hwr_session_open_requests(end.session), 1);
  for (uint32_t i = 0; i < 4; i++) end_answer(&end, 3, i, "", 0);
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_RESPONSE), 1); /* to the last; the others gave up */
  CHECK_INT(count_frames(&frames, HWR_CREDIT), 1);
  frames.count = 0;
  for (uint32_t i = 0; i < 4; i++) PUT(&frames, .type = HWR_REQUEST, .slot = i);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT(&frames, .type = HWR_REQUEST, .slot = 9);
  check_broken(&end, &frames, HWR_EPROTO, "P5.2"); /* giving up calls buys no more of them */
}

/* P4.2 */
TEST(slots_end_at_the_limit) {
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .slot = HWR_MAX_SLOTS - 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK(end.books.held_bytes < 1 << 20); /* the whole table: what one claim can cost */
  PUT(&frames, .type = HWR_REQUEST, .slot = HWR_MAX_SLOTS);
  check_broken(&end, &frames, HWR_EPROTO, "P4.2");
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .slot = UINT32_MAX);
  check_broken(&end, &frames, HWR_EPROTO, "P4.2");
}

/* P4.11 */
TEST(one_way_requests_may_carry_any_slot) {
  open_worker();
  PUT(&frames, .type = HWR_REQUEST, .flags = 0x20, .slot = UINT32_MAX);
  PUT(&frames, .type = HWR_REQUEST, .flags = 0x20, .slot = UINT32_MAX);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_close(&end);
}

/* P4.5 */
TEST(chunks_of_two_messages_may_not_mix) {
  static const frame_spec_t seconds[] = {
      {.type = HWR_REQUEST, .slot = 2, .generation = 1},
      {.type = HWR_REQUEST, .slot = 1, .generation = 2},
      {.type = HWR_RESPONSE, .slot = 1, .generation = 1},
      {.type = HWR_DEFINE, .slot = 1, .generation = 1},
      {.type = HWR_REQUEST, .flags = 0x10, .slot = 1, .generation = 1},
  };
  for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
    open_worker();
    PUT(&frames, .type = HWR_REQUEST, .flags = 8, .slot = 1, .generation = 1, .length = 5);
    PUT(&frames, .type = HWR_PING);
    put_frame(&frames, seconds[i]);
    check_broken(&end, &frames, HWR_EPROTO, "P4.5");
  }
}

/* P4.7 */
TEST(chunks_without_bytes_are_strikes_W15) {
  open_worker();
  for (int i = 0; i < 100; i++) PUT(&frames, .type = HWR_REQUEST, .flags = 8);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT(&frames, .type = HWR_REQUEST, .flags = 8);
  check_broken(&end, &frames, HWR_ESTRIKES, "P4.7");
}

TEST(chunks_of_one_byte_cost_their_bytes_and_no_more_W15) {
  open_worker();
  size_t before = end.books.held_bytes;
  for (uint32_t i = 0; i < 100000; i++) {
    PUT(&frames, .type = HWR_REQUEST, .flags = 8, .body = body, .length = 1);
    if (i % 1000 == 999) CHECK_INT(feed_frames(&end, &frames), 0);
    if (i % 1000 == 999) end_flush(&end);
    if (i % 1000 == 999) lone_drain(&end);
  }
  CHECK(end.books.held_bytes - before <= 200000 + (32 << 10));
  end_close(&end);
}

/* P2.7 */
TEST(padding_after_padding_is_a_strike_S4) {
  open_worker();
  for (int i = 0; i < 101; i++) PUT(&frames, .type = HWR_PAD, .length = (uint32_t) i % 3);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT(&frames, .type = HWR_PAD);
  check_broken(&end, &frames, HWR_ESTRIKES, "P2.7");
}

TEST(long_padding_is_not_stored) {
  open_worker();
  size_t peak = end.books.peak_bytes;
  put_header(&frames, (frame_spec_t){.type = HWR_PAD, .length = HWR_MAX_FRAME_BYTES});
  CHECK_INT(feed_frames(&end, &frames), 0);
  for (int i = 0; i < HWR_MAX_FRAME_BYTES / (int) sizeof body; i++)
    CHECK_INT(end_feed(&end, body, sizeof body), 0);
  CHECK_INT(hwr_session_end(end.session), 0);
  CHECK_INT(end.books.peak_bytes, peak);
  end_close(&end);
}

/* P6.4 */
TEST(a_thousand_pings_may_wait_for_their_pongs_W14) {
  open_worker();
  for (uint32_t i = 0; i < HWR_MAX_PENDING_PONGS; i++) PUT(&frames, .type = HWR_PING, .slot = i);
  CHECK_INT(feed_frames(&end, &frames), 0);
  PUT(&frames, .type = HWR_PING);
  check_broken(&end, &frames, HWR_ESTRIKES, "P6.4");
}

TEST(pings_that_are_answered_may_go_on_for_ever_W14) {
  open_worker();
  size_t held = 0;
  for (uint32_t i = 0; i < 20000; i++) {
    PUT(&frames, .type = HWR_PING, .slot = i);
    if (i % 700 != 699) continue;
    REQUIRE(feed_frames(&end, &frames) == 0);
    end_flush(&end);
    lone_drain(&end);
    if (i == 699) held = end.books.held_bytes;
  }
  frames.count = 0;
  CHECK_INT(end.books.held_bytes, held);
  end_close(&end);
}

/* P6.1 */
TEST(goaway_again_is_a_strike) {
  open_worker();
  for (int i = 0; i < 101; i++) PUT(&frames, .type = HWR_GOAWAY, .length = 4);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 1);
  PUT(&frames, .type = HWR_GOAWAY, .length = 4);
  check_broken(&end, &frames, HWR_ESTRIKES, "P6.1");
}

/* P6.3 */
TEST(pongs_nobody_asked_for_are_strikes) {
  open_worker();
  for (int i = 0; i < 100; i++) PUT(&frames, .type = HWR_PONG, .slot = 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.log_count, 0);
  PUT(&frames, .type = HWR_PONG, .slot = 1);
  check_broken(&end, &frames, HWR_ESTRIKES, "P4.4");
}

/* P8.2 */
TEST(strikes_are_forgiven_with_time) {
  open_worker();
  for (int second = 0; second < 100; second++) {
    end.now_ms = 1000u * (uint64_t) second;
    for (int i = 0; i < 10; i++) PUT(&frames, .type = HWR_PONG);
    CHECK_INT(feed_frames(&end, &frames), 0);
  }
  for (int i = 0; i < 101; i++) PUT(&frames, .type = HWR_PONG);
  check_broken(&end, &frames, HWR_ESTRIKES, "P4.4");
}

/* P6.3: else a peer could settle a call with the time of a ping. */
TEST(a_pong_to_a_call_or_an_answer_to_a_ping_breaks_the_rule_W8) {
  static const frame_spec_t wrong[] = {{.type = HWR_PONG, .slot = 1, .generation = 1},
                                       {.type = HWR_RESPONSE, .slot = 2, .generation = 1},
                                       {.type = HWR_ERROR, .slot = 2, .generation = 1}};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    lone_open(&end, HWR_HOST, &DEFAULTS);
    end_call(&end, 1, 1, "", 0);
    CHECK_INT(hwr_session_ping(end.session, 2, 1, HWR_NO_DEADLINE), 0);
    end_flush(&end);
    put_frame(&frames, wrong[i]);
    CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
    CHECK_INT(end.log_count, 0);
    check_broken(&end, &frames, HWR_EPROTO, "P6.3");
  }
}

/* Frames of random types, flags, ids and lengths, then garbage: only the outcome "no defect". */
static void
feed_random_frames(uint32_t seed) {
  uint32_t random = seed * 2654435761u + 1;
  lone_open(&end, seed % 2 ? HWR_HOST : HWR_WORKER, &DEFAULTS);
  for (uint32_t slot = 0; seed % 2 && slot < 8; slot++) end_call(&end, slot, 1, body, 3);
  end_flush(&end);
  end.random_split = &random;
  end.split = 1 + next_random(&random) % 5000;
  for (int i = 0; i < 60 && end.status == 0; i++) {
    uint32_t r = next_random(&random);
    static const uint8_t usual[] = {5, 6, 7, 8, 16, 17, 18, 20};
    uint8_t type = r % 16 ? usual[r >> 8 & 7] : (uint8_t) (r >> 8);
    uint8_t flags = r >> 16 & 1 ? 0 : (uint8_t) (r >> 20 & (type == 6 ? 0x3f : 0x0f));
    uint32_t length = type == 16 ? 16 : type > 16 ? 0 : next_random(&random) % 20000;
    PUT(&frames, .type = type, .flags = flags, .slot = r % 8, .generation = r >> 3 & 1,
        .body = body, .length = length);
    if (r % 97 == 0 && frames.count > 20) frames.bytes[r % frames.count] ^= (uint8_t) (1 << r % 8);
    feed_frames(&end, &frames);
    if (end.status == 0) hwr_session_tick(end.session, end.now_ms += r % 300);
    if (end.status == 0) end_flush(&end);
    lone_drain(&end);
  }
  CHECK(end.status != HWR_EAGAIN && end.status != HWR_EBADARG && end.status != HWR_ENOMEM);
  end_close(&end);
}

TEST(random_frames_find_no_defect) {
  for (uint32_t seed = 1; seed <= 3000; seed++) feed_random_frames(seed);
}

int
main(void) {
  RUN(lengths_past_a_limit_break_the_rule_before_any_allocation_W3);
  RUN(control_frames_have_one_length_each);
  RUN(a_message_of_exactly_the_limit_is_taken_and_one_byte_more_is_not_W3);
  RUN(an_answer_nobody_reads_is_limited_too);
  RUN(errors_and_definitions_may_have_64_kib_whatever_the_limit);
  RUN(flags_that_a_type_does_not_have_break_the_rule_W7);
  RUN(of_several_faults_the_first_is_named);
  RUN(types_without_a_name_break_the_rule_W7);
  RUN(an_event_without_the_whole_of_its_name_breaks_the_rule_W7);
  RUN(a_malformed_extension_block_breaks_the_rule_whole_or_in_chunks);
  RUN(an_id_that_is_open_may_not_be_used_again_W9);
  RUN(a_slot_whose_call_was_given_up_takes_another_generation);
  RUN(slots_end_at_the_limit);
  RUN(one_way_requests_may_carry_any_slot);
  RUN(chunks_of_two_messages_may_not_mix);
  RUN(chunks_without_bytes_are_strikes_W15);
  RUN(chunks_of_one_byte_cost_their_bytes_and_no_more_W15);
  RUN(padding_after_padding_is_a_strike_S4);
  RUN(long_padding_is_not_stored);
  RUN(a_thousand_pings_may_wait_for_their_pongs_W14);
  RUN(pings_that_are_answered_may_go_on_for_ever_W14);
  RUN(goaway_again_is_a_strike);
  RUN(pongs_nobody_asked_for_are_strikes);
  RUN(strikes_are_forgiven_with_time);
  RUN(a_pong_to_a_call_or_an_answer_to_a_ping_breaks_the_rule_W8);
  RUN(random_frames_find_no_defect);
  frames_free(&frames);
  return check_exit_code();
}
