/* SPDX-License-Identifier: MIT
 *
 * session_state.h - what the session_*.c share. Nobody else's, but for tests that count strikes.
 */
#ifndef HWR_CORE_SESSION_STATE_H
#define HWR_CORE_SESSION_STATE_H

#include "core/bucket.h"
#include "core/flow.h"
#include "core/session.h"
#include "core/streams.h"
#include "core/txn.h"

enum {
  HWR_CONTROL_RESERVE_BYTES = 1024, /* of the ring, never given to records (P5.10) */
  HWR_MIN_REGION_BYTES = 4096,
  HWR_MAX_BULKS = 64 /* bulk messages per batch */
};

/* How far the start has come, as the receiving side sees it (P3). */
enum hwr_stage {
  HWR_STAGE_HELLO = 1,   /* nothing received yet */
  HWR_STAGE_INIT = 2,    /* [worker] HELLO received */
  HWR_STAGE_METHODS = 4, /* [host] HELLO received */
  HWR_STAGE_START = 8,   /* [worker] INIT received, READY not sent; [host] METHODS received */
  HWR_STAGE_READY = 16
};

/* A frame, or a message of several, whose body is all here. */
typedef struct hwr_message_s {
  hwr_frame_t frame;
  const uint8_t *body; /* borrowed: in the inbox or in a bulk buffer */
  uint32_t body_bytes;
  uint32_t inbox_offset;
  uint8_t *bulk; /* owned, or NULL when in the inbox */
} hwr_message_t;

typedef struct hwr_bulk_s {
  uint8_t *data; /* owned */
  size_t length_bytes;
} hwr_bulk_t;

typedef struct hwr_id_s {
  uint32_t slot, generation;
} hwr_id_t;

typedef struct hwr_id_queue_s { /* pings to send, or pongs to answer */
  hwr_id_t *ids;
  uint32_t begin, end, capacity_count;
} hwr_id_queue_t;

struct hwr_session_s {
  hwr_session_config_t config;
  hwr_mem_t mem;
  hwr_peer_t peer;
  enum hwr_stage stage;
  int failed;       /* fatal status, or 0 */
  const char *rule; /* that it is about */
  uint64_t now_ms;  /* of the call in progress */

  /* receiving */
  uint32_t inbox_begin, inbox_end; /* bytes not yet parsed */
  uint32_t skip_bytes;             /* padding still to come of a frame already handled */
  uint32_t event_count;
  bool stalled;
  bool after_pad;
  bool goaway_seen;
  hwr_assembly_t assembly; /* of the ordered lane */
  hwr_assembly_t *filling; /* whose frame is in progress, or NULL */
  bool in_message;         /* further frames of a message are likely to come next */
  hwr_bulk_t bulks[HWR_MAX_BULKS];
  uint32_t bulk_count;
  hwr_window_t window_bytes, window_messages;
  hwr_serving_t serving;
  uint64_t cancels_allowed; /* calls received that no CANCEL has come for (P4.15) */
  hwr_bucket_t strikes;
  hwr_streams_t streams;

  /* sending */
  hwr_producer_t *out;
  hwr_region_t region;
  uint32_t chunk_bytes;        /* config's, or less: see hwr__session_fit_chunk */
  uint32_t stream_chunk_bytes; /* likewise, of a stream; a turn to send is this and a header */
  bool stream_turn;            /* the next turn is a stream's, not the ordered lane's */
  uint64_t turn_offset;        /* of the ring, where the last turn of a stream ended */
  uint32_t room_wanted;        /* by what the last flush left behind for want of room */
  hwr_credit_t credit_bytes, credit_messages;
  hwr_calls_t calls;
  uint64_t late_allowed; /* answers that may still come to calls we gave up */
  bool tells_late;
  hwr_spill_t spill;     /* the lane: waits for room or bytes of credit */
  hwr_spill_t requests;  /* wait for message credit before they enter the lane */
  bool front_started;    /* part of the spill's front record has been sent */
  uint32_t defines_held; /* of the spill's records: no stream's message passes them (P11.16) */
  uint32_t drain_wanted; /* enum hwr_drain, or several */
  bool hello_waits, goaway_waits;
  uint32_t goaway_reason;
  hwr_id_queue_t pings, pongs;
};

/* Choose chunk_bytes so that a frame fits the empty ring and half the peer's window: beyond half,
 * the peer need not grant more (P5.6), and a longer frame could wait for ever. */
void hwr__session_fit_chunk(hwr_session_t *s);
/* Remember the first failure; returns it. */
int hwr__session_fail(hwr_session_t *s, int status, const char *rule);
/* Append an event; the caller has checked the room. */
hwr_event_t *hwr__session_event(hwr_session_t *s, enum hwr_event_kind kind,
                                const hwr_frame_t *frame);
