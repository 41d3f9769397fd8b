/* SPDX-License-Identifier: MIT
 *
 * streams.h - the books of the streams of a connection: which are open, what each end may send on
 * them, and which have something to do.                            docs/protocol.md P11
 *
 * What one end holds back for slow readers is bounded without a window of all streams together,
 * with which a reader that has stopped would stop the others: each stream has a window of its
 * own, and a stream gets more than the least one only from what the budget still has.
 *
 * Units   bytes of credit are strides.
 * Memory  one block for each stream, and a table that grows by doubling, through hwr_mem_t.
 * Thread  none.
 */
#ifndef HWR_CORE_STREAMS_H
#define HWR_CORE_STREAMS_H

#include "core/assembly.h"
#include "core/bucket.h"
#include "core/flow.h"
#include "core/spill.h"

enum {
  HWR_MAX_STREAMS = 1024,                 /* opened by one end (P11.2) */
  HWR_LAST_STREAM = 2048,                 /* slot */
  HWR_LEAST_STREAM_CREDIT = 2048,         /* with which no sender waits (P11.8) */
  HWR_ORDINARY_STREAM_WINDOW = 16 * 1024, /* that a stream has when the budget is used up */
  HWR_LATE_CREDITS = 8                    /* that each stream allows once it is over (P11.13) */
};

/* What one end of a stream has said. */
enum hwr_half {
  HWR_HALF_OPEN = 0,
  HWR_HALF_ENDING = 1,    /* END waits to be sent */
  HWR_HALF_RESETTING = 2, /* RESET waits to be sent; so a peer cannot make many of them wait */
  HWR_HALF_OVER = 3       /* END or RESET was sent, or received */
};

/* What a stream can wait in line for. */
enum hwr_line_name {
  HWR_LINE_READY = 0,   /* its turn to send */
  HWR_LINE_OWED = 1,    /* its peer is owed a CREDIT */
  HWR_LINE_DRAINED = 2, /* its owner is to be told that there is room again */
  HWR_LINES = 3
};

typedef struct hwr_place_s { /* in a line */
  hwr_stream_t *previous, *next;
  bool taken;
} hwr_place_t;

typedef struct hwr_line_s {
  hwr_stream_t *first, *last;
} hwr_line_t;

struct hwr_stream_s {
  uint32_t slot, generation;
  bool ours;       /* this end opened it */
  bool messages;   /* else bytes */
  bool accepted;   /* by the end that did not open it (P11.4) */
  bool given_up;   /* by the owner, who is told nothing more of it */
  bool reset_seen; /* a RESET has come */
  uint8_t sending; /* enum hwr_half */
  uint8_t receiving;

  hwr_spill_t spill; /* its lane */
  hwr_credit_t credit_bytes, credit_messages;
  bool front_started; /* part of the spill's front record has been sent */
  bool drain_wanted;

  hwr_window_t window_bytes, window_messages; /* .size of bytes: what the owner wants */
  hwr_assembly_t assembly;
  hwr_place_t places[HWR_LINES];
};

typedef struct hwr_streams_s {
  hwr_stream_t **table; /* owned, by slot */
  uint32_t capacity_count;
  uint32_t open_count, ours_count;
  uint32_t ending_count; /* those that are HWR_HALF_ENDING */
  uint32_t generation;   /* of the stream that we opened last */
  hwr_line_t lines[HWR_LINES];
  hwr_bucket_t resets;        /* P8.4 */
  uint64_t late_credits;      /* that may still come to streams that are over */
  uint64_t late_resets;       /* likewise */
  uint64_t budget_bytes;      /* most that may be granted and not returned, see above */
  uint64_t outstanding_bytes; /* that is */
  hwr_stream_t *borrower;     /* whose message in progress may outgrow its window (P11.9) */
} hwr_streams_t;

void hwr_streams_init(hwr_streams_t *all, uint64_t budget_bytes);
void hwr_streams_deinit(hwr_streams_t *all, const hwr_mem_t *mem);

/* Open a stream: in a free slot of the parity of `first_slot`, 1 or 2. *stream is borrowed until
 * it is removed. 0, HWR_EOVERLOAD, HWR_ENOMEM. */
int hwr_streams_open(hwr_streams_t *all, const hwr_mem_t *mem, uint32_t first_slot,
                     hwr_stream_t **stream);
/* The peer opens it. 0, HWR_EPROTO (a slot that is not the peer's, or in use: P11.2), HWR_ENOMEM. */
int hwr_streams_adopt(hwr_streams_t *all, const hwr_mem_t *mem, uint32_t first_slot, uint32_t slot,
                      uint32_t generation, hwr_stream_t **stream);
/* The stream of that slot and generation, or NULL. */
hwr_stream_t *hwr_streams_find(const hwr_streams_t *all, uint32_t slot, uint32_t generation);
/* Remove the stream if both ends have said their last word. True when it is gone. */
bool hwr_streams_remove_if_over(hwr_streams_t *all, const hwr_mem_t *mem, hwr_stream_t *stream);

/* Lines are first in, first out; a stream stands in each at most once. */
void hwr_streams_join(hwr_streams_t *all, hwr_stream_t *stream, enum hwr_line_name name);
void hwr_streams_leave(hwr_streams_t *all, hwr_stream_t *stream, enum hwr_line_name name);

/* The owner is done with so much, at most what it was given. */
void hwr_streams_return(hwr_streams_t *all, hwr_stream_t *stream, uint64_t bytes,
                        uint64_t messages);
/* True when the peer is to hear of new credit (P11.8). */
bool hwr_streams_grant_due(const hwr_streams_t *all, const hwr_stream_t *stream);
/* The offsets that a CREDIT names now; remembered by the other once it is sent. */
void hwr_streams_grants(const hwr_streams_t *all, const hwr_stream_t *stream, uint64_t *bytes,
                        uint64_t *messages);
void hwr_streams_granted(hwr_streams_t *all, hwr_stream_t *stream, uint64_t bytes,
                         uint64_t messages);
/* A message goes on in a further frame: it may borrow what its window lacks. */
void hwr_streams_borrow(hwr_streams_t *all, hwr_stream_t *stream);
/* It is complete or dropped; the next one that needs to may borrow. */
void hwr_streams_repay(hwr_streams_t *all, hwr_stream_t *stream);
/* What this end has said of it. */
void hwr_streams_set_sending(hwr_streams_t *all, hwr_stream_t *stream, enum hwr_half sending);
/* The peer sends no more on it: nothing is owed, and nothing kept but a frame in progress. */
void hwr_streams_end_receiving(hwr_streams_t *all, hwr_stream_t *stream);

#endif
