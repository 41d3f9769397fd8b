/* SPDX-License-Identifier: MIT */
#include "stream_steps.h"

static end_t end;
static pair_t pair;
static frames_t frames;

/* Feed what was put; the end must fail with that status and rule. */
static void
check_ended(int status, const char *rule) {
  CHECK_INT(feed_frames(&end, &frames), status);
  CHECK_STR(hwr_session_rule(end.session), rule);
  CHECK_INT(hwr_session_flush(end.session, NULL, 0, 0), status);
  CHECK_INT(hwr_session_feed(end.session, 0, 0), status);
  end_close(&end);
}

/* P9.2, P3.4, P3.6 */
TEST(two_ends_greet_and_get_ready) {
  pair_open_apart(&pair, &DEFAULTS, &DEFAULTS, 3);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.host)->kind, HWR_EV_HELLO);
  CHECK_INT(end_last(&pair.worker)->kind, HWR_EV_HELLO);
  const hwr_peer_t *peer = hwr_session_peer(pair.worker.session);
  CHECK_MEM(peer->uuid, pair.host.config.uuid, HWR_UUID_BYTES);
  CHECK_INT(peer->codecs, 2);
  CHECK_INT(peer->version, HWR_PROTOCOL_VERSION);
  CHECK_INT(peer->max_message_bytes, HWR_MAX_MESSAGE_BYTES);
  end_send(&pair.host, make_word(HWR_INIT, 1, 0), 0, 0, 0, "init", 4);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.worker)->kind, HWR_EV_INIT);
  CHECK(end_last(&pair.worker)->hash == hash_bytes((const uint8_t *) "init", 4));
  end_send(&pair.worker, make_word(HWR_METHODS, 1, 0), 0, 0, 0, "m", 1);
  end_send(&pair.worker, make_word(HWR_READY, 1, 0), 0, 0, 0, "", 0);
  pair_run(&pair);
  CHECK_INT(pair.host.log_count, 3);
  CHECK_INT(pair.host.log[1].kind, HWR_EV_METHODS);
  CHECK_INT(pair.host.log[2].kind, HWR_EV_READY);
  pair_close(&pair);
}

/* P3.7, P4.8 */
TEST(what_is_sent_before_the_greeting_waits_and_keeps_its_order) {
  pair_open_apart(&pair, &DEFAULTS, &DEFAULTS, 3);
  end_send(&pair.host, make_word(HWR_INIT, 1, 0), 0, 0, 0, "init", 4);
  end_flush(&pair.host);
  CHECK_INT(hwr_session_held_records(pair.host.session), 1);
  CHECK_INT(hwr_session_room_wanted(pair.host.session), 0);
  pair_run(&pair);
  CHECK_INT(hwr_session_held_records(pair.host.session), 0);
  CHECK_INT(end_last(&pair.worker)->kind, HWR_EV_INIT);
  pair_close(&pair);
}

/* P3.7 */
TEST(no_control_frame_but_the_greeting_goes_before_the_peers_has_come) {
  end_open(&end, HWR_WORKER, &DEFAULTS);
  CHECK_INT(hwr_session_ping(end.session, 1, 1, HWR_NO_DEADLINE), 0);
  hwr_session_goaway(end.session, 0);
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(frames.count, 64);
  CHECK_INT(count_frames(&frames, HWR_HELLO), 1);
  frames.count = 0;
  put_hello(&frames, HWR_HOST);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_flush(&end);
  collect(&end, &frames);
  CHECK_INT(count_frames(&frames, HWR_PING), 1);
  CHECK_INT(count_frames(&frames, HWR_GOAWAY), 1);
  frames.count = 0;
  end_close(&end);
}

TEST(the_first_flush_sends_a_greeting_of_its_own_limits) {
  end_open(&end, HWR_WORKER, &DEFAULTS);
  end_flush(&end);
  collect(&end, &frames);
  uint8_t want[48] = {0x48, 0x57, 0x57, 0x52, 1, 0, 2, 0};
  memset(want + 8, 0xbb, 16);
  want[24] = 2;        /* codecs */
  want[31] = 4;        /* 64 MiB */
  want[32 + 2] = 0x10; /* 1 MiB */
  want[40 + 1] = 4;    /* 1024 */
  CHECK_INT(frames.count, 64);
  CHECK_MEM(frames.bytes + 16, want, sizeof want);
  frames_free(&frames);
  end_close(&end);
}

TEST(a_long_init_arrives_in_chunks) {
  static uint8_t body[500000];
  fill_bytes(body, sizeof body, 1);
  pair_open_apart(&pair, &DEFAULTS, &DEFAULTS, 5);
  end_send(&pair.host, make_word(HWR_INIT, 1, 0), 0, 0, 0, body, sizeof body);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.worker)->kind, HWR_EV_INIT);
  CHECK_INT(end_last(&pair.worker)->length, sizeof body);
  CHECK(end_last(&pair.worker)->hash == hash_bytes(body, sizeof body));
  pair_close(&pair);
}

