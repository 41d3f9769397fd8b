/* SPDX-License-Identifier: MIT
 *
 * calls.c - what lib/channel.js calls on a channel. lib/ has checked the arguments; what is
 * checked here keeps a mistake of ours from corrupting memory.
 */
#include "binding/channel_state.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

static const napi_type_tag CHANNEL_TAG = {0x9a6c03d1f7e24b58, 0xb02f8d6e41c7a935};

enum { BULK_COPY_BYTES = 32 * 1024, MAX_SLICES = 64, MAX_SPIN_US = 1000 * 1000 };
enum { MAX_GRACE_MS = 60 * 1000 };
enum { STREAMS_WINDOW_BYTES = 16 << 20 }; /* what all together may have unread: see streams.h */
static const double MAX_WINDOW = 9007199254740991; /* what a double counts exactly */

/* ------------------------------------------------------------------ opening */

/* False with an exception pending: a mistake in lib/, but no reason to end the process. */
static bool
read_config(napi_env env, napi_value options, hwr_session_config_t *config, uint64_t *spin_ns) {
  double role, codecs, message, window, messages, mark, spin_us;
  const uint8_t *uuid;
  size_t count;
  if (!hwr__js_get_number(env, options, "role", HWR_HOST, HWR_WORKER, &role) ||
      !hwr__js_get_number(env, options, "codecs", 0, UINT32_MAX, &codecs) ||
      !hwr__js_get_number(env, options, "maxMessageBytes", 0, HWR_MAX_MESSAGE_BYTES, &message) ||
      !hwr__js_get_number(env, options, "windowBytes", HWR_MIN_WINDOW_BYTES, MAX_WINDOW, &window) ||
      !hwr__js_get_number(env, options, "windowMessages", 0, MAX_WINDOW, &messages) ||
      !hwr__js_get_number(env, options, "highWaterBytes", 0, MAX_WINDOW, &mark) ||
      !hwr__js_get_number(env, options, "spinMicroseconds", 0, MAX_SPIN_US, &spin_us) ||
      !hwr__js_bytes(env, hwr__js_get(env, options, "uuid"), &uuid, &count))
    return false;
  *config = (hwr_session_config_t){
      .role = (enum hwr_role) role,
      .codecs = (uint32_t) codecs,
      .max_message_bytes = (uint32_t) message,
      .window_bytes = (uint64_t) window,
      .window_messages = (uint64_t) messages,
      .high_water_bytes = (uint64_t) mark,
      .streams_window_bytes = STREAMS_WINDOW_BYTES,
      .stream_high_water_bytes = HWR_STREAM_HIGH_WATER_BYTES,
  };
  *spin_ns = (uint64_t) spin_us * 1000;
  if (count == HWR_UUID_BYTES) memcpy(config->uuid, uuid, count);
  else napi_throw_range_error(env, NULL, "uuid must be 16 bytes");
  return count == HWR_UUID_BYTES;
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

hwr_channel_t *
hwr__channel_make(napi_env env, napi_value options, napi_value listener, napi_value *object) {
  hwr_env_t *state = hwr_env_started(env);
  hwr_session_config_t config;
  uint64_t spin_ns;
  if (!state || !hwr__js_object(env, listener, "the listener must be an object") ||
      !read_config(env, options, &config, &spin_ns))
    return NULL;
  hwr_channel_t *ch = hwr__channel_create(state, &config, spin_ns);
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
  hwr_channel_t *ch = hwr__channel_make(env, args[1], args[2], &object);
  if (!ch) return NULL;
  ch->fd = hwr_link_take(link, &ch->segments);
  ch->named = hwr_link_is_named(link);
  int err = hwr_attach_open(&ch->attach, ch->state->loop, ch->fd, hwr__channel_attached, ch);
  if (err) hwr_channel_close(ch);
  HWR_TRY(env, err);
  return object;
}

/* False with an exception pending. Those that are not there are -1. */
static bool
read_fds(napi_env env, napi_value array, int fds[1 + HWR_SEGMENTS]) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < 1 + HWR_SEGMENTS; i++) fds[i] = -1;
  if (napi_get_array_length(env, array, &count) != napi_ok) {
    napi_throw_type_error(env, NULL, "an array of descriptors expected");
    return false;
  }
  for (uint32_t i = 0; i < count && i < 1 + HWR_SEGMENTS; i++) {
    napi_value value;
    double fd;
    if (napi_get_element(env, array, i, &value) != napi_ok ||
        !hwr__js_number(env, value, "a descriptor", 0, INT_MAX, &fd))
      return false;
    fds[i] = (int) fd;
  }
  if (hwr_os_is_stream_socket(fds[0])) return true;
  napi_throw_error(env, "ENOTSOCK", "the first descriptor is not a stream socket");
  return false;
}

