/* SPDX-License-Identifier: MIT
 *
 * Lanes beside each other: who sends when, what stops whom, and what stops nobody.
 */
#include "stream_steps.h"

static pair_t pair;
static end_t end;
static frames_t frames;
static uint8_t bytes[1 << 20];
static uint64_t hashes[2], got_bytes[2]; /* by the end that wrote */

enum { RING = 64 << 10, TURN = RING / 8 };

static settings_t
small_ring(void) {
  settings_t s = DEFAULTS;
  s.ring_bytes = RING;
  s.chunk_bytes = TURN - HWR_HEADER_BYTES;
  s.stream_high_water_bytes = 100 << 10;
  return s;
}

static void
open_lone(void) {
  settings_t s = small_ring();
  lone_open(&end, HWR_HOST, &s);
}

/* An own stream with as much credit as anyone could want. */
static stream_id_t
wide_stream(void) {
  stream_id_t id = lone_stream(&end, true, false);
  put_stream_credit(&frames, id, 1 << 30, 0);
  CHECK_INT(feed_frames(&end, &frames), 0);
  return id;
}

static bool
call_that_is_whole(uint32_t slot) {
  end_call(&end, slot, 1, bytes, 100);
  end_flush(&end);
  return hwr_session_held_records(end.session) == 0;
}

/* ---- turns */

/* The lanes of the frames, one letter for each turn: a digit for a slot, '0' for lane 0. */
static void
list_turns(char *turns, size_t most) {
  hwr_frame_t frame;
  uint64_t run = 0;
  size_t count = 0;
  for (size_t at = 0; next_frame(&frames, &at, &frame);) {
    if (frame.type != HWR_DATA && frame.type != HWR_REQUEST) continue;
    char lane = frame.type == HWR_DATA ? (char) ('0' + frame.slot) : '0';
    uint64_t stride = hwr_frame_stride(frame.length_bytes);
    bool same = count > 0 && turns[count - 1] == lane && run + stride <= TURN;
    run = same ? run + stride : stride;
    CHECK(run <= TURN);
    if (!same && count + 1 < most) turns[count++] = lane;
  }
  turns[count] = 0;
}

/* P11.7 */
TEST(lanes_take_turns_of_an_eighth_of_the_ring_and_lane_0_has_every_second) {
  char turns[64];
  open_lone();
  stream_id_t ids[] = {wide_stream(), wide_stream(), wide_stream()};
  size_t taken;
  for (int i = 0; i < 3; i++) end_write(&end, ids[0], bytes, 20000, &taken); /* fills the ring */
  for (int i = 0; i < 40; i++) end_write(&end, ids[1], bytes, 1000, &taken);
  end_write(&end, ids[2], bytes, 60000, &taken);
  end_call(&end, 1, 1, bytes, 100000);
  for (int i = 0; i < 20; i++) {
    lone_drain(&end);
    end_flush(&end);
    if (i == 0) collect(&end, &frames);
  }
  list_turns(turns, sizeof turns);
  CHECK_STR(turns, "4060204"); /* as much as the ring holds */
  CHECK_INT(hwr_session_held_bytes(end.session), 0);
  for (int i = 0; i < 3; i++) CHECK_INT(end_held(&end, ids[i]), 0);
  frames.count = 0;
  end_close(&end);
}

TEST(a_call_finds_room_beside_a_pipe_that_is_saturated) {
  open_lone();
  stream_id_t id = wide_stream();
  size_t taken;
  for (uint32_t i = 0; i < 50; i++) {
    end_write(&end, id, bytes, 60000, &taken);
    CHECK(end_held(&end, id) > 0);
    CHECK(call_that_is_whole(i));
    end_read(&end, bytes, i * 100);
  }
  lone_drain(&end);
  end_close(&end);
}

TEST(a_call_overtakes_what_waits_on_a_pipe) {
  open_lone();
  stream_id_t id = wide_stream();
  size_t taken;
  end_write(&end, id, bytes, 150000, &taken);
  end_call(&end, 1, 1, bytes, 5000);
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_REQUEST), 1);
  CHECK(end_held(&end, id) > 20000);
  CHECK(frames.count <= RING);
  frames.count = 0;
  end_close(&end);
}

