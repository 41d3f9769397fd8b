/* SPDX-License-Identifier: MIT
 *
 * Random streams in both directions under random limits, with slow readers, ends, resets and calls
 * beside them, over a wire that tears everything apart. What arrives is compared with a model: all
 * that was written, in order, up to END or a reset; and nothing is left over.
 */
#include "core/session_state.h"
#include "stream_steps.h"
#include "torture.h"

enum {
  MAX_PIPES = 400,
  ALIVE = 12,
  MAX_CHUNK = 30000,
  MAX_HUGE = 300000,
  MAX_QUEUE = 4000,
  CALL_SLOTS = 16
};

typedef struct way_s { /* one direction of a stream */
  uint64_t sent_bytes, seen_bytes;
  uint64_t hashes[MAX_QUEUE]; /* of messages sent and not seen */
  uint32_t first, count;
  bool ended, end_seen;
  uint64_t unread_bytes, unread_messages; /* of credit, at the reader */
} way_t;

typedef struct pipe_s {
  stream_id_t id;
  bool messages;
  bool known[2], accepted, reset[2], reset_seen[2], blocked[2]; /* by side */
  int opener;
  way_t *ways[2]; /* by the side that writes */
} pipe_t;

static pair_t pair;
static pipe_t pipes[MAX_PIPES];
static uint32_t pipe_count, alive_from;
static uint8_t body[MAX_HUGE];
static uint32_t answers_due[2], answers_seen[2], generations[2];
static bool call_open[2][CALL_SLOTS];

static int
side_of(const end_t *e) {
  return e == &pair.worker;
}

static pipe_t *
find_pipe(stream_id_t id) {
  for (uint32_t i = pipe_count; i-- > 0;)
    if (pipes[i].id.slot == id.slot && pipes[i].id.generation == id.generation) return &pipes[i];
  return NULL;
}

/* Byte i of a direction of a pipe. */
static uint8_t
byte_at(const pipe_t *p, int side, uint64_t i) {
  uint64_t x = (i + 1) * 0x9e3779b97f4a7c15u + p->id.generation * 31u + (uint64_t) side;
  return (uint8_t) (x >> 29 ^ x >> 47);
}

static void
see_data(end_t *e, pipe_t *p, const seen_t *seen, const uint8_t *payload) {
  way_t *way = p->ways[!side_of(e)];
  CHECK(!way->end_seen && !p->reset[side_of(e)] && !p->reset_seen[side_of(e)]);
  if (p->messages) {
    REQUIRE(way->count > 0);
    CHECK(way->hashes[way->first] == seen->hash);
    way->first = (way->first + 1) % MAX_QUEUE;
    way->count--;
  } else {
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < seen->length; i++)
      wrong += payload[i] != byte_at(p, !side_of(e), way->seen_bytes + i);
    CHECK_INT(wrong, 0);
    CHECK(seen->length > 0);
  }
  way->seen_bytes += seen->length;
  way->unread_bytes += seen->value;
  way->unread_messages++;
}

static void
see_end(end_t *e, pipe_t *p) {
  way_t *way = p->ways[!side_of(e)];
  CHECK(way->ended && !way->end_seen && !p->reset[side_of(e)]);
  CHECK_INT(way->seen_bytes, way->sent_bytes);
  CHECK_INT(way->count, 0);
  way->end_seen = true;
}

static void
see_stream(end_t *e, const seen_t *seen, const uint8_t *payload) {
  int side = side_of(e);
  pipe_t *p = find_pipe((stream_id_t){seen->slot, seen->generation});
  REQUIRE(p != NULL);
  switch (seen->kind) {
  case HWR_EV_OPEN:
    CHECK_INT(seen->length, 4);
    CHECK_MEM(payload, "pipe", 4);
    CHECK_INT(seen->value, p->messages);
    CHECK(!p->known[side]);
    p->known[side] = true;
    break;
  case HWR_EV_ACCEPT:
    CHECK(p->accepted && p->opener == side && !p->reset[side]);
    break;
  case HWR_EV_DATA:
    see_data(e, p, seen, payload);
    break;
  case HWR_EV_END:
    see_end(e, p);
    break;
  case HWR_EV_RESET:
    CHECK(!p->reset[side] && !p->reset_seen[side] && p->reset[!side]);
    p->reset_seen[side] = true;
    break;
  default:
    CHECK(!p->reset[side]); /* the writer may not have looked */
    p->blocked[side] = false;
  }
}

static void
on_event(end_t *e, const seen_t *seen, const uint8_t *payload) {
  int side = side_of(e);
  if (seen->kind >= HWR_EV_OPEN) {
    see_stream(e, seen, payload);
  } else if (seen->kind == HWR_EV_REQUEST) {
    end_answer(e, seen->slot, seen->generation, payload, seen->length);
  } else if (seen->kind == HWR_EV_RESPONSE) {
    REQUIRE(seen->slot < CALL_SLOTS && call_open[side][seen->slot]);
    call_open[side][seen->slot] = false;
    answers_seen[side]++;
  }
}