static bool
join_segments(hwr_channel_t *ch, const int *fds) {
  const char *reason;
  for (int i = 0; i < HWR_SEGMENTS; i++)
    if (fds[i] < 0) return false;
  return hwr_segments_join(&ch->segments, fds, sizeof(hwr_ring_page_t), &reason) == 0;
}

/* openWorker(fds, options, listener) -> channel. The descriptors are taken once the arguments are
 * found good: the socket, then the segments if there are any. listener.onOpen is called before the
 * return. */
static napi_value
open_worker(napi_env env, napi_callback_info info) {
  napi_value args[3], object;
  int fds[1 + HWR_SEGMENTS];
  if (!hwr__js_args(env, info, 3, args) || !read_fds(env, args[0], fds)) return NULL;
  hwr_channel_t *ch = hwr__channel_make(env, args[1], args[2], &object);
  if (!ch) return NULL;
  ch->fd = fds[0];
  bool shared = join_segments(ch, fds + 1);
  int err = hwr_os_send_byte(ch->fd, shared ? HWR_ATTACH_RINGS : HWR_ATTACH_SOCKET);
  if (!err) err = hwr__channel_open_transport(ch, shared ? HWR_CARRIER_RINGS : HWR_CARRIER_SOCKET);
  if (err) hwr_channel_close(ch);
  HWR_TRY(env, err);
  hwr__channel_opened(ch);
  return object;
}

/* ------------------------------------------------------------------ sending */

hwr_channel_t *
hwr__channel_of_call(napi_env env, napi_callback_info info, size_t count, napi_value *args) {
  if (!hwr__js_args(env, info, count, args)) return NULL;
  hwr_channel_t *ch = hwr__js_unwrap(env, args[0], &CHANNEL_TAG);
  return ch && !ch->closing && ch->transport ? ch : NULL;
}

void
hwr__channel_fail_later(hwr_channel_t *ch, int err) {
  if (ch->failed == 0) ch->failed = err;
  hwr_transport_schedule(ch->transport);
}

/* flush(channel): send the records in the table, and what waits. */
static napi_value
flush(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 1, args);
  if (!ch || ch->failed) return NULL;
  int err = hwr__channel_flush(ch);
  if (err) hwr__channel_fail_later(ch, err);
  return NULL;
}

/* False with an exception pending. An element may be a getter, so all are read before the address
 * of one is taken. */
static bool
read_slices(napi_env env, napi_value array, hwr_slice_t slices[MAX_SLICES], size_t *slice_count) {
  napi_value values[MAX_SLICES];
  uint32_t count = 0;
  if (napi_get_array_length(env, array, &count) != napi_ok || count > MAX_SLICES) {
    napi_throw_type_error(env, NULL, "an array of at most 64 Uint8Arrays expected");
    return false;
  }
  for (uint32_t i = 0; i < count; i++)
    if (napi_get_element(env, array, i, &values[i]) != napi_ok) return false;
  for (uint32_t i = 0; i < count; i++)
    if (!hwr__js_bytes(env, values[i], &slices[i].bytes, &slices[i].length_bytes)) return false;
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
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 2, args);
  if (!ch || !read_slices(env, args[1], slices, &count) || ch->closing || ch->failed) return NULL;
  int err = hwr_session_send(ch->session, &ch->block->records[0], slices, count, hwr_loop_now_ms());
  if (err == HWR_EBADARG) HWR_TRY(env, err);
  if (!err) err = hwr__channel_push(ch);
  if (err) hwr__channel_fail_later(ch, err);
  return NULL;
}

