/* SPDX-License-Identifier: MIT
 *
 * pipes.c - what the program does with a pipe; pipe_events.c has what the host does.
 *                                                                   docs/protocol.md P11
 */
#include "sdk/pipe_state.h"

#include "sdk/error_records.h"
#include "sdk/text_payload.h"

#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ life */

hwr_pipe_t *
hwr__pipe_create(hwr_worker_t *w, const char *name, size_t name_bytes, bool objects) {
  hwr_pipe_t *pipe = calloc(1, sizeof *pipe);
  char *copy = malloc(name_bytes + 1);
  if (!pipe || !copy) {
    free(pipe);
    free(copy);
    hwr__worker_break(w, HWR_ENOMEM);
    return NULL;
  }
  memcpy(copy, name, name_bytes);
  copy[name_bytes] = '\0';
  pipe->worker = w;
  pipe->name = copy;
  pipe->objects = objects;
  pipe->next = w->pipes.live;
  if (pipe->next) pipe->next->previous = pipe;
  w->pipes.live = pipe;
  return pipe;
}

int
hwr__pipe_enter(hwr_pipe_t *pipe, uint32_t slot, uint32_t generation) {
  hwr__pipes_t *pipes = &pipe->worker->pipes;
  if (slot >= pipes->count) {
    uint32_t count = pipes->count ? pipes->count : 16;
    while (count <= slot) count *= 2;
    hwr_pipe_t **table = realloc(pipes->table, count * sizeof *table);
    if (!table) return HWR_ENOMEM;
    memset(table + pipes->count, 0, (count - pipes->count) * sizeof *table);
    pipes->table = table;
    pipes->count = count;
  }
  pipe->older = pipes->table[slot];
  pipes->table[slot] = pipe;
  pipe->slot = slot;
  pipe->generation = generation;
  pipe->open = true;
  return 0;
}

void
hwr__pipe_leave(hwr_pipe_t *pipe) {
  hwr__pipes_t *pipes = &pipe->worker->pipes;
  if (!pipe->open) return;
  pipe->open = false;
  hwr_pipe_t **place = &pipes->table[pipe->slot];
  while (*place != pipe) place = &(*place)->older;
  *place = pipe->older;
}

hwr_pipe_t *
hwr__pipe_find(const hwr_worker_t *w, uint32_t slot, uint32_t generation) {
  hwr_pipe_t *pipe = slot < w->pipes.count ? w->pipes.table[slot] : NULL;
  while (pipe && pipe->generation != generation) pipe = pipe->older;
  return pipe;
}

static void
free_item(hwr__item_t *item) {
  if (!item) return;
  free(item->owned);
  free(item);
}

void
hwr__pipe_drop_items(hwr_pipe_t *pipe) {
  for (hwr__item_t *item = pipe->first, *next; item; item = next) {
    next = item->next;
    free_item(item);
  }
  pipe->first = pipe->last = NULL;
}

static void
pipe_destroy(hwr_pipe_t *pipe) {
  hwr__pipes_t *pipes = &pipe->worker->pipes;
  hwr__pipe_leave(pipe);
  if (pipe->previous) pipe->previous->next = pipe->next;
  else pipes->live = pipe->next;
  if (pipe->next) pipe->next->previous = pipe->previous;
  hwr__pipe_drop_items(pipe);
  free_item(pipe->current);
  hwr__error_free(pipe->error);
  free(pipe->name);
  free(pipe);
}

void
hwr__pipe_free_if_over(hwr_pipe_t *pipe) {
  if (pipe->released && !pipe->open && pipe->holders == 0 && pipe->waiters == 0 && !pipe->touched)
    pipe_destroy(pipe);
}

void
hwr__pipes_deinit(hwr_worker_t *w) {
  while (w->pipes.live) pipe_destroy(w->pipes.live);
  free(w->pipes.table);
}

/* Of results that are all written: the host's END may still be on its way, and a RESET would take
 * back what it has not read. */
static bool
awaits_end(const hwr_pipe_t *pipe) {
  return pipe->has_results && pipe->our_end && !pipe->their_end;
}

void
hwr__pipe_release(hwr_pipe_t *pipe) {
  if (pipe->open && !awaits_end(pipe)) hwr__pipe_reset(pipe, NULL);
  pipe->on_ready = NULL;
  pipe->released = true;
  hwr__wake_to_leave(pipe->worker);
  hwr__pipe_free_if_over(pipe);
}

void
hwr_pipe_release(hwr_pipe_t *pipe) {
  if (!pipe) return;
  hwr_worker_t *w = pipe->worker;
  hwr__lock(w);
  hwr__pipe_release(pipe);
  hwr__unlock(w);
}

