/* SPDX-License-Identifier: MIT
 *
 * requests.c - requests of the host from their arrival to their answer; request_details.c tells what
 * they bring along.
 */
#include "sdk/worker_state.h"

#include "sdk/error_records.h"
#include "sdk/text_payload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_FREE = 256 }; /* that are kept for later */

/* ------------------------------------------------------------------ memory */

static hwr_request_t *
request_alloc(hwr_worker_t *w) {
  hwr_request_t *r = w->free_requests;
  if (r) {
    w->free_requests = r->next;
    w->free_count--;
    memset(r, 0, sizeof *r);
  } else {
    r = calloc(1, sizeof *r);
  }
  if (!r) {
    hwr__worker_break(w, HWR_ENOMEM);
    return NULL;
  }
  r->worker = w;
  r->live_next = w->live_requests;
  if (r->live_next) r->live_next->live_previous = r;
  w->live_requests = r;
  return r;
}

static void
leave_live(hwr_request_t *r) {
  if (r->live_previous) r->live_previous->live_next = r->live_next;
  else r->worker->live_requests = r->live_next;
  if (r->live_next) r->live_next->live_previous = r->live_previous;
}

static void
request_free(hwr_request_t *r) {
  hwr_worker_t *w = r->worker;
  leave_live(r);
  hwr__pipes_free(r);
  hwr__body_free(&r->body);
  free(r->texts);
  if (w->free_count == MAX_FREE) {
    free(r);
    return;
  }
  r->next = w->free_requests;
  w->free_requests = r;
  w->free_count++;
}

static int
grow_table(hwr_worker_t *w, uint32_t slot) {
  uint32_t count = w->slot_count ? w->slot_count : 64;
  while (count <= slot) count *= 2;
  hwr_request_t **table = realloc(w->by_slot, count * sizeof *table);
  if (!table) return HWR_ENOMEM;
  memset(table + w->slot_count, 0, (count - w->slot_count) * sizeof *table);
  w->by_slot = table;
  w->slot_count = count;
  return 0;
}

static void
enter_table(hwr_worker_t *w, hwr_request_t *r) {
  if (r->slot >= w->slot_count && grow_table(w, r->slot)) hwr__worker_break(w, HWR_ENOMEM);
  else w->by_slot[r->slot] = r;
}

static void
leave_table(hwr_request_t *r) {
  hwr_worker_t *w = r->worker;
  if (r->slot < w->slot_count && w->by_slot[r->slot] == r) w->by_slot[r->slot] = NULL;
}

void
hwr__requests_deinit(hwr_worker_t *w) {
  while (w->live_requests) request_free(w->live_requests);
  for (hwr_request_t *r = w->free_requests, *next; r; r = next) {
    next = r->next;
    free(r);
  }
  free(w->by_slot);
}

/* ------------------------------------------------------------------ the end of a request */

/* Nothing of the program has it any more. */
static void
release_if_over(hwr_request_t *r) {
  hwr_worker_t *w = r->worker;
  if (!r->answered || r->in_handler || r->holders > 0) return;
  if (r->counted) w->running_count--;
  w->open_count--;
  request_free(r);
  if (w->queue.first && w->options.threads > 0) hwr_signal_one(w->work);
  hwr__wake_to_leave(w);
}

/* The answer is with the session, or none is wanted. */
static void
close_request(hwr_request_t *r) {
  hwr_worker_t *w = r->worker;
  r->answered = true;
  leave_table(r);
  if (r->is_post && w->stage != HWR__OVER) hwr_session_settle(w->session, 1);
  release_if_over(r);
  hwr__send_credit(w);
  hwr__wake(w); /* it may be what a request waits for */
}

/* Whether anybody is to hear what it came to. */
static bool
is_wanted(const hwr_request_t *r) {
  return !r->is_post && !r->worker->host_gone && r->worker->stage != HWR__OVER;
}

/* What nobody waits for is answered with nothing (P4.3). */
static int
answer(hwr_request_t *r, hwr_payload_t payload) {
  hwr_slice_t slice = hwr__slice_of(payload);
  if (!is_wanted(r)) return 0;
  hwr__pipes_answered(r);
  bool empty = r->cancelled || r->results;
  uint32_t codec = empty ? 0 : (uint32_t) payload.codec;
  return hwr__send(r->worker, HWR_RESPONSE | codec << 8, r->slot, r->generation, &slice, !empty);
}

static int
reply_locked(hwr_request_t *r, hwr_payload_t payload) {
  if (r->answered) return HWR_EBADARG;
  int err = is_wanted(r) ? hwr__payload_check(r->worker, payload, 0, true) : 0;
  if (err == HWR_ETOOBIG) r->refused_bytes = payload.length_bytes;
  if (err) return err;
  err = answer(r, payload);
  close_request(r);
  return err;
}

int
hwr_reply(hwr_request_t *request, hwr_payload_t payload) {
  hwr_worker_t *w = request->worker;
  uint8_t *record;
  if (hwr__text_write(&payload, &record)) return HWR_ETOOBIG;
  hwr__lock(w);
  int status = reply_locked(request, payload);
  hwr__unlock(w);
  free(record);
  return status;
}