TEST(calls_that_fill_the_ring_leave_a_pipe_its_turns) {
  open_lone();
  stream_id_t id = wide_stream();
  size_t taken;
  put_credit(&frames, 1 << 30, 1 << 30);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_write(&end, id, bytes, 80000, &taken);
  CHECK_INT(taken, 80000);
  for (int i = 0; i < 30 && end_held(&end, id) > 0; i++) {
    hwr_region_t region = hwr_session_region(end.session);
    while (region.start + end.filled_bytes + 1016 <= region.limit) end_post(&end, bytes, 1000);
    end_flush(&end);
    lone_drain(&end);
  }
  CHECK_INT(end_held(&end, id), 0);
  end_close(&end);
}

TEST(and_so_do_calls_that_are_as_many_as_the_peer_takes) {
  open_lone();
  stream_id_t id = wide_stream();
  size_t taken;
  uint8_t *taken_away = end_allocate(TURN);
  put_credit(&frames, 1 << 30, 1 << 30);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_write(&end, id, bytes, 100000, &taken);
  for (int i = 0; i < 200 && end_held(&end, id) > 0; i++) {
    if (hwr_session_held_bytes(end.session) == 0)
      for (int j = 0; j < 8; j++) end_post(&end, bytes, 1000); /* as much as the peer takes */
    end_flush(&end);
    end_read(&end, taken_away, TURN);
  }
  CHECK_INT(end_held(&end, id), 0);
  free(taken_away);
  end_close(&end);
}

/* P11.16 */
TEST(nothing_on_a_stream_passes_a_definition_that_waits) {
  hwr_frame_t frame;
  bool defined = false;
  uint32_t seen = 0;
  open_lone();
  stream_id_t id = wide_stream();
  size_t before, behind;
  put_credit(&frames, 1 << 30, 1 << 30);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_write(&end, id, bytes, 50000, &before); /* fills the ring */
  end_call(&end, 1, 1, bytes, 100000);
  end_flush(&end);
  hwr_record_t define = {0, 40, make_word(HWR_DEFINE, 1, 0), 0, 0, 0, {0}};
  end_send_whole(&end, define, bytes);
  end_write(&end, id, bytes, 50000, &behind);
  CHECK(behind > 0);
  frames.count = 0;
  for (int i = 0; i < 40; i++) {
    collect(&end, &frames);
    end_flush(&end);
  }
  for (size_t at = 0; next_frame(&frames, &at, &frame);) {
    defined |= frame.type == HWR_DEFINE;
    if (frame.type != HWR_DATA) continue;
    seen += frame.length_bytes;
    CHECK(defined || seen <= before);
  }
  CHECK(defined);
  CHECK_INT(seen, before + behind);
  CHECK_INT(hwr_session_held_bytes(end.session) + end_held(&end, id), 0);
  frames.count = 0;
  end_close(&end);
}

/* Bytes of DATA that are in the ring. */
static uint32_t
data_in_ring(void) {
  hwr_frame_t frame;
  uint32_t sum = 0;
  frames.count = 0;
  collect(&end, &frames);
  for (size_t at = 0; next_frame(&frames, &at, &frame);)
    if (frame.type == HWR_DATA) sum += frame.length_bytes;
  frames.count = 0;
  return sum;
}

TEST(while_a_call_is_open_streams_have_one_frame_in_the_ring) {
  size_t taken;
  open_lone();
  stream_id_t id = wide_stream();
  uint32_t ring_bytes = end.out.capacity_bytes;
  end_write(&end, id, bytes, 150000, &taken);
  CHECK(data_in_ring() > ring_bytes / 2);
  CHECK(call_that_is_whole(1));
  while (data_in_ring() > 0) end_flush(&end);
  end_write(&end, id, bytes, 150000, &taken);
  end_flush(&end);
  uint32_t beside = data_in_ring();
  CHECK(beside > 0 && beside <= ring_bytes / 8);
  end_close(&end);
}

TEST(a_pipe_that_fills_the_ring_leaves_room_for_control) {
  open_lone();
  stream_id_t id = wide_stream();
  size_t taken;
  end_write(&end, id, bytes, 150000, &taken);
  for (int i = 0; i < 20; i++) end_call(&end, (uint32_t) i, 1, bytes, 5000);
  end_flush(&end);
  CHECK(hwr_session_held_records(end.session) > 0); /* the ring is full */
  PUT(&frames, .type = HWR_PING, .slot = 3);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_flush(&end);
  CHECK(!hwr_session_control_waits(end.session));
  CHECK(hwr_session_room_wanted(end.session) > 0);
  CHECK(hwr_session_room_wanted(end.session) <= RING);
  end_close(&end);
}

