/* SPDX-License-Identifier: MIT
 *
 * Streams between two sessions: how they begin, carry, wait and end, and what owners may do.
 */
#include "stream_steps.h"

static pair_t pair;
static end_t end;
static frames_t frames;
static uint8_t bytes[1 << 20];
static uint8_t got[1 << 20];
static size_t got_bytes;
static uint64_t got_cost;

/* A reader that keeps what it has got, and is not done with it. */
static void
keep(end_t *e, const seen_t *seen, const uint8_t *payload) {
  (void) e;
  if (seen->kind != HWR_EV_DATA) return;
  REQUIRE(got_bytes + seen->length <= sizeof got);
  if (seen->length) memcpy(got + got_bytes, payload, seen->length);
  got_bytes += seen->length;
  got_cost += seen->value;
}

/* One that is done with it at once. */
static void
keep_and_consume(end_t *e, const seen_t *seen, const uint8_t *payload) {
  keep(e, seen, payload);
  if (seen->kind == HWR_EV_DATA)
    end_consume(e, (stream_id_t){seen->slot, seen->generation}, seen->value, 1);
}

static void
open_pair(const settings_t *settings) {
  pair_open(&pair, settings);
  got_bytes = got_cost = 0;
  fill_bytes(bytes, sizeof bytes, 5);
}

static void
tick(end_t *e) {
  hwr_session_tick(e->session, e->now_ms);
  end_take(e);
}

/* ---- a stream begins */

/* P11.2, P11.3 */
TEST(a_name_and_a_mode_arrive_and_acceptance_comes_back) {
  open_pair(&DEFAULTS);
  stream_id_t id = end_stream(&pair.host, "logs", true);
  CHECK_INT(id.slot, 2);
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_OPEN, id.slot, id.generation);
  CHECK_INT(end_last(&pair.worker)->value, 1);
  CHECK(end_last(&pair.worker)->hash == hash_bytes((const uint8_t *) "logs", 4));
  CHECK_INT(pair.host.log_count, 0);
  end_accept(&pair.worker, id);
  CHECK(hwr_session_control_waits(pair.worker.session));
  pair_run(&pair);
  check_seen(end_last(&pair.host), HWR_EV_ACCEPT, id.slot, id.generation);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 1);
  pair_close(&pair);
}

TEST(both_ends_open_streams_and_their_slots_never_meet) {
  open_pair(&DEFAULTS);
  for (uint32_t i = 0; i < 5; i++) {
    CHECK_INT(end_stream(&pair.host, "h", false).slot, 2 + 2 * i);
    CHECK_INT(end_stream(&pair.worker, "w", false).slot, 1 + 2 * i);
  }
  pair_run(&pair);
  CHECK_INT(end_count(&pair.host, HWR_EV_OPEN), 5);
  CHECK_INT(end_count(&pair.worker, HWR_EV_OPEN), 5);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 10);
  pair_close(&pair);
}

/* P8.1 */
TEST(an_end_opens_as_many_as_the_limit_and_the_peer_as_many_again) {
  open_pair(&DEFAULTS);
  for (int i = 0; i < HWR_MAX_STREAMS; i++) end_stream(&pair.host, "h", false);
  stream_id_t id;
  hwr_stream_options_t one_more = {"h", 1, false, WINDOW_BYTES, 0};
  CHECK_INT(end_try_stream(&pair.host, &one_more, &id), HWR_EOVERLOAD);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_OPEN), HWR_MAX_STREAMS);
  CHECK_INT(pair.worker.log[HWR_MAX_STREAMS - 1].slot, HWR_LAST_STREAM);
  CHECK_INT(end_stream(&pair.worker, "w", false).slot, 1);
  pair_close(&pair);
}

TEST(an_opener_that_is_wrong_is_told_and_nothing_is_opened) {
  open_pair(&DEFAULTS);
  stream_id_t id;
  const hwr_stream_options_t wrong[] = {
      {(const char *) bytes, HWR_MAX_NAME_BYTES + 1, false, WINDOW_BYTES, 0},
      {"n", 1, false, HWR_MIN_WINDOW_BYTES - 1, 0},
      {"n", 1, false, (uint64_t) UINT32_MAX + 1, 0},
      {"n", 1, true, WINDOW_BYTES, 0},
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
    CHECK_INT(end_try_stream(&pair.host, &wrong[i], &id), HWR_EBADARG);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 0);
  hwr_stream_options_t longest = {(const char *) bytes, HWR_MAX_NAME_BYTES, false, 4096, 0};
  CHECK_INT(end_try_stream(&pair.host, &longest, &id), 0);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.worker)->length, HWR_MAX_NAME_BYTES);
  pair_close(&pair);
}