/* ping(channel, slot, generation, timeoutMs) */
static napi_value
ping(napi_env env, napi_callback_info info) {
  napi_value args[4];
  uint32_t slot, generation, timeout_ms;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 4, args);
  if (!ch || !hwr__js_uint32(env, args[1], "slot", &slot) ||
      !hwr__js_uint32(env, args[2], "generation", &generation) ||
      !hwr__js_uint32(env, args[3], "timeout", &timeout_ms))
    return NULL;
  uint64_t deadline_ms = timeout_ms ? hwr_loop_now_ms() + timeout_ms : UINT64_MAX;
  HWR_TRY(env, hwr_session_ping(ch->session, slot, generation, deadline_ms));
  return NULL;
}

/* tellLate(channel): late answers become LATE events. */
static napi_value
tell_late(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 1, args);
  if (ch) hwr_session_tell_late(ch->session);
  return NULL;
}

/* isSent(channel, slot, generation) -> boolean; not of what is not flushed. */
static napi_value
is_sent(napi_env env, napi_callback_info info) {
  napi_value args[3], sent = NULL;
  uint32_t slot, generation;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 3, args);
  if (!ch || !hwr__js_uint32(env, args[1], "slot", &slot) ||
      !hwr__js_uint32(env, args[2], "generation", &generation))
    return NULL;
  HWR_NAPI(env, napi_get_boolean(env, hwr_session_is_sent(ch->session, slot, generation), &sent));
  return sent;
}

/* goaway(channel, reason) */
static napi_value
goaway(napi_env env, napi_callback_info info) {
  napi_value args[2];
  uint32_t reason;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 2, args);
  if (ch && hwr__js_uint32(env, args[1], "reason", &reason))
    hwr_session_goaway(ch->session, reason);
  return NULL;
}

/* wantDrain(channel, what): one DRAIN event, when it has fallen to half the high-water mark. */
static napi_value
want_drain(napi_env env, napi_callback_info info) {
  napi_value args[2];
  uint32_t what;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 2, args);
  if (!ch || !hwr__js_uint32(env, args[1], "what", &what)) return NULL;
  hwr_session_want_drain(ch->session, what);
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
  uint32_t index;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 2, args);
  if (!ch || !hwr__js_uint32(env, args[1], "index", &index)) return NULL;
  uint8_t *data = hwr_session_take_bulk(ch->session, index - 1, &bytes);
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
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 1, args);
  if (!ch) return NULL;
  uint32_t limit = hwr_session_peer(ch->session)->max_message_bytes;
  return hwr__js_int32(env, limit < HWR_MAX_MESSAGE_BYTES ? (int) limit : HWR_MAX_MESSAGE_BYTES);
}

/* peerVersion(channel) -> the version of the protocol that the peer's HELLO named. */
static napi_value
peer_version(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 1, args);
  if (!ch) return NULL;
  return hwr__js_int32(env, hwr_session_peer(ch->session)->version);
}

/* peerUuid(channel) -> 16 bytes in an ArrayBuffer, as the peer's HELLO named itself. */
static napi_value
peer_uuid(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 1, args);
  if (!ch) return NULL;
  return copied_buffer(env, hwr_session_peer(ch->session)->uuid, HWR_UUID_BYTES);
}

/* ------------------------------------------------------------------ ending */

/* readRest(channel): the process has ended; take in and deliver all that it had sent. */
static napi_value
read_rest(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 1, args);
  if (ch && ch->depth == 0) hwr_transport_read_rest(ch->transport);
  return NULL;
}

/* Nobody takes the events of an environment that ends: without that their frames would be in the
 * way of the credit behind them. 0, or fatal. */
static int
drop_events(hwr_channel_t *ch) {
  uint8_t *to;
  int err = 0;
  while (!err && hwr_session_want(ch->session, &to) == 0) {
    hwr__channel_events_taken(ch);
    err = hwr_session_feed(ch->session, 0, hwr_loop_now_ms());
  }
  return err;
}

/* Moves on what can be; true while anything is held. */
static bool
drain_more(void *context) {
  hwr_channel_t *ch = context;
  if (ch->failed || drop_events(ch)) return false;
  if (hwr_session_flush(ch->session, NULL, 0, hwr_loop_now_ms())) return false;
  return hwr_session_held_bytes(ch->session) > 0 || hwr_session_room_wanted(ch->session) > 0;
}

