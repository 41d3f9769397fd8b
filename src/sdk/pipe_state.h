/* SPDX-License-Identifier: MIT
 *
 * pipe_state.h - what pipes.c and pipe_events.c share. Nobody else's.
 */
#ifndef HWR_SDK_PIPE_STATE_H
#define HWR_SDK_PIPE_STATE_H

#include "sdk/worker_state.h"

typedef struct hwr__item_s { /* that came and was not read, or was read last */
  struct hwr__item_s *next;
  uint8_t *owned; /* or NULL, and its bytes stand behind this */
  hwr_payload_t payload;
  uint32_t cost; /* what it took of the window */
} hwr__item_t;

struct hwr_pipe_s {
  hwr_worker_t *worker;
  hwr_pipe_t *next, *previous; /* of all that live */
  hwr_pipe_t *touched_next;
  hwr_pipe_t *older; /* of the same slot, which was free again before the last of its events */
  char *name;        /* owned */
  uint32_t slot, generation;
  bool objects;
  bool open; /* in the table: its stream is not over */
  bool our_end, their_end;
  bool end_read; /* the program has seen their end */
  bool closed;   /* reset, by either end, or the host is gone */
  bool touched;
  bool released;
  bool has_results; /* of a request */
  uint32_t holders; /* callbacks that are being run with it */
  uint32_t waiters; /* threads in hwr_pipe_wait */
  hwr__item_t *first, *last, *current;
  hwr_error_t *error; /* owned, or NULL */
  hwr_pipe_cb on_ready;
  void *context;
  char call_role; /* of a call whose request is still to come: 'r' results, 'p' payload; else 0 */
  uint32_t call_slot, call_generation;
};

/* A pipe that lives, in no table. NULL without memory, which ends the worker. */
hwr_pipe_t *hwr__pipe_create(hwr_worker_t *w, const char *name, size_t name_bytes, bool objects);
/* 0 or HWR_ENOMEM. */
int hwr__pipe_enter(hwr_pipe_t *pipe, uint32_t slot, uint32_t generation);
/* The one of that stream that is in the table, or NULL. */
hwr_pipe_t *hwr__pipe_find(const hwr_worker_t *w, uint32_t slot, uint32_t generation);
/* Both directions are over. */
void hwr__pipe_leave(hwr_pipe_t *pipe);
/* Something changed: who waits for it is to look. */
void hwr__pipe_touch(hwr_pipe_t *pipe);
void hwr__pipe_drop_items(hwr_pipe_t *pipe);
void hwr__pipe_end(hwr_pipe_t *pipe);
void hwr__pipe_reset(hwr_pipe_t *pipe, const hwr_error_t *error);
void hwr__pipe_release(hwr_pipe_t *pipe);
void hwr__pipe_free_if_over(hwr_pipe_t *pipe);

#endif
