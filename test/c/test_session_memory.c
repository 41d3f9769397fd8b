/* SPDX-License-Identifier: MIT
 *
 * One conversation with everything in it, once for each allocation that can fail.
 */
#include "stream_steps.h"

static pair_t pair;
static uint8_t big[300000];

static void
serve_stream(end_t *e, const seen_t *seen) {
  stream_id_t id = {seen->slot, seen->generation};
  if (seen->kind == HWR_EV_OPEN)
    hwr_session_stream_accept(e->session, id.slot, id.generation, WINDOW_BYTES, WINDOW_MESSAGES);
  if (seen->kind == HWR_EV_DATA) end_consume(e, id, seen->value, 1);
  if (seen->kind == HWR_EV_END) end_finish(e, id);
}

static void
answer_with_the_same(end_t *e, const seen_t *seen, const uint8_t *payload) {
  serve_stream(e, seen);
  if (seen->kind == HWR_EV_REQUEST && !(seen->word >> 8 & HWR_FLAG_ONEWAY))
    end_answer(e, seen->slot, seen->generation, payload, seen->length);
}

static void
converse(void) {
  pair_run(&pair);
  end_send(&pair.host, make_word(HWR_INIT, 1, 0), 0, 0, 0, "init", 4);
  pair_run(&pair);
  end_send(&pair.worker, make_word(HWR_METHODS, 1, 0), 0, 0, 0, "methods", 7);
  end_send(&pair.worker, make_word(HWR_READY, 1, 0), 0, 0, 0, big, 20000);
  pair_run(&pair);
  pair.worker.on_event = answer_with_the_same;
  for (uint32_t slot = 0; slot < 100; slot++) end_call(&pair.host, slot, 1, big, slot * 100);
  end_call(&pair.host, 200, 1, big, sizeof big);
  for (uint32_t slot = 300; slot < 340; slot++)
    hwr_session_ping(pair.host.session, slot, 1, HWR_NO_DEADLINE);
  pair_run(&pair);
}

/* Both open streams and pour into them; some end, some are reset. */
static void
converse_on_streams(void) {
  stream_id_t ids[20] = {{0, 0}};
  hwr_stream_options_t bytes = {"b", 1, false, WINDOW_BYTES, 0};
  hwr_stream_options_t messages = {"m", 1, true, WINDOW_BYTES, WINDOW_MESSAGES};
  pair.host.on_event = answer_with_the_same;
  size_t taken;
  for (int i = 0; i < 20; i++) {
    end_t *e = i % 3 ? &pair.host : &pair.worker;
    int err = end_try_stream(e, i % 2 ? &bytes : &messages, &ids[i]);
    if (err) end_fail(e, err);
    if (i % 4 == 0) pair_run(&pair);
    if (!pair.host.status && !pair.worker.status) end_write(e, ids[i], big, 100000, &taken);
    if (!pair.host.status && !pair.worker.status) end_data(e, ids[i], big, 9000);
  }
  for (int i = 0; i < 20 && !pair.host.status && !pair.worker.status; i++) {
    end_t *e = i % 3 ? &pair.host : &pair.worker;
    if (i % 5) end_finish(e, ids[i]);
    else end_reset(e, ids[i], big, 20000);
    if (i % 4 == 3) pair_run(&pair);
  }
  pair_run(&pair);
}

/* Fail the n-th allocation of one end. True when there was an n-th one. */
static bool
converse_failing(uint64_t host_call, uint64_t worker_call) {
  settings_t narrow = DEFAULTS;
  narrow.window_bytes = 100000;
  pair = (pair_t){.seed = 77, .piece_bytes = 16384};
  int host = end_try_open(&pair.host, HWR_HOST, &narrow, host_call);
  int worker = end_try_open(&pair.worker, HWR_WORKER, &narrow, worker_call);
  if (!host && !worker) converse();
  if (!pair.host.status && !pair.worker.status) converse_on_streams();
  bool failed = pair.host.books.failed || pair.worker.books.failed;
  end_t *victim = host_call ? &pair.host : &pair.worker,
        *other = host_call ? &pair.worker : &pair.host;
  if (failed && victim->status == 0) { /* only what can be refused may be unaffected: a ping */
    CHECK_INT(end_count(&pair.host, HWR_EV_RESPONSE), 101);
  } else {
    CHECK_INT(victim->status, failed ? HWR_ENOMEM : 0);
    if (!failed) CHECK_INT(hwr_session_open_streams(victim->session), 0);
  }
  CHECK_INT(other->status, 0);
  end_close(&pair.host);
  end_close(&pair.worker);
  return failed;
}

TEST(each_failed_allocation_of_a_host_ends_its_session_and_leaks_nothing) {
  uint64_t n = 1;
  while (converse_failing(n, 0)) n++;
  CHECK(n > 10);
}

TEST(each_failed_allocation_of_a_worker_ends_its_session_and_leaks_nothing) {
  uint64_t n = 1;
  while (converse_failing(0, n)) n++;
  CHECK(n > 10);
}

TEST(a_conversation_costs_the_same_the_second_time) {
  pair_open(&pair, &DEFAULTS);
  pair.worker.on_event = answer_with_the_same;
  size_t held = 0;
  for (int round = 0; round < 5; round++) {
    for (uint32_t slot = 0; slot < 300; slot++) end_call(&pair.host, slot, 1, big, 3000);
    pair_run(&pair);
    if (round) CHECK_INT(pair.host.books.held_bytes + pair.worker.books.held_bytes, held);
    held = pair.host.books.held_bytes + pair.worker.books.held_bytes;
  }
  pair_close(&pair);
}

int
main(void) {
  RUN(each_failed_allocation_of_a_host_ends_its_session_and_leaks_nothing);
  RUN(each_failed_allocation_of_a_worker_ends_its_session_and_leaks_nothing);
  RUN(a_conversation_costs_the_same_the_second_time);
  return check_exit_code();
}