/* P3.11 */
TEST(an_error_before_ready_is_why_a_worker_cannot_start) {
  pair_open_apart(&pair, &DEFAULTS, &DEFAULTS, 7);
  pair_run(&pair);
  end_send(&pair.worker, make_word(HWR_ERROR, 2, 0), 0, 0, 0, "no", 2);
  pair_run(&pair);
  CHECK_INT(end_last(&pair.host)->kind, HWR_EV_START_ERROR);
  CHECK_INT(end_last(&pair.host)->length, 2);
  pair_close(&pair);
}

TEST(a_host_must_not_explain_itself_to_a_worker) {
  end_open(&end, HWR_WORKER, &DEFAULTS);
  put_hello(&frames, HWR_HOST);
  PUT(&frames, .type = HWR_ERROR);
  check_ended(HWR_EPROTO, "P3.6");
}

/* P3.1 */
TEST(other_protocols_are_turned_away_before_any_memory_is_taken_W1) {
  static const char greetings[][32] = {
      "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
      "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello of TLS",
      "{\"jsonrpc\":\"2.0\",\"method\":\"x\"}",
      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
  };
  for (size_t i = 0; i < sizeof greetings / sizeof *greetings; i++) {
    end_open(&end, HWR_HOST, &DEFAULTS);
    size_t before = end.books.held_bytes;
    put_bytes(&frames, greetings[i], sizeof greetings[i]);
    CHECK_INT(feed_frames(&end, &frames), HWR_EPROTO);
    CHECK_STR(hwr_session_rule(end.session), "P3.1");
    CHECK_INT(end.books.peak_bytes, before);
    CHECK_INT(end.log_count, 0);
    end_close(&end);
  }
}

TEST(no_frame_but_hello_may_come_first) {
  for (uint8_t type = 0; type < 255; type++) {
    if (type == HWR_HELLO) continue;
    end_open(&end, type % 2 ? HWR_HOST : HWR_WORKER, &DEFAULTS);
    PUT(&frames, .type = type);
    check_ended(HWR_EPROTO, "P3.1");
  }
}

static void
put_changed_hello(size_t offset, uint64_t value, unsigned size) {
  put_hello(&frames, HWR_WORKER);
  for (unsigned i = 0; i < size; i++) frames.bytes[16 + offset + i] = (uint8_t) (value >> (8 * i));
}

/* P3.2 */
TEST(a_greeting_with_other_magic_is_refused) {
  end_open(&end, HWR_HOST, &DEFAULTS);
  put_changed_hello(0, 0x52575749, 4);
  check_ended(HWR_EPROTO, "P3.2");
}

/* P3.3 */
TEST(another_version_is_named_and_refused_W2) {
  const uint16_t versions[] = {0, 2, 0xffff};
  for (size_t i = 0; i < 3; i++) {
    end_open(&end, HWR_HOST, &DEFAULTS);
    put_changed_hello(4, versions[i], 2);
    feed_frames(&end, &frames);
    CHECK_INT(hwr_session_peer(end.session)->version, versions[i]);
    check_ended(HWR_EVERSION, "P3.3");
  }
}

/* P3.4 */
TEST(a_window_too_small_to_speak_through_is_refused) {
  end_open(&end, HWR_HOST, &DEFAULTS);
  put_changed_hello(32, HWR_MIN_WINDOW_BYTES - 1, 8);
  check_ended(HWR_EPROTO, "P3.4");
  end_open(&end, HWR_HOST, &DEFAULTS);
  put_changed_hello(32, HWR_MIN_WINDOW_BYTES, 8);
  CHECK_INT(feed_frames(&end, &frames), 0);
  end_close(&end);
}

/* P3.5 */
TEST(a_peer_of_the_same_role_is_refused) {
  const uint16_t roles[] = {0, HWR_HOST, 3, 0xffff};
  for (size_t i = 0; i < 4; i++) {
    end_open(&end, HWR_HOST, &DEFAULTS);
    put_changed_hello(6, roles[i], 2);
    check_ended(HWR_EPROTO, "P3.5");
  }
}

/* P2.3 */
TEST(a_greeting_has_a_least_and_a_largest_size_W1) {
  const uint32_t lengths[] = {0, 47, HWR_HELLO_MAX_BYTES + 1, UINT32_MAX};
  for (size_t i = 0; i < 4; i++) {
    end_open(&end, HWR_HOST, &DEFAULTS);
    put_header(&frames, (frame_spec_t){.type = HWR_HELLO, .length = lengths[i]});
    check_ended(HWR_EPROTO, "P2.3");
  }
}