TEST(before_the_start_is_over_no_stream_is_opened) {
  stream_id_t id;
  hwr_stream_options_t options = {"n", 1, false, WINDOW_BYTES, 0};
  end_open(&end, HWR_HOST, &DEFAULTS);
  CHECK_INT(end_try_stream(&end, &options, &id), HWR_EAGAIN);
  end_close(&end);
}

TEST(a_stream_is_accepted_once_by_the_end_that_did_not_open_it) {
  open_pair(&DEFAULTS);
  stream_id_t id = end_stream(&pair.host, "n", true);
  pair_run(&pair);
  hwr_session_t *w = pair.worker.session;
  CHECK_INT(hwr_session_stream_accept(w, id.slot, id.generation, 4095, 1), HWR_EBADARG);
  CHECK_INT(hwr_session_stream_accept(w, id.slot, id.generation, 4096, 0), HWR_EBADARG);
  CHECK_INT(hwr_session_stream_accept(w, id.slot, id.generation, 4096, 1), 0);
  CHECK_INT(hwr_session_stream_accept(w, id.slot, id.generation, 4096, 1), HWR_EBADARG);
  CHECK_INT(hwr_session_stream_accept(pair.host.session, id.slot, id.generation, 4096, 1),
            HWR_EBADARG);
  CHECK_INT(hwr_session_stream_accept(w, 40, 1, 4096, 1), 0); /* over meanwhile */
  pair_close(&pair);
}

/* ---- what is carried */

/* P11.5 */
TEST(bytes_arrive_in_order_whichever_way_they_were_written) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
  pair.worker.on_event = keep_and_consume;
  size_t at = 0, taken;
  for (uint32_t i = 0; at < 300000; i++) {
    uint32_t length = i * 997 % 5000;
    taken = length;
    if (i % 2) end_data(&pair.host, id, bytes + at, length);
    else end_write(&pair.host, id, bytes + at, length, &taken);
    at += taken;
    if (i % 8 == 0) pair_run(&pair);
  }
  end_finish(&pair.host, id);
  pair_run(&pair);
  CHECK_INT(got_bytes, at);
  CHECK_MEM(got, bytes, at);
  check_seen(end_last(&pair.worker), HWR_EV_END, id.slot, id.generation);
  pair_close(&pair);
}

TEST(messages_arrive_whole_with_their_codec_and_empty_ones_too) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  pair.worker.on_event = keep_and_consume;
  size_t taken, from = pair.worker.log_count;
  end_data(&pair.host, id, NULL, 0);
  end_data(&pair.host, id, bytes, 10);
  end_write(&pair.host, id, bytes, 500000, &taken);
  CHECK_INT(taken, 500000);
  end_data(&pair.host, id, bytes, 1);
  pair_run(&pair);
  const uint32_t lengths[] = {0, 10, 500000, 1};
  CHECK_INT(end_count(&pair.worker, HWR_EV_DATA), 4);
  for (size_t i = 0; i < 4; i++) {
    const seen_t *seen = &pair.worker.log[from + i];
    CHECK_INT(seen->length, lengths[i]);
    CHECK(seen->hash == hash_bytes(bytes, lengths[i]));
    CHECK_INT(seen->word, make_word(HWR_DATA, 1, 0));
  }
  pair_close(&pair);
}

TEST(a_record_that_fits_lies_in_the_ring_at_once) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  CHECK_INT(hwr_session_region(pair.host.session).kind, HWR_REGION_RING);
  uint64_t calls = pair.host.books.calls;
  for (int i = 0; i < WINDOW_MESSAGES; i++) end_data(&pair.host, id, bytes, 40);
  end_flush(&pair.host);
  CHECK_INT(end_held(&pair.host, id), 0);
  CHECK_INT(pair.host.books.calls, calls); /* nothing was allocated for them */
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_DATA), WINDOW_MESSAGES);
  pair_close(&pair);
}

