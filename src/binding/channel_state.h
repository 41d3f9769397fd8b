/* SPDX-License-Identifier: MIT
 *
 * channel_state.h - what channel.c, calls.c, streams.c and fed.c share. Nobody else's.
 */
#ifndef HWR_BINDING_CHANNEL_STATE_H
#define HWR_BINDING_CHANNEL_STATE_H

#include "binding/channel.h"

struct hwr_channel_s {
  hwr_env_t *state;
  hwr_channel_t *next, *prev; /* in state->first, until closed */
  napi_env env;
  napi_ref listener; /* strong: { onOpen, onBatch, onEnd }; onSend, onWant if fed */
  napi_ref on_batch; /* strong: listener.onBatch, once it was called */
  napi_async_context async;
  napi_ref ring_buffer, block_buffer; /* strong; detached when the memory goes */
  hwr_session_t *session;             /* owned */
  hwr_block_t *block;                 /* leased */
  hwr_transport_t *transport;
  hwr_attach_t *attach;    /* host, before the worker's first byte */
  hwr_segments_t segments; /* owned until a transport takes them */
  int fd;                  /* likewise; or -1 */
  uint64_t spin_ns;
  int depth;          /* of JavaScript on the stack below us */
  int failed;         /* a fatal status that is still to be reported */
  uint32_t delivered; /* of the events in the table */
  bool host, shared, fed, unref, named;
  bool delivering; /* onBatch runs */
  bool ended;      /* onEnd has been called */
  bool closing, close_started, closed;
  bool finalized; /* the wrapper is gone */
};

/* NULL without memory. Entered into state->first. */
hwr_channel_t *hwr__channel_create(hwr_env_t *state, const hwr_session_config_t *config,
                                   uint64_t spin_ns);
/* What carries the bytes: the socket ch->fd, rings in ch->segments, or the embedder. */
enum hwr_carrier { HWR_CARRIER_SOCKET, HWR_CARRIER_RINGS, HWR_CARRIER_FED };
int hwr__channel_open_transport(hwr_channel_t *ch, enum hwr_carrier carrier);
void hwr__channel_attached(void *context, int byte);
/* Tell JavaScript of a transport that was opened at once. */
void hwr__channel_opened(hwr_channel_t *ch);
/* The channel of a call from JavaScript, or NULL: an exception is pending, or it is closed and the
 * call is void. */
hwr_channel_t *hwr__channel_of_call(napi_env env, napi_callback_info info, size_t count,
                                    napi_value *args);
/* A fatal status is not the caller's fault: it ends the channel in the next turn. */
void hwr__channel_fail_later(hwr_channel_t *ch, int err);
/* Flush the records in the table; push hands over what the session wrote. */
int hwr__channel_flush(hwr_channel_t *ch);
int hwr__channel_push(hwr_channel_t *ch);
void hwr__channel_events_taken(hwr_channel_t *ch);
/* Close now, or when the JavaScript that runs has returned. Idempotent. */
void hwr_channel_close(hwr_channel_t *ch);
void hwr__channel_finalize(napi_env env, void *data, void *hint);
/* A new channel and its object, of the arguments of a call; NULL with an exception pending. */
hwr_channel_t *hwr__channel_make(napi_env env, napi_value options, napi_value listener,
                                 napi_value *object);
napi_value hwr__channel_lease_buffer(napi_env env, hwr_lease_t *lease, void *data, size_t bytes);

#endif
