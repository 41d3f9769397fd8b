/* SPDX-License-Identifier: MIT
 *
 * session_state.h - what session.c, session_in.c and session_out.c share. Nobody else's.
 */
#ifndef HWR_CORE_SESSION_STATE_H
#define HWR_CORE_SESSION_STATE_H

#include "core/bucket.h"
#include "core/flow.h"
#include "core/session.h"
#include "core/txn.h"

enum {
  HWR_CONTROL_RESERVE_BYTES = 1024, /* of the ring, never given to records (P5.10) */
  HWR_MIN_REGION_BYTES = 4096,
  HWR_INLINE_BYTES = 8192, /* a longer body is received straight into its own buffer */
  HWR_MAX_BULKS = 64       /* bulk messages per batch */
};

/* How far the start has come, as the receiving side sees it (P3). */
enum hwr_stage {
  HWR_STAGE_HELLO = 1,   /* nothing received yet */
  HWR_STAGE_INIT = 2,    /* [worker] HELLO received */
  HWR_STAGE_METHODS = 4, /* [host] HELLO received */
  HWR_STAGE_START = 8,   /* [worker] INIT received, READY not sent; [host] METHODS received */
  HWR_STAGE_READY = 16
};

typedef struct hwr_assembly_s { /* the lane's message in progress, out of the inbox */
  bool active;
  bool discard;        /* an answer nobody waits for: counted, not stored */
  hwr_frame_t first;   /* header of its first frame; length_bytes unused */
  uint8_t *data;       /* owned */
  size_t length_bytes; /* received so far, also when discarded */
  size_t capacity_bytes;
  uint32_t frame_bytes; /* body of the frame in progress */
  size_t frame_left;    /* of it still to come */
  bool last;            /* the frame in progress ends the message */
} hwr_assembly_t;

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
  hwr_assembly_t assembly;
  hwr_bulk_t bulks[HWR_MAX_BULKS];
  uint32_t bulk_count;
  hwr_window_t window_bytes, window_messages;
  hwr_serving_t serving;
  uint64_t cancels_allowed; /* calls received that no CANCEL has come for (P4.15) */
  hwr_bucket_t strikes;

  /* sending */
  hwr_producer_t *out;
  hwr_region_t region;
  uint32_t chunk_bytes; /* config's, or less: see hwr__session_fit_chunk */
  uint32_t room_wanted; /* by what the last flush left behind for want of room */
  hwr_credit_t credit_bytes, credit_messages;
  hwr_calls_t calls;
  uint64_t late_allowed; /* answers that may still come to calls we gave up */
  hwr_spill_t spill;     /* the lane: waits for room or bytes of credit */
  hwr_spill_t requests;  /* wait for message credit before they enter the lane */
  bool front_started;    /* part of the spill's front record has been sent */
  uint32_t drain_wanted; /* enum hwr_drain, or both */
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

#endif
