/* SPDX-License-Identifier: MIT
 *
 * txn.h - transactions: the calls that we made, and those that we answer.  docs/protocol.md P4
 *
 * A transaction is a slot (an index the caller chose) and a generation (which use of the slot).
 * A late or repeated answer carries an old generation and is told apart without a search.
 * Units   milliseconds on the caller's monotonic clock; time is passed in, never read.
 * Memory  tables grow by doubling up to a fixed capacity, through hwr_mem_t.
 * Thread  none.
 */
#ifndef HWR_CORE_TXN_H
#define HWR_CORE_TXN_H

#include "core/mem.h"

#include <stdbool.h>
#include <stdint.h>

/* Calls that may be open at a time, queued ones included. */
enum { HWR_MAX_SLOTS = 1 << 17 };
#define HWR_NO_DEADLINE UINT64_MAX

enum hwr_call_state {
  HWR_CALL_FREE = 0,
  HWR_CALL_QUEUED = 1, /* encoded, in the spill: the peer has not seen it */
  HWR_CALL_SENT = 2,
  HWR_CALL_PINGED = 3 /* not a request: PONG answers it, and nothing else */
};

typedef struct hwr_call_s {
  uint64_t deadline_ms;
  uint32_t generation;
  uint32_t state; /* enum hwr_call_state */
} hwr_call_t;

typedef struct hwr_calls_s { /* calls that we made */
  hwr_call_t *table;
  uint32_t capacity_count;
  uint32_t open_count;
  uint64_t earliest_ms; /* no open call is due before this */
} hwr_calls_t;

void hwr_calls_init(hwr_calls_t *calls);
void hwr_calls_deinit(hwr_calls_t *calls, const hwr_mem_t *mem);
/* Open a call. 0, HWR_EBADARG (slot out of range or in use), HWR_ENOMEM. */
int hwr_calls_open(hwr_calls_t *calls, const hwr_mem_t *mem, uint32_t slot, uint32_t generation,
                   uint32_t state, uint64_t deadline_ms);
/* The open call of that slot and generation, or NULL. Borrowed until the next open. */
hwr_call_t *hwr_calls_find(const hwr_calls_t *calls, uint32_t slot, uint32_t generation);
/* Close it; it must be open. */
void hwr_calls_close(hwr_calls_t *calls, hwr_call_t *call);
/* A walk over the calls that are due; begins as {0, HWR_NO_DEADLINE}. */
typedef struct hwr_calls_walk_s {
  uint32_t next_slot;
  uint64_t earliest_ms; /* among those passed that are not due */
} hwr_calls_walk_t;
/* The next slot that is due at `now_ms`. False at the end of the walk; earliest_ms of `calls` is
 * exact then. A walk costs the size of the table, and happens once per earliest deadline: calls
 * with one timeout, the usual case, fall due in the order in which they were made. */
bool hwr_calls_due(hwr_calls_t *calls, uint64_t now_ms, hwr_calls_walk_t *walk, uint32_t *slot);

enum hwr_serving_state { HWR_SERVING_FREE = 0, HWR_SERVING_OPEN = 1, HWR_SERVING_CANCELLED = 2 };

typedef struct hwr_serving_s { /* calls that the peer made and that we have not answered */
  uint32_t *generation;
  uint8_t *open; /* enum hwr_serving_state */
  uint32_t capacity_count;
  uint32_t open_count;
  uint32_t superseded_count; /* given up by the caller, which used the slot again */
} hwr_serving_t;

void hwr_serving_init(hwr_serving_t *serving);
void hwr_serving_deinit(hwr_serving_t *serving, const hwr_mem_t *mem);
/* 0, HWR_EPROTO (slot out of range P4.2, or that transaction is open P4.1), HWR_ENOMEM. A slot
 * that is open with another generation was given up by its caller: the new call takes it, and the
 * old one is remembered as superseded. */
int hwr_serving_open(hwr_serving_t *serving, const hwr_mem_t *mem, uint32_t slot,
                     uint32_t generation);
/* True when that transaction is open and its caller has not given it up. */
bool hwr_serving_wanted(const hwr_serving_t *serving, uint32_t slot, uint32_t generation);
/* The caller gives it up. True when it was open and not given up before. */
bool hwr_serving_cancel(hwr_serving_t *serving, uint32_t slot, uint32_t generation);
/* True when that transaction was open; it is closed then. */
bool hwr_serving_close(hwr_serving_t *serving, uint32_t slot, uint32_t generation);
/* An answer to no open transaction: true when it is that of a superseded one, forgotten then. */
bool hwr_serving_forget(hwr_serving_t *serving);

#endif
