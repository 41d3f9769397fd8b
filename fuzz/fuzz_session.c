/* SPDX-License-Identifier: MIT
 *
 * A session of either role against a peer that sends anything.
 *
 * The first byte chooses role, mode and limits, the second how the bytes are split. In raw mode
 * the rest is what the peer sends, from its HELLO on. In the other mode the session has started,
 * and the rest is a list of steps: frames of the peer, almost right, and calls of the owner.
 * What is checked: no defect that a sanitizer sees, no call settled twice, no status that a peer
 * must not cause, and no more memory than the peer has sent bytes for.
 */
#include "stream_steps.h"

enum { FREE_BYTES = 4 << 20, SLOTS = 16 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input_s {
  const uint8_t *at, *end;
} input_t;

static end_t end;
static frames_t frames;
static uint64_t fed_bytes;
static uint32_t generation[SLOTS];
static bool open[SLOTS];
static uint8_t body[65536];

static uint8_t
next_byte(input_t *in) {
  return in->at < in->end ? *in->at++ : 0;
}

/* Streams of the peer are accepted, or refused; what comes is read, but not at once. */
static void
serve_stream(end_t *e, const seen_t *seen) {
  stream_id_t id = {seen->slot, seen->generation};
  if (seen->kind == HWR_EV_OPEN && seen->length % 4 == 3) end_reset(e, id, body, 20);
  else if (seen->kind == HWR_EV_OPEN) end_accept(e, id);
  if (seen->kind == HWR_EV_DATA && seen->length % 3) end_consume(e, id, seen->value, 1);
  if (seen->kind == HWR_EV_END && seen->slot % 4) end_finish(e, id);
}

static void
on_event(end_t *e, const seen_t *seen, const uint8_t *payload) {
  serve_stream(e, seen);
  bool terminal = seen->kind == HWR_EV_RESPONSE || seen->kind == HWR_EV_ERROR ||
                  seen->kind == HWR_EV_PONG || seen->kind == HWR_EV_TIMEOUT;
  if (terminal) {
    REQUIRE(seen->slot < SLOTS && open[seen->slot]);
    REQUIRE(seen->generation == generation[seen->slot]);
    open[seen->slot] = false;
  } else if (seen->kind == HWR_EV_REQUEST && (seen->word >> 8 & HWR_FLAG_ONEWAY)) {
    hwr_session_settle(e->session, 1);
  } else if (seen->kind == HWR_EV_REQUEST && seen->length % 3) {
    end_answer(e, seen->slot, seen->generation, payload, seen->length % 5000);
  }
}

static void
feed(const uint8_t *bytes, size_t count) {
  fed_bytes += count;
  end_feed(&end, bytes, count);
  REQUIRE(end.books.held_bytes <= FREE_BYTES + 4 * fed_bytes);
}

/* A frame of the peer; each field is near what is right. */
static void
step_frame(input_t *in) {
  uint8_t type = next_byte(in) % 24, flags = next_byte(in), ids = next_byte(in);
  uint32_t length = next_byte(in) | (uint32_t) next_byte(in) << 8;
  bool of_stream = type == HWR_OPEN || type == 22;
  stream_id_t id = {ids % SLOTS, type == 22 || ids < 250 ? ids / SLOTS : length};
  if (of_stream && type == HWR_OPEN) {
    put_open(&frames, id, flags & 1, 4096 + length, flags);
  } else if (of_stream) {
    put_stream_credit(&frames, id, (uint64_t) length << (flags % 20), flags);
  } else if (type == HWR_CREDIT) {
    put_credit(&frames, (uint64_t) length << (ids % 40), (uint64_t) length << (flags % 40));
  } else {
    if (type >= HWR_DATA && type <= HWR_RESET) flags &= 9;
    if (type == HWR_END) length = flags = 0;
    bool control = type > HWR_CREDIT && type < HWR_PAD && ids < 250;
    if (control) length = type == HWR_GOAWAY ? 4 : 0;
    PUT(&frames, .type = type, .flags = control ? 0 : flags & 0x3f, .slot = ids % SLOTS,
        .generation = ids / SLOTS, .body = body, .length = length);
  }
  size_t cut = next_byte(in) == 1 ? frames.count / 2 : frames.count;
  feed(frames.bytes, cut);
  frames.count = 0;
}

static void
step_call(input_t *in) {
  uint32_t slot = next_byte(in) % SLOTS, what = next_byte(in);
  uint32_t length = (uint32_t) next_byte(in) * (what & 7) * 30;
  if (open[slot]) {
    if (end.record_count == 0)
      open[slot] = !hwr_session_abandon(end.session, slot, generation[slot]);
    return;
  }
  open[slot] = true;
  generation[slot] = (generation[slot] + 1) % 8;
  if (what & 8) {
    if (hwr_session_ping(end.session, slot, generation[slot], end.now_ms + what))
      open[slot] = false;
  } else {
    uint32_t word = make_word(HWR_REQUEST, 1, 0);
    end_send(&end, word, slot, generation[slot], what & 16 ? what : 0, body, length);
  }
}

/* Be it over, or ended. */
static void
write_stream(stream_id_t id, uint32_t length) {
  size_t taken;
  if (end.record_count) end_flush(&end);
  if (end.status) return;
  int err = hwr_session_stream_write(end.session, id.slot, id.generation, 1, body, length,
                                     end.now_ms, &taken);
  if (err <= HWR_FATAL) end_fail(&end, err);
}

/* Of the owner, on a stream of either end. */
static void
step_stream(input_t *in) {
  uint8_t ids = next_byte(in), what = next_byte(in);
  uint32_t length = (uint32_t) next_byte(in) * (what & 7) * 30;
  stream_id_t id = {ids % SLOTS, ids / SLOTS};
  hwr_stream_options_t options = {"n", what % 2, what & 2, 4096 + length, 1 + what % 4};
  switch (what >> 3 & 7) {
  case 0:
    end_try_stream(&end, &options, &id);
    break;
  case 1:
    end_reset(&end, id, body, length);
    break;
  case 2:
    end_consume(&end, id, length, what % 4);
    break;
  case 3:
    end_finish(&end, id);
    break;
  default:
    write_stream(id, length);
  }
}

static void
step(input_t *in) {
  switch (next_byte(in) % 9) {
  case 0:
    step_call(in);
    break;
  case 1:
    end_flush(&end);
    break;
  case 2:
    end_flush(&end);
    lone_drain(&end);
    break;
  case 3:
    end.now_ms += next_byte(in);
    hwr_session_tick(end.session, end.now_ms);
    break;
  case 4:
    feed(in->at, in->at < in->end ? 1 : 0);
    break;
  case 5:
    step_stream(in);
    break;
  default:
    step_frame(in);
  }
}

static settings_t
choose_settings(uint8_t choice) {
  settings_t s = DEFAULTS;
  s.ring_bytes = choice & 1 ? 4096 : 65536;
  if (choice & 2) s.max_events = 2;
  if (choice & 1) s.inbox_bytes = 16384;
  if (choice & 2) s.window_bytes = 20000;
  if (choice & 2) s.window_messages = 3;
  if (choice & 1) s.max_message_bytes = 30000;
  s.high_water_bytes = 5000;
  return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input_t in = {data, data + size};
  uint8_t choice = next_byte(&in), split = next_byte(&in);
  uint32_t seed = split * 2654435761u + 1;
  settings_t settings = choose_settings(choice >> 2 & 3);
  fed_bytes = 0;
  memset(open, 0, sizeof open);
  end_open(&end, choice & 1 ? HWR_HOST : HWR_WORKER, &settings);
  if (choice & 2) lone_start(&end);
  end.on_event = on_event;
  end.lazy = choice & 16;
  end.split = split;
  end.random_split = split % 2 ? &seed : NULL;
  end_flush(&end);
  if (choice & 2)
    while (in.at < in.end && end.status == 0) step(&in);
  else if (in.at < in.end) feed(in.at, (size_t) (in.end - in.at));
  REQUIRE(end.status != HWR_EAGAIN && end.status != HWR_EBADARG && end.status != HWR_ENOMEM);
  if (end.status == 0) end_flush(&end);
  end_close(&end);
  if (atomic_load(&check_failures)) abort();
  return 0;
}