/* P11.8 */
TEST(a_frame_is_cut_to_the_credit_there_is_but_not_to_crumbs) {
  open_lone();
  stream_id_t id = lone_stream(&end, true, true);
  put_stream_credit(&frames, id, WINDOW_BYTES + 1, WINDOW_MESSAGES);
  feed_frames(&end, &frames);
  end_data(&end, id, bytes, 58000);
  end_data(&end, id, bytes, 20000);
  end_flush(&end);
  for (int i = 0; i < 4; i++) {
    collect(&end, &frames);
    end_flush(&end);
  }
  hwr_frame_t frame = {0};
  uint64_t sum = 0;
  for (size_t at = 0; next_frame(&frames, &at, &frame);)
    sum += hwr_frame_stride(frame.length_bytes);
  CHECK_INT(frame.flags & HWR_FLAG_MORE, HWR_FLAG_MORE);
  CHECK(sum <= WINDOW_BYTES && sum > WINDOW_BYTES - HWR_LEAST_STREAM_CREDIT);
  CHECK_INT(hwr_session_room_wanted(end.session), 0); /* it waits for credit */
  frames.count = 0;
  end_close(&end);
}

TEST(a_long_message_is_read_past_by_little_until_something_else_comes) {
  settings_t s = small_ring();
  uint8_t *to;
  s.read_ahead_bytes = HWR_HEADER_BYTES;
  lone_open(&end, HWR_HOST, &s);
  stream_id_t id = lone_stream(&end, false, true);
  PUT_STREAM(&frames, id, .type = HWR_DATA, .flags = HWR_FLAG_MORE, .length = 20000);
  PUT(&frames, .type = HWR_PAD, .length = 8);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(hwr_session_want(end.session, &to), HWR_HEADER_BYTES);
  PUT(&frames, .type = HWR_EVENT, .body = "\1\0n\0\0\0\0", .length = 8);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(hwr_session_want(end.session, &to), s.inbox_bytes);
  end_close(&end);
}

/* ---- what stops nobody */

static void
count_bytes(end_t *e, const seen_t *seen, const uint8_t *payload) {
  int from = e == &pair.host;
  if (seen->kind == HWR_EV_REQUEST) end_answer(e, seen->slot, seen->generation, payload, 8);
  if (seen->kind != HWR_EV_DATA) return;
  for (uint32_t i = 0; i < seen->length; i++)
    hashes[from] = (hashes[from] ^ payload[i]) * 1099511628211u;
  got_bytes[from] += seen->length;
}

static void
count_and_consume(end_t *e, const seen_t *seen, const uint8_t *payload) {
  count_bytes(e, seen, payload);
  if (seen->kind == HWR_EV_DATA)
    end_consume(e, (stream_id_t){seen->slot, seen->generation}, seen->value, 1);
}

static void
open_pair(const settings_t *settings) {
  pair_open(&pair, settings);
  memset(got_bytes, 0, sizeof got_bytes);
  hashes[0] = hashes[1] = hash_bytes(NULL, 0);
  fill_bytes(bytes, sizeof bytes, 9);
}

TEST(a_pipe_whose_reader_has_stopped_stops_neither_calls_nor_other_pipes_R3) {
  settings_t s = small_ring();
  open_pair(&s);
  stream_id_t stopped = pair_stream(&pair, &pair.host, &pair.worker, false);
  size_t taken;
  pair.worker.on_event = count_bytes;
  end_write(&pair.host, stopped, bytes, 150000, &taken);
  pair_run(&pair);
  CHECK(end_held(&pair.host, stopped) > 0);
  stream_id_t other = pair_stream(&pair, &pair.host, &pair.worker, false);
  pair.worker.on_event = count_and_consume;
  got_bytes[0] = 0;
  for (uint32_t i = 0; i < 20; i++) {
    end_write(&pair.host, other, bytes, 60000, &taken);
    CHECK_INT(taken, 60000);
    end_call(&pair.host, i, 1, bytes, 2000);
    pair_run(&pair);
  }
  CHECK_INT(got_bytes[0], 20 * 60000);
  CHECK_INT(end_count(&pair.host, HWR_EV_RESPONSE), 20);
  pair_close(&pair);
}

/* P6.1 */
TEST(goaway_waits_for_the_ordered_lane_and_not_for_streams) {
  settings_t s = small_ring();
  open_pair(&s);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
  size_t taken;
  end_write(&pair.host, id, bytes, 150000, &taken);
  pair_run(&pair);
  hwr_session_goaway(pair.host.session, 0);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.worker)->kind, HWR_EV_GOAWAY);
  CHECK(end_held(&pair.host, id) > 0);
  pair_close(&pair);
}