/* P11.4 */
TEST(neither_credit_nor_an_end_overtakes_the_opening) {
  settings_t small = DEFAULTS;
  small.streams_window_bytes = 70000;
  open_pair(&small);
  stream_id_t first = pair_stream(&pair, &pair.host, &pair.worker, false);
  end_post(&pair.host, bytes, 1000000);
  end_post(&pair.host, bytes, 200000); /* more than ring and window of lane 0: OPEN waits */
  stream_id_t id = end_stream(&pair.host, "n", false);
  end_finish(&pair.host, id);
  end_finish(&pair.worker, first); /* what it was granted goes to the other one */
  end_flush(&pair.worker);
  while (pair_move(&pair, &pair.worker, &pair.host)) continue;
  end_consume(&pair.host, id, 0, 0);
  pair.host.on_event = keep_and_consume;
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_OPEN, id.slot, id.generation);
  end_accept(&pair.worker, id);
  end_data(&pair.worker, id, bytes, 60000);
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_END, id.slot, id.generation);
  CHECK_INT(got_bytes, 60000);
  pair_close(&pair);
}

TEST(what_is_written_before_acceptance_waits_and_then_comes) {
  open_pair(&DEFAULTS);
  pair.worker.on_event = keep;
  stream_id_t id = end_stream(&pair.host, "n", false);
  end_data(&pair.host, id, bytes, 1000);
  end_finish(&pair.host, id);
  pair_run(&pair);
  CHECK_INT(pair.worker.log_count, 1);
  CHECK(end_held(&pair.host, id) > 1000);
  end_data(&pair.worker, id, bytes, 5); /* not before our own acceptance, either */
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 0);
  end_accept(&pair.worker, id);
  pair_run(&pair);
  CHECK_INT(got_bytes, 1000);
  check_seen(end_last(&pair.worker), HWR_EV_END, id.slot, id.generation);
  check_seen(&pair.host.log[0], HWR_EV_ACCEPT, id.slot, id.generation);
  check_seen(&pair.host.log[1], HWR_EV_DATA, id.slot, id.generation);
  pair_close(&pair);
}

/* P11.6 */
TEST(a_reader_that_stops_stops_the_writer_at_its_window_R3) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
  pair.worker.on_event = keep;
  size_t taken = 0, sum = 0;
  while (end_write(&pair.host, id, bytes, 10000, &taken)) sum += taken;
  sum += taken;
  pair_run(&pair);
  CHECK(got_cost <= WINDOW_BYTES && got_cost > WINDOW_BYTES - 2048);
  CHECK(end_held(&pair.host, id) <= DEFAULTS.stream_high_water_bytes + (34 << 10));
  CHECK_INT(end_write(&pair.host, id, bytes, 10, &taken), 0);
  CHECK_INT(taken, 0);
  tick(&pair.host);
  CHECK_INT(end_count(&pair.host, HWR_EV_WRITABLE), 0);
  end_consume(&pair.worker, id, got_cost, 0);
  pair_run(&pair);
  tick(&pair.host);
  check_seen(end_last(&pair.host), HWR_EV_WRITABLE, id.slot, id.generation);
  end_consume(&pair.worker, id, got_cost, 0); /* more than was left: all of it */
  pair_run(&pair);
  CHECK_INT(got_bytes, sum);
  pair_close(&pair);
}

TEST(messages_wait_for_messages_of_credit_and_each_one_read_brings_one) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  for (int i = 0; i < WINDOW_MESSAGES + 5; i++) end_data(&pair.host, id, bytes, 8);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_DATA), WINDOW_MESSAGES);
  end_consume(&pair.worker, id, 24, 1);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_DATA), WINDOW_MESSAGES + 1);
  end_consume(&pair.worker, id, 24 * 4, 4);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_DATA), WINDOW_MESSAGES + 5);
  pair_close(&pair);
}

TEST(what_was_read_may_be_said_in_a_record_between_others) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  for (int i = 0; i < WINDOW_MESSAGES + 1; i++) end_data(&pair.host, id, bytes, 8);
  pair_run(&pair);
  uint64_t calls = pair.worker.books.calls;
  end_data(&pair.worker, id, bytes, 100);
  end_consume_by_record(&pair.worker, id, 24, 1);
  end_data(&pair.worker, id, bytes, 100);
  end_flush(&pair.worker);
  CHECK_INT(pair.worker.books.calls, calls); /* both lie in the ring */
  pair_run(&pair);
  CHECK_INT(end_count(&pair.host, HWR_EV_DATA), 2);
  CHECK_INT(end_count(&pair.worker, HWR_EV_DATA), WINDOW_MESSAGES + 1);
  pair_close(&pair);
}

