/* SPDX-License-Identifier: MIT
 *
 * calls.c - what lib/channel.js calls on a channel. lib/ has checked the arguments; what is
 * checked here keeps a mistake of ours from corrupting memory.
 */
#include "binding/channel_state.h"

#include <stdlib.h>
#include <string.h>

static const napi_type_tag CHANNEL_TAG = {0x9a6c03d1f7e24b58, 0xb02f8d6e41c7a935};

enum { BULK_COPY_BYTES = 32 * 1024, MAX_SLICES = 64 };

/* ------------------------------------------------------------------ opening */

static hwr_session_config_t
read_config(napi_env env, napi_value options) {
  hwr_session_config_t config = {0};
  const uint8_t *uuid;
  size_t count;
  config.role = (enum hwr_role) hwr__js_get_uint32(env, options, "role");
  config.codecs = hwr__js_get_uint32(env, options, "codecs");
  config.max_message_bytes = hwr__js_get_uint32(env, options, "maxMessageBytes");
  config.window_bytes = (uint64_t) hwr__js_get_double(env, options, "windowBytes");
  config.window_messages = (uint64_t) hwr__js_get_double(env, options, "windowMessages");
  config.high_water_bytes = (uint64_t) hwr__js_get_double(env, options, "highWaterBytes");
  config.high_water_messages = (uint64_t) hwr__js_get_double(env, options, "highWaterMessages");
  if (hwr__js_bytes(env, hwr__js_get(env, options, "uuid"), &uuid, &count) &&
      count == HWR_UUID_BYTES)
    memcpy(config.uuid, uuid, count);
  if (config.max_message_bytes > HWR_MAX_MESSAGE_BYTES)
    config.max_message_bytes = HWR_MAX_MESSAGE_BYTES;
  return config;
}

/* The JavaScript object of a new channel, with its block of shared memory. */
static napi_value
channel_object(napi_env env, hwr_channel_t *ch, napi_value listener) {
  napi_value object, block, name;
  HWR_NAPI(env, napi_create_object(env, &object));
  HWR_NAPI(env, napi_type_tag_object(env, object, &CHANNEL_TAG));
  size_t bytes = sizeof *ch->block - offsetof(hwr_block_t, words);
  block = hwr__channel_lease_buffer(env, &ch->block->lease, ch->block->words, bytes);
  if (!block) return NULL;
  hwr__js_set(env, object, "block", block);
  HWR_NAPI(env, napi_create_reference(env, block, 1, &ch->block_buffer));
  HWR_NAPI(env, napi_create_reference(env, listener, 1, &ch->listener));
  HWR_NAPI(env, napi_create_string_utf8(env, "HAWSER", NAPI_AUTO_LENGTH, &name));
  HWR_NAPI(env, napi_async_init(env, object, name, &ch->async));
  HWR_NAPI(env, napi_wrap(env, object, ch, hwr__channel_finalize, NULL, NULL));
  return object;
}

static hwr_channel_t *
make_channel(napi_env env, napi_value options, napi_value listener, napi_value *object) {
  hwr_env_t *state = hwr_env_of(env);
  hwr_session_config_t config = read_config(env, options);
  double spin_us = hwr__js_get_double(env, options, "spinMicroseconds");
  hwr_channel_t *ch = hwr__channel_create(state, &config, (uint64_t) (spin_us * 1000));
  if (!ch) {
    hwr__js_throw_status(env, HWR_ENOMEM);
    return NULL;
  }
  *object = channel_object(env, ch, listener);
  if (*object) return ch;
  ch->finalized = true; /* no wrapper will be */
  hwr_channel_close(ch);
  return NULL;
}

/* openHost(link, options, listener) -> channel. listener.onOpen follows when the worker has
 * chosen a transport, listener.onEnd when it never will. */
