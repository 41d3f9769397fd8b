/* SPDX-License-Identifier: MIT */
#include "session_pair.h"

static pair_t pair;
static end_t end;
static frames_t frames;
static uint8_t big[20 << 20];

static void
answer_with_the_same(end_t *e, const seen_t *seen, const uint8_t *payload) {
  if (seen->kind == HWR_EV_REQUEST)
    end_answer(e, seen->slot, seen->generation, payload, seen->length);
}

static void
check_payload(const seen_t *seen, uint32_t kind, const uint8_t *bytes, size_t count) {
  CHECK_INT(seen->kind, kind);
  CHECK_INT(seen->length, count);
  CHECK(seen->hash == hash_bytes(bytes, count));
}

/* ---- long messages between two ends */

/* P4.9 */
TEST(a_message_larger_than_ring_and_window_goes_there_and_back) {
  fill_bytes(big, sizeof big, 1);
  pair_open(&pair, &DEFAULTS);
  pair.worker.on_event = answer_with_the_same;
  end_call(&pair.host, 1, 1, big, sizeof big);
  pair_run(&pair);
  check_payload(end_last(&pair.worker), HWR_EV_REQUEST, big, sizeof big);
  check_payload(end_last(&pair.host), HWR_EV_RESPONSE, big, sizeof big);
  CHECK(pair.worker.books.peak_bytes < 3 * sizeof big);
  CHECK_INT(hwr_session_held_bytes(pair.host.session), 0);
  CHECK_INT(hwr_session_region(pair.host.session).kind, HWR_REGION_RING);
  pair_close(&pair);
}

TEST(messages_of_every_size_around_the_limits_arrive) {
  static const uint32_t around[] = {0, 8, 4096, 8192, 32768, 32768 * 2, 65536, 262144};
  pair_open(&pair, &DEFAULTS);
  pair.worker.on_event = answer_with_the_same;
  for (size_t i = 0; i < sizeof around / sizeof *around; i++)
    for (uint32_t delta = 0; delta <= 34; delta++) {
      uint32_t length = around[i] + delta < 17 ? 0 : around[i] + delta - 17;
      end_call(&pair.host, 3, length, big, length);
      pair_run(&pair);
      check_payload(end_last(&pair.host), HWR_EV_RESPONSE, big, length);
      CHECK_INT(end_last(&pair.host)->generation, length);
    }
  pair_close(&pair);
}

/* P4.8 */
TEST(control_frames_pass_between_the_chunks_of_a_message) {
  pair_open(&pair, &DEFAULTS);
  end_call(&pair.host, 1, 1, big, sizeof big);
  end_flush(&pair.host);
  hwr_session_ping(pair.host.session, 2, 1, HWR_NO_DEADLINE);
  for (int i = 0; i < 200 && !end_count(&pair.host, HWR_EV_PONG); i++) {
    end_flush(&pair.host);
    pair_move(&pair, &pair.host, &pair.worker);
    end_flush(&pair.worker);
    pair_move(&pair, &pair.worker, &pair.host);
  }
  CHECK_INT(end_count(&pair.host, HWR_EV_PONG), 1);
  CHECK_INT(end_count(&pair.worker, HWR_EV_REQUEST), 0);
  CHECK(hwr_session_held_bytes(pair.host.session) > 10 << 20);
  pair_run(&pair);
  check_payload(end_last(&pair.worker), HWR_EV_REQUEST, big, sizeof big);
  pair_close(&pair);
}

/* P4.8 */
TEST(records_behind_a_long_message_keep_their_order) {
  pair_open(&pair, &DEFAULTS);
  end_call(&pair.host, 1, 1, big, 3 << 20);
  for (uint32_t slot = 2; slot < 40; slot++) end_call(&pair.host, slot, 1, big, slot);
  pair_run(&pair);
  REQUIRE(pair.worker.log_count == 39);
  for (uint32_t i = 0; i < 39; i++) CHECK_INT(pair.worker.log[i].slot, i + 1);
  pair_close(&pair);
}

/* P4.5, P4.9 */
TEST(a_deadline_block_goes_with_the_first_chunk_only) {
  pair_open(&pair, &DEFAULTS);
  hwr_ext_encode_deadline(big, 77);
  uint32_t word = make_word(HWR_REQUEST, 1 | HWR_FLAG_EXT, 0);
  end_send_whole(&pair.host, (hwr_record_t){0, 100000, word, 1, 1, 77, {0}}, big);
  pair_run(&pair);
  check_payload(end_last(&pair.worker), HWR_EV_REQUEST, big + 8, 100000 - 8);
  CHECK_INT(end_last(&pair.worker)->value, 77);
  fill_bytes(big, 8, 1);
  pair_close(&pair);
}

