/* SPDX-License-Identifier: MIT
 *
 * module.c - exports, and what one environment owns. Context-aware: any number of environments
 * load the addon; each has its state, its loop handles, and one cleanup hook that closes them
 * before the environment lets go of its loop.
 */
#include "binding/channel.h"

#include <stdlib.h>

static void
loop_closed(void *context) {
  hwr_env_t *state = context;
  napi_remove_async_cleanup_hook(state->hook);
  free(state);
}

void
hwr_env_channels_closed(hwr_env_t *state) {
  if (state->first || state->first_named) return;
  hwr_loop_close(state->loop, loop_closed, state);
}

/* No JavaScript may run any more: close what is open; the hook is removed when all of it is. */
static void
on_cleanup(napi_async_cleanup_hook_handle hook, void *arg) {
  (void) hook;
  hwr_env_t *state = arg;
  state->closing = true;
  hwr_watch_stop(state->watch);
  hwr_env_close_named(state);
  hwr_env_close_channels(state);
}

static hwr_env_t *
make_state(napi_env env) {
  hwr_env_t *state = calloc(1, sizeof *state);
  if (!state) return NULL;
  state->env = env;
  if (napi_get_uv_event_loop(env, &state->uv) == napi_ok) state->loop = hwr_loop_create(state->uv);
  if (!state->loop) {
    free(state);
    return NULL;
  }
  if (napi_add_async_cleanup_hook(env, on_cleanup, state, &state->hook) == napi_ok) {
    if (napi_set_instance_data(env, state, NULL, NULL) == napi_ok) return state;
    napi_remove_async_cleanup_hook(state->hook);
  }
  hwr_loop_close(state->loop, free, state);
  return NULL;
}

/* start(): once per environment, before anything else. */
static napi_value
start(napi_env env, napi_callback_info info) {
  (void) info;
  if (!hwr_env_of(env) && !make_state(env)) HWR_TRY(env, HWR_ENOMEM);
  return NULL;
}

/* uuid() -> Buffer of HWR_UUID_BYTES random bytes. node:crypto would cost a worker two
 * milliseconds and half a megabyte. */
static napi_value
uuid(napi_env env, napi_callback_info info) {
  (void) info;
  uint8_t bytes[HWR_UUID_BYTES];
  napi_value buffer;
  HWR_TRY(env, hwr_loop_random(bytes, sizeof bytes));
  HWR_NAPI(env, napi_create_buffer_copy(env, sizeof bytes, bytes, NULL, &buffer));
  return buffer;
}

/* Where things are in a channel's block, in bytes from its start; and the names of its words. */
static napi_value
layout(napi_env env) {
  napi_value object, words, counters;
  HWR_NAPI(env, napi_create_object(env, &object));
  HWR_NAPI(env, napi_create_object(env, &words));
  HWR_NAPI(env, napi_create_object(env, &counters));
  const uint32_t base = offsetof(hwr_block_t, words);
  hwr__js_set_uint32(env, object, "counters", offsetof(hwr_block_t, counters) - base);
  hwr__js_set_uint32(env, object, "records", offsetof(hwr_block_t, records) - base);
  hwr__js_set_uint32(env, object, "events", offsetof(hwr_block_t, events) - base);
  hwr__js_set_uint32(env, object, "streamFull", offsetof(hwr_block_t, stream_full) - base);
  hwr__js_set_uint32(env, object, "streamCount", HWR_LAST_STREAM + 1);
  hwr__js_set_uint32(env, object, "scratch", offsetof(hwr_block_t, scratch) - base);
  hwr__js_set_uint32(env, object, "inbox", offsetof(hwr_block_t, inbox) - base);
  hwr__js_set_uint32(env, object, "recordCount", HWR_RECORDS);
  hwr__js_set_uint32(env, object, "eventCount", HWR_EVENTS);
  hwr__js_set_uint32(env, object, "scratchBytes", HWR_SCRATCH_BYTES);
  hwr__js_set_uint32(env, object, "inboxBytes", HWR_INBOX_BYTES);
#define X(name) hwr__js_set_uint32(env, words, #name, HWR_WORD_##name);
  HWR_WORD_MAP(X)
#undef X
#define X(name) hwr__js_set_uint32(env, counters, #name, HWR_COUNTER_##name);
  HWR_COUNTER_MAP(X)
#undef X
  hwr__js_set(env, object, "words", words);
  hwr__js_set(env, object, "counterIndex", counters);
  return object;
}

/* { name: number } of every status. */
static napi_value
status_codes(napi_env env) {
  napi_value object;
  HWR_NAPI(env, napi_create_object(env, &object));
#define X(name, code, text) hwr__js_set(env, object, #name, hwr__js_int32(env, code));
  HWR_STATUS_MAP(X)
#undef X
  return object;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"start", NULL, start, NULL, NULL, NULL, napi_enumerable, NULL},
      {"uuid", NULL, uuid, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  HWR_NAPI(env, napi_define_properties(env, exports, 2, functions));
  hwr__js_set(env, exports, "layout", layout(env));
  hwr__js_set(env, exports, "status", status_codes(env));
  hwr__js_set_uint32(env, exports, "ringBytes", HWR_DEFAULT_RING_BYTES);
  hwr__js_set_uint32(env, exports, "protocolVersion", HWR_PROTOCOL_VERSION);
  if (!hwr_link_export(env, exports) || !hwr_channel_export(env, exports) ||
      !hwr_streams_export(env, exports) || !hwr_fed_export(env, exports) ||
      !hwr_named_export(env, exports)) {
    hwr__js_throw_napi(env, "napi_define_properties");
    return NULL;
  }
  return exports;
}