static napi_value
open_host(napi_env env, napi_callback_info info) {
  napi_value args[3], object;
  if (!hwr__js_args(env, info, 3, args)) return NULL;
  hwr_link_t *link = hwr_link_unwrap(env, args[0]);
  if (!link) return NULL;
  hwr_channel_t *ch = make_channel(env, args[1], args[2], &object);
  if (!ch) return NULL;
  ch->fd = hwr_link_take(link, &ch->segments);
  int err = hwr_attach_open(&ch->attach, ch->state->loop, ch->fd, hwr__channel_attached, ch);
  if (err) hwr_channel_close(ch);
  HWR_TRY(env, err);
  return object;
}

static bool
read_fds(napi_env env, napi_value array, int fds[1 + HWR_SEGMENTS]) {
  uint32_t count = 0;
  napi_get_array_length(env, array, &count);
  for (uint32_t i = 0; i < 1 + HWR_SEGMENTS; i++) {
    napi_value value;
    fds[i] = -1;
    if (i >= count || napi_get_element(env, array, i, &value) != napi_ok) continue;
    fds[i] = (int) hwr__js_uint32(env, value);
  }
  return count == 1 + HWR_SEGMENTS;
}

/* openWorker(fds, options, listener) -> channel. The descriptors are taken: the socket, then the
 * segments if there are any. listener.onOpen is called before the return. */
static napi_value
open_worker(napi_env env, napi_callback_info info) {
  napi_value args[3], object;
  int fds[1 + HWR_SEGMENTS];
  if (!hwr__js_args(env, info, 3, args)) return NULL;
  hwr_channel_t *ch = make_channel(env, args[1], args[2], &object);
  if (!ch) return NULL;
  const char *reason;
  bool shared = read_fds(env, args[0], fds) &&
                hwr_segments_join(&ch->segments, fds + 1, sizeof(hwr_ring_page_t), &reason) == 0;
  ch->fd = fds[0];
  int err = hwr_os_send_byte(ch->fd, shared ? HWR_ATTACH_RINGS : HWR_ATTACH_SOCKET);
  hwr_segments_close(&ch->segments);
  if (!err) err = hwr__channel_open_transport(ch, shared);
  if (err) hwr_channel_close(ch);
  HWR_TRY(env, err);
  hwr__channel_opened(ch);
  return object;
}

/* ------------------------------------------------------------------ sending */

/* The channel of a call, or NULL: an exception is pending, or it is closed and the call is void. */
static hwr_channel_t *
open_channel(napi_env env, napi_callback_info info, size_t count, napi_value *args) {
  if (!hwr__js_args(env, info, count, args)) return NULL;
  hwr_channel_t *ch = hwr__js_unwrap(env, args[0], &CHANNEL_TAG);
  return ch && !ch->closing && ch->transport ? ch : NULL;
}

/* A fatal status is not the caller's fault: it ends the channel in the next turn. */
static void
fail_later(hwr_channel_t *ch, int err) {
  if (ch->failed == 0) ch->failed = err;
  hwr_transport_schedule(ch->transport);
}

/* flush(channel): send the records in the table, and what waits. */
static napi_value
flush(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = open_channel(env, info, 1, args);
  if (!ch || ch->failed) return NULL;
  int err = hwr__channel_flush(ch);
  if (err) fail_later(ch, err);
  return NULL;
}

static bool
read_slices(napi_env env, napi_value array, hwr_slice_t slices[MAX_SLICES], size_t *slice_count) {
  uint32_t count = 0;
  napi_get_array_length(env, array, &count);
  if (count > MAX_SLICES) return false;
  for (uint32_t i = 0; i < count; i++) {
    napi_value value;
    if (napi_get_element(env, array, i, &value) != napi_ok) return false;
    if (!hwr__js_bytes(env, value, &slices[i].bytes, &slices[i].length_bytes)) return false;
  }
  *slice_count = count;
  return true;
}

