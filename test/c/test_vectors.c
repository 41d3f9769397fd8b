/* SPDX-License-Identifier: MIT
 *
 * The frames that docs/protocol.md shows, received and sent. The path of the document is the
 * argument of the program.
 */
#include "vectors.h"

static const char *document;
static end_t end;
static frames_t frames, sent;

static const char *const EVENTS[] = {
    [HWR_EV_HELLO] = "HELLO",
    [HWR_EV_INIT] = "INIT",
    [HWR_EV_METHODS] = "METHODS",
    [HWR_EV_READY] = "READY",
    [HWR_EV_START_ERROR] = "START_ERROR",
    [HWR_EV_DEFINE] = "DEFINE",
    [HWR_EV_REQUEST] = "REQUEST",
    [HWR_EV_RESPONSE] = "RESPONSE",
    [HWR_EV_ERROR] = "ERROR",
    [HWR_EV_PONG] = "PONG",
    [HWR_EV_TIMEOUT] = "TIMEOUT",
    [HWR_EV_DRAIN] = "DRAIN",
    [HWR_EV_GOAWAY] = "GOAWAY",
    [HWR_EV_CANCEL] = "CANCEL",
    [HWR_EV_EVENT] = "EVENT",
    [HWR_EV_PROGRESS] = "PROGRESS",
    [HWR_EV_OPEN] = "OPEN",
    [HWR_EV_ACCEPT] = "ACCEPT",
    [HWR_EV_DATA] = "DATA",
    [HWR_EV_END] = "END",
    [HWR_EV_RESET] = "RESET",
};

/* Which vector a failed check is about. */
static void
say_if_failed(const vector_t *v, int failures_before) {
  if (atomic_load(&check_failures) > failures_before) printf("# in vector %s\n", v->name);
}

static enum hwr_role
peer_of(enum hwr_role role) {
  return role == HWR_HOST ? HWR_WORKER : HWR_HOST;
}

static enum hwr_role
receiver(const vector_t *v) {
  return vector_is(v, "to", "host") ? HWR_HOST : HWR_WORKER;
}

enum stage { HELLO, GREETED, STARTED, READY };

static enum stage
stage_of(const vector_t *v) {
  static const char *const names[] = {"hello", "greeted", "started", "ready"};
  for (int i = HELLO; i <= READY; i++)
    if (vector_is(v, "stage", names[i])) return (enum stage) i;
  REQUIRE(!"a stage of P3.6");
  return HELLO;
}

/* Open `end` in a stage of P3.6; what it has sent so far is taken away. */
static void
open_at(enum hwr_role role, enum stage stage) {
  if (stage == READY) {
    lone_open(&end, role, &DEFAULTS);
    return;
  }
  frames_t start = {0};
  end_open(&end, role, &DEFAULTS);
  if (stage >= GREETED) put_hello(&start, peer_of(role));
  if (stage >= STARTED) PUT(&start, .type = role == HWR_HOST ? HWR_METHODS : HWR_INIT);
  CHECK_INT(feed_frames(&end, &start), 0);
  end_flush(&end);
  lone_drain(&end);
  end.log_count = 0;
  frames_free(&start);
}

/* Let the peer ask for what `type` answers. */
static void
receive_question(uint8_t type, const hwr_frame_t *h) {
  frames_t question = {0};
  PUT(&question, .type = type, .slot = h->slot, .generation = h->generation);
  CHECK_INT(feed_frames(&end, &question), 0);
  frames_free(&question);
}

/* The peer opens a stream. */
static stream_id_t
receive_open(const hwr_frame_t *h, bool messages) {
  frames_t open = {0};
  stream_id_t id = {h->slot, h->generation};
  put_open(&open, id, messages, WINDOW_BYTES, messages ? WINDOW_MESSAGES : 0);
  CHECK_INT(feed_frames(&end, &open), 0);
  frames_free(&open);
  return id;
}

/* The stream of that header, whoever opens it, with grants to both ends. */
static void
open_stream(const hwr_frame_t *h, bool messages) {
  bool of_host = h->slot % 2 == 0;
  if (of_host == (end.config.role == HWR_HOST)) lone_stream(&end, true, messages);
  else end_accept(&end, receive_open(h, messages));
}