/* P11.8 */
TEST(credit_is_granted_when_half_of_the_window_is_free) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  stream_id_t id = lone_stream(&end, false, false);
  for (int i = 0; i < 4; i++) PUT_STREAM(&frames, id, .type = HWR_DATA, .length = 8176);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_consume(&end, id, 8192 * 4 - 1, 0);
  CHECK(!hwr_session_control_waits(end.session));
  end_consume(&end, id, 1, 0);
  CHECK(hwr_session_control_waits(end.session));
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_CREDIT), 1);
  uint64_t offset = 0;
  for (int i = 0; i < 8; i++) offset |= (uint64_t) frames.bytes[HWR_HEADER_BYTES + i] << (8 * i);
  CHECK_INT(offset, WINDOW_BYTES + 4 * 8192);
  frames.count = 0;
  end_close(&end);
}

/* P11.9 */
TEST(a_message_longer_than_the_window_arrives_and_its_room_returns_when_it_is_read) {
  settings_t narrow = DEFAULTS;
  narrow.streams_window_bytes = 0;
  open_pair(&narrow);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  stream_id_t other = pair_stream(&pair, &pair.host, &pair.worker, true);
  pair.worker.on_event = keep;
  size_t taken;
  end_write(&pair.host, id, bytes, 400000, &taken);
  end_write(&pair.host, other, bytes, 300000, &taken);
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_DATA), 2);
  CHECK_INT(got_bytes, 700000);
  size_t count = pair.worker.log_count;
  end_write(&pair.host, id, bytes, 16000, &taken);
  pair_run(&pair);
  CHECK_INT(pair.worker.log_count, count); /* nothing was read yet */
  end_consume(&pair.worker, id, got_cost, 1);
  pair_run(&pair);
  CHECK_INT(pair.worker.log_count, count + 1);
  pair_close(&pair);
}

TEST(readers_that_all_stop_hold_the_budget_and_the_ordinary_window_each_R3) {
  settings_t small = DEFAULTS;
  small.streams_window_bytes = 200000;
  open_pair(&small);
  pair.worker.on_event = keep;
  stream_id_t ids[20];
  size_t taken;
  for (int i = 0; i < 20; i++) {
    ids[i] = end_stream(&pair.host, "n", false);
    pair_run(&pair);
    end_accept(&pair.worker, ids[i]);
    end_write(&pair.host, ids[i], bytes, 100000, &taken);
  }
  pair_run(&pair);
  CHECK(got_cost > 200000);
  CHECK(got_cost <= 200000 + 20 * HWR_ORDINARY_STREAM_WINDOW);
  for (int i = 0; i < 20; i++) end_reset(&pair.host, ids[i], NULL, 0);
  pair_run(&pair);
  got_cost = 0; /* what they held is there for others again */
  stream_id_t id = end_stream(&pair.host, "n", false);
  pair_run(&pair);
  end_accept(&pair.worker, id);
  end_write(&pair.host, id, bytes, 100000, &taken);
  pair_run(&pair);
  CHECK(got_cost > WINDOW_BYTES - 2048);
  pair_close(&pair);
}

/* ---- a stream ends */

/* P11.1, P11.10 */
TEST(each_direction_ends_behind_all_its_data_and_apart_F10) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
  pair.worker.on_event = keep_and_consume;
  size_t taken;
  end_write(&pair.host, id, bytes, 60000, &taken);
  end_finish(&pair.host, id);
  pair_run(&pair);
  CHECK_INT(got_bytes, 60000);
  check_seen(end_last(&pair.worker), HWR_EV_END, id.slot, id.generation);
  end_data(&pair.worker, id, bytes, 5000); /* the other direction goes on */
  pair_run(&pair);
  check_seen(end_last(&pair.host), HWR_EV_DATA, id.slot, id.generation);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 1);
  end_finish(&pair.worker, id);
  pair_run(&pair);
  check_seen(end_last(&pair.host), HWR_EV_END, id.slot, id.generation);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 0);
  CHECK_INT(hwr_session_open_streams(pair.worker.session), 0);
  pair_close(&pair);
}