static int
fail_locked(hwr_request_t *r, const hwr_error_t *error) {
  if (r->answered) return HWR_EBADARG;
  int err = 0;
  if (r->cancelled) {
    err = answer(r, hwr_nothing());
  } else if (is_wanted(r)) {
    hwr__pipes_answered(r);
    err = hwr__send_error(r->worker, HWR_ERROR, r->slot, r->generation, error);
  }
  close_request(r);
  return err;
}

int
hwr_fail(hwr_request_t *request, const hwr_error_t *error) {
  hwr_worker_t *w = request->worker;
  hwr__lock(w);
  int status = fail_locked(request, error);
  hwr__unlock(w);
  return status;
}

int
hwr_fail_with(hwr_request_t *request, const char *code, const char *message) {
  hwr_error_t error = {.code = code, .message = message};
  return hwr_fail(request, &error);
}

/* ------------------------------------------------------------------ running */

bool
hwr__queue_may_run(const hwr_worker_t *w) {
  uint32_t most = w->options.max_concurrency;
  if (!w->queue.first || w->stage >= HWR__DRAINING) return false;
  if (most > 0 && w->running_count >= most) return false;
  return w->host_gone || hwr_session_lane_bytes(w->session) <= w->config.high_water_bytes;
}

hwr_request_t *
hwr__queue_shift(hwr_worker_t *w) {
  hwr_request_t *r = w->queue.first;
  w->queue.first = r->next;
  if (!w->queue.first) w->queue.last = NULL;
  r->next = NULL;
  return r;
}

static void
enqueue(hwr_worker_t *w, hwr_request_t *r) {
  if (hwr__body_own(&r->body)) {
    hwr__worker_break(w, HWR_ENOMEM);
    return;
  }
  if (w->queue.last) w->queue.last->next = r;
  else w->queue.first = r;
  w->queue.last = r;
  if (w->options.threads > 0) hwr_signal_one(w->work);
}

static void
fail_too_large(hwr_request_t *r) {
  char text[96];
  snprintf(text, sizeof text, "a message of %zu bytes is over maxMessageBytes (%zu)",
           r->refused_bytes, hwr__most_bytes(r->worker, true));
  fail_locked(
      r, &(hwr_error_t){.name = "TooLargeError", .code = "ERR_HAWSER_TOO_LARGE", .message = text});
}

/* The handler has returned. */
static void
check_answered(hwr_request_t *r) {
  if (r->answered || r->kept) return;
  if (r->refused_bytes > 0) {
    fail_too_large(r);
    return;
  }
  char text[160];
  snprintf(text, sizeof text, "the handler of '%.100s' returned without an answer",
           r->handler->type);
  if (r->is_post) close_request(r);
  else fail_locked(r, &(hwr_error_t){.message = text});
}

static void
run_handler(hwr_worker_t *w, hwr_request_t *r) {
  const hwr__handler_t *handler = r->handler;
  r->in_handler = r->counted = true;
  w->running_count++;
  w->handler_depth++;
  hwr__unlock(w);
  handler->call(r, handler->context);
  hwr__lock(w);
  w->handler_depth--;
  hwr__wake_to_leave(w);
  check_answered(r);
  r->in_handler = false;
  release_if_over(r);
}

static void
run_listener(hwr_worker_t *w, hwr_request_t *r) {
  const hwr__listener_t *listener = r->listener;
  hwr__unlock(w);
  listener->call(w, r->texts, r->body.payload, listener->context);
  hwr__lock(w);
  request_free(r);
}

/* Who gave up while it waited for its place need not have it run. */
static bool
is_withdrawn(const hwr_worker_t *w, const hwr_request_t *r) {
  bool waits_for_place = w->options.threads > 0 || w->options.max_concurrency > 0;
  return waits_for_place && r->cancelled && !r->is_post;
}

void
hwr__request_run(hwr_worker_t *w, hwr_request_t *r) {
  if (r->listener) run_listener(w, r);
  else if (is_withdrawn(w, r)) reply_locked(r, hwr_nothing());
  else run_handler(w, r);
}

void
hwr__queue_run(hwr_worker_t *w) {
  uint32_t most = HWR__EVENTS; /* then the loop turns */
  if (w->options.threads > 0) return;
  while (most-- > 0 && !w->turn_is_long && hwr__queue_may_run(w)) {
    hwr__request_run(w, hwr__queue_shift(w));
    hwr__look_at_clock(w);
  }
}

/* Behind those that wait, for messages keep their order; the pool takes all. What comes with a
 * cancel on its heels is to meet that before its handler, if others take their time. */
static bool
must_wait(const hwr_worker_t *w) {
  uint32_t most = w->options.max_concurrency;
  return w->options.threads > 0 || w->queue.first || w->turn_is_long ||
         (most > 0 && w->running_count >= most) ||
         hwr_session_lane_bytes(w->session) > w->config.high_water_bytes;
}

/* ------------------------------------------------------------------ arriving */

static void
refuse(hwr_request_t *r, const char *name, const char *code, const char *text) {
  fail_locked(r, &(hwr_error_t){.name = name, .code = code, .message = text});
}