/* sendSlices(channel, slices): send one record, described by the first entry of the table, whose
 * body is up to MAX_SLICES Uint8Arrays. They are copied before the return. */
static napi_value
send_slices(napi_env env, napi_callback_info info) {
  napi_value args[2];
  hwr_slice_t slices[MAX_SLICES];
  size_t count = 0;
  hwr_channel_t *ch = open_channel(env, info, 2, args);
  if (!ch || ch->failed || !read_slices(env, args[1], slices, &count)) return NULL;
  int err = hwr_session_send(ch->session, &ch->block->records[0], slices, count, hwr_loop_now_ms());
  if (err == HWR_EBADARG) HWR_TRY(env, err);
  if (!err) err = hwr__channel_push(ch);
  if (err) fail_later(ch, err);
  return NULL;
}

/* ping(channel, slot, generation, timeoutMs) */
static napi_value
ping(napi_env env, napi_callback_info info) {
  napi_value args[4];
  hwr_channel_t *ch = open_channel(env, info, 4, args);
  if (!ch) return NULL;
  uint32_t timeout_ms = hwr__js_uint32(env, args[3]);
  uint64_t deadline_ms = timeout_ms ? hwr_loop_now_ms() + timeout_ms : UINT64_MAX;
  HWR_TRY(env, hwr_session_ping(ch->session, hwr__js_uint32(env, args[1]),
                                hwr__js_uint32(env, args[2]), deadline_ms));
  return NULL;
}

/* goaway(channel, reason) */
static napi_value
goaway(napi_env env, napi_callback_info info) {
  napi_value args[2];
  hwr_channel_t *ch = open_channel(env, info, 2, args);
  if (ch) hwr_session_goaway(ch->session, hwr__js_uint32(env, args[1]));
  return NULL;
}

/* wantDrain(channel): one DRAIN event, when what waits has fallen to half the high-water mark. */
static napi_value
want_drain(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = open_channel(env, info, 1, args);
  if (!ch) return NULL;
  hwr_session_want_drain(ch->session);
  if (hwr_session_drain_due(ch->session)) hwr_transport_schedule(ch->transport);
  return NULL;
}

/* ------------------------------------------------------------------ receiving */

static void
free_bulk(napi_env env, void *data, void *hint) {
  (void) env, (void) hint;
  free(data);
}

static napi_value
copied_buffer(napi_env env, const uint8_t *data, size_t bytes) {
  void *copy;
  napi_value buffer;
  HWR_NAPI(env, napi_create_arraybuffer(env, bytes, &copy, &buffer));
  memcpy(copy, data, bytes);
  return buffer;
}

/* takeBulk(channel, index) -> ArrayBuffer of the whole body: its own, nobody else sees it. */
static napi_value
take_bulk(napi_env env, napi_callback_info info) {
  napi_value args[2], buffer = NULL;
  size_t bytes = 0;
  hwr_channel_t *ch = open_channel(env, info, 2, args);
  if (!ch) return NULL;
  uint8_t *data = hwr_session_take_bulk(ch->session, hwr__js_uint32(env, args[1]) - 1, &bytes);
  if (!data) HWR_TRY(env, HWR_EBADARG);
  if (bytes >= BULK_COPY_BYTES &&
      napi_create_external_arraybuffer(env, data, bytes, free_bulk, NULL, &buffer) == napi_ok)
    return buffer;
  buffer = copied_buffer(env, data, bytes);
  free(data);
  return buffer;
}

/* peerLimit(channel) -> the most bytes that the peer takes in one message. */
static napi_value
peer_limit(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = open_channel(env, info, 1, args);
  if (!ch) return NULL;
  uint32_t limit = hwr_session_peer(ch->session)->max_message_bytes;
  return hwr__js_int32(env, limit < HWR_MAX_MESSAGE_BYTES ? (int) limit : HWR_MAX_MESSAGE_BYTES);
}