/* P11.11 */
TEST(a_reset_drops_what_waits_and_tells_why_once) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
  size_t taken;
  end_write(&pair.host, id, bytes, 100000, &taken);
  end_write(&pair.worker, id, bytes, 100000, &taken);
  end_reset(&pair.host, id, "why", 3);
  end_flush(&pair.host);
  CHECK_INT(end_held(&pair.host, id), 0);
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_RESET, id.slot, id.generation);
  CHECK(end_last(&pair.worker)->hash == hash_bytes((const uint8_t *) "why", 3));
  CHECK_INT(end_count(&pair.host, HWR_EV_DATA) + end_count(&pair.host, HWR_EV_RESET), 0);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 0);
  CHECK_INT(hwr_session_open_streams(pair.worker.session), 0);
  end_data(&pair.worker, id, bytes, 10); /* does nothing any more */
  end_finish(&pair.worker, id);
  end_reset(&pair.worker, id, NULL, 0);
  end_consume(&pair.worker, id, 100, 1);
  CHECK_INT(end_write(&pair.worker, id, bytes, 10, &taken), 1);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 1); /* ACCEPT */
  pair_close(&pair);
}

TEST(resets_that_cross_end_the_stream_at_both_ends_without_an_event) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  size_t before = pair.host.log_count + pair.worker.log_count;
  end_reset(&pair.host, id, bytes, 20000);
  end_reset(&pair.worker, id, bytes, 20000);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count + pair.worker.log_count, before);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 0);
  CHECK_INT(hwr_session_open_streams(pair.worker.session), 0);
  pair_close(&pair);
}

TEST(a_stream_that_nobody_wants_is_refused_with_the_reason) {
  open_pair(&DEFAULTS);
  stream_id_t id = end_stream(&pair.host, "n", false);
  end_data(&pair.host, id, bytes, 100);
  pair_run(&pair);
  end_reset(&pair.worker, id, "nobody", 6);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 1);
  check_seen(end_last(&pair.host), HWR_EV_RESET, id.slot, id.generation);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 0);
  CHECK_INT(hwr_session_open_streams(pair.worker.session), 0);
  pair_close(&pair);
}

/* P11.14 */
TEST(who_gives_up_before_acceptance_tells_it_behind_acceptance) {
  open_pair(&DEFAULTS);
  stream_id_t id = end_stream(&pair.host, "n", false);
  end_reset(&pair.host, id, "gone", 4);
  pair_run(&pair);
  CHECK_INT(pair.worker.log_count, 1);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 1);
  end_accept(&pair.worker, id);
  pair_run(&pair);
  check_seen(end_last(&pair.worker), HWR_EV_RESET, id.slot, id.generation);
  CHECK_INT(end_last(&pair.worker)->length, 4);
  CHECK_INT(pair.host.log_count, 0);
  CHECK_INT(hwr_session_open_streams(pair.host.session), 0);
  pair_close(&pair);
}

TEST(a_slot_is_used_again_with_another_generation) {
  open_pair(&DEFAULTS);
  for (uint32_t i = 1; i <= 3; i++) {
    stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
    CHECK_INT(id.slot, 2);
    CHECK_INT(id.generation, i);
    end_finish(&pair.host, id);
    end_finish(&pair.worker, id);
    pair_run(&pair);
  }
  pair_close(&pair);
}

TEST(to_write_behind_the_end_is_an_error_of_the_owner) {
  open_pair(&DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
  size_t taken;
  end_finish(&pair.host, id);
  end_flush(&pair.host);
  CHECK_INT(
      hwr_session_stream_write(pair.host.session, id.slot, id.generation, 0, bytes, 5, 0, &taken),
      HWR_EBADARG);
  end_finish(&pair.host, id); /* again: nothing */
  pair_run(&pair);
  CHECK_INT(end_count(&pair.worker, HWR_EV_END), 1);
  pair_close(&pair);
}

/* P6.2 */
TEST(the_connection_may_end_while_streams_are_open) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  stream_id_t id = lone_stream(&end, false, true);
  PUT_STREAM(&frames, id, .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 80);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(hwr_session_end(end.session), 0);
  end_close(&end);
}