/* P4.10; and who calls stream() wants a handler that streams, and the other way round. */
static bool
is_served(hwr_worker_t *w, hwr_request_t *r, uint32_t method) {
  static const char UNSUPPORTED[] = "ERR_HAWSER_UNSUPPORTED";
  char text[64];
  if (method >= w->handler_count) {
    snprintf(text, sizeof text, "Unknown message type: %u", (unsigned) method);
    refuse(r, "UnknownTypeError", "ERR_HAWSER_UNKNOWN_TYPE", text);
    return false;
  }
  r->handler = &w->handlers[method];
  if (r->handler->streams == (r->results != NULL)) return true;
  const char *what = r->results   ? "stream() to a handler that does not stream"
                     : r->is_post ? "post() to a handler that streams"
                                  : "send() to a handler that streams";
  refuse(r, "UnsupportedError", UNSUPPORTED, what);
  return false;
}

static uint64_t
deadline_of(const hwr_request_t *r, uint32_t told_ms) {
  uint32_t timeout_ms = told_ms ? told_ms : r->handler->timeout_ms;
  if (r->is_post || timeout_ms == 0 || timeout_ms == UINT32_MAX) return UINT64_MAX;
  return hwr__now_ms(r->worker) + timeout_ms;
}

void
hwr__on_request(hwr_worker_t *w, const hwr_event_t *event) {
  hwr_request_t *r = request_alloc(w);
  if (!r) return;
  r->slot = event->slot;
  r->generation = event->generation;
  r->is_post = (event->word >> 8 & HWR_FLAG_ONEWAY) != 0;
  r->body = hwr__event_body(w, event);
  w->open_count++;
  if (!r->is_post) enter_table(w, r);
  if (!r->is_post) hwr__pipes_take(w, r);
  if (!is_served(w, r, event->word >> 16)) return;
  if (!hwr__codec_is_agreed(w, r->body.payload.codec)) {
    refuse(r, "ProtocolError", NULL, "a payload in a codec that was not agreed on (P9.3)");
    return;
  }
  r->deadline_ms = deadline_of(r, event->value);
  if (must_wait(w)) enqueue(w, r);
  else run_handler(w, r);
}

static const hwr__listener_t *
listener_of(const hwr_worker_t *w, const char *name) {
  const hwr__listener_t *others = NULL;
  for (uint32_t i = 0; i < w->listener_count; i++) {
    const hwr__listener_t *one = &w->listeners[i];
    if (!one->name) others = one;
    else if (!strcmp(one->name, name)) return one;
  }
  return others;
}

/* Behind the requests that came before it; but never for an answer, which may be waiting for it. */
static bool
event_must_wait(const hwr_worker_t *w) {
  return w->options.threads == 0 && w->options.max_concurrency == 0 && must_wait(w);
}

/* What nobody listens to is dropped, as an event without a listener. */
void
hwr__on_event(hwr_worker_t *w, const hwr_event_t *event) {
  hwr_request_t *r = request_alloc(w);
  if (!r) return;
  r->body = hwr__event_body(w, event);
  r->texts = malloc(event->value + 1);
  if (!r->texts) {
    hwr__worker_break(w, HWR_ENOMEM);
    request_free(r);
    return;
  }
  memcpy(r->texts, r->body.block + 2, event->value);
  r->texts[event->value] = '\0';
  r->listener = listener_of(w, r->texts);
  if (!r->listener) request_free(r);
  else if (event_must_wait(w)) enqueue(w, r);
  else run_listener(w, r);
}

/* ------------------------------------------------------------------ cancelling */

/* Leaves the lock. */
static void
cancel(hwr_worker_t *w, hwr_request_t *r) {
  hwr_request_cb on_cancel = r->on_cancel;
  r->cancelled = true;
  r->on_cancel = NULL;
  if (!on_cancel || r->answered) return;
  r->holders++;
  hwr__unlock(w);
  on_cancel(r, r->cancel_context);
  hwr__lock(w);
  r->holders--;
  release_if_over(r);
}

void
hwr__on_cancel(hwr_worker_t *w, const hwr_event_t *event) {
  hwr_request_t *r = event->slot < w->slot_count ? w->by_slot[event->slot] : NULL;
  if (r && r->generation == event->generation) cancel(w, r);
}

void
hwr__requests_cancel_all(hwr_worker_t *w) {
  for (hwr_request_t *r = w->live_requests, *next; r; r = next) {
    r->holders++; /* so that it stays while it is told */
    if (!r->listener && !r->cancelled) cancel(w, r);
    next = r->live_next;
    r->holders--;
    if (!r->listener) release_if_over(r);
  }
}

void
hwr_request_on_cancel(hwr_request_t *r, hwr_request_cb callback, void *context) {
  hwr_worker_t *w = r->worker;
  hwr__lock(w);
  bool at_once = r->cancelled && !r->answered && callback;
  r->on_cancel = at_once ? NULL : callback;
  r->cancel_context = context;
  hwr__unlock(w);
  if (at_once) callback(r, context);
}
