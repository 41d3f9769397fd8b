/* SPDX-License-Identifier: MIT
 *
 * session.h - one end of a connection: bytes in, events out; records in, bytes out.
 *                                                                    docs/protocol.md
 * Composes frame, txn, flow, spill and ring. Calls nobody back, does no I/O, reads no clock:
 * the owner feeds what was received, takes the events, and lets flush write frames into the ring
 * that it attached. A session cannot tell whether that ring is shared with the peer or pumped
 * into a socket.
 *
 * flush, and only flush, writes to the ring; so between two flushes the owner may store records
 * in place in the region it was given, whatever else it calls meanwhile.
 *
 * Memory  inbox, scratch and event table are lent by the owner until destroy.
 * Thread  owner.
 */
#ifndef HWR_CORE_SESSION_H
#define HWR_CORE_SESSION_H

#include "core/frame.h"
#include "core/mem.h"
#include "core/ring.h"
#include "core/spill.h"
#include "core/streams.h" /* HWR_MAX_STREAMS */
#include "core/txn.h"     /* HWR_MAX_SLOTS, HWR_NO_DEADLINE */

#include <hawser/status.h>

enum { HWR_HELLO_MAGIC = 0x52575748 }; /* "HWWR" in the order of the bytes (P3.2) */
enum { HWR_PROTOCOL_VERSION = 1, HWR_UUID_BYTES = 16, HWR_HELLO_MAX_BYTES = 4096 };

/* The maxima that no option raises (P8.1). */
enum {
  HWR_MAX_FRAME_BYTES = 16 << 20,
  HWR_MAX_MESSAGE_BYTES = 64 << 20,
  HWR_MIN_LIMIT_BYTES = 64 << 10, /* of what is no REQUEST, RESPONSE, or DATA (P4.6) */
  HWR_MAX_PENDING_PONGS = 1000,
  HWR_MAX_NAME_BYTES = 1024, /* of an event (P4.16) */
  HWR_MIN_WINDOW_BYTES = 4096
};

enum hwr_role { HWR_HOST = 1, HWR_WORKER = 2 };

typedef struct hwr_event_s { /* eight words: JavaScript reads them as a Uint32Array */
  uint32_t kind;             /* enum hwr_event_kind */
  uint32_t slot, generation;
  uint32_t word;   /* type | flags << 8 | method << 16, as in the header */
  uint32_t offset; /* of the payload: in the inbox, or in the bulk buffer */
  uint32_t length; /* of the payload */
  uint32_t bulk;   /* low half: 0 in the inbox, else 1 + index of the bulk buffer. High half:
                      bytes of the extension block before the payload, if it has a tx or metadata */
  /* REQUEST: timeout_ms or 0. TIMEOUT: 1 when it never left. GOAWAY: reason. DRAIN: which.
   * EVENT: bytes of the name. OPEN: 1 for messages. DATA: what it took of the window */
  uint32_t value;
} hwr_event_t;

enum hwr_event_kind {
  HWR_EV_HELLO = 1,       /* the peer is one of ours */
  HWR_EV_INIT = 2,        /* [worker] payload: what the host configured */
  HWR_EV_METHODS = 3,     /* [host] payload: names of what is served */
  HWR_EV_READY = 4,       /* [host] payload */
  HWR_EV_START_ERROR = 5, /* [host] payload: why the worker cannot start */
  HWR_EV_DEFINE = 6,
  HWR_EV_REQUEST = 7,
  HWR_EV_RESPONSE = 8, /* terminal for its slot, like the next three */
  HWR_EV_ERROR = 9,
  HWR_EV_PONG = 10,
  HWR_EV_TIMEOUT = 11,
  HWR_EV_DRAIN = 12, /* of what was asked for: enum hwr_drain, in value */
  HWR_EV_GOAWAY = 13,
  HWR_EV_CANCEL = 14, /* its caller has given up a request that we have not answered */
  HWR_EV_EVENT = 15,  /* the name stands before the payload (P4.16) */
  HWR_EV_PROGRESS = 16,
  HWR_EV_LATE = 17, /* the answer to a call that was given up, without its payload; if asked for */
  HWR_EV_OPEN = 18, /* the peer opened a stream: accept it or reset it; payload: its name */
  HWR_EV_ACCEPT = 19,  /* the peer has accepted ours */
  HWR_EV_DATA = 20,    /* bytes, or one message */
  HWR_EV_END = 21,     /* the peer sends no more on the stream */
  HWR_EV_RESET = 22,   /* the stream is over, in both directions; payload: why, or none */
  HWR_EV_WRITABLE = 23 /* the lane of a stream has drained to half of its mark */
};