TEST(not_within_a_frame_of_one_W6) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  stream_id_t id = lone_stream(&end, false, true);
  PUT_STREAM(&frames, id, .type = HWR_DATA, .length = 20000);
  frames.count -= 30;
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(hwr_session_end(end.session), HWR_ETRUNCATED);
  end_close(&end);
}

TEST(a_frame_in_progress_outlives_the_reset_of_its_stream) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  stream_id_t id = lone_stream(&end, false, true);
  PUT_STREAM(&frames, id, .type = HWR_DATA, .length = 20000);
  size_t count = frames.count;
  end_feed(&end, frames.bytes, count / 2);
  uint8_t *to;
  CHECK(hwr_session_want(end.session, &to) > 0); /* is written to behind the reset */
  end_reset(&end, id, NULL, 0);
  end_flush(&end);
  end_feed(&end, frames.bytes + count / 2, count - count / 2);
  CHECK_INT(end.log_count, 0);
  frames.count = 0;
  PUT_STREAM(&frames, id, .type = HWR_RESET);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(hwr_session_open_streams(end.session), 0);
  end_close(&end);
}

/* R5 */
TEST(ten_thousand_streams_opened_and_closed_leave_nothing_R5) {
  open_pair(&DEFAULTS);
  size_t held = 0;
  for (int round = 0; round < 10; round++) {
    for (int i = 0; i < 1000; i++) {
      stream_id_t id = end_stream(i % 2 ? &pair.host : &pair.worker, "n", i % 3);
      end_t *from = i % 2 ? &pair.host : &pair.worker, *to = i % 2 ? &pair.worker : &pair.host;
      pair_run(&pair);
      end_accept(to, id);
      end_data(from, id, bytes, 100);
      if (i % 5) end_finish(from, id);
      else end_reset(from, id, NULL, 0);
      end_finish(to, id);
    }
    pair_run(&pair);
    CHECK_INT(hwr_session_open_streams(pair.host.session), 0);
    if (round) CHECK_INT(pair.host.books.held_bytes + pair.worker.books.held_bytes, held);
    held = pair.host.books.held_bytes + pair.worker.books.held_bytes;
  }
  pair_close(&pair);
}

int
main(void) {
  RUN(a_name_and_a_mode_arrive_and_acceptance_comes_back);
  RUN(both_ends_open_streams_and_their_slots_never_meet);
  RUN(an_end_opens_as_many_as_the_limit_and_the_peer_as_many_again);
  RUN(an_opener_that_is_wrong_is_told_and_nothing_is_opened);
  RUN(before_the_start_is_over_no_stream_is_opened);
  RUN(a_stream_is_accepted_once_by_the_end_that_did_not_open_it);
  RUN(bytes_arrive_in_order_whichever_way_they_were_written);
  RUN(messages_arrive_whole_with_their_codec_and_empty_ones_too);
  RUN(a_record_that_fits_lies_in_the_ring_at_once);
  RUN(neither_credit_nor_an_end_overtakes_the_opening);
  RUN(what_is_written_before_acceptance_waits_and_then_comes);
  RUN(a_reader_that_stops_stops_the_writer_at_its_window_R3);
  RUN(messages_wait_for_messages_of_credit_and_each_one_read_brings_one);
  RUN(what_was_read_may_be_said_in_a_record_between_others);
  RUN(credit_is_granted_when_half_of_the_window_is_free);
  RUN(a_message_longer_than_the_window_arrives_and_its_room_returns_when_it_is_read);
  RUN(readers_that_all_stop_hold_the_budget_and_the_ordinary_window_each_R3);
  RUN(each_direction_ends_behind_all_its_data_and_apart_F10);
  RUN(a_reset_drops_what_waits_and_tells_why_once);
  RUN(resets_that_cross_end_the_stream_at_both_ends_without_an_event);
  RUN(a_stream_that_nobody_wants_is_refused_with_the_reason);
  RUN(who_gives_up_before_acceptance_tells_it_behind_acceptance);
  RUN(a_slot_is_used_again_with_another_generation);
  RUN(to_write_behind_the_end_is_an_error_of_the_owner);
  RUN(the_connection_may_end_while_streams_are_open);
  RUN(not_within_a_frame_of_one_W6);
  RUN(a_frame_in_progress_outlives_the_reset_of_its_stream);
  RUN(ten_thousand_streams_opened_and_closed_leave_nothing_R5);
  frames_free(&frames);
  return check_exit_code();
}