/* What `call` says the receiver has under the id of the header. */
static void
open_call(const vector_t *v) {
  if (vector_is(v, "call", "")) return;
  hwr_frame_t header = vector_header(v);
  if (vector_is(v, "call", "bytes") || vector_is(v, "call", "messages"))
    open_stream(&header, vector_is(v, "call", "messages"));
  else if (vector_is(v, "call", "opened")) end_stream(&end, "pipe", true);
  else if (vector_is(v, "call", "ping"))
    CHECK_INT(hwr_session_ping(end.session, header.slot, header.generation, HWR_NO_DEADLINE), 0);
  else if (vector_is(v, "call", "open")) end_call(&end, header.slot, header.generation, "", 0);
  else receive_question(HWR_REQUEST, &header);
  if (vector_is(v, "call", "answered")) end_answer(&end, header.slot, header.generation, "", 0);
  end.log_count = 0;
  end_flush(&end);
  lone_drain(&end);
}

/* ---- received */

static uint64_t
hash_of_payload(const vector_t *v, const hwr_frame_t *header) {
  frames_t payload = {0};
  if (vector_is(v, "payload", "none")) return hash_bytes(NULL, 0);
  vector_bytes(v, "payload", &payload);
  uint64_t hash = payload.count ? hash_bytes(payload.bytes, payload.count)
                                : hash_bytes(frames.bytes + HWR_HEADER_BYTES, header->length_bytes);
  frames_free(&payload);
  return hash;
}

static void
check_event(const vector_t *v) {
  if (vector_is(v, "event", "none")) {
    CHECK_INT(end.log_count, 0);
    return;
  }
  hwr_frame_t header = vector_header(v);
  const seen_t *seen = end_last(&end);
  CHECK_INT(end.log_count, 1);
  CHECK_STR(vector_get(v, "event"), EVENTS[seen->kind]);
  CHECK_INT(seen->value, strtoul(vector_get(v, "value"), NULL, 0));
  if (seen->kind == HWR_EV_HELLO || seen->kind == HWR_EV_GOAWAY) return;
  uint8_t flags = header.flags & (uint8_t) ~HWR_FLAG_MORE;
  CHECK_INT(seen->word, make_word(header.type, flags, header.method));
  CHECK_INT(seen->slot, header.slot);
  CHECK_INT(seen->generation, header.generation);
  CHECK(seen->hash == hash_of_payload(v, &header));
}

/* Fed in pieces of at most `split` bytes, 0 for as they are wanted. */
static void
check_received(const vector_t *v, uint32_t split) {
  frames.count = 0;
  vector_bytes(v, "hex", &frames);
  open_at(receiver(v), stage_of(v));
  open_call(v);
  end.split = split;
  int status = end_feed(&end, frames.bytes, frames.count);
  CHECK_STR(status ? hwr_status_name(status) : "ok", vector_get(v, "status"));
  CHECK_STR(vector_get(v, "rule"), hwr_session_rule(end.session));
  if (status == 0) check_event(v);
  if (status == 0) CHECK_INT(hwr_session_end(end.session), 0);
  end_close(&end);
}

static uint32_t
receive_all(uint32_t split) {
  uint32_t count = 0;
  vector_t v;
  for (const char *at = document; vector_next(&at, &v);) {
    if (vector_is(&v, "to", "")) continue;
    int before = atomic_load(&check_failures);
    check_received(&v, split);
    say_if_failed(&v, before);
    count++;
  }
  return count;
}

/* P0.1 */
TEST(each_frame_is_taken_or_refused_as_the_document_says) { CHECK(receive_all(0) > 50); }

/* P1.2 */
TEST(it_is_also_when_it_comes_byte_by_byte) {
  CHECK(receive_all(1) > 50);
  CHECK(receive_all(7) > 50);
}

/* ---- headers */

/* P2.1 */
TEST(each_header_has_the_fields_that_the_document_names) {
  vector_t v;
  for (const char *at = document; vector_next(&at, &v);) {
    if (vector_is(&v, "header", "")) continue;
    int before = atomic_load(&check_failures);
    uint8_t bytes[HWR_HEADER_BYTES];
    hwr_frame_t want = vector_header(&v), got;
    frames.count = 0;
    vector_bytes(&v, "hex", &frames);
    hwr_frame_encode(&want, bytes);
    CHECK_MEM(bytes, frames.bytes, sizeof bytes);
    hwr_frame_decode(&got, frames.bytes);
    CHECK_INT(got.length_bytes, want.length_bytes);
    CHECK_INT(got.method, want.method);
    CHECK_INT(got.slot, want.slot);
    CHECK_INT(got.generation, want.generation);
    say_if_failed(&v, before);
  }
}