/* ---- what owners do */

static void
open_pipe(end_t *e, uint32_t *seed) {
  if (pipe_count == MAX_PIPES || pipe_count - alive_from >= ALIVE) return;
  pipe_t *p = &pipes[pipe_count];
  *p = (pipe_t){.opener = side_of(e), .messages = next_random(seed) % 2};
  for (int i = 0; i < 2; i++) {
    p->ways[i] = (way_t *) (void *) end_allocate(sizeof(way_t));
    memset(p->ways[i], 0, sizeof(way_t));
  }
  hwr_stream_options_t options = {"pipe", 4, p->messages, 4096 + next_random(seed) % 60000,
                                  1 + next_random(seed) % 20};
  p->known[side_of(e)] = true;
  int err = end_try_stream(e, &options, &p->id);
  CHECK_INT(err, e->status);
  if (!err) pipe_count++;
}

static bool
may_write(const end_t *e, const pipe_t *p) {
  int side = side_of(e);
  return p->known[side] && !p->reset[side] && !p->reset_seen[side] && !p->ways[side]->ended;
}

static void
note_message(pipe_t *p, int side, uint32_t length) {
  way_t *way = p->ways[side];
  REQUIRE(way->count < MAX_QUEUE);
  way->hashes[(way->first + way->count++) % MAX_QUEUE] = hash_bytes(body, length);
  way->sent_bytes += length;
}

static void
check_mark(end_t *e, pipe_t *p) {
  if (end_full(e, p->id)) p->blocked[side_of(e)] = true;
}

static void
write_pipe(end_t *e, pipe_t *p, uint32_t *seed) {
  int side = side_of(e);
  if (!may_write(e, p) || p->blocked[side]) return;
  bool long_one = next_random(seed) % 8 == 0, huge = next_random(seed) % 60 == 0;
  uint32_t length = next_random(seed) % (huge ? MAX_HUGE : long_one ? MAX_CHUNK : 300);
  if (p->messages) fill_bytes(body, length < 64 ? length : 64, next_random(seed));
  for (uint32_t i = 0; !p->messages && i < length; i++)
    body[i] = byte_at(p, side, p->ways[side]->sent_bytes + i);
  bool record = next_random(seed) % 2;
  size_t taken = length;
  bool all = true;
  if (record) end_data(e, p->id, body, length);
  else all = end_write(e, p->id, body, length, &taken);
  if (p->messages && all) note_message(p, side, length);
  else p->ways[side]->sent_bytes += p->messages ? 0 : taken;
  if (!all) p->blocked[side] = true;
  else if (record && (next_random(seed) % 2 || length > 5000)) end_flush(e);
  if (!e->record_count && !p->blocked[side]) check_mark(e, p);
}

static void
end_pipe(end_t *e, pipe_t *p) {
  if (!may_write(e, p)) return;
  p->ways[side_of(e)]->ended = true;
  end_finish(e, p->id);
}

static void
reset_pipe(end_t *e, pipe_t *p, uint32_t *seed) {
  int side = side_of(e);
  if (!p->known[side] || p->reset[side] || p->reset_seen[side]) return;
  p->reset[side] = true;
  end_reset(e, p->id, body, next_random(seed) % 4 ? 0 : next_random(seed) % 9000);
  end_flush(e);
}

static void
accept_pipe(end_t *e, pipe_t *p, uint32_t *seed) {
  int side = side_of(e);
  if (p->opener == side || !p->known[side] || p->accepted || p->reset[side]) return;
  p->accepted = true;
  CHECK_INT(hwr_session_stream_accept(e->session, p->id.slot, p->id.generation,
                                      4096 + next_random(seed) % 60000, 1 + next_random(seed) % 20),
            0);
}

static void
read_pipe(end_t *e, pipe_t *p, bool all, uint32_t *seed) {
  way_t *way = p->ways[!side_of(e)];
  uint64_t bytes = all ? way->unread_bytes : way->unread_bytes * (next_random(seed) % 4) / 3;
  uint64_t count = all ? way->unread_messages : way->unread_messages * (next_random(seed) % 4) / 3;
  way->unread_bytes -= bytes;
  way->unread_messages -= count;
  if (next_random(seed) % 2) end_consume(e, p->id, bytes, count);
  else end_consume_by_record(e, p->id, (uint32_t) bytes, (uint32_t) count);
}

static void
call(end_t *e, uint32_t *seed) {
  int side = side_of(e);
  uint32_t slot = next_random(seed) % CALL_SLOTS;
  if (call_open[side][slot]) return;
  call_open[side][slot] = true;
  answers_due[side]++;
  end_call(e, slot, ++generations[side], body, next_random(seed) % 12 ? 40 : 50000);
}