/* peerVersion(channel) -> the version of the protocol that the peer's HELLO named. */
static napi_value
peer_version(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = open_channel(env, info, 1, args);
  if (!ch) return NULL;
  return hwr__js_int32(env, hwr_session_peer(ch->session)->version);
}

/* ------------------------------------------------------------------ ending */

/* readRest(channel): the process has ended; take in and deliver all that it had sent. */
static napi_value
read_rest(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = open_channel(env, info, 1, args);
  if (ch && ch->depth == 0) hwr_transport_read_rest(ch->transport);
  return NULL;
}

/* Moves on what can be; true while anything is held. */
static bool
drain_more(void *context) {
  hwr_channel_t *ch = context;
  if (ch->failed || hwr_session_flush(ch->session, NULL, 0, hwr_loop_now_ms())) return false;
  return hwr_session_held_bytes(ch->session) > 0;
}

/* drain(channel, timeoutMs): block until all that was sent is with the peer or the kernel. */
static napi_value
drain(napi_env env, napi_callback_info info) {
  napi_value args[2];
  hwr_channel_t *ch = open_channel(env, info, 2, args);
  if (!ch || ch->failed || hwr__channel_flush(ch)) return NULL;
  uint64_t deadline_ns = hwr_loop_now_ns() + (uint64_t) hwr__js_uint32(env, args[1]) * 1000000;
  hwr_transport_drain(ch->transport, deadline_ns, drain_more);
  return NULL;
}

/* setRef(channel, boolean): whether the channel keeps the loop alive. */
static napi_value
set_ref(napi_env env, napi_callback_info info) {
  napi_value args[2];
  bool ref = true;
  if (!hwr__js_args(env, info, 2, args)) return NULL;
  hwr_channel_t *ch = hwr__js_unwrap(env, args[0], &CHANNEL_TAG);
  if (!ch || ch->closing) return NULL;
  napi_get_value_bool(env, args[1], &ref);
  ch->unref = !ref;
  if (ch->transport) hwr_transport_ref(ch->transport, ref);
  else if (ch->attach) hwr_attach_ref(ch->attach, ref);
  return NULL;
}

/* close(channel): nothing is delivered from here on. Idempotent. */
static napi_value
close_channel(napi_env env, napi_callback_info info) {
  napi_value args[1];
  if (!hwr__js_args(env, info, 1, args)) return NULL;
  hwr_channel_t *ch = hwr__js_unwrap(env, args[0], &CHANNEL_TAG);
  if (ch) hwr_channel_close(ch);
  return NULL;
}

/* watchHost(fd, graceMs): end this process soon after the socket's other end is gone. */
static napi_value
watch_host(napi_env env, napi_callback_info info) {
  napi_value args[2];
  if (!hwr__js_args(env, info, 2, args)) return NULL;
  hwr_env_t *state = hwr_env_of(env);
  if (!state->watch)
    state->watch =
        hwr_watch_start((int) hwr__js_uint32(env, args[0]), (int) hwr__js_uint32(env, args[1]));
  return NULL;
}

#define FUNCTION(name, function)                                                                   \
  { name, NULL, function, NULL, NULL, NULL, napi_enumerable, NULL }

bool
hwr_channel_export(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      FUNCTION("openHost", open_host),
      FUNCTION("openWorker", open_worker),
      FUNCTION("flush", flush),
      FUNCTION("sendSlices", send_slices),
      FUNCTION("ping", ping),
      FUNCTION("goaway", goaway),
      FUNCTION("wantDrain", want_drain),
      FUNCTION("takeBulk", take_bulk),
      FUNCTION("peerLimit", peer_limit),
      FUNCTION("peerVersion", peer_version),
      FUNCTION("readRest", read_rest),
      FUNCTION("drain", drain),
      FUNCTION("setRef", set_ref),
      FUNCTION("close", close_channel),
      FUNCTION("watchHost", watch_host),
  };
  size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok;
}
