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

/* P2.10 */
static const char *
decode_metadata(hwr_ext_t *ext, uint8_t tag, uint8_t length) {
  if (tag == HWR_EXT_KEY) ext->metadata_keys++;
  ext->metadata_bytes += length;
  bool fits = ext->metadata_keys > 0 && ext->metadata_keys <= HWR_MAX_METADATA_KEYS &&
              ext->metadata_bytes <= HWR_MAX_METADATA_BYTES;
  return fits ? NULL : "P2.10";
}

static const char *
decode_value(hwr_ext_t *ext, uint8_t tag, const uint8_t *value, uint8_t length) {
  hwr_reader_t r = hwr_reader_wrap(value, length);
  switch (tag) {
  case HWR_EXT_DEADLINE:
    ext->timeout_ms = hwr_reader_u32(&r);
    return length == 4 ? NULL : "P2.8";
  case HWR_EXT_TX:
    if (ext->has_tx || length == 0) return "P2.9";
    ext->has_tx = true;
    return NULL;
  case HWR_EXT_KEY:
  case HWR_EXT_VALUE:
    return decode_metadata(ext, tag, length);
  default:
    return NULL; /* of a later version */
  }
}

static const char *
decode_entry(hwr_ext_t *ext, hwr_reader_t *r) {
  uint8_t tag = hwr_reader_u8(r);
  if (tag == 0) return r->failed ? "P2.6" : NULL; /* one byte of padding */
  uint8_t length = hwr_reader_u8(r);
  const uint8_t *value = hwr_reader_bytes(r, length);
  return value ? decode_value(ext, tag, value, length) : "P2.6";
}

const char *
hwr_ext_decode(hwr_ext_t *ext, const uint8_t *body, size_t body_bytes) {
  if (body_bytes < 8) return "P2.6"; /* and `body` may be NULL */
  hwr_reader_t r = hwr_reader_wrap(body, body_bytes);
  uint16_t size = hwr_reader_u16(&r);
  if (size < 8 || size % 8 != 0 || size > body_bytes) return "P2.6";
  *ext = (hwr_ext_t){.size_bytes = size};
  r.end = body + size;
  const char *rule = NULL;
  while (!rule && r.at < r.end) rule = decode_entry(ext, &r);
  return rule;
}