static void
act(end_t *e, uint32_t *seed) {
  uint32_t what = next_random(seed) % 32;
  if (what == 0) open_pipe(e, seed);
  if (what == 1) call(e, seed);
  if (pipe_count == 0) return;
  uint32_t alive = pipe_count - alive_from;
  pipe_t *p = &pipes[alive_from + (alive ? next_random(seed) % alive : 0)];
  if (p >= pipes + pipe_count) return;
  if (what == 2) end_pipe(e, p);
  if (what == 3 && next_random(seed) % 4 == 0) reset_pipe(e, p, seed);
  if (what > 3 && what < 8) accept_pipe(e, p, seed);
  if (what >= 8 && what < 14) read_pipe(e, p, false, seed);
  if (what >= 14) write_pipe(e, p, seed);
  while (alive_from < pipe_count) { /* the oldest are over */
    const pipe_t *old = &pipes[alive_from];
    bool over = old->reset[0] || old->reset[1] || (old->ways[0]->ended && old->ways[1]->ended);
    if (!over) break;
    alive_from++;
  }
}

/* ---- runs */

/* Everyone reads and accepts what is there, until nothing moves any more. */
static void
settle(uint32_t *seed) {
  uint64_t moved;
  do {
    moved = pair.moved_bytes;
    for (uint32_t i = 0; i < pipe_count; i++) {
      accept_pipe(&pair.host, &pipes[i], seed);
      accept_pipe(&pair.worker, &pipes[i], seed);
      read_pipe(&pair.host, &pipes[i], true, seed);
      read_pipe(&pair.worker, &pipes[i], true, seed);
    }
    pair_run(&pair);
    while (hwr_session_drain_due(pair.host.session)) end_tick(&pair.host);
    while (hwr_session_drain_due(pair.worker.session)) end_tick(&pair.worker);
  } while (moved != pair.moved_bytes && !pair.host.status && !pair.worker.status);
}

static void
check_over(end_t *e) {
  int side = side_of(e);
  CHECK_INT(hwr_session_open_streams(e->session), 0);
  CHECK_INT(e->session->strikes.tokens, e->session->strikes.burst); /* none was taken */
  CHECK_INT(e->session->streams.resets.tokens, e->session->streams.resets.burst);
  CHECK_INT(e->session->streams.outstanding_bytes, 0);
  CHECK_INT(hwr_session_held_bytes(e->session), 0);
  CHECK_INT(hwr_session_room_wanted(e->session), 0);
  CHECK_INT(answers_seen[side], answers_due[side]);
  CHECK(!hwr_session_control_waits(e->session));
  CHECK(!hwr_session_drain_due(e->session));
  for (uint32_t slot = 0; slot <= HWR_LAST_STREAM; slot++)
    CHECK_INT(e->config.stream_full[slot], 0);
  for (uint32_t i = 0; i < pipe_count; i++) {
    const pipe_t *p = &pipes[i];
    bool reset = p->reset[0] || p->reset[1];
    if (!reset) CHECK(p->ways[!side]->end_seen);
    if (p->reset[!side] && !p->reset[side] && p->known[side])
      CHECK(p->reset_seen[side] || (p->ways[0]->ended && p->ways[1]->ended));
  }
}

/* Who writes on is never left without WRITABLE. */
static void
check_writable(end_t *e) {
  for (uint32_t i = 0; i < pipe_count; i++)
    if (may_write(e, &pipes[i])) CHECK(!pipes[i].blocked[side_of(e)]);
}

static void
torture(uint32_t run, int steps) {
  uint32_t seed = run * 2654435761u + 1;
  pipe_count = alive_from = 0;
  memset(answers_due, 0, sizeof answers_due);
  memset(answers_seen, 0, sizeof answers_seen);
  memset(call_open, 0, sizeof call_open);
  torture_open(&pair, run, &seed);
  pair.host.on_event = pair.worker.on_event = on_event;
  torture_run(&pair, steps, &seed, act);
  int before = atomic_load(&check_failures);
  settle(&seed);
  check_writable(&pair.host);
  check_writable(&pair.worker);
  for (uint32_t i = 0; i < pipe_count; i++) {
    end_pipe(&pair.host, &pipes[i]);
    end_pipe(&pair.worker, &pipes[i]);
  }
  settle(&seed);
  torture_check_alive(&pair, run);
  check_over(&pair.host);
  check_over(&pair.worker);
  if (atomic_load(&check_failures) > before) printf("# in run %u\n", run);
  for (uint32_t i = 0; i < pipe_count; i++) free(pipes[i].ways[0]), free(pipes[i].ways[1]);
  pair_close(&pair);
}

TEST(every_stream_carries_what_was_written_in_order_and_ends_once) {
  for (uint32_t run = 1; run <= 120; run++) torture(run, 1500);
}

int
main(void) {
  RUN(every_stream_carries_what_was_written_in_order_and_ends_once);
  return check_exit_code();
}