enum hwr_drain {
  HWR_DRAIN_ALL = 1,  /* what waits is at or below half of both high-water marks */
  HWR_DRAIN_LANE = 2, /* hwr_session_lane_bytes alone is: what answers wait for (P5.8) */
  HWR_DRAIN_ENDS = 4  /* no END of a stream waits any more */
};

typedef struct hwr_record_s { /* eight words: JavaScript writes them as a Uint32Array */
  uint32_t offset;            /* of the header in its region; a multiple of 8 */
  uint32_t length;            /* of the body: extension block and payload */
  uint32_t word;              /* type | flags << 8 | method << 16 */
  uint32_t slot, generation;
  uint32_t timeout_ms; /* REQUEST: 0 for none; also in the block where FLAG_EXT is set */
  /* A record of CREDIT lies nowhere: it is hwr_session_stream_consumed, with `length` bytes and
   * `timeout_ms` messages. */
  uint32_t reserved[2];
} hwr_record_t;

enum hwr_region_kind {
  HWR_REGION_RING = 1,   /* offsets are into the attached ring's data */
  HWR_REGION_SCRATCH = 2 /* offsets are into the scratch memory */
};

typedef struct hwr_region_s { /* where the owner stores its next records: [start, limit) */
  uint32_t kind, start, limit;
} hwr_region_t;

typedef struct hwr_session_config_s {
  enum hwr_role role;
  uint8_t uuid[HWR_UUID_BYTES]; /* of this end; the host's names the session */
  uint32_t codecs;              /* bit n: codec n is understood (P9.2) */
  uint32_t max_message_bytes;   /* received (P4.6); at most HWR_MAX_MESSAGE_BYTES */
  uint64_t window_bytes;        /* granted to the peer */
  uint64_t window_messages;
  uint64_t high_water_bytes; /* of what waits to be sent */
  uint64_t high_water_messages;
  uint64_t streams_window_bytes;    /* granted on all streams together, see streams.h */
  uint64_t stream_high_water_bytes; /* of what waits on one stream */
  uint32_t chunk_bytes;             /* body of one frame of a long message; a multiple of 8 */
  uint32_t read_ahead_bytes;        /* inside a long message, read at most this much past a frame */
  uint8_t *inbox;                   /* borrowed until destroy */
  uint32_t inbox_bytes;             /* at least 16 KiB */
  uint8_t *scratch;                 /* borrowed until destroy */
  uint32_t scratch_bytes;
  hwr_event_t *events; /* borrowed until destroy */
  uint32_t max_events;
  uint8_t *stream_full; /* borrowed until destroy, or NULL: by slot, see hwr_session_stream_full */
} hwr_session_config_t;

typedef struct hwr_peer_s { /* what the peer's HELLO said */
  uint8_t uuid[HWR_UUID_BYTES];
  uint16_t version;
  uint32_t codecs, max_message_bytes;
} hwr_peer_t;

typedef struct hwr_session_s hwr_session_t;

/* A session that waits for the peer's HELLO. 0 or HWR_ENOMEM; *session is returned owned. */
int hwr_session_create(hwr_session_t **session, const hwr_session_config_t *config,
                       const hwr_mem_t *mem);
void hwr_session_destroy(hwr_session_t *session);
/* Send through this ring (borrowed until destroy) from now on; the first flush sends HELLO. */
void hwr_session_attach(hwr_session_t *session, hwr_producer_t *out);

/* ---- receiving: want, read, feed; then the events */

/* Where the next bytes received must be stored. Returns how many may be, 0 when the events must
 * be taken first. *to is borrowed until feed. */
size_t hwr_session_want(hwr_session_t *session, uint8_t **to);
/* `count` bytes have been stored there. Parses until the bytes or the event table run out.
 * 0, or fatal: HWR_EPROTO, HWR_EVERSION, HWR_ESTRIKES, HWR_ENOMEM; hwr_session_rule tells more. */
