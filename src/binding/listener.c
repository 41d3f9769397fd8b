/* SPDX-License-Identifier: MIT
 *
 * listener.c - the named socket of a worker, as JavaScript sees it.
 */
#include "binding/channel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const napi_type_tag LISTENER_TAG = {0x6d1f5a90c3e8472b, 0xa7e40c9b52d1f836};

enum { ID_BYTES = 48 };

struct hwr_named_s {
  hwr_env_t *state;
  hwr_named_t *next, *prev; /* in state->first_named, until closed */
  hwr_listener_t *listener; /* NULL once it is being closed */
  napi_ref callbacks;       /* strong: { onHost } */
  napi_async_context async;
  char *path; /* owned */
  hwr_socket_file_t file;
  bool closed, finalized; /* freed when both */
};

/* ------------------------------------------------------------------ into JavaScript */

static bool
emit_host(hwr_named_t *named, int fd, const int segments[HWR_SEGMENTS]) {
  napi_env env = named->state->env;
  napi_value callbacks, function, array;
  if (napi_get_reference_value(env, named->callbacks, &callbacks) != napi_ok ||
      napi_get_named_property(env, callbacks, "onHost", &function) != napi_ok)
    return false;
  array = hwr_link_descriptors(env, fd, segments);
  if (!array) return false;
  if (napi_make_callback(env, named->async, callbacks, function, 1, &array, NULL) != napi_ok)
    hwr__js_report(env);
  return true;
}

/* onHost([socket, ...segments]) */
static void
on_joined(void *context, int fd, const int segments[HWR_SEGMENTS]) {
  hwr_named_t *named = context;
  napi_handle_scope scope;
  bool told = false;
  if (!named->state->closing && napi_open_handle_scope(named->state->env, &scope) == napi_ok) {
    told = emit_host(named, fd, segments);
    napi_close_handle_scope(named->state->env, scope);
  }
  if (told) return;
  hwr_os_close(fd);
  for (int i = 0; i < HWR_SEGMENTS; i++) hwr_os_close(segments[i]);
}

/* ------------------------------------------------------------------ the end */

static void
let_go_of_js(hwr_named_t *named) {
  if (named->state->closing) return;
  if (named->callbacks) napi_delete_reference(named->state->env, named->callbacks);
  if (named->async) napi_async_destroy(named->state->env, named->async);
}

static void
on_closed(void *context) {
  hwr_named_t *named = context;
  hwr_env_t *state = named->state;
  napi_handle_scope scope;
  if (!state->closing && napi_open_handle_scope(state->env, &scope) == napi_ok) {
    let_go_of_js(named);
    napi_close_handle_scope(state->env, scope);
  }
  if (named->prev) named->prev->next = named->next;
  else state->first_named = named->next;
  if (named->next) named->next->prev = named->prev;
  named->closed = true;
  if (named->finalized) free(named);
  if (state->closing) hwr_env_channels_closed(state);
}

static void
close_named(hwr_named_t *named) {
  if (!named->listener) return;
  hwr_os_unlink_own_socket(named->path, &named->file);
  hwr_listener_close(named->listener);
  named->listener = NULL;
  free(named->path);
  named->path = NULL;
}

void
hwr_env_close_named(hwr_env_t *state) {
  for (hwr_named_t *named = state->first_named; named; named = named->next) close_named(named);
}

static void
finalize(napi_env env, void *data, void *hint) {
  (void) env, (void) hint;
  hwr_named_t *named = data;
  named->finalized = true;
  if (named->closed) free(named);
  else close_named(named);
}

/* ------------------------------------------------------------------ what JavaScript calls */

static hwr_named_t *
unwrap(napi_env env, napi_value object) {
  return hwr__js_unwrap(env, object, &LISTENER_TAG);
}

const char *
hwr_named_path(napi_env env, napi_value object, hwr_socket_file_t *file) {
  hwr_named_t *named = unwrap(env, object);
  if (!named) return NULL;
  *file = named->file;
  return named->path;
}

static void
set_id(napi_env env, napi_value object, const hwr_socket_file_t *file) {
  char id[ID_BYTES];
  snprintf(id, sizeof id, "%" PRIu64 ":%" PRIu64, file->device, file->inode);
  hwr__js_set_string(env, object, "id", id);
}

static napi_value
named_object(napi_env env, hwr_named_t *named, napi_value callbacks) {
  napi_value object, name;
  HWR_NAPI(env, napi_create_object(env, &object));
  HWR_NAPI(env, napi_type_tag_object(env, object, &LISTENER_TAG));
  set_id(env, object, &named->file);
  HWR_NAPI(env, napi_create_reference(env, callbacks, 1, &named->callbacks));
  HWR_NAPI(env, napi_create_string_utf8(env, "HAWSER", NAPI_AUTO_LENGTH, &name));
  HWR_NAPI(env, napi_async_init(env, object, name, &named->async));
  HWR_NAPI(env, napi_wrap(env, object, named, finalize, NULL, NULL));
  return object;
}