TEST(an_abandoned_call_is_finished_on_the_wire_and_its_answer_dropped) {
  pair_open(&pair, &DEFAULTS);
  pair.worker.on_event = answer_with_the_same;
  end_call(&pair.host, 1, 1, big, 2 << 20);
  end_flush(&pair.host);
  CHECK(hwr_session_abandon(pair.host.session, 1, 1));
  end_call(&pair.host, 1, 2, big, 5);
  pair_run(&pair);
  CHECK_INT(pair.worker.log_count, 2);
  CHECK_INT(pair.host.log_count, 1);
  CHECK_INT(end_last(&pair.host)->generation, 2);
  pair_close(&pair);
}

/* ---- the same bytes, torn apart */

/* A conversation with everything in it, as a worker receives it. */
static void
put_conversation(bool pads) {
  uint8_t block[16];
  hwr_ext_encode_deadline(block, 99);
  memcpy(block + 8, "payload!", 8);
  const frame_spec_t specs[] = {
      {.type = HWR_DEFINE, .flags = 1, .body = big, .length = 33},
      {.type = HWR_REQUEST, .flags = 1, .slot = 1, .generation = 1},
      {.type = HWR_REQUEST, .flags = 0x11, .slot = 2, .generation = 1, .body = block, .length = 16},
      {.type = HWR_REQUEST, .flags = 9, .slot = 3, .generation = 1, .body = big, .length = 1},
      {.type = HWR_PING, .slot = 77, .generation = 1},
      {.type = HWR_REQUEST, .flags = 9, .slot = 3, .generation = 1, .body = big + 1, .length = 99},
      {.type = HWR_REQUEST, .flags = 1, .slot = 3, .generation = 1, .body = big + 100, .length = 9},
      {.type = HWR_REQUEST, .flags = 0x21, .body = big, .length = 9000},
      {.type = HWR_REQUEST, .flags = 9, .slot = 4, .generation = 1, .body = big, .length = 40000},
      {.type = HWR_REQUEST,
       .flags = 1,
       .slot = 4,
       .generation = 1,
       .body = big + 40000,
       .length = 7},
      {.type = HWR_RESPONSE, .flags = 9, .slot = 9, .generation = 9, .body = big, .length = 9001},
      {.type = HWR_RESPONSE, .flags = 1, .slot = 9, .generation = 9, .body = big, .length = 3},
      {.type = HWR_GOAWAY, .body = "\7\0\0\0", .length = 4},
  };
  for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
    put_frame(&frames, specs[i]);
    if (pads) PUT(&frames, .type = HWR_PAD, .length = (uint32_t) (i * i * 300));
  }
}

typedef struct reading_s { /* how an owner may read */
  uint32_t split, seed;
  bool lazy;
  uint32_t inbox_bytes, read_ahead_bytes, max_events;
} reading_t;

/* The events of the conversation; returned owned. */
static seen_t *
read_conversation(const reading_t *reading, size_t *count) {
  settings_t settings = DEFAULTS;
  uint32_t seed = reading->seed;
  if (reading->inbox_bytes) settings.inbox_bytes = reading->inbox_bytes;
  if (reading->read_ahead_bytes) settings.read_ahead_bytes = reading->read_ahead_bytes;
  if (reading->max_events) settings.max_events = reading->max_events;
  lone_open(&end, HWR_WORKER, &settings);
  end.split = reading->split;
  end.random_split = seed ? &seed : NULL;
  end.lazy = reading->lazy;
  CHECK_INT(end_feed(&end, frames.bytes, frames.count), 0);
  end_take(&end);
  CHECK_INT(hwr_session_feed(end.session, 0, 0), 0);
  end_take(&end);
  CHECK_INT(hwr_session_end(end.session), 0);
  seen_t *log = end.log;
  *count = end.log_count;
  end.log = NULL;
  end_close(&end);
  return log;
}

static void
check_readings_agree(const seen_t *want, size_t want_count, reading_t reading) {
  size_t count;
  seen_t *log = read_conversation(&reading, &count);
  CHECK_INT(count, want_count);
  if (count == want_count) CHECK_MEM(log, want, count * sizeof *log);
  free(log);
}

static seen_t *
read_whole(size_t *count) {
  seen_t *log = read_conversation(&(reading_t){0}, count);
  CHECK_INT(*count, 7);
  return log;
}

