/* SPDX-License-Identifier: MIT */
#include "core/assembly.h"

#include <hawser/status.h>
#include <string.h>

void
hwr_assembly_frame(hwr_assembly_t *a, const hwr_frame_t *frame) {
  if (!a->active) *a = (hwr_assembly_t){.stream = a->stream, .active = true, .first = *frame};
  a->frame_left = a->frame_bytes = frame->length_bytes;
  a->last = !(frame->flags & HWR_FLAG_MORE);
  a->cost_bytes += (uint32_t) hwr_frame_stride(frame->length_bytes);
}

int
hwr_assembly_grow(hwr_assembly_t *a, const hwr_mem_t *mem) {
  if (a->length_bytes < a->capacity_bytes) return 0;
  size_t capacity = a->capacity_bytes ? a->capacity_bytes * 2 : 4 * HWR_INLINE_BYTES;
  if (a->last && capacity > a->length_bytes + a->frame_left)
    capacity = a->length_bytes + a->frame_left;
  uint8_t *data = mem->resize(mem->context, a->data, capacity);
  if (!data) return HWR_ENOMEM;
  a->data = data;
  a->capacity_bytes = capacity;
  return 0;
}

int
hwr_assembly_append(hwr_assembly_t *a, const hwr_mem_t *mem, const uint8_t *bytes, size_t count) {
  while (count > 0 && !a->discard) {
    int err = hwr_assembly_grow(a, mem); /* counts on frame_left still holding these bytes */
    if (err) return err;
    size_t room = a->capacity_bytes - a->length_bytes, part = count < room ? count : room;
    memcpy(a->data + a->length_bytes, bytes, part);
    a->length_bytes += part;
    a->frame_left -= part;
    bytes += part;
    count -= part;
  }
  a->length_bytes += count; /* only where discarded */
  a->frame_left -= count;
  return 0;
}

void
hwr_assembly_drop(hwr_assembly_t *a, const hwr_mem_t *mem) {
  hwr__mem_free(mem, a->data);
  *a = (hwr_assembly_t){.stream = a->stream};
}