typedef struct flood_s {
  end_t *from;
  stream_id_t id;
  uint64_t written, hash;
} flood_t;

static void
pour(flood_t *flood, uint64_t total) {
  size_t taken = 1;
  while (taken > 0 && flood->written < total && flood->from->status == 0) {
    const uint8_t *at = bytes + flood->written % 77777;
    end_write(flood->from, flood->id, at, 50000, &taken);
    for (size_t i = 0; i < taken; i++) flood->hash = (flood->hash ^ at[i]) * 1099511628211u;
    flood->written += taken;
  }
}

/* One round of the wire, with rings that are full on both sides. */
static uint64_t
exchange(void) {
  uint64_t moved = pair_move(&pair, &pair.host, &pair.worker);
  moved += pair_move(&pair, &pair.worker, &pair.host);
  end_flush(&pair.host);
  end_flush(&pair.worker);
  end_take(&pair.host);
  end_take(&pair.worker);
  return moved;
}

/* Both pour into each other; nobody is ever stuck, and what is held is bounded. */
static void
flood_both_ways(uint32_t ring_bytes, uint64_t total) {
  settings_t s = DEFAULTS;
  s.ring_bytes = ring_bytes;
  s.high_water_bytes = 10000;
  open_pair(&s);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, false);
  flood_t floods[] = {{&pair.host, id, 0, hash_bytes(NULL, 0)},
                      {&pair.worker, id, 0, hash_bytes(NULL, 0)}};
  pair.host.on_event = pair.worker.on_event = count_and_consume;
  uint32_t calls = 0, idle = 0;
  size_t held = pair.host.books.held_bytes;
  pair.host.books.peak_bytes = pair.worker.books.peak_bytes = held;
  while ((got_bytes[0] < total || got_bytes[1] < total) && idle < 100) {
    pour(&floods[0], total);
    pour(&floods[1], total);
    if (calls < 100) {
      end_call(&pair.host, calls, 1, bytes, 3000);
      end_call(&pair.worker, calls++, 1, bytes, 3000);
    }
    idle = exchange() ? 0 : idle + 1;
  }
  pair_run(&pair);
  for (int i = 0; i < 2; i++) CHECK_INT(got_bytes[i], floods[i].written);
  for (int i = 0; i < 2; i++) CHECK(hashes[i] == floods[i].hash);
  CHECK_INT(end_count(&pair.host, HWR_EV_RESPONSE), calls);
  CHECK_INT(end_count(&pair.worker, HWR_EV_RESPONSE), calls);
  CHECK(pair.host.books.peak_bytes < held + (1 << 20));
  CHECK(pair.worker.books.peak_bytes < held + (1 << 20));
  pair_close(&pair);
}

TEST(floods_in_both_directions_arrive_whole_and_calls_go_on_R3) {
  flood_both_ways(RING, 16 << 20);
  flood_both_ways(4096, 2 << 20);
}

TEST(ten_pipes_at_once_in_both_modes_arrive_whole_R3) {
  settings_t s = small_ring();
  s.streams_window_bytes = 100 << 10;
  open_pair(&s);
  pair.host.on_event = pair.worker.on_event = count_and_consume;
  stream_id_t ids[10];
  uint64_t written = 0;
  size_t taken;
  for (int i = 0; i < 10; i++) ids[i] = pair_stream(&pair, &pair.host, &pair.worker, i % 2);
  for (int round = 0; round < 60; round++) {
    for (int i = 0; i < 10; i++) {
      end_write(&pair.host, ids[i], bytes, 40000, &taken);
      written += taken;
    }
    exchange();
  }
  for (int i = 0; i < 10; i++) end_finish(&pair.host, ids[i]);
  pair_run(&pair);
  CHECK_INT(got_bytes[0], written);
  CHECK_INT(end_count(&pair.worker, HWR_EV_END), 10);
  CHECK(written > 1 << 20);
  pair_close(&pair);
}

/* ---- when a lane is full, and when it is through */

static void
tick(end_t *e) {
  hwr_session_tick(e->session, e->now_ms);
  end_take(e);
}

