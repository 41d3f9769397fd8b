/* SPDX-License-Identifier: MIT */
#include "core/frame.h"

#include "core/buf.h"

void
hwr_frame_encode(const hwr_frame_t *frame, uint8_t *to) {
  hwr_writer_t w = hwr_writer_wrap(to, HWR_HEADER_BYTES);
  hwr_writer_u32(&w, frame->length_bytes);
  hwr_writer_u8(&w, frame->type);
  hwr_writer_u8(&w, frame->flags);
  hwr_writer_u16(&w, frame->method);
  hwr_writer_u32(&w, frame->slot);
  hwr_writer_u32(&w, frame->generation);
}

void
hwr_frame_decode(hwr_frame_t *frame, const uint8_t *from) {
  hwr_reader_t r = hwr_reader_wrap(from, HWR_HEADER_BYTES);
  frame->length_bytes = hwr_reader_u32(&r);
  frame->type = hwr_reader_u8(&r);
  frame->flags = hwr_reader_u8(&r);
  frame->method = hwr_reader_u16(&r);
  frame->slot = hwr_reader_u32(&r);
  frame->generation = hwr_reader_u32(&r);
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
