/* SPDX-License-Identifier: MIT
 *
 * session_wire.c - frames into the ring.
 */
#include "core/session_state.h"

#include <string.h>

int64_t
hwr__wire_room(hwr_session_t *s) {
  int64_t room = hwr_producer_room(s->out);
  return room < 0 ? hwr__session_fail(s, (int) room, "P7.3") : room;
}

int64_t
hwr__wire_lane_room(hwr_session_t *s) {
  int64_t room = hwr__wire_room(s);
  if (room < 0) return room;
  return room > HWR_CONTROL_RESERVE_BYTES ? room - HWR_CONTROL_RESERVE_BYTES : 0;
}

void
hwr__wire_want_room(hwr_session_t *s, uint64_t bytes) {
  if (bytes > s->room_wanted) s->room_wanted = (uint32_t) bytes;
}

/* P1.4 */
static void
write_padding(hwr_session_t *s, uint32_t length_bytes) {
  static const uint8_t zeros[HWR_FRAME_ALIGN] = {0};
  uint64_t used = HWR_HEADER_BYTES + (uint64_t) length_bytes;
  hwr_producer_write(s->out, zeros, (size_t) (hwr_frame_stride(length_bytes) - used));
}

void
hwr__wire_header(hwr_session_t *s, const hwr_frame_t *frame) {
  uint8_t header[HWR_HEADER_BYTES];
  hwr_frame_encode(frame, header);
  hwr_producer_write(s->out, header, sizeof header);
}

int
hwr__wire_control(hwr_session_t *s, const hwr_frame_t *frame, const uint8_t *body) {
  int64_t room = hwr__wire_room(s);
  if (room < 0) return (int) room;
  uint64_t stride = hwr_frame_stride(frame->length_bytes);
  if ((uint64_t) room < stride) {
    hwr__wire_want_room(s, stride);
    return 0;
  }
  hwr_slice_t whole = {body, frame->length_bytes};
  hwr__wire_frame(s, frame, &whole, 0);
  return 1;
}

static void
write_slices(hwr_session_t *s, const hwr_slice_t *slices, size_t skip, size_t count) {
  for (; count > 0; slices++) {
    if (skip >= slices->length_bytes) {
      skip -= slices->length_bytes;
      continue;
    }
    size_t part = slices->length_bytes - skip < count ? slices->length_bytes - skip : count;
    hwr_producer_write(s->out, slices->bytes + skip, part);
    count -= part;
    skip = 0;
  }
}

void
hwr__wire_frame(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *slices, size_t skip) {
  hwr__wire_header(s, f);
  write_slices(s, slices, skip, f->length_bytes);
  write_padding(s, f->length_bytes);
}

void
hwr__wire_in_place(hwr_session_t *s, const hwr_frame_t *f) {
  uint8_t *record = s->out->data + hwr_producer_offset(s->out);
  uint64_t stride = hwr_frame_stride(f->length_bytes);
  hwr_frame_encode(f, record);
  uint64_t used = HWR_HEADER_BYTES + (uint64_t) f->length_bytes;
  memset(record + used, 0, (size_t) (stride - used));
  hwr_producer_advance(s->out, (size_t) stride);
}
