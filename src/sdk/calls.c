/* SPDX-License-Identifier: MIT
 *
 * calls.c - calls of the program to the host.
 */
#include "sdk/worker_state.h"

#include "sdk/error_records.h"
#include "sdk/text_payload.h"

#include <stdlib.h>
#include <string.h>

enum { DEADLINE_BLOCK_BYTES = 8, TAG_DEADLINE = 1 }; /* P2.6, P2.8 */

/* ------------------------------------------------------------------ slots */

static int
grow(hwr__calls_t *calls) {
  uint32_t count = calls->count ? 2 * calls->count : 16;
  if (count > HWR_MAX_SLOTS) return HWR_EOVERLOAD;
  hwr__call_t *table = realloc(calls->table, count * sizeof *table);
  if (!table) return HWR_ENOMEM;
  memset(table + calls->count, 0, (count - calls->count) * sizeof *table);
  for (uint32_t i = count; i > calls->count; i--) {
    table[i - 1].next_free = calls->first_free;
    calls->first_free = i;
  }
  calls->table = table;
  calls->count = count;
  return 0;
}

static int
open_call(hwr__calls_t *calls, uint32_t *slot) {
  int err = calls->first_free ? 0 : grow(calls);
  if (err) return err;
  *slot = calls->first_free - 1;
  hwr__call_t *call = &calls->table[*slot];
  calls->first_free = call->next_free;
  call->generation++;
  call->open = true;
  return 0;
}

static void
close_call(hwr__calls_t *calls, hwr__call_t *call) {
  call->open = false;
  call->next_free = calls->first_free;
  calls->first_free = (uint32_t) (call - calls->table) + 1;
}

static hwr__call_t *
find(hwr__calls_t *calls, uint32_t slot, uint32_t generation) {
  hwr__call_t *call = slot < calls->count ? &calls->table[slot] : NULL;
  return call && call->open && call->generation == generation ? call : NULL;
}

void
hwr__calls_deinit(hwr_worker_t *w) {
  free(w->calls.table);
}

/* ------------------------------------------------------------------ calling */

static void
write_deadline(uint8_t block[DEADLINE_BLOCK_BYTES], uint32_t timeout_ms) {
  memcpy(block, (uint8_t[]){DEADLINE_BLOCK_BYTES, 0, TAG_DEADLINE, 4}, 4);
  for (int i = 0; i < 4; i++) block[4 + i] = (uint8_t) (timeout_ms >> 8 * i);
}

/* What the host is told: a deadline of its own only if the call has one; never is 2^32 - 1. */
static int
send_call(hwr_worker_t *w, uint32_t slot, uint32_t method, hwr_payload_t payload,
          int32_t timeout_ms) {
  uint8_t block[DEADLINE_BLOCK_BYTES];
  bool never = timeout_ms == HWR_NO_TIMEOUT;
  uint32_t own_ms = never ? UINT32_MAX : (uint32_t) timeout_ms;
  uint32_t usual_ms = hwr__init_timeout_ms(&w->init, w->init.methods[method]);
  hwr_slice_t slices[2] = {{block, timeout_ms ? sizeof block : 0}, hwr__slice_of(payload)};
  if (timeout_ms) write_deadline(block, own_ms);
  uint32_t flags = (uint32_t) payload.codec | (timeout_ms ? HWR_FLAG_EXT : 0);
  hwr_record_t record = {
      .length = (uint32_t) (slices[0].length_bytes + slices[1].length_bytes),
      .word = HWR_REQUEST | flags << 8 | method << 16,
      .slot = slot,
      .generation = w->calls.table[slot].generation,
      .timeout_ms = never        ? 0
                    : timeout_ms ? own_ms
                                 : usual_ms,
  };
  int err = hwr_session_send(w->session, &record, slices, 2, hwr__now_ms(w));
  if (err) hwr__worker_break(w, err);
  else hwr__sent(w);
  return err;
}

static int
check_call(const hwr_worker_t *w, hwr_payload_t payload, size_t block_bytes) {
  int err = hwr__payload_check(w, payload, block_bytes, true);
  if (err) return err;
  if (w->stage != HWR__READY && w->stage != HWR__LEAVING) return HWR_ECLOSED;
  return hwr__check_cap(w);
}