static int
open_locked(hwr_worker_t *w, const hwr_stream_options_t *options, hwr_pipe_t **pipe) {
  uint32_t slot, generation;
  if (w->stage != HWR__READY || w->status) return HWR_ECLOSED;
  int err = hwr_session_stream_open(w->session, options, hwr__now_ms(w), &slot, &generation);
  if (err == HWR_EAGAIN) return HWR_ECLOSED;
  if (err <= HWR_FATAL) hwr__worker_break(w, err);
  if (err) return err;
  hwr_pipe_t *made = hwr__pipe_create(w, options->name, options->name_bytes, options->messages);
  if (!made) return HWR_ENOMEM;
  err = hwr__pipe_enter(made, slot, generation);
  if (err) hwr__worker_break(w, err);
  else *pipe = made;
  hwr__sent(w);
  return err;
}

int
hwr_pipe_open(hwr_worker_t *w, const char *name, const hwr_pipe_options_t *options,
              hwr_pipe_t **pipe) {
  size_t name_bytes = name ? strlen(name) : 0;
  bool objects = options && options->objects;
  uint32_t mark = options ? options->high_water_mark : 0;
  if (mark == 0) mark = objects ? HWR__OBJECTS_WINDOW : HWR__BYTES_WINDOW;
  if (name_bytes == 0 || name_bytes > HWR_MAX_NAME_BYTES || mark > HWR__MAX_WINDOW)
    return HWR_EBADARG;
  if (!objects && mark < HWR_MIN_WINDOW_BYTES) mark = HWR_MIN_WINDOW_BYTES;
  hwr_stream_options_t stream = {
      .name = name,
      .name_bytes = (uint32_t) name_bytes,
      .messages = objects,
      .window_bytes = objects ? HWR__OBJECTS_WINDOW_BYTES : mark,
      .window_messages = objects ? mark : 0,
  };
  hwr__lock(w);
  int status = open_locked(w, &stream, pipe);
  hwr__unlock(w);
  return status;
}

/* ------------------------------------------------------------------ reading */

static void
return_credit(hwr_pipe_t *pipe, uint32_t cost) {
  hwr_worker_t *w = pipe->worker;
  if (!pipe->open || pipe->their_end || w->status || w->stage == HWR__OVER) return;
  hwr_session_stream_consumed(w->session, pipe->slot, pipe->generation, cost, pipe->objects);
  hwr__send_credit(w);
}

static int
read_locked(hwr_pipe_t *pipe, hwr_payload_t *item) {
  free_item(pipe->current);
  hwr__item_t *next = pipe->current = pipe->first;
  if (next) {
    pipe->first = next->next;
    if (!pipe->first) pipe->last = NULL;
    return_credit(pipe, next->cost);
    *item = next->payload;
    return 1;
  }
  if (pipe->their_end && !pipe->error) {
    pipe->end_read = true;
    hwr__wake_to_leave(pipe->worker);
    return 0;
  }
  return pipe->closed ? HWR_ECLOSED : HWR_EAGAIN;
}

int
hwr_pipe_read(hwr_pipe_t *pipe, hwr_payload_t *item) {
  hwr_worker_t *w = pipe->worker;
  hwr__lock(w);
  int status = read_locked(pipe, item);
  hwr__unlock(w);
  return status;
}

/* ------------------------------------------------------------------ writing */

static int
check_item(const hwr_pipe_t *pipe, hwr_payload_t item) {
  if (pipe->closed || pipe->our_end || !pipe->open) return HWR_ECLOSED;
  if (pipe->objects) return hwr__payload_check(pipe->worker, item, 0, true);
  if (item.codec != HWR_CODEC_RAW || (item.length_bytes > 0 && !item.bytes)) return HWR_EBADARG;
  return pipe->worker->status || pipe->worker->stage == HWR__OVER ? HWR_ECLOSED : 0;
}

static int64_t
write_locked(hwr_pipe_t *pipe, hwr_payload_t item) {
  hwr_worker_t *w = pipe->worker;
  size_t taken = 0;
  int err = check_item(pipe, item);
  if (err || (item.length_bytes == 0 && !pipe->objects)) return err;
  uint8_t flags = pipe->objects ? (uint8_t) item.codec : 0;
  err = hwr_session_stream_write(w->session, pipe->slot, pipe->generation, flags, item.bytes,
                                 item.length_bytes, hwr__now_ms(w), &taken);
  if (err <= HWR_FATAL) hwr__worker_break(w, err);
  else hwr__sent(w);
  if (err == 0) return (int64_t) item.length_bytes;
  return err == HWR_EAGAIN && taken > 0 ? (int64_t) taken : err;
}

int64_t
hwr_pipe_write(hwr_pipe_t *pipe, hwr_payload_t item) {
  hwr_worker_t *w = pipe->worker;
  uint8_t *record;
  if (hwr__text_write(&item, &record)) return HWR_ENOMEM;
  hwr__lock(w);
  int64_t status = write_locked(pipe, item);
  hwr__unlock(w);
  free(record);
  return status;
}