/* P1.2 */
TEST(pieces_of_every_size_give_the_same_events_W5) {
  frames.count = 0;
  put_conversation(false);
  size_t count;
  seen_t *want = read_whole(&count);
  for (uint32_t split = 1; split < 70; split++)
    check_readings_agree(want, count, (reading_t){.split = split});
  const uint32_t sizes[] = {1, 17, 8191, 8193, 16383, 16385, 40017};
  for (size_t i = 0; i < 7; i++)
    for (int lazy = 0; lazy < 2; lazy++)
      check_readings_agree(want, count,
                           (reading_t){.split = sizes[i],
                                       .lazy = lazy,
                                       .inbox_bytes = 16384,
                                       .read_ahead_bytes = 1 + sizes[i],
                                       .max_events = 1 + sizes[i] % 3});
  free(want);
}

/* P1.2 */
TEST(random_pieces_give_the_same_events_W5) {
  frames.count = 0;
  put_conversation(false);
  size_t count;
  seen_t *want = read_whole(&count);
  for (uint32_t seed = 1; seed <= 300; seed++)
    check_readings_agree(want, count,
                         (reading_t){.split = 1 + seed * 37 % 20000,
                                     .seed = seed,
                                     .lazy = seed % 2,
                                     .inbox_bytes = 16384 + seed * 997 % 60000,
                                     .read_ahead_bytes = 1 + seed * 31 % 9000,
                                     .max_events = 1 + seed % 9});
  free(want);
}

/* P2.7 */
TEST(padding_frames_between_any_two_frames_change_nothing) {
  frames.count = 0;
  put_conversation(false);
  size_t count;
  seen_t *want = read_whole(&count);
  frames.count = 0;
  put_conversation(true);
  for (uint32_t seed = 0; seed <= 60; seed++)
    check_readings_agree(want, count,
                         (reading_t){.split = seed * 977 % 30000, .seed = seed, .lazy = seed % 2});
  free(want);
}

TEST(a_thousand_frames_in_one_read_become_a_thousand_events_W5) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
  frames.count = 0;
  for (uint32_t i = 0; i < 1000; i++)
    PUT(&frames, .type = HWR_REQUEST, .slot = i, .generation = i, .body = big, .length = i % 50);
  REQUIRE(frames.count <= end.config.inbox_bytes);
  CHECK_INT(feed_frames(&end, &frames), 0);
  REQUIRE(end.log_count == 1000);
  for (uint32_t i = 0; i < 1000; i++) {
    CHECK_INT(end.log[i].slot, i);
    check_payload(&end.log[i], HWR_EV_REQUEST, big, i % 50);
  }
  end_close(&end);
}

/* ---- pieces of memory */

TEST(a_last_chunk_that_is_whole_in_the_inbox_ends_its_message) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
  const uint32_t firsts[] = {0, 1, 8, 32768, 32760, 40000};
  for (uint32_t i = 0; i < 6; i++) {
    PUT(&frames, .type = HWR_REQUEST, .flags = 8, .slot = i, .body = big, .length = firsts[i]);
    PUT(&frames, .type = HWR_REQUEST, .slot = i, .body = big + firsts[i], .length = i * 8);
    CHECK_INT(feed_frames(&end, &frames), 0);
    check_payload(end_last(&end), HWR_EV_REQUEST, big, firsts[i] + i * 8);
  }
  end_close(&end);
}

TEST(timeouts_never_take_the_place_of_a_frame_in_progress) {
  settings_t few = DEFAULTS;
  few.max_events = 2;
  few.read_ahead_bytes = 16;
  lone_open(&end, HWR_HOST, &few);
  for (uint32_t slot = 0; slot < 9; slot++)
    end_send(&end, make_word(HWR_REQUEST, 1, 0), slot, 1, slot ? 10 : 0, NULL, 0);
  end_flush(&end);
  PUT(&frames, .type = HWR_RESPONSE, .slot = 0, .generation = 1, .body = big, .length = 50000);
  end.lazy = true;
  CHECK_INT(end_feed(&end, frames.bytes, 20000), 0);
  hwr_session_tick(end.session, 10);
  hwr_session_want_drain(end.session, HWR_DRAIN_ALL);
  hwr_session_tick(end.session, 10);
  CHECK_INT(hwr_session_event_count(end.session), 1);
  CHECK_INT(end_feed(&end, frames.bytes + 20000, frames.count - 20000), 0);
  CHECK_INT(hwr_session_event_count(end.session), 2);
  end_take(&end);
  CHECK_INT(end.log[0].kind, HWR_EV_TIMEOUT);
  check_payload(&end.log[1], HWR_EV_RESPONSE, big, 50000);
  end_close(&end);
}