/* P2.4 */
TEST(each_type_that_is_not_reserved_has_a_legal_vector) {
  bool legal[HWR_FRAME_TYPES] = {false};
  vector_t v;
  for (const char *at = document; vector_next(&at, &v);)
    if (vector_is(&v, "status", "ok")) legal[vector_header(&v).type] = true;
  for (int type = 0; type < HWR_FRAME_TYPES; type++) {
    bool used = type >= HWR_HELLO && type <= HWR_PAD;
    CHECK_INT(legal[type], used);
  }
}

/* ---- sent */

/* The vector's own bytes, as a record of its sender. */
static void
send_record(const hwr_frame_t *h, const uint8_t *body) {
  uint32_t word = make_word(h->type, h->flags, h->method);
  end_send(&end, word, h->slot, h->generation, 0, body, h->length_bytes);
}

/* As many one-way requests as make half of the window of messages free again, which is told. */
static void
earn_credit(void) {
  frames_t requests = {0};
  for (int i = 0; i < 512; i++) PUT(&requests, .type = HWR_REQUEST, .flags = HWR_FLAG_ONEWAY);
  CHECK_INT(feed_frames(&end, &requests), 0);
  hwr_session_settle(end.session, 512);
  frames_free(&requests);
}

static void
produce(const vector_t *v, const hwr_frame_t *h, const uint8_t *body) {
  switch (h->type) {
  case HWR_HELLO:
    break;
  case HWR_PROGRESS:
  case HWR_RESPONSE:
  case HWR_ERROR:
    receive_question(HWR_REQUEST, h);
    send_record(h, body);
    break;
  case HWR_CANCEL:
    end_call(&end, h->slot, h->generation, NULL, 0);
    end_flush(&end);
    lone_drain(&end);
    send_record(h, body);
    break;
  case HWR_OPEN:
    end_stream(&end, "pipe", true);
    break;
  case HWR_DATA:
  case HWR_END:
    open_stream(h, vector_is(v, "call", "messages"));
    send_record(h, body);
    break;
  case HWR_RESET:
    if (vector_is(v, "call", "opened")) receive_open(h, true);
    else open_stream(h, vector_is(v, "call", "messages"));
    send_record(h, body);
    break;
  case HWR_CREDIT:
    if (h->slot == 0) earn_credit();
    else end_accept(&end, receive_open(h, true));
    break;
  case HWR_PING:
    CHECK_INT(hwr_session_ping(end.session, h->slot, h->generation, HWR_NO_DEADLINE), 0);
    break;
  case HWR_PONG:
    receive_question(HWR_PING, h);
    break;
  case HWR_GOAWAY:
    hwr_session_goaway(end.session, 0);
    break;
  default:
    send_record(h, body);
  }
}

static void
open_sender(const vector_t *v, const hwr_frame_t *header) {
  enum hwr_role role = peer_of(receiver(v));
  if (header->type == HWR_HELLO) end_open(&end, role, &DEFAULTS);
  else open_at(role, header->type < HWR_DEFINE ? GREETED : READY);
}

static void
check_sent(const vector_t *v) {
  hwr_frame_t header = vector_header(v);
  frames.count = sent.count = 0;
  vector_bytes(v, "hex", &frames);
  open_sender(v, &header);
  produce(v, &header, frames.bytes + HWR_HEADER_BYTES);
  CHECK_INT(end_flush(&end), 0);
  collect(&end, &sent);
  CHECK_INT(sent.count, frames.count);
  if (sent.count == frames.count) CHECK_MEM(sent.bytes, frames.bytes, sent.count);
  end_close(&end);
}

/* P1.4, P2.2 */
TEST(each_frame_that_can_be_sent_is_sent_byte_for_byte) {
  uint32_t count = 0;
  vector_t v;
  for (const char *at = document; vector_next(&at, &v);) {
    if (!vector_is(&v, "sent", "yes")) continue;
    int before = atomic_load(&check_failures);
    check_sent(&v);
    say_if_failed(&v, before);
    count++;
  }
  CHECK(count > 10);
}

int
main(int argc, char **argv) {
  REQUIRE(argc == 2);
  char *text = document_read(argv[1]);
  document = text;
  RUN(each_frame_is_taken_or_refused_as_the_document_says);
  RUN(it_is_also_when_it_comes_byte_by_byte);
  RUN(each_header_has_the_fields_that_the_document_names);
  RUN(each_type_that_is_not_reserved_has_a_legal_vector);
  RUN(each_frame_that_can_be_sent_is_sent_byte_for_byte);
  frames_free(&frames);
  frames_free(&sent);
  free(text);
  return check_exit_code();
}