static int
call_locked(hwr_worker_t *w, const char *type, hwr_payload_t payload, int32_t timeout_ms,
            const hwr__call_t *about, uint64_t *id) {
  uint32_t slot;
  int err = check_call(w, payload, timeout_ms ? DEADLINE_BLOCK_BYTES : 0);
  if (err) return err;
  int method = hwr__host_method(w, type);
  if (method < 0) return method;
  err = open_call(&w->calls, &slot);
  if (err) return err;
  hwr__call_t *call = &w->calls.table[slot];
  call->on_answer = about->on_answer;
  call->on_progress = about->on_progress;
  call->context = about->context;
  err = send_call(w, slot, (uint32_t) method, payload, timeout_ms);
  if (err) close_call(&w->calls, call);
  else if (id) *id = (uint64_t) call->generation << 32 | slot;
  return err;
}

int
hwr_call(hwr_worker_t *w, const char *type, hwr_payload_t payload,
         const hwr_call_options_t *options, hwr_answer_cb on_answer, void *context,
         uint64_t *call) {
  int32_t timeout_ms = options ? options->timeout_ms : 0;
  if (!type || !on_answer || timeout_ms < 0) return HWR_EBADARG;
  hwr__call_t about = {.on_answer = on_answer, .context = context};
  uint8_t *record;
  if (options) about.on_progress = options->on_progress;
  if (hwr__text_write(&payload, &record)) return HWR_ENOMEM;
  hwr__lock(w);
  int status = call_locked(w, type, payload, timeout_ms, &about, call);
  hwr__unlock(w);
  free(record);
  return status;
}

bool
hwr_call_cancel(hwr_worker_t *w, uint64_t id) {
  uint32_t slot = (uint32_t) id, generation = (uint32_t) (id >> 32);
  hwr__lock(w);
  hwr__call_t *call = find(&w->calls, slot, generation);
  if (call) {
    close_call(&w->calls, call);
    hwr__send(w, HWR_CANCEL, slot, generation, NULL, 0);
  }
  hwr__unlock(w);
  return call != NULL;
}

/* ------------------------------------------------------------------ answers */

/* Leaves the lock. */
static void
tell(hwr_worker_t *w, hwr__call_t *call, const hwr_answer_t *answer) {
  hwr_answer_cb on_answer = call->on_answer;
  void *context = call->context;
  close_call(&w->calls, call);
  hwr__unlock(w);
  on_answer(w, answer, context);
  hwr__lock(w);
}

void
hwr__on_answer(hwr_worker_t *w, const hwr_event_t *event) {
  hwr__body_t body = hwr__event_body(w, event);
  hwr__call_t *call = find(&w->calls, event->slot, event->generation);
  hwr_answer_t answer = {.status = 0, .payload = body.payload};
  hwr_error_t *error = NULL;
  if (event->kind != HWR_EV_RESPONSE) answer.payload = hwr_nothing();
  if (event->kind == HWR_EV_TIMEOUT) answer.status = HWR_ETIMEOUT;
  if (event->kind == HWR_EV_ERROR) {
    answer.status = HWR_EREMOTE;
    int err = hwr__error_read(&error, body.payload.bytes, body.payload.length_bytes);
    if (err) hwr__worker_break(w, err);
    answer.error = error;
  }
  if (call) tell(w, call, &answer);
  hwr__error_free(error);
  hwr__body_free(&body);
}

void
hwr__on_progress(hwr_worker_t *w, const hwr_event_t *event) {
  hwr__body_t body = hwr__event_body(w, event);
  hwr__call_t *call = find(&w->calls, event->slot, event->generation);
  if (call && call->on_progress) {
    hwr_progress_cb on_progress = call->on_progress;
    void *context = call->context;
    hwr__unlock(w);
    on_progress(w, body.payload, context);
    hwr__lock(w);
  }
  hwr__body_free(&body);
}

void
hwr__calls_end_all(hwr_worker_t *w) {
  hwr_answer_t answer = {.status = HWR_ECLOSED, .payload = hwr_nothing()};
  for (uint32_t i = 0; i < w->calls.count; i++)
    if (w->calls.table[i].open) tell(w, &w->calls.table[i], &answer);
}