/* drain(channel, timeoutMs): block until all that was sent is with the peer or the kernel. */
static napi_value
drain(napi_env env, napi_callback_info info) {
  napi_value args[2];
  double timeout_ms;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 2, args);
  if (!ch || !hwr__js_number(env, args[1], "timeout", 0, INT_MAX, &timeout_ms)) return NULL;
  if (ch->failed || hwr__channel_flush(ch)) return NULL;
  uint64_t deadline_ns = hwr_loop_now_ns() + (uint64_t) timeout_ms * 1000000;
  hwr_transport_drain(ch->transport, deadline_ns, drain_more);
  if (!ch->closing && !ch->failed && hwr__channel_push(ch)) hwr__channel_fail_later(ch, HWR_EPROTO);
  return NULL; /* the region has moved, and somebody may send in a later 'exit' listener */
}

/* setRef(channel, boolean): whether the channel keeps the loop alive. */
static napi_value
set_ref(napi_env env, napi_callback_info info) {
  napi_value args[2];
  bool ref = true;
  if (!hwr__js_args(env, info, 2, args)) return NULL;
  hwr_channel_t *ch = hwr__js_unwrap(env, args[0], &CHANNEL_TAG);
  if (!ch || ch->closing) return NULL;
  if (napi_get_value_bool(env, args[1], &ref) != napi_ok) {
    napi_throw_type_error(env, NULL, "a boolean expected");
    return NULL;
  }
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

/* watchHost(fd, graceMs, listener or undefined) -> fd: end this process soon after the socket's
 * other end is gone, and the listener's file with it. The socket has the returned number from now
 * on: a program that closes 3 is not to close ours. */
static napi_value
watch_host(napi_env env, napi_callback_info info) {
  napi_value args[3];
  napi_valuetype type = napi_undefined;
  double fd, grace_ms;
  hwr_env_t *state = hwr_env_started(env);
  if (!state || !hwr__js_args(env, info, 3, args) ||
      !hwr__js_number(env, args[0], "a descriptor", 0, INT_MAX, &fd) ||
      !hwr__js_number(env, args[1], "grace", 0, MAX_GRACE_MS, &grace_ms))
    return NULL;
  if (!hwr_os_is_stream_socket((int) fd)) {
    napi_throw_error(env, "ENOTSOCK", "the descriptor is not a stream socket");
    return NULL;
  }
  if (state->watch) return args[0];
  hwr_socket_file_t file = {0};
  const char *path = NULL;
  HWR_NAPI(env, napi_typeof(env, args[2], &type));
  if (type != napi_undefined && !(path = hwr_named_path(env, args[2], &file))) return NULL;
  int moved = hwr_os_move_high((int) fd);
  state->watch = hwr_watch_start(moved, (int) grace_ms, path, &file);
  return hwr__js_int32(env, moved);
}

/* unwatchHost(): this process may outlive its host. */
static napi_value
unwatch_host(napi_env env, napi_callback_info info) {
  (void) info;
  hwr_env_t *state = hwr_env_started(env);
  if (!state) return NULL;
  hwr_watch_stop(state->watch);
  state->watch = NULL;
  return NULL;
}

bool
hwr_channel_export(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      HWR_FUNCTION("openHost", open_host),
      HWR_FUNCTION("openWorker", open_worker),
      HWR_FUNCTION("flush", flush),
      HWR_FUNCTION("sendSlices", send_slices),
      HWR_FUNCTION("ping", ping),
      HWR_FUNCTION("tellLate", tell_late),
      HWR_FUNCTION("isSent", is_sent),
      HWR_FUNCTION("goaway", goaway),
      HWR_FUNCTION("wantDrain", want_drain),
      HWR_FUNCTION("takeBulk", take_bulk),
      HWR_FUNCTION("peerLimit", peer_limit),
      HWR_FUNCTION("peerVersion", peer_version),
      HWR_FUNCTION("peerUuid", peer_uuid),
      HWR_FUNCTION("readRest", read_rest),
      HWR_FUNCTION("drain", drain),
      HWR_FUNCTION("setRef", set_ref),
      HWR_FUNCTION("close", close_channel),
      HWR_FUNCTION("watchHost", watch_host),
      HWR_FUNCTION("unwatchHost", unwatch_host),
  };
  size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok;
}
