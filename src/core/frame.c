/* SPDX-License-Identifier: MIT */
#include "core/frame.h"

#include "core/buf.h"

/* By hand, not with cursors: a header is written and read for every message. Compilers make one
 * load or store of each. */
static void
store_u32(uint8_t *to, uint32_t value) {
  for (int i = 0; i < 4; i++) to[i] = (uint8_t) (value >> (8 * i));
}

static uint32_t
load_u32(const uint8_t *from) {
  return from[0] | (uint32_t) from[1] << 8 | (uint32_t) from[2] << 16 | (uint32_t) from[3] << 24;
}

void
hwr_frame_encode(const hwr_frame_t *frame, uint8_t *to) {
  store_u32(to, frame->length_bytes);
  to[4] = frame->type;
  to[5] = frame->flags;
  to[6] = (uint8_t) frame->method;
  to[7] = (uint8_t) (frame->method >> 8);
  store_u32(to + 8, frame->slot);
  store_u32(to + 12, frame->generation);
}

void
hwr_frame_decode(hwr_frame_t *frame, const uint8_t *from) {
  frame->length_bytes = load_u32(from);
  frame->type = from[4];
  frame->flags = from[5];
  frame->method = (uint16_t) (from[6] | from[7] << 8);
  frame->slot = load_u32(from + 8);
  frame->generation = load_u32(from + 12);
}

void
hwr_ext_encode_deadline(uint8_t *to, uint32_t timeout_ms) {
  hwr_writer_t w = hwr_writer_wrap(to, HWR_EXT_DEADLINE_BYTES);
  hwr_writer_u16(&w, HWR_EXT_DEADLINE_BYTES);
  hwr_writer_u8(&w, HWR_EXT_DEADLINE);
  hwr_writer_u8(&w, 4);
  hwr_writer_u32(&w, timeout_ms);
}

static bool
decode_entry(hwr_ext_t *ext, hwr_reader_t *r) {
  uint8_t tag = hwr_reader_u8(r);
  if (tag == 0) return !r->failed; /* one byte of padding */
  uint8_t length = hwr_reader_u8(r);
  const uint8_t *value = hwr_reader_bytes(r, length);
  if (!value) return false;
  if (tag != HWR_EXT_DEADLINE) return true;
  if (length != 4) return false;
  hwr_reader_t v = hwr_reader_wrap(value, length);
  ext->timeout_ms = hwr_reader_u32(&v);
  return true;
}

bool
hwr_ext_decode(hwr_ext_t *ext, const uint8_t *body, size_t body_bytes) {
  if (body_bytes < 8) return false; /* and `body` may be NULL */
  hwr_reader_t r = hwr_reader_wrap(body, body_bytes);
  uint16_t size = hwr_reader_u16(&r);
  if (size < 8 || size % 8 != 0 || size > body_bytes) return false;
  *ext = (hwr_ext_t){.size_bytes = size};
  r.end = body + size;
  while (r.at < r.end)
    if (!decode_entry(ext, &r)) return false;
  return true;
}
