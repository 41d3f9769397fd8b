/* SPDX-License-Identifier: MIT
 *
 * fed.c - a channel whose bytes JavaScript carries: lib/fed-link.js calls these.
 */
#include "binding/channel_state.h"

/* openFed(options, listener) -> channel. listener.onOpen is called before the return; onSend and
 * onWant when there is something to carry. */
static napi_value
open_fed(napi_env env, napi_callback_info info) {
  napi_value args[2], object;
  if (!hwr__js_args(env, info, 2, args)) return NULL;
  hwr_channel_t *ch = hwr__channel_make(env, args[0], args[1], &object);
  if (!ch) return NULL;
  int err = hwr__channel_open_transport(ch, HWR_CARRIER_FED);
  if (err) hwr_channel_close(ch);
  HWR_TRY(env, err);
  hwr__channel_opened(ch);
  return object;
}

/* As hwr__channel_of_call, of one that is fed. */
static hwr_channel_t *
fed_channel(napi_env env, napi_callback_info info, size_t count, napi_value *args) {
  hwr_channel_t *ch = hwr__channel_of_call(env, info, count, args);
  if (!ch || ch->fed) return ch;
  napi_throw_type_error(env, NULL, "the channel has a transport of its own");
  return NULL;
}

/* feed(channel, bytes) -> how many were taken: none within onBatch. The rest is to be offered again
 * after onWant. */
static napi_value
feed(napi_env env, napi_callback_info info) {
  napi_value args[2], number = NULL;
  const uint8_t *bytes;
  size_t count;
  hwr_channel_t *ch = fed_channel(env, info, 2, args);
  if (!ch || !hwr__js_bytes(env, args[1], &bytes, &count)) return NULL;
  size_t taken = hwr_fed_feed(ch->transport, bytes, count);
  HWR_NAPI(env, napi_create_int64(env, (int64_t) taken, &number));
  return number;
}

/* endFed(channel): no more bytes come; onEnd follows. Not before feed() has taken all. */
static napi_value
end_fed(napi_env env, napi_callback_info info) {
  napi_value args[1];
  hwr_channel_t *ch = fed_channel(env, info, 1, args);
  if (ch) hwr_fed_end(ch->transport, 0);
  return NULL;
}

/* fedSent(channel, count): the first so many bytes of what onSend told of have been carried. */
static napi_value
fed_sent(napi_env env, napi_callback_info info) {
  napi_value args[2];
  uint32_t count;
  hwr_channel_t *ch = fed_channel(env, info, 2, args);
  if (ch && hwr__js_uint32(env, args[1], "count", &count)) hwr_fed_sent(ch->transport, count);
  return NULL;
}

/* isDone(channel) -> whether its streams are over and all that was flushed has been carried. */
static napi_value
is_done(napi_env env, napi_callback_info info) {
  napi_value args[1], done = NULL;
  hwr_channel_t *ch = fed_channel(env, info, 1, args);
  if (!ch) return NULL;
  bool waits = hwr_session_open_streams(ch->session) > 0 ||
               hwr_session_room_wanted(ch->session) > 0 || hwr_session_control_waits(ch->session) ||
               hwr_producer_unread(hwr_transport_producer(ch->transport)) > 0;
  HWR_NAPI(env, napi_get_boolean(env, !waits, &done));
  return done;
}

bool
hwr_fed_export(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      HWR_FUNCTION("openFed", open_fed), HWR_FUNCTION("feed", feed),
      HWR_FUNCTION("endFed", end_fed),   HWR_FUNCTION("fedSent", fed_sent),
      HWR_FUNCTION("isDone", is_done),
  };
  size_t count = sizeof functions / sizeof *functions;
  return napi_define_properties(env, exports, count, functions) == napi_ok;
}
