/* SPDX-License-Identifier: MIT */
#include "core/buf.h"

#include <string.h>

const uint8_t *
hwr_reader_bytes(hwr_reader_t *r, size_t count) {
  if (r->failed || (size_t) (r->end - r->at) < count) {
    r->failed = true;
    return NULL;
  }
  const uint8_t *bytes = r->at;
  r->at += count;
  return bytes;
}

static uint64_t
read_le(hwr_reader_t *r, unsigned count) {
  const uint8_t *bytes = hwr_reader_bytes(r, count);
  uint64_t value = 0;
  for (unsigned i = 0; bytes && i < count; i++) value |= (uint64_t) bytes[i] << (8 * i);
  return value;
}

uint8_t
hwr_reader_u8(hwr_reader_t *r) {
  return (uint8_t) read_le(r, 1);
}

uint16_t
hwr_reader_u16(hwr_reader_t *r) {
  return (uint16_t) read_le(r, 2);
}

uint32_t
hwr_reader_u32(hwr_reader_t *r) {
  return (uint32_t) read_le(r, 4);
}

uint64_t
hwr_reader_u64(hwr_reader_t *r) {
  return read_le(r, 8);
}

void
hwr_writer_bytes(hwr_writer_t *w, const uint8_t *bytes, size_t count) {
  if (w->failed || (size_t) (w->end - w->at) < count) {
    w->failed = true;
    return;
  }
  if (count) memcpy(w->at, bytes, count);
  w->at += count;
}

static void
write_le(hwr_writer_t *w, uint64_t value, unsigned count) {
  uint8_t bytes[8];
  for (unsigned i = 0; i < count; i++) bytes[i] = (uint8_t) (value >> (8 * i));
  hwr_writer_bytes(w, bytes, count);
}

void
hwr_writer_u8(hwr_writer_t *w, uint8_t value) {
  write_le(w, value, 1);
}

void
hwr_writer_u16(hwr_writer_t *w, uint16_t value) {
  write_le(w, value, 2);
}

void
hwr_writer_u32(hwr_writer_t *w, uint32_t value) {
  write_le(w, value, 4);
}

void
hwr_writer_u64(hwr_writer_t *w, uint64_t value) {
  write_le(w, value, 8);
}