static inline bool
hwr__session_event_room(const hwr_session_t *s) {
  return s->event_count < s->config.max_events;
}
/* 0, HWR_EOVERLOAD at HWR_MAX_PENDING_PONGS, HWR_ENOMEM. */
int hwr__id_queue_push(hwr_id_queue_t *queue, const hwr_mem_t *mem, hwr_id_t id);
bool hwr__id_queue_shift(hwr_id_queue_t *queue, hwr_id_t *id);

/* ---- session_in.c, for session_streams.c */

/* P8.2; 0, or fatal. */
int hwr__session_strike(hwr_session_t *s, const char *rule);
/* P0.1; HWR_EPROTO. */
int hwr__session_violation(hwr_session_t *s, const char *rule);
/* Append an event that carries the message's payload, which begins `skip` bytes into the body. */
hwr_event_t *hwr__session_deliver(hwr_session_t *s, enum hwr_event_kind kind, hwr_message_t *m,
                                  uint32_t skip);

/* ---- session_streams.c: what is received of streams. 0 or fatal */

int hwr__stream_handle_open(hwr_session_t *s, hwr_message_t *m);
int hwr__stream_handle_end(hwr_session_t *s, hwr_message_t *m);
int hwr__stream_handle_reset(hwr_session_t *s, hwr_message_t *m);
int hwr__stream_handle_credit(hwr_session_t *s, hwr_message_t *m);
/* A frame of DATA begins: *stream is whose it is, NULL when its body is to be skipped. */
int hwr__stream_begin_data(hwr_session_t *s, const hwr_frame_t *f, hwr_stream_t **stream);
/* It is whole, in the inbox. */
int hwr__stream_handle_data(hwr_session_t *s, hwr_message_t *m);
/* A frame that was assembled is whole. */
int hwr__stream_end_frame(hwr_session_t *s, hwr_stream_t *stream);

/* ---- session_out.c, for session_lanes.c. 0 or fatal */

enum hwr_stop { HWR_STOP_NOT, HWR_STOP_ROOM, HWR_STOP_CREDIT }; /* what a message waits for */

int hwr__session_send_in_lane(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *body);
int hwr__session_finish_flush(hwr_session_t *s);

/* ---- session_lanes.c: what is sent on streams */

enum hwr_origin { /* of a body that is to be sent */
                  HWR_FROM_SLICES = 0,
                  HWR_FROM_REGION =
                      1, /* which may be the ring: it is copied before the ring is written to */
                  HWR_AT_TAIL = 2 /* of the ring: its record may stay where it is */
};

/* A record of DATA, END or RESET of the owner's. 1: send it in the ordered lane. 0: done. Or an
 * error. */
int hwr__lanes_take(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *slices,
                    size_t slice_count, enum hwr_origin origin);
/* Whether anything of streams waits for room. */
static inline bool
hwr__lanes_wait(const hwr_session_t *s) {
  return s->streams.lines[HWR_LINE_READY].first != NULL;
}
/* Likewise, and may go: what it has may be of a shape that is still to be defined (P11.16). */
static inline bool
hwr__lanes_may_go(const hwr_session_t *s) {
  return hwr__lanes_wait(s) && s->defines_held == 0;
}
/* One turn of the stream that is first in line. 1: had its turn. 0: no room. Or fatal. */
int hwr__lanes_turn(hwr_session_t *s);
/* A CREDIT with these offsets has been written; the first one accepts the stream. */
void hwr__lanes_granted(hwr_session_t *s, hwr_stream_t *stream, uint64_t bytes, uint64_t messages);
/* There is credit, or something to send: the stream takes its turns. */
void hwr__lanes_wake(hwr_session_t *s, hwr_stream_t *stream);
/* Nothing that waits in its lane is sent any more. */
void hwr__lanes_clear(hwr_session_t *s, hwr_stream_t *stream);
/* The RESET that waited for the peer's word goes into the ordered lane. 0 or HWR_ENOMEM. */
int hwr__lanes_release_reset(hwr_session_t *s, hwr_stream_t *stream);
/* A RESET has left the ordered lane. */
void hwr__lanes_reset_sent(hwr_session_t *s, const hwr_frame_t *f);

/* ---- session_wire.c: bytes into the ring */

/* Free bytes for anything, or fatal. */
int64_t hwr__wire_room(hwr_session_t *s);
/* Free bytes for records: control frames keep a reserve, so that a full lane never stops them. */
int64_t hwr__wire_lane_room(hwr_session_t *s);
void hwr__wire_want_room(hwr_session_t *s, uint64_t bytes);
/* A control frame takes no credit (P5.7). 1: written. 0: no room now. Or fatal. */
int hwr__wire_control(hwr_session_t *s, const hwr_frame_t *frame, const uint8_t *body);
void hwr__wire_header(hwr_session_t *s, const hwr_frame_t *frame);
/* A frame whose body is f->length_bytes of `slices`, from byte `skip` on. The room is there. */
void hwr__wire_frame(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *slices,
                     size_t skip);
/* The record lies in the ring, at its tail: give it its header and move the tail behind it. */
void hwr__wire_in_place(hwr_session_t *s, const hwr_frame_t *f);

#endif