TEST(a_lane_is_full_with_half_as_many_messages_as_its_owner_takes_in) {
  pair_open(&pair, &DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  for (int i = 0; i < WINDOW_MESSAGES + WINDOW_MESSAGES / 2; i++)
    end_data(&pair.host, id, bytes, 8);
  pair_run(&pair);
  CHECK(!end_full(&pair.host, id));
  end_data(&pair.host, id, bytes, 8);
  pair_run(&pair);
  CHECK(end_full(&pair.host, id));
  end_consume(&pair.worker, id, 24 * 4, 4);
  pair_run(&pair);
  tick(&pair.host);
  CHECK_INT(end_count(&pair.host, HWR_EV_WRITABLE), 0);
  CHECK(!end_full(&pair.host, id));
  end_consume(&pair.worker, id, 24 * 8, 8);
  pair_run(&pair);
  tick(&pair.host);
  CHECK_INT(end_count(&pair.host, HWR_EV_WRITABLE), 1);
  pair_close(&pair);
}

TEST(who_asks_is_told_when_no_end_waits_any_more) {
  pair_open(&pair, &DEFAULTS);
  stream_id_t id = pair_stream(&pair, &pair.host, &pair.worker, true);
  for (int i = 0; i < WINDOW_MESSAGES + 1; i++) end_data(&pair.host, id, bytes, 8);
  end_finish(&pair.host, id);
  end_finish(&pair.worker, id);
  pair_run(&pair);
  CHECK_INT(hwr_session_ends_waiting(pair.host.session), 1);
  CHECK_INT(hwr_session_ends_waiting(pair.worker.session), 0);
  hwr_session_want_drain(pair.host.session, HWR_DRAIN_ENDS);
  CHECK(!hwr_session_drain_due(pair.host.session));
  end_consume(&pair.worker, id, 24 * WINDOW_MESSAGES, WINDOW_MESSAGES);
  pair_run(&pair);
  CHECK_INT(hwr_session_ends_waiting(pair.host.session), 0);
  tick(&pair.host);
  CHECK_INT(end_last(&pair.host)->kind, HWR_EV_DRAIN);
  CHECK_INT(end_last(&pair.host)->value, HWR_DRAIN_ENDS);
  pair_close(&pair);
}

TEST(an_end_that_is_reset_waits_no_more) {
  pair_open(&pair, &DEFAULTS);
  stream_id_t by_us = pair_stream(&pair, &pair.host, &pair.worker, true);
  stream_id_t by_them = pair_stream(&pair, &pair.host, &pair.worker, true);
  for (int i = 0; i < WINDOW_MESSAGES + 1; i++) {
    end_data(&pair.host, by_us, bytes, 8);
    end_data(&pair.host, by_them, bytes, 8);
  }
  end_finish(&pair.host, by_us);
  end_finish(&pair.host, by_them);
  pair_run(&pair);
  CHECK_INT(hwr_session_ends_waiting(pair.host.session), 2);
  end_reset(&pair.host, by_us, NULL, 0);
  end_reset(&pair.worker, by_them, NULL, 0);
  pair_run(&pair);
  CHECK_INT(hwr_session_ends_waiting(pair.host.session), 0);
  pair_close(&pair);
}

int
main(void) {
  RUN(lanes_take_turns_of_an_eighth_of_the_ring_and_lane_0_has_every_second);
  RUN(a_call_finds_room_beside_a_pipe_that_is_saturated);
  RUN(a_call_overtakes_what_waits_on_a_pipe);
  RUN(calls_that_fill_the_ring_leave_a_pipe_its_turns);
  RUN(and_so_do_calls_that_are_as_many_as_the_peer_takes);
  RUN(nothing_on_a_stream_passes_a_definition_that_waits);
  RUN(while_a_call_is_open_streams_have_one_frame_in_the_ring);
  RUN(a_pipe_that_fills_the_ring_leaves_room_for_control);
  RUN(a_frame_is_cut_to_the_credit_there_is_but_not_to_crumbs);
  RUN(a_long_message_is_read_past_by_little_until_something_else_comes);
  RUN(a_pipe_whose_reader_has_stopped_stops_neither_calls_nor_other_pipes_R3);
  RUN(goaway_waits_for_the_ordered_lane_and_not_for_streams);
  RUN(floods_in_both_directions_arrive_whole_and_calls_go_on_R3);
  RUN(ten_pipes_at_once_in_both_modes_arrive_whole_R3);
  RUN(a_lane_is_full_with_half_as_many_messages_as_its_owner_takes_in);
  RUN(who_asks_is_told_when_no_end_waits_any_more);
  RUN(an_end_that_is_reset_waits_no_more);
  frames_free(&frames);
  return check_exit_code();
}