/* P3.4 */
TEST(a_longer_greeting_of_a_later_peer_is_understood) {
  end_open(&end, HWR_HOST, &DEFAULTS);
  put_hello(&frames, HWR_WORKER);
  frames_t longer = {0};
  uint8_t body[HWR_HELLO_MAX_BYTES] = {0};
  memcpy(body, frames.bytes + 16, 48);
  PUT(&longer, .type = HWR_HELLO, .body = body, .length = sizeof body);
  CHECK_INT(feed_frames(&end, &longer), 0);
  CHECK_INT(end_last(&end)->kind, HWR_EV_HELLO);
  frames_free(&longer);
  frames.count = 0;
  end_close(&end);
}

typedef struct stage_case_s {
  enum hwr_role role;
  uint8_t before[4]; /* frames received before */
  uint8_t types[12]; /* the ones that may come now */
} stage_case_t;

/* P3.6: every type, in every stage, for both roles. */
static const stage_case_t STAGES[] = {
    {HWR_HOST, {HWR_HELLO}, {HWR_METHODS, HWR_ERROR}},
    {HWR_HOST, {HWR_HELLO, HWR_METHODS}, {HWR_READY, HWR_ERROR}},
    {HWR_HOST,
     {HWR_HELLO, HWR_METHODS, HWR_READY},
     {HWR_DEFINE, HWR_REQUEST, HWR_RESPONSE, HWR_ERROR, HWR_CANCEL, HWR_EVENT, HWR_PROGRESS,
      HWR_OPEN, HWR_DATA, HWR_END, HWR_RESET}},
    {HWR_WORKER, {HWR_HELLO}, {HWR_INIT}},
    {HWR_WORKER, {HWR_HELLO, HWR_INIT}, {0}},
};

static void
put_plain(uint8_t type, enum hwr_role from) {
  if (type == HWR_HELLO) put_hello(&frames, from);
  else if (type == HWR_CREDIT) put_credit(&frames, 1 << 21, 1024);
  else if (type == HWR_OPEN) put_open(&frames, (stream_id_t){1, 1}, false, 4096, 0);
  else if (type == HWR_EVENT) PUT(&frames, .type = type, .body = "\1\0n\0\0\0\0", .length = 8);
  else PUT(&frames, .type = type, .length = type == HWR_GOAWAY ? 4 : 0);
}

static void
check_stage(const stage_case_t *c, uint8_t type) {
  enum hwr_role peer = c->role == HWR_HOST ? HWR_WORKER : HWR_HOST;
  bool control = type >= HWR_CREDIT && type <= HWR_PAD;
  bool allowed = control || memchr(c->types, type, sizeof c->types);
  bool known = type >= HWR_HELLO && type <= HWR_PAD;
  end_open(&end, c->role, &DEFAULTS);
  for (int i = 0; i < 4 && c->before[i]; i++) put_plain(c->before[i], peer);
  REQUIRE(feed_frames(&end, &frames) == 0);
  put_plain(type, peer);
  CHECK_INT(feed_frames(&end, &frames), allowed ? 0 : HWR_EPROTO);
  if (!allowed) CHECK_STR(hwr_session_rule(end.session), known ? "P3.6" : "P2.4");
  end_close(&end);
}

/* P2.4, P3.6 */
TEST(each_stage_takes_its_own_frames_and_no_other_W7) {
  for (size_t i = 0; i < sizeof STAGES / sizeof *STAGES; i++)
    for (int type = 1; type < 256; type++) check_stage(&STAGES[i], (uint8_t) type);
}

TEST(type_zero_is_no_frame_W7) {
  lone_open(&end, HWR_HOST, &DEFAULTS);
  PUT(&frames, .type = 0);
  check_ended(HWR_EPROTO, "P2.4");
}

int
main(void) {
  RUN(two_ends_greet_and_get_ready);
  RUN(what_is_sent_before_the_greeting_waits_and_keeps_its_order);
  RUN(no_control_frame_but_the_greeting_goes_before_the_peers_has_come);
  RUN(the_first_flush_sends_a_greeting_of_its_own_limits);
  RUN(a_long_init_arrives_in_chunks);
  RUN(an_error_before_ready_is_why_a_worker_cannot_start);
  RUN(a_host_must_not_explain_itself_to_a_worker);
  RUN(other_protocols_are_turned_away_before_any_memory_is_taken_W1);
  RUN(no_frame_but_hello_may_come_first);
  RUN(a_greeting_with_other_magic_is_refused);
  RUN(another_version_is_named_and_refused_W2);
  RUN(a_window_too_small_to_speak_through_is_refused);
  RUN(a_peer_of_the_same_role_is_refused);
  RUN(a_greeting_has_a_least_and_a_largest_size_W1);
  RUN(a_longer_greeting_of_a_later_peer_is_understood);
  RUN(each_stage_takes_its_own_frames_and_no_other_W7);
  RUN(type_zero_is_no_frame_W7);
  frames_free(&frames);
  return check_exit_code();
}