void
hwr__pipe_end(hwr_pipe_t *pipe) {
  if (pipe->our_end || !pipe->open) return;
  pipe->our_end = true;
  hwr__send(pipe->worker, HWR_END, pipe->slot, pipe->generation, NULL, 0);
  if (pipe->their_end) hwr__pipe_leave(pipe);
}

int
hwr_pipe_end(hwr_pipe_t *pipe) {
  hwr_worker_t *w = pipe->worker;
  hwr__lock(w);
  int status = pipe->closed && !pipe->our_end ? HWR_ECLOSED : 0;
  hwr__pipe_end(pipe);
  if (w->status == HWR_ENOMEM) status = HWR_ENOMEM;
  hwr__unlock(w);
  return status;
}

void
hwr__pipe_reset(hwr_pipe_t *pipe, const hwr_error_t *error) {
  hwr_worker_t *w = pipe->worker;
  if (!pipe->open) return;
  if (error) hwr__send_error(w, HWR_RESET, pipe->slot, pipe->generation, error);
  else hwr__send(w, HWR_RESET, pipe->slot, pipe->generation, NULL, 0);
  pipe->closed = true;
  hwr__pipe_drop_items(pipe);
  hwr__pipe_leave(pipe);
  hwr__pipe_touch(pipe);
}

void
hwr_pipe_reset(hwr_pipe_t *pipe, const hwr_error_t *error) {
  hwr_worker_t *w = pipe->worker;
  hwr__lock(w);
  hwr__pipe_reset(pipe, error);
  hwr__unlock(w);
}

/* ------------------------------------------------------------------ being told */

void
hwr__pipe_touch(hwr_pipe_t *pipe) {
  hwr_worker_t *w = pipe->worker;
  if (pipe->waiters > 0) hwr_signal_all(w->changed);
  if (!pipe->on_ready || pipe->touched) return;
  pipe->touched = true;
  pipe->touched_next = NULL;
  if (w->pipes.touched_last) w->pipes.touched_last->touched_next = pipe;
  else w->pipes.touched = pipe;
  w->pipes.touched_last = pipe;
  hwr__wake(w);
}

void
hwr__pipes_tell(hwr_worker_t *w) {
  hwr_pipe_t *pipe = w->pipes.touched;
  w->pipes.touched = w->pipes.touched_last = NULL;
  for (hwr_pipe_t *next; pipe; pipe = next) {
    next = pipe->touched_next;
    pipe->touched = false;
    pipe->holders++;
    if (pipe->on_ready) {
      hwr_pipe_cb on_ready = pipe->on_ready;
      void *context = pipe->context;
      hwr__unlock(w);
      on_ready(pipe, context);
      hwr__lock(w);
    }
    pipe->holders--;
    hwr__pipe_free_if_over(pipe);
  }
}

void
hwr_pipe_on_ready(hwr_pipe_t *pipe, hwr_pipe_cb callback, void *context) {
  hwr_worker_t *w = pipe->worker;
  hwr__lock(w);
  pipe->on_ready = callback;
  pipe->context = context;
  hwr__pipe_touch(pipe);
  hwr__wake_to_leave(w);
  hwr__unlock(w);
}

static bool
may_go_on(const hwr_pipe_t *pipe, enum hwr_pipe_want want) {
  const hwr_worker_t *w = pipe->worker;
  if (pipe->closed || w->status || w->stage == HWR__OVER || w->pool_ends) return true;
  if (want & HWR_PIPE_READ && (pipe->first || pipe->their_end)) return true;
  return want & HWR_PIPE_WRITE &&
         (pipe->our_end || !hwr_session_stream_full(w->session, pipe->slot, pipe->generation));
}

int
hwr_pipe_wait(hwr_pipe_t *pipe, enum hwr_pipe_want want) {
  hwr_worker_t *w = pipe->worker;
  if (hwr__on_worker_thread(w)) return HWR_EBADARG;
  hwr__lock(w);
  pipe->waiters++;
  while (!may_go_on(pipe, want)) hwr_signal_wait(w->changed, w->lock);
  pipe->waiters--;
  hwr__wake_to_leave(w);
  hwr__pipe_free_if_over(pipe);
  hwr__unlock(w);
  return 0;
}

/* ------------------------------------------------------------------ what it is */

const hwr_error_t *
hwr_pipe_error(const hwr_pipe_t *pipe) {
  hwr__lock(pipe->worker);
  const hwr_error_t *error = pipe->error;
  hwr__unlock(pipe->worker);
  return error;
}

const char *
hwr_pipe_name(const hwr_pipe_t *pipe) {
  return pipe->name;
}

bool
hwr_pipe_has_objects(const hwr_pipe_t *pipe) {
  return pipe->objects;
}

hwr_worker_t *
hwr_pipe_worker(const hwr_pipe_t *pipe) {
  return pipe->worker;
}
