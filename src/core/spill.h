/* SPDX-License-Identifier: MIT
 *
 * spill.h - records that wait for room or credit, in order.
 *
 * A record is a frame as it goes on the wire (header, body, padding to 8 bytes), except that its
 * body may be longer than a frame may be: the front record is taken in pieces. Small records
 * share a block, so a flood costs one copy and no allocation each.
 * Units   bytes.
 * Memory  blocks through hwr_mem_t; one emptied block is kept.
 * Thread  none.
 */
#ifndef HWR_CORE_SPILL_H
#define HWR_CORE_SPILL_H

#include "core/frame.h"
#include "core/mem.h"

typedef struct hwr_spill_block_s hwr_spill_block_t;

typedef struct hwr_spill_s {
  hwr_spill_block_t *front, *back; /* owned */
  hwr_spill_block_t *spare;        /* owned; an emptied block, or NULL */
  uint64_t held_bytes;             /* of all records in it */
  uint64_t record_count;
  size_t block_bytes; /* of a block that small records share; 0: 64 KiB */
} hwr_spill_t;

/* One piece of a body. Borrowed until return. */
typedef struct hwr_slice_s {
  const uint8_t *bytes;
  size_t length_bytes;
} hwr_slice_t;

void hwr_spill_init(hwr_spill_t *spill);
void hwr_spill_deinit(hwr_spill_t *spill, const hwr_mem_t *mem);

/* Append a record whose body is `slices` from byte `skip_bytes` on; frame->length_bytes is what
 * remains of it. 0 or HWR_ENOMEM, and then nothing changed. */
int hwr_spill_push(hwr_spill_t *spill, const hwr_mem_t *mem, const hwr_frame_t *frame,
                   const hwr_slice_t *slices, size_t slice_count, size_t skip_bytes);

/* The front record. False when empty. `body` is borrowed until the next push, take or drop. */
bool hwr_spill_front(const hwr_spill_t *spill, hwr_frame_t *frame, const uint8_t **body);
/* Take `count` bytes, a multiple of 8 below its length, off the front record's body; what remains
 * is the front record, without its extension flag. */
void hwr_spill_shorten(hwr_spill_t *spill, uint32_t count);
/* Remove the front record. */
void hwr_spill_drop(hwr_spill_t *spill, const hwr_mem_t *mem);

#endif
