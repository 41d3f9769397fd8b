/* SPDX-License-Identifier: MIT
 *
 * streams.h - the parts of the program `streams`: what gives items, and what takes them.
 */
#ifndef STREAMS_H
#define STREAMS_H

#include "program.h"
#include "values.h"

/* What happened, for `whenNoted` and `noted`; `what` is borrowed for ever. [any] */
void take_note(const char *what);
/* The failure of handlers that are to fail. */
extern const hwr_error_t far_error;
/* What the serializer 'picky' refuses, and what it says then. */
bool is_unreadable(hwr_payload_t payload);
extern const hwr_error_t unreadable_error;

/* given.c: handlers that read what hwr_request_items gives */
extern const route_t given_routes[];
extern const size_t given_route_count;
/* echoes.c: an accepted pipe, whose other end gets back what it writes */
void echo_pipe(hwr_pipe_t *pipe, void *context);

/* Call `step` until it is over: in a thread of the pool, which may wait for the pipe; else when the
 * pipe is ready, on the thread of the loop. `step` returns HWR_EAGAIN to be called again. */
typedef int (*step_cb)(void *context);
typedef struct steps_s {
  step_cb step;
  void *context;
  hwr_pipe_t *reads, *writes; /* either may be NULL; who steps sets `waits_for` to one of them */
  hwr_pipe_t *waits_for;
} steps_s;

void run_steps(steps_s *steps);

#endif
