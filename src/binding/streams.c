/* SPDX-License-Identifier: MIT
 *
 * streams.c - what lib/channel.js calls on the streams of a channel. Messages and bytes go through
 * the table of records; here is what the table does not carry.
 */
#include "binding/channel_state.h"

/* What can be told of a stream without an exception. */
enum { OPENED = 0, TOO_MANY = 1 };

static bool
read_windows(napi_env env, const napi_value args[2], double *bytes, double *messages) {
  return hwr__js_number(env, args[0], "windowBytes", HWR_MIN_WINDOW_BYTES, INT32_MAX, bytes) &&
         hwr__js_number(env, args[1], "windowMessages", 0, INT32_MAX, messages);
}

static bool
read_id(napi_env env, const napi_value args[2], uint32_t *slot, uint32_t *generation) {
  return hwr__js_uint32(env, args[0], "slot", slot) &&
         hwr__js_uint32(env, args[1], "generation", generation);
}

/* openStream(channel, name, windowBytes, windowMessages) -> OPENED or TOO_MANY. The name in UTF-8;
 * no messages: a stream of bytes. Its slot and generation stand in the words. */
static napi_value
open_stream(napi_env env, napi_callback_info info) {
  napi_value args[4];
  const uint8_t *name;
  size_t name_bytes;
  double bytes, messages;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 4, args);
  if (!ch || ch->failed || !hwr__js_bytes(env, args[1], &name, &name_bytes) ||
      !read_windows(env, args + 2, &bytes, &messages))
    return NULL;
  const hwr_stream_options_t options = {(const char *) name, (uint32_t) name_bytes, messages > 0,
                                        (uint64_t) bytes, (uint64_t) messages};
  uint32_t *words = ch->block->words;
  int err =
      hwr_session_stream_open(ch->session, &options, hwr_loop_now_ms(),
                              &words[HWR_WORD_STREAM_SLOT], &words[HWR_WORD_STREAM_GENERATION]);
  if (err == HWR_EOVERLOAD) return hwr__js_int32(env, TOO_MANY);
  if (err == HWR_EBADARG || err == HWR_EAGAIN) HWR_TRY(env, err);
  if (!err) err = hwr__channel_push(ch);
  if (err) hwr__channel_fail_later(ch, err);
  return hwr__js_int32(env, OPENED);
}

/* acceptStream(channel, slot, generation, windowBytes, windowMessages): the next flush tells the
 * peer. */
static napi_value
accept_stream(napi_env env, napi_callback_info info) {
  napi_value args[5];
  uint32_t slot, generation;
  double bytes, messages;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 5, args);
  if (ch && read_id(env, args + 1, &slot, &generation) &&
      read_windows(env, args + 3, &bytes, &messages))
    HWR_TRY(env, hwr_session_stream_accept(ch->session, slot, generation, (uint64_t) bytes,
                                           (uint64_t) messages));
  return NULL;
}

/* writeStream(channel, slot, generation, bytes) -> how many were taken. Fewer than all: WRITABLE
 * comes. For what the region has no room for. */
static napi_value
write_stream(napi_env env, napi_callback_info info) {
  napi_value args[4];
  uint32_t slot, generation;
  const uint8_t *bytes;
  size_t count, taken = 0;
  hwr_channel_t *ch = hwr__channel_of_call(env, info, 4, args);
  if (!ch || !read_id(env, args + 1, &slot, &generation) ||
      !hwr__js_bytes(env, args[3], &bytes, &count) || ch->failed)
    return NULL;
  int err = hwr_session_stream_write(ch->session, slot, generation, 0, bytes, count,
                                     hwr_loop_now_ms(), &taken);
  if (err == HWR_EBADARG) HWR_TRY(env, err);
  if (!err || err == HWR_EAGAIN) err = hwr__channel_push(ch);
  if (err) hwr__channel_fail_later(ch, err);
  return hwr__js_int32(env, (int32_t) taken);
}

bool
hwr_streams_export(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      HWR_FUNCTION("openStream", open_stream),
      HWR_FUNCTION("acceptStream", accept_stream),
      HWR_FUNCTION("writeStream", write_stream),
  };
  size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok;
}