int hwr_session_feed(hwr_session_t *session, size_t count, uint64_t now_ms);
/* The owner saw the peer break a rule that no session can see, such as P7.3. Returns the status. */
int hwr_session_fail(hwr_session_t *session, int status, const char *rule);
/* The peer sends no more. 0, or HWR_ETRUNCATED inside a frame or message (P6.2). Not before all
 * that was fed has been parsed: while stalled, take the events and feed(0) first. */
int hwr_session_end(hwr_session_t *session);
/* Calls whose deadline has passed become TIMEOUT events, as many as fit, and the next flush tells
 * the peer of those that it has seen (P4.14). A drain that was asked for becomes a DRAIN event when
 * it is due. */
void hwr_session_tick(hwr_session_t *session, uint64_t now_ms);
/* When the first open call is due; HWR_NO_DEADLINE when none is. */
uint64_t hwr_session_next_deadline(const hwr_session_t *session);

/* Events so far, in order. Payloads in the inbox are valid until events_taken. */
uint32_t hwr_session_event_count(const hwr_session_t *session);
/* `bulk` is an index: event.bulk - 1. Returned owned: free it with the session's allocator. NULL
 * when there is none, or it was taken before. */
uint8_t *hwr_session_take_bulk(hwr_session_t *session, uint32_t bulk, size_t *length_bytes);
/* The owner is done with all events; bulk buffers not taken are freed. Parse on with feed(0). */
void hwr_session_events_taken(hwr_session_t *session);
/* True when whole frames may be waiting only for room in the event table. */
bool hwr_session_stalled(const hwr_session_t *session);

/* ---- sending */

/* Where records may be stored until the next flush or send. */
hwr_region_t hwr_session_region(const hwr_session_t *session);
/* Send the records stored in the region, in order, then control frames, then what waits; what
 * has no room or credit waits in the spill. A CANCEL gives up its call, and goes out if that did.
 * 0, or fatal HWR_EPROTO / HWR_ENOMEM; HWR_EBADARG when a record lies outside the region. The
 * caller publishes the ring. */
int hwr_session_flush(hwr_session_t *session, const hwr_record_t *records, uint32_t count,
                      uint64_t now_ms);
/* Send one record whose body is `slices` (borrowed until return; record->offset is unused).
 * The region must hold no unflushed records. 0, HWR_EBADARG, or fatal as above. */
int hwr_session_send(hwr_session_t *session, const hwr_record_t *record, const hwr_slice_t *slices,
                     size_t slice_count, uint64_t now_ms);
/* Measure the round trip: PONG or TIMEOUT comes for that slot. 0, HWR_EOVERLOAD, HWR_EBADARG,
 * HWR_ENOMEM. Goes out with the next flush, before what waits. */
int hwr_session_ping(hwr_session_t *session, uint32_t slot, uint32_t generation,
                     uint64_t deadline_ms);
/* Tell the peer to finish (P6.1). Goes out behind all records sent so far, with the flush that
 * sends the last of them. */
void hwr_session_goaway(hwr_session_t *session, uint32_t reason);
/* Give up a call: its answer, if one comes, is dropped. True when it was open. */
bool hwr_session_abandon(hwr_session_t *session, uint32_t slot, uint32_t generation);
/* From now on a late answer (P4.4) becomes a LATE event: what we gave up has ended. */
void hwr_session_tell_late(hwr_session_t *session);
/* Whether that call is open and has left, so that an answer comes even if it is given up. */
bool hwr_session_is_sent(const hwr_session_t *session, uint32_t slot, uint32_t generation);
/* `count` one-way requests have been handled: their message credit returns (P5.5) with the next
 * flush. */
void hwr_session_settle(hwr_session_t *session, uint32_t count);
/* Ask for one DRAIN event; tick makes it once drain_due is true. */
void hwr_session_want_drain(hwr_session_t *session, uint32_t what); /* enum hwr_drain, or several */
bool hwr_session_drain_due(const hwr_session_t *session);

