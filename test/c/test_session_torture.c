/* SPDX-License-Identifier: MIT
 *
 * Random traffic in both directions under random limits, over a wire that tears everything
 * apart: every call is settled exactly once, with its own answer, and nothing is left over.
 */
#include "torture.h"

enum { SLOTS = 64, MAX_BODY = 90000, LATE = 30 };

typedef struct caller_s { /* what one end has in flight */
  uint32_t generation[SLOTS];
  uint64_t hash[SLOTS]; /* of the body sent, and so of the answer */
  bool open[SLOTS];
  uint32_t cancelled[SLOTS]; /* generation whose answer may cross its CANCEL */
  uint32_t settled, opened, posted, dropped;
  seen_t late[LATE]; /* requests to be answered some other time */
  uint8_t *late_body[LATE];
  uint32_t late_count;
} caller_t;

static pair_t pair;
static caller_t callers[2];
static uint8_t bytes[MAX_BODY];

static caller_t *
caller_of(const end_t *e) {
  return &callers[e == &pair.worker];
}

/* Answers are the request itself, so that a mix-up shows as another hash. */
static void
answer(end_t *e, const seen_t *seen, const uint8_t *payload) {
  uint8_t type = seen->length % 7 ? HWR_RESPONSE : HWR_ERROR;
  end_send(e, make_word(type, 1, 0), seen->slot, seen->generation, 0, payload, seen->length);
}

static void
answer_later(caller_t *c, const seen_t *seen, const uint8_t *payload) {
  uint8_t *copy = end_allocate(seen->length + 1);
  memcpy(copy, payload, seen->length);
  c->late[c->late_count] = *seen;
  c->late_body[c->late_count++] = copy;
}

static bool
answer_late(end_t *e) {
  caller_t *c = caller_of(e);
  if (c->late_count == 0) return false;
  c->late_count--;
  answer(e, &c->late[c->late_count], c->late_body[c->late_count]);
  free(c->late_body[c->late_count]);
  return true;
}

static void
on_event(end_t *e, const seen_t *seen, const uint8_t *payload) {
  caller_t *c = caller_of(e);
  bool one_way = seen->word >> 8 & HWR_FLAG_ONEWAY;
  if (seen->kind == HWR_EV_REQUEST && one_way) {
    hwr_session_settle(e->session, 1);
  } else if (seen->kind == HWR_EV_REQUEST) {
    if (seen->length % 5 == 0 && c->late_count < LATE) answer_later(c, seen, payload);
    else answer(e, seen, payload);
  } else if (seen->kind == HWR_EV_RESPONSE || seen->kind == HWR_EV_ERROR ||
             seen->kind == HWR_EV_TIMEOUT || seen->kind == HWR_EV_PONG) {
    REQUIRE(seen->slot < SLOTS);
    if (seen->generation == c->cancelled[seen->slot]) return;
    REQUIRE(c->open[seen->slot]);
    CHECK_INT(seen->generation, c->generation[seen->slot]);
    if (seen->kind == HWR_EV_RESPONSE || seen->kind == HWR_EV_ERROR)
      CHECK(seen->hash == c->hash[seen->slot]);
    c->open[seen->slot] = false;
    c->settled++;
  }
}

static uint32_t
random_length(uint32_t *seed) {
  switch (next_random(seed) % 8) {
  case 0:
    return 0;
  case 1:
    return next_random(seed) % MAX_BODY;
  case 2:
    return 8150 + next_random(seed) % 80;
  default:
    return next_random(seed) % 600;
  }
}

static void
act(end_t *e, uint32_t *seed) {
  caller_t *c = caller_of(e);
  uint32_t slot = next_random(seed) % SLOTS, what = next_random(seed) % 16;
  uint32_t length = random_length(seed);
  if (what == 15) answer_late(e);
  fill_bytes(bytes, length < 64 ? length : 64, next_random(seed));
  if (what == 0) {
    end_post(e, bytes, length);
    c->posted++;
  } else if (c->open[slot]) {
    if (what > 2) return;
    end_cancel(e, slot, c->generation[slot]);
    c->cancelled[slot] = c->generation[slot];
    c->open[slot] = false;
    c->dropped++;
  } else {
    c->open[slot] = true;
    c->opened++;
    c->generation[slot]++;
    c->hash[slot] = hash_bytes(bytes, length);
    uint32_t timeout_ms = what < 4 ? 1 + next_random(seed) % 40 : 0;
    if (what == 2) {
      end_flush(e); /* the slot may still be that of a call whose CANCEL waits */
      CHECK_INT(hwr_session_ping(e->session, slot, c->generation[slot], HWR_NO_DEADLINE),
                e->status);
    } else
      end_send(e, make_word(HWR_REQUEST, 1, 0), slot, c->generation[slot], timeout_ms, bytes,
               length);
  }
}

static void
check_settled(const end_t *e) {
  const caller_t *c = caller_of(e);
  CHECK_INT(c->settled + c->dropped, c->opened);
  CHECK_INT(hwr_session_open_calls(e->session), 0);
  CHECK_INT(hwr_session_open_requests(e->session), 0);
  CHECK_INT(hwr_session_held_bytes(e->session), 0);
  CHECK_INT(hwr_session_held_records(e->session), 0);
  CHECK_INT(hwr_session_room_wanted(e->session), 0);
  CHECK(!hwr_session_control_waits(e->session));
}

static void
torture(uint32_t run) {
  uint32_t seed = run * 2654435761u + 1;
  memset(callers, 0, sizeof callers);
  torture_open(&pair, run, &seed);
  pair.host.on_event = pair.worker.on_event = on_event;
  torture_run(&pair, 600, &seed, act);
  pair_run(&pair);
  while (answer_late(&pair.host) | answer_late(&pair.worker)) pair_run(&pair);
  torture_check_alive(&pair, run);
  check_settled(&pair.host);
  check_settled(&pair.worker);
  pair_close(&pair);
}

TEST(every_call_is_settled_once_with_its_own_answer) {
  for (uint32_t run = 1; run <= 150; run++) torture(run);
}

int
main(void) {
  RUN(every_call_is_settled_once_with_its_own_answer);
  return check_exit_code();
}
