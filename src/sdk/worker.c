/* SPDX-License-Identifier: MIT
 *
 * worker.c - life of a worker, and what the program tells it before it is open.
 */
#include "sdk/worker_state.h"

#include <stdlib.h>
#include <string.h>

char *
hwr__text_copy(const char *text) {
  size_t size = strlen(text) + 1;
  char *copy = malloc(size);
  return copy ? memcpy(copy, text, size) : NULL;
}

bool
hwr__on_worker_thread(const hwr_worker_t *w) {
  return w->thread == hwr_thread_self();
}

/* ------------------------------------------------------------------ create and destroy */

static int
take_options(hwr_worker_t *w, const hwr_worker_options_t *options) {
  if (!options) return 0;
  w->options = *options;
  w->options.serializer = NULL;
  if (options->threads > HWR_MAX_THREADS) return HWR_EBADARG;
  if (!options->serializer) return 0;
  w->serializer = hwr__text_copy(options->serializer);
  return w->serializer ? 0 : HWR_ENOMEM;
}

static int
make_locks(hwr_worker_t *w) {
  w->lock = hwr_lock_create();
  w->work = hwr_signal_create();
  w->changed = hwr_signal_create();
  return w->lock && w->work && w->changed ? 0 : HWR_ENOMEM;
}

int
hwr_worker_create(hwr_worker_t **worker, const hwr_worker_options_t *options) {
  hwr_worker_t *w = calloc(1, sizeof *w);
  if (!w) return HWR_ENOMEM;
  w->wake[0] = w->wake[1] = -1;
  hwr__link_init(&w->link);
  int err = take_options(w, options);
  if (!err) err = make_locks(w);
  if (err) hwr_worker_destroy(w);
  else *worker = w;
  return err;
}

static void
free_names(hwr_worker_t *w) {
  for (uint32_t i = 0; i < w->handler_count; i++) free(w->handlers[i].type);
  for (uint32_t i = 0; i < w->listener_count; i++) free(w->listeners[i].name);
  free(w->handlers);
  free(w->listeners);
  free(w->serializer);
}

static void
free_connection(hwr_worker_t *w) {
  hwr_watch_stop(w->watch);
  hwr__calls_deinit(w);
  hwr__requests_deinit(w);
  hwr__pipes_deinit(w);
  hwr__init_deinit(&w->init);
  hwr_session_destroy(w->session);
  hwr__link_deinit(&w->link);
  hwr__memory_free(w);
  for (int i = 0; i < 2; i++) hwr_os_close(w->wake[i]);
}

void
hwr_worker_destroy(hwr_worker_t *w) {
  if (!w) return;
  if (w->lock) {
    hwr__lock(w);
    if (w->stage != HWR__NEW && w->stage != HWR__OVER) hwr__finish(w);
    w->stage = HWR__OVER;
    hwr__pool_stop(w);
    hwr__unlock(w);
  }
  free_connection(w);
  free_names(w);
  hwr_signal_destroy(w->changed);
  hwr_signal_destroy(w->work);
  hwr_lock_destroy(w->lock);
  free(w);
}

/* ------------------------------------------------------------------ what is served */

static bool
is_handled(const hwr_worker_t *w, const char *type) {
  for (uint32_t i = 0; i < w->handler_count; i++)
    if (!strcmp(w->handlers[i].type, type)) return true;
  return false;
}

static int
grow_handlers(hwr_worker_t *w) {
  if (w->handler_count < w->handler_room) return 0;
  uint32_t room = w->handler_room ? 2 * w->handler_room : 16;
  hwr__handler_t *handlers = realloc(w->handlers, room * sizeof *handlers);
  if (!handlers) return HWR_ENOMEM;
  w->handlers = handlers;
  w->handler_room = room;
  return 0;
}

static int
add_handler(hwr_worker_t *w, const char *type, const hwr__handler_t *handler) {
  if (w->stage != HWR__NEW || !type || !handler->call || is_handled(w, type)) return HWR_EBADARG;
  if (w->handler_count == HWR__MAX_TYPES) return HWR_ETOOBIG;
  int err = grow_handlers(w);
  if (err) return err;
  char *copy = hwr__text_copy(type);
  if (!copy) return HWR_ENOMEM;
  hwr__handler_t *added = &w->handlers[w->handler_count++];
  *added = *handler;
  added->type = copy;
  return 0;
}

int
hwr_worker_handle(hwr_worker_t *w, const char *type, hwr_handler_cb handler, void *context) {
  return add_handler(w, type, &(hwr__handler_t){.call = handler, .context = context});
}

int
hwr_worker_handle_stream(hwr_worker_t *w, const char *type, hwr_handler_cb handler, void *context) {
  hwr__handler_t one = {.call = handler, .context = context, .streams = true};
  return add_handler(w, type, &one);
}

int
hwr_worker_on_event(hwr_worker_t *w, const char *name, hwr_event_cb callback, void *context) {
  if (w->stage != HWR__NEW || !callback) return HWR_EBADARG;
  size_t size = (w->listener_count + 1) * sizeof *w->listeners;
  hwr__listener_t *listeners = realloc(w->listeners, size);
  if (!listeners) return HWR_ENOMEM;
  w->listeners = listeners;
  char *copy = name ? hwr__text_copy(name) : NULL;
  if (name && !copy) return HWR_ENOMEM;
  listeners[w->listener_count++] = (hwr__listener_t){copy, callback, context};
  return 0;
}

int
hwr_worker_on_pipe(hwr_worker_t *w, hwr_pipe_cb callback, void *context) {
  if (w->stage != HWR__NEW || !callback) return HWR_EBADARG;
  w->on_pipe = callback;
  w->pipe_context = context;
  return 0;
}

static int
set_callback(hwr_worker_t *w, hwr__callback_t *callback, hwr_worker_cb call, void *context) {
  if (w->stage != HWR__NEW || !call) return HWR_EBADARG;
  *callback = (hwr__callback_t){call, context};
  return 0;
}

int
hwr_worker_on_start(hwr_worker_t *w, hwr_worker_cb callback, void *context) {
  return set_callback(w, &w->on_start, callback, context);
}

int
hwr_worker_on_shutdown(hwr_worker_t *w, hwr_worker_cb callback, void *context) {
  return set_callback(w, &w->on_shutdown, callback, context);
}

int
hwr_worker_on_drain(hwr_worker_t *w, hwr_worker_cb callback, void *context) {
  return set_callback(w, &w->on_drain, callback, context);
}

/* ------------------------------------------------------------------ what the host said */

hwr_payload_t
hwr_worker_data(const hwr_worker_t *w) {
  hwr__lock(w);
  hwr_payload_t data = hwr_nothing();
  if (w->init.data) data = hwr_payload(w->codec, w->init.data, w->init.data_bytes);
  hwr__unlock(w);
  return data;
}

const char *
hwr_worker_name(const hwr_worker_t *w) {
  hwr__lock(w);
  const char *name = w->init.name;
  hwr__unlock(w);
  return name;
}

enum hwr_codec
hwr_worker_codec(const hwr_worker_t *w) {
  hwr__lock(w);
  enum hwr_codec codec = w->codec;
  hwr__unlock(w);
  return codec;
}
