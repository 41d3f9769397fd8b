/* SPDX-License-Identifier: MIT
 *
 * assembly.h - a message whose frames are put together outside of the inbox.
 *
 * Grows with the bytes received, never with the bytes announced (docs/protocol.md P8.3).
 * Memory  data through hwr_mem_t; who takes it away owns it.
 * Thread  none.
 */
#ifndef HWR_CORE_ASSEMBLY_H
#define HWR_CORE_ASSEMBLY_H

#include "core/frame.h"
#include "core/mem.h"

/* A longer body is received straight into its own buffer. */
enum { HWR_INLINE_BYTES = 8192 };

typedef struct hwr_stream_s hwr_stream_t;

typedef struct hwr_assembly_s {
  hwr_stream_t *stream; /* whose lane it is; NULL: the ordered lane */
  bool active;
  bool discard;        /* an answer nobody waits for: counted, not stored */
  bool last;           /* the frame in progress ends the message */
  hwr_frame_t first;   /* header of its first frame; length_bytes unused */
  uint8_t *data;       /* owned */
  size_t length_bytes; /* received so far, also when discarded */
  size_t capacity_bytes;
  size_t frame_left;    /* of the frame in progress, still to come */
  uint32_t frame_bytes; /* body of the frame in progress */
  uint32_t cost_bytes;  /* strides of its frames so far */
} hwr_assembly_t;

/* A frame goes on with the message, or begins one. */
void hwr_assembly_frame(hwr_assembly_t *a, const hwr_frame_t *frame);
/* Room for at least one more byte, by doubling what has been received. 0 or HWR_ENOMEM. */
int hwr_assembly_grow(hwr_assembly_t *a, const hwr_mem_t *mem);
/* Bytes of the frame in progress. 0 or HWR_ENOMEM. */
int hwr_assembly_append(hwr_assembly_t *a, const hwr_mem_t *mem, const uint8_t *bytes,
                        size_t count);
/* Nothing is in progress any more; data is freed. */
void hwr_assembly_drop(hwr_assembly_t *a, const hwr_mem_t *mem);

#endif
