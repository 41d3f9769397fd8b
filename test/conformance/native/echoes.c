/* SPDX-License-Identifier: MIT
 *
 * echoes.c - the pipes that the program `streams` accepts.
 */
#include "streams.h"

#include <stdlib.h>

typedef struct echo_s {
  hwr_payload_t item; /* borrowed from the pipe until the next read */
  size_t offset;
  bool has_item;
} echo_s;

static void
finish(hwr_pipe_t *pipe, echo_s *state) {
  hwr_pipe_release(pipe);
  free(state);
}

/* False when the pipe has no room now, or no more. */
static bool
give_back(hwr_pipe_t *pipe, echo_s *state, int64_t *written) {
  do {
    hwr_payload_t rest = state->item;
    rest.bytes = (const char *) rest.bytes + state->offset;
    rest.length_bytes -= state->offset;
    *written = hwr_pipe_write(pipe, rest);
    if (*written < 0) return false;
    state->offset += (size_t) *written;
  } while (!hwr_pipe_has_objects(pipe) && state->offset < state->item.length_bytes);
  state->has_item = false;
  return true;
}

static void
go_on(hwr_pipe_t *pipe, void *context) {
  echo_s *state = context;
  int64_t written = 0;
  for (;;) {
    if (state->has_item && !give_back(pipe, state, &written)) {
      if (written != HWR_EAGAIN) finish(pipe, state);
      return;
    }
    int status = hwr_pipe_read(pipe, &state->item);
    if (status == HWR_EAGAIN) return;
    if (status <= 0) {
      if (status == 0) must(hwr_pipe_end(pipe));
      finish(pipe, state);
      return;
    }
    state->has_item = true;
    state->offset = 0;
  }
}

void
echo_pipe(hwr_pipe_t *pipe, void *context) {
  (void) context;
  hwr_pipe_on_ready(pipe, go_on, need(sizeof(echo_s)));
}
