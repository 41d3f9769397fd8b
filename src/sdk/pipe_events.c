/* SPDX-License-Identifier: MIT
 *
 * pipe_events.c - what the host does with streams: pipes, and those of calls (P11.15).
 */
#include "sdk/pipe_state.h"

#include "sdk/error_records.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ opened by the host */

static int
accept(hwr_pipe_t *pipe) {
  hwr_worker_t *w = pipe->worker;
  uint64_t bytes = pipe->objects ? HWR__OBJECTS_WINDOW_BYTES : HWR__BYTES_WINDOW;
  uint64_t messages = pipe->objects ? HWR__OBJECTS_WINDOW : 0;
  return hwr_session_stream_accept(w->session, pipe->slot, pipe->generation, bytes, messages);
}

static bool
read_decimal(const char **at, const char *end, uint32_t *number) {
  uint64_t value = 0;
  const char *start = *at;
  while (*at < end && **at >= '0' && **at <= '9' && value <= UINT32_MAX)
    value = value * 10 + (uint64_t) (*(*at)++ - '0');
  *number = (uint32_t) value;
  return *at > start && value <= UINT32_MAX;
}

/* The name of a stream of a call: NUL, `r` or `p`, slot, `.`, generation. */
static bool
read_call_name(hwr_pipe_t *pipe, const char *name, size_t name_bytes) {
  const char *at = name + 2, *end = name + name_bytes;
  if (name_bytes < 5 || (name[1] != 'r' && name[1] != 'p')) return false;
  if (!read_decimal(&at, end, &pipe->call_slot) || at == end || *at++ != '.') return false;
  if (!read_decimal(&at, end, &pipe->call_generation) || at != end) return false;
  pipe->call_role = name[1];
  return true;
}

static hwr_pipe_t *
find_of_call(const hwr_worker_t *w, char role, uint32_t slot, uint32_t generation) {
  for (hwr_pipe_t *pipe = w->pipes.live; pipe; pipe = pipe->next)
    if (pipe->call_role == role && pipe->call_slot == slot && pipe->call_generation == generation)
      return pipe;
  return NULL;
}

/* Its request follows. Of the payload nothing is sent. */
static void
on_open_of_call(hwr_pipe_t *pipe, const char *name, size_t name_bytes) {
  hwr_worker_t *w = pipe->worker;
  hwr_pipe_t claim = {0};
  bool named = pipe->objects && read_call_name(&claim, name, name_bytes) &&
               !find_of_call(w, claim.call_role, claim.call_slot, claim.call_generation);
  if (!named) {
    hwr_error_t error = {.name = "ProtocolError", .message = "a stream of no call"};
    hwr__pipe_reset(pipe, &error);
    hwr__pipe_release(pipe);
    return;
  }
  pipe->call_role = claim.call_role;
  pipe->call_slot = claim.call_slot;
  pipe->call_generation = claim.call_generation;
  w->pipes.unclaimed_count++;
  accept(pipe);
  if (pipe->call_role == 'p') hwr__pipe_end(pipe);
}

static void
refuse(hwr_pipe_t *pipe) {
  char text[HWR_MAX_NAME_BYTES + 32];
  strcpy(text, "no pipe '");
  strcat(text, pipe->name);
  strcat(text, "' is served here");
  hwr_error_t error = {
      .name = "UnknownTypeError", .code = "ERR_HAWSER_UNKNOWN_TYPE", .message = text};
  hwr__pipe_reset(pipe, &error);
  hwr__pipe_release(pipe);
}

/* Leaves the lock. */
static void
on_open(hwr_worker_t *w, const hwr_event_t *event) {
  hwr__body_t body = hwr__event_body(w, event);
  const char *name = body.payload.bytes;
  size_t name_bytes = body.payload.length_bytes;
  hwr_pipe_t *pipe = hwr__pipe_create(w, name, name_bytes, event->value == 1);
  if (pipe && hwr__pipe_enter(pipe, event->slot, event->generation)) {
    hwr__worker_break(w, HWR_ENOMEM);
  } else if (pipe && name_bytes > 0 && name[0] == '\0') {
    on_open_of_call(pipe, name, name_bytes);
  } else if (pipe && !w->on_pipe) {
    refuse(pipe);
  } else if (pipe) {
    accept(pipe);
    hwr__unlock(w);
    w->on_pipe(pipe, w->pipe_context);
    hwr__lock(w);
  }
  hwr__body_free(&body);
}

/* ------------------------------------------------------------------ of a request */

static hwr_pipe_t *
take_of_call(hwr_worker_t *w, char role, const hwr_request_t *r) {
  hwr_pipe_t *pipe = find_of_call(w, role, r->slot, r->generation);
  if (!pipe) return NULL;
  pipe->call_role = 0;
  pipe->has_results = role == 'r';
  w->pipes.unclaimed_count--;
  return pipe;
}