/* ---- streams (P11.1)
 *
 * A stream is known by slot and generation; what is done to one that is over does nothing. The
 * owner writes records of DATA, and of END behind the last of them, with flush, send or write.
 * A record of RESET, with an error as payload or none, ends both directions at once: what waits is
 * dropped and no event of the stream comes any more. None is wanted behind RESET from the peer.
 * What is written has room or waits in the stream's lane. Who finds it full behind a flush writes
 * no more before WRITABLE comes: the lane is not bounded else. Full is one that holds more than the
 * high-water mark, or half of what this end itself takes in: its window of bytes, or of messages.
 * (WRITABLE may also come to who has not looked.)
 */

typedef struct hwr_stream_options_s {
  const char *name; /* borrowed until return */
  uint32_t name_bytes;
  bool messages; /* else bytes */
  /* What may come and be unread: bytes, at least HWR_MIN_WINDOW_BYTES, and messages. */
  uint64_t window_bytes, window_messages;
} hwr_stream_options_t;

/* Open a stream; what is written waits until the peer has accepted it. The region must hold no
 * unflushed records. 0, HWR_EAGAIN before the start is over, HWR_EOVERLOAD with HWR_MAX_STREAMS
 * open, HWR_EBADARG, or fatal as flush. */
int hwr_session_stream_open(hwr_session_t *session, const hwr_stream_options_t *options,
                            uint64_t now_ms, uint32_t *slot, uint32_t *generation);
/* Accept what an OPEN event told of, with windows as for open. The next flush tells the peer. A
 * record of RESET refuses it. 0 or HWR_EBADARG. */
int hwr_session_stream_accept(hwr_session_t *session, uint32_t slot, uint32_t generation,
                              uint64_t window_bytes, uint64_t window_messages);
/* Write to a stream, bytes as far as there is room, or one message, all or nothing; `flags` has
 * its codec. The region must hold no unflushed records. 0 when all was taken; HWR_EAGAIN when only
 * *taken was, and then WRITABLE comes; HWR_EBADARG behind END; or fatal as flush. */
int hwr_session_stream_write(hwr_session_t *session, uint32_t slot, uint32_t generation,
                             uint8_t flags, const uint8_t *bytes, size_t length, uint64_t now_ms,
                             size_t *taken);
/* The reader is done with DATA events: the sum of their values, and how many messages. */
void hwr_session_stream_consumed(hwr_session_t *session, uint32_t slot, uint32_t generation,
                                 uint64_t bytes, uint64_t messages);
/* Whether its lane is full. Also in config.stream_full[slot], of HWR_LAST_STREAM + 1. */
bool hwr_session_stream_full(const hwr_session_t *session, uint32_t slot, uint32_t generation);
/* What waits in its lane. */
uint64_t hwr_session_stream_held(const hwr_session_t *session, uint32_t slot, uint32_t generation);
/* Streams whose END waits in their lane. */
uint32_t hwr_session_ends_waiting(const hwr_session_t *session);
/* Streams that are not over at both ends. */
uint32_t hwr_session_open_streams(const hwr_session_t *session);

/* What waits to be sent, but for streams. */
uint64_t hwr_session_held_bytes(const hwr_session_t *session);
/* Of it, what the peer does not take: it waits for room or for bytes of credit. Requests that wait
 * for message credit are not in it. An owner that makes answers wait looks at this figure only, or
 * two ends that both call each other wait for ever. */
uint64_t hwr_session_lane_bytes(const hwr_session_t *session);
uint64_t hwr_session_held_records(const hwr_session_t *session);
/* True when the next flush has control frames to send, credit that is due among them. */
bool hwr_session_control_waits(const hwr_session_t *session);
/* Free bytes that the ring must have before what the last flush left behind can go on, for
 * hwr_producer_sleep; 0 when nothing waits for room (what is held then waits for credit). */
uint32_t hwr_session_room_wanted(const hwr_session_t *session);
/* Calls made and unanswered. */
uint32_t hwr_session_open_calls(const hwr_session_t *session);
/* Requests received and unanswered. */
uint32_t hwr_session_open_requests(const hwr_session_t *session);
/* What the peer said of itself; valid after the HELLO event. Borrowed until destroy. */
const hwr_peer_t *hwr_session_peer(const hwr_session_t *session);
/* Which rule a fatal status is about, such as "P4.1"; "" when none is. Borrowed for ever. */
const char *hwr_session_rule(const hwr_session_t *session);

#endif
