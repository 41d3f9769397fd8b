/* SPDX-License-Identifier: MIT
 *
 * flow.h - credit: how much a side may send before it hears again.   docs/protocol.md P5
 *
 * Offsets are absolute since the session began, as in QUIC (RFC 9000, 4.1): a grant that is
 * repeated or late changes nothing, and no sum of increments can overflow or drift.
 * Units   whatever the owner counts: bytes of frames, or messages.
 * Thread  none. Memory: never allocates.
 */
#ifndef HWR_CORE_FLOW_H
#define HWR_CORE_FLOW_H

#include <stdbool.h>
#include <stdint.h>

typedef struct hwr_credit_s { /* the sender's view */
  uint64_t limit;             /* the peer allows us to reach this offset; only grows */
  uint64_t used;              /* offset reached so far; used <= limit */
} hwr_credit_t;

typedef struct hwr_window_s { /* the receiver's view */
  uint64_t size;              /* most that may be out at a time */
  uint64_t granted;           /* offset that we allowed; only grows */
  uint64_t received;          /* offset that the peer reached; received <= granted */
  uint64_t returned;          /* offset up to which we are done; returned <= received */
} hwr_window_t;

/* True, and the credit is taken, when `amount` fits below the limit; else nothing changes. */
bool hwr_credit_take(hwr_credit_t *credit, uint64_t amount);
/* 1: the limit grew. 0: a repeated grant. HWR_EPROTO: it would shrink (P5.3). */
int hwr_credit_grant(hwr_credit_t *credit, uint64_t limit);

void hwr_window_init(hwr_window_t *window, uint64_t size);
/* 0, or HWR_EPROTO when the peer sent past its grant (P5.2); nothing changes then. */
int hwr_window_receive(hwr_window_t *window, uint64_t amount);
/* We are done with `amount` of what was received. */
void hwr_window_return(hwr_window_t *window, uint64_t amount);
/* True when half a window or more can be granted anew (P5.4). */
bool hwr_window_due(const hwr_window_t *window);
/* True when the peer has used up all that it was granted, and more could be granted: it may be
 * waiting, and what it waits with may be what the rest of the window waits for. */
bool hwr_window_exhausted(const hwr_window_t *window);
/* The offset to grant now; remembers it. */
uint64_t hwr_window_grant(hwr_window_t *window);

#endif