void
hwr__pipes_take(hwr_worker_t *w, hwr_request_t *r) {
  if (w->pipes.unclaimed_count == 0) return;
  r->results = take_of_call(w, 'r', r);
  r->items = take_of_call(w, 'p', r);
}

void
hwr__pipes_answered(hwr_request_t *r) {
  if (r->results) hwr__pipe_end(r->results);
}

void
hwr__pipes_free(hwr_request_t *r) {
  if (r->results) hwr__pipe_release(r->results);
  if (r->items) hwr__pipe_release(r->items);
  r->results = r->items = NULL;
}

/* ------------------------------------------------------------------ data */

static hwr__item_t *
item_of(hwr_worker_t *w, const hwr_event_t *event) {
  hwr__body_t body = hwr__event_body(w, event);
  size_t inline_bytes = body.owned ? 0 : body.payload.length_bytes;
  hwr__item_t *item = malloc(sizeof *item + inline_bytes);
  if (!item) {
    hwr__body_free(&body);
    hwr__worker_break(w, HWR_ENOMEM);
    return NULL;
  }
  *item = (hwr__item_t){.owned = body.owned, .payload = body.payload, .cost = event->value};
  if (inline_bytes > 0) memcpy(item + 1, body.payload.bytes, inline_bytes);
  if (!body.owned) item->payload.bytes = item + 1;
  return item;
}

static void
on_data(hwr_pipe_t *pipe, const hwr_event_t *event) {
  hwr__item_t *item = item_of(pipe->worker, event);
  if (!item) return;
  if (!pipe->objects) item->payload.codec = HWR_CODEC_RAW;
  if (pipe->last) pipe->last->next = item;
  else pipe->first = item;
  pipe->last = item;
}

static void
forget_of_call(hwr_pipe_t *pipe) {
  if (!pipe->call_role) return;
  pipe->call_role = 0;
  pipe->worker->pipes.unclaimed_count--;
  hwr__pipe_release(pipe);
}

static void
on_reset(hwr_pipe_t *pipe, const hwr_event_t *event) {
  hwr_worker_t *w = pipe->worker;
  hwr__body_t body = hwr__event_body(w, event);
  const hwr_payload_t payload = body.payload;
  pipe->closed = true;
  if (payload.codec != HWR_CODEC_NONE &&
      hwr__error_read(&pipe->error, payload.bytes, payload.length_bytes))
    hwr__worker_break(w, HWR_ENOMEM);
  hwr__body_free(&body);
  hwr__pipe_drop_items(pipe);
  hwr__pipe_leave(pipe);
}

static void
on_end(hwr_pipe_t *pipe) {
  pipe->their_end = true;
  if (pipe->our_end) hwr__pipe_leave(pipe);
}

void
hwr__on_stream(hwr_worker_t *w, const hwr_event_t *event) {
  if (event->kind == HWR_EV_OPEN) {
    on_open(w, event);
    return;
  }
  hwr_pipe_t *pipe = hwr__pipe_find(w, event->slot, event->generation);
  if (!pipe) return;
  if (event->kind == HWR_EV_DATA && pipe->released) hwr__pipe_reset(pipe, NULL);
  else if (event->kind == HWR_EV_DATA) on_data(pipe, event);
  if (event->kind == HWR_EV_END) on_end(pipe);
  if (event->kind == HWR_EV_RESET) on_reset(pipe, event);
  hwr__pipe_touch(pipe);
  if (event->kind == HWR_EV_RESET && pipe->call_role) forget_of_call(pipe);
  else hwr__pipe_free_if_over(pipe);
}

/* ------------------------------------------------------------------ the end */

/* Somebody is going to read on, or to write on behind the end of the host. */
static bool
is_finishing(const hwr_pipe_t *pipe) {
  if (!pipe->their_end || pipe->closed || pipe->released || pipe->call_role) return false;
  if (!pipe->on_ready && pipe->waiters == 0) return false;
  return !pipe->our_end || !pipe->end_read;
}

bool
hwr__pipes_finished(const hwr_worker_t *w) {
  for (const hwr_pipe_t *pipe = w->pipes.live; pipe; pipe = pipe->next)
    if (is_finishing(pipe)) return false;
  return hwr_session_ends_waiting(w->session) == 0;
}

void
hwr__pipes_end_all(hwr_worker_t *w) {
  for (hwr_pipe_t *pipe = w->pipes.live, *next; pipe; pipe = next) {
    next = pipe->next;
    if (pipe->open) {
      pipe->closed = true;
      hwr__pipe_leave(pipe);
      hwr__pipe_touch(pipe);
    }
    forget_of_call(pipe);
  }
}