static int
open_named(hwr_named_t *named) {
  int fd = hwr_os_listen(named->path, &named->file);
  if (fd < 0) return fd;
  const hwr_guest_t guest = {named, on_joined, on_closed};
  int err = hwr_listener_open(&named->listener, named->state->loop, fd, &guest);
  if (!err) return 0;
  hwr_os_unlink_own_socket(named->path, &named->file);
  hwr_os_close(fd);
  return err;
}

static hwr_named_t *
make_named(hwr_env_t *state, char *path) {
  hwr_named_t *named = calloc(1, sizeof *named);
  if (!named) return NULL;
  named->state = state;
  named->path = path;
  return named;
}

static void
enter_env(hwr_named_t *named) {
  hwr_env_t *state = named->state;
  named->next = state->first_named;
  if (named->next) named->next->prev = named;
  state->first_named = named;
}

/* listen(path, { onHost }) -> listener with its `id`. Nobody is let in before awaitHost. */
static napi_value
listen_at(napi_env env, napi_callback_info info) {
  napi_value args[2];
  hwr_env_t *state = hwr_env_started(env);
  if (!state || !hwr__js_args(env, info, 2, args) ||
      !hwr__js_object(env, args[1], "the callbacks must be an object"))
    return NULL;
  char *path = hwr__js_string(env, args[0], "a path expected");
  if (!path) return NULL;
  hwr_named_t *named = make_named(state, path);
  int err = named ? open_named(named) : HWR_ENOMEM;
  if (err) {
    free(named);
    free(path);
  }
  HWR_TRY(env, err);
  enter_env(named);
  napi_value object = named_object(env, named, args[1]);
  if (object) return object;
  named->finalized = true; /* no wrapper will be */
  close_named(named);
  return NULL;
}

/* awaitHost(listener, token): let one host in. */
static napi_value
await_host(napi_env env, napi_callback_info info) {
  napi_value args[2];
  const uint8_t *token;
  size_t count;
  if (!hwr__js_args(env, info, 2, args)) return NULL;
  hwr_named_t *named = unwrap(env, args[0]);
  if (!named || !hwr__js_token(env, args[1], &token, &count)) return NULL;
  if (named->listener) hwr_listener_await(named->listener, token);
  return NULL;
}

/* closeListener(listener): the file is gone on return. Idempotent. */
static napi_value
close_listener(napi_env env, napi_callback_info info) {
  napi_value args[1];
  if (!hwr__js_args(env, info, 1, args)) return NULL;
  hwr_named_t *named = unwrap(env, args[0]);
  if (named) close_named(named);
  return NULL;
}

/* bindSocket(path) -> { fd, id }: a socket that listens, for a server of Node's. The descriptor is
 * the caller's; removeSocket takes its file away once it is closed. */
static napi_value
bind_socket(napi_env env, napi_callback_info info) {
  napi_value args[1], object;
  hwr_socket_file_t file;
  if (!hwr__js_args(env, info, 1, args)) return NULL;
  char *path = hwr__js_string(env, args[0], "a path expected");
  if (!path) return NULL;
  int fd = hwr_os_listen(path, &file);
  free(path);
  HWR_TRY(env, fd);
  HWR_NAPI(env, napi_create_object(env, &object));
  hwr__js_set(env, object, "fd", hwr__js_int32(env, fd));
  set_id(env, object, &file);
  return object;
}

/* removeSocket(path, id) -> whether that file was there, and nobody listened at it any more. */
static napi_value
remove_socket(napi_env env, napi_callback_info info) {
  napi_value args[2], removed = NULL;
  hwr_socket_file_t file;
  if (!hwr__js_args(env, info, 2, args)) return NULL;
  char *path = hwr__js_string(env, args[0], "a path expected");
  char *id = path ? hwr__js_string(env, args[1], "the id of a file expected") : NULL;
  bool is_id = id && sscanf(id, "%" SCNu64 ":%" SCNu64, &file.device, &file.inode) == 2;
  if (id) napi_get_boolean(env, is_id && hwr_os_unlink_dead_socket(path, &file), &removed);
  free(id);
  free(path);
  return removed;
}

bool
hwr_named_export(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      HWR_FUNCTION("listen", listen_at),
      HWR_FUNCTION("awaitHost", await_host),
      HWR_FUNCTION("closeListener", close_listener),
      HWR_FUNCTION("bindSocket", bind_socket),
      HWR_FUNCTION("removeSocket", remove_socket),
  };
  hwr__js_set_uint32(env, exports, "maxSocketPath", (uint32_t) hwr_os_max_socket_path());
  size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok;
}