TEST(more_bulk_messages_than_a_batch_holds_wait_for_the_next) {
  settings_t many = DEFAULTS;
  many.max_events = 1000;
  lone_open(&end, HWR_WORKER, &many);
  frames.count = 0;
  for (uint32_t i = 0; i < 200; i++) {
    PUT(&frames, .type = HWR_REQUEST, .flags = 8, .slot = i, .body = big, .length = 8);
    PUT(&frames, .type = HWR_REQUEST, .slot = i, .body = big + 8, .length = 8);
  }
  end.lazy = true;
  CHECK_INT(feed_frames(&end, &frames), 0);
  while (hwr_session_stalled(end.session)) {
    end_take(&end);
    CHECK_INT(hwr_session_feed(end.session, 0, 0), 0);
  }
  end_take(&end);
  REQUIRE(end.log_count == 200);
  for (uint32_t i = 0; i < 200; i++) check_payload(&end.log[i], HWR_EV_REQUEST, big, 16);
  end_close(&end);
}

/* P8.3 */
TEST(memory_grows_with_bytes_received_and_not_with_bytes_claimed_W4) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
  size_t before = end.books.held_bytes;
  put_header(&frames, (frame_spec_t){.type = HWR_REQUEST, .length = 1000000});
  put_number(&frames, 7, 1);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK(end.books.held_bytes - before <= 32 << 10);
  size_t received = 1;
  for (int i = 0; i < 200; i++) {
    CHECK_INT(end_feed(&end, big, 2500), 0);
    received += 2500;
    CHECK(end.books.held_bytes - before <= 2 * received + (32 << 10));
  }
  end_close(&end);
}

TEST(bulk_that_nobody_takes_is_freed_with_its_batch) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
  size_t before = end.books.held_blocks;
  PUT(&frames, .type = HWR_DEFINE, .body = big, .length = 100000);
  end.lazy = true;
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.books.held_blocks, before + 1);
  hwr_session_events_taken(end.session);
  CHECK_INT(end.books.held_blocks, before);
  end_close(&end);
}

TEST(a_discarded_answer_is_not_stored) {
  lone_open(&end, HWR_WORKER, &DEFAULTS);
  size_t before = end.books.held_bytes;
  PUT(&frames, .type = HWR_RESPONSE, .slot = 5, .body = big, .length = 900000);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end.books.peak_bytes, before);
  CHECK_INT(end.log_count, 0);
  PUT(&frames, .type = HWR_REQUEST, .slot = 5, .body = big, .length = 5);
  CHECK_INT(feed_frames(&end, &frames), 0);
  check_payload(end_last(&end), HWR_EV_REQUEST, big, 5);
  end_close(&end);
}

/* P6.2 */
TEST(an_end_inside_a_frame_or_a_message_is_a_truncation_W6) {
  frames.count = 0;
  PUT(&frames, .type = HWR_REQUEST, .flags = 8, .body = big, .length = 9);
  PUT(&frames, .type = HWR_PAD, .length = 5);
  PUT(&frames, .type = HWR_REQUEST, .body = big, .length = 9);
  for (size_t cut = 0; cut <= frames.count; cut++) {
    lone_open(&end, HWR_WORKER, &DEFAULTS);
    CHECK_INT(end_feed(&end, frames.bytes, cut), 0);
    bool between = cut == 0 || cut == frames.count;
    CHECK_INT(hwr_session_end(end.session), between ? 0 : HWR_ETRUNCATED);
    CHECK_STR(hwr_session_rule(end.session), between ? "" : "P6.2");
    end_close(&end);
  }
}

int
main(void) {
  RUN(a_message_larger_than_ring_and_window_goes_there_and_back);
  RUN(messages_of_every_size_around_the_limits_arrive);
  RUN(control_frames_pass_between_the_chunks_of_a_message);
  RUN(records_behind_a_long_message_keep_their_order);
  RUN(a_deadline_block_goes_with_the_first_chunk_only);
  RUN(an_abandoned_call_is_finished_on_the_wire_and_its_answer_dropped);
  RUN(pieces_of_every_size_give_the_same_events_W5);
  RUN(random_pieces_give_the_same_events_W5);
  RUN(padding_frames_between_any_two_frames_change_nothing);
  RUN(a_thousand_frames_in_one_read_become_a_thousand_events_W5);
  RUN(a_last_chunk_that_is_whole_in_the_inbox_ends_its_message);
  RUN(timeouts_never_take_the_place_of_a_frame_in_progress);
  RUN(more_bulk_messages_than_a_batch_holds_wait_for_the_next);
  RUN(memory_grows_with_bytes_received_and_not_with_bytes_claimed_W4);
  RUN(bulk_that_nobody_takes_is_freed_with_its_batch);
  RUN(a_discarded_answer_is_not_stored);
  RUN(an_end_inside_a_frame_or_a_message_is_a_truncation_W6);
  frames_free(&frames);
  return check_exit_code();
}
