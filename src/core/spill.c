/* SPDX-License-Identifier: MIT */
#include "core/spill.h"

#include <assert.h>
#include <hawser/status.h>
#include <string.h>

enum { DEFAULT_BLOCK_BYTES = 64 * 1024 };

struct hwr_spill_block_s {
  hwr_spill_block_t *next;
  size_t capacity_bytes, begin, end; /* records lie in data[begin .. end) */
  _Alignas(8) uint8_t data[];
};

void
hwr_spill_init(hwr_spill_t *spill) {
  *spill = (hwr_spill_t){0};
}

void
hwr_spill_deinit(hwr_spill_t *spill, const hwr_mem_t *mem) {
  while (spill->front) {
    hwr_spill_block_t *block = spill->front;
    spill->front = block->next;
    hwr__mem_free(mem, block);
  }
  hwr__mem_free(mem, spill->spare);
  *spill = (hwr_spill_t){.block_bytes = spill->block_bytes};
}

static size_t
block_bytes(const hwr_spill_t *spill) {
  return spill->block_bytes ? spill->block_bytes : DEFAULT_BLOCK_BYTES;
}

static hwr_spill_block_t *
obtain_block(hwr_spill_t *spill, const hwr_mem_t *mem, size_t want_bytes) {
  hwr_spill_block_t *block = spill->spare;
  if (block && block->capacity_bytes >= want_bytes) {
    spill->spare = NULL;
  } else {
    size_t capacity = want_bytes > block_bytes(spill) ? want_bytes : block_bytes(spill);
    block = hwr__mem_alloc(mem, sizeof *block + capacity);
    if (!block) return NULL;
    block->capacity_bytes = capacity;
  }
  block->next = NULL;
  block->begin = block->end = 0;
  return block;
}

/* Room for `want_bytes` behind the last record, or NULL when memory is out. */
static uint8_t *
reserve(hwr_spill_t *spill, const hwr_mem_t *mem, size_t want_bytes) {
  hwr_spill_block_t *back = spill->back;
  if (!back || back->capacity_bytes - back->end < want_bytes) {
    hwr_spill_block_t *block = obtain_block(spill, mem, want_bytes);
    if (!block) return NULL;
    if (back) back->next = block;
    else spill->front = block;
    spill->back = back = block;
  }
  uint8_t *room = back->data + back->end;
  back->end += want_bytes;
  return room;
}

int
hwr_spill_push(hwr_spill_t *spill, const hwr_mem_t *mem, const hwr_frame_t *frame,
               const hwr_slice_t *slices, size_t slice_count, size_t skip_bytes) {
  size_t stride = (size_t) hwr_frame_stride(frame->length_bytes);
  uint8_t *to = reserve(spill, mem, stride);
  if (!to) return HWR_ENOMEM;
  uint8_t *end = to + stride;
  hwr_frame_encode(frame, to);
  to += HWR_HEADER_BYTES;
  for (size_t i = 0; i < slice_count; i++) {
    size_t skipped = skip_bytes < slices[i].length_bytes ? skip_bytes : slices[i].length_bytes;
    size_t length = slices[i].length_bytes - skipped;
    skip_bytes -= skipped;
    if (length) memcpy(to, slices[i].bytes + skipped, length);
    to += length;
  }
  assert(to <= end && end - to < HWR_FRAME_ALIGN);
  memset(to, 0, (size_t) (end - to));
  spill->held_bytes += stride;
  spill->record_count++;
  return 0;
}

bool
hwr_spill_front(const hwr_spill_t *spill, hwr_frame_t *frame, const uint8_t **body) {
  if (spill->record_count == 0) return false;
  const uint8_t *record = spill->front->data + spill->front->begin;
  hwr_frame_decode(frame, record);
  *body = record + HWR_HEADER_BYTES;
  return true;
}

void
hwr_spill_shorten(hwr_spill_t *spill, uint32_t count) {
  hwr_spill_block_t *block = spill->front;
  hwr_frame_t frame;
  hwr_frame_decode(&frame, block->data + block->begin);
  assert(count % HWR_FRAME_ALIGN == 0 && count < frame.length_bytes);
  frame.length_bytes -= count;
  frame.flags &= (uint8_t) ~HWR_FLAG_EXT;
  block->begin += count; /* the header moves into the bytes that are gone */
  hwr_frame_encode(&frame, block->data + block->begin);
  spill->held_bytes -= count;
}

void
hwr_spill_drop(hwr_spill_t *spill, const hwr_mem_t *mem) {
  hwr_spill_block_t *block = spill->front;
  hwr_frame_t frame;
  hwr_frame_decode(&frame, block->data + block->begin);
  size_t stride = (size_t) hwr_frame_stride(frame.length_bytes);
  block->begin += stride;
  spill->held_bytes -= stride;
  spill->record_count--;
  if (block->begin < block->end) return;
  spill->front = block->next;
  if (!spill->front) spill->back = NULL;
  if (spill->spare || block->capacity_bytes > block_bytes(spill)) hwr__mem_free(mem, block);
  else spill->spare = block;
}
