/* SPDX-License-Identifier: MIT */
#include <hawser/msgpack.h>

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 64, HEAD_BYTES = 9 };

void
hwr_msgpack_writer_init(hwr_msgpack_writer_t *writer) {
  memset(writer, 0, sizeof *writer);
}

void
hwr_msgpack_writer_reset(hwr_msgpack_writer_t *writer) {
  writer->length_bytes = 0;
  writer->status = 0;
}

void
hwr_msgpack_writer_deinit(hwr_msgpack_writer_t *writer) {
  free(writer->bytes);
  hwr_msgpack_writer_init(writer);
}

static int
fail(hwr_msgpack_writer_t *writer, int status) {
  writer->status = status;
  return status;
}

/* Room for `count` bytes behind what is written. */
static int
make_room(hwr_msgpack_writer_t *writer, size_t count) {
  if (writer->status) return writer->status;
  if (count > SIZE_MAX / 2 - writer->length_bytes) return fail(writer, HWR_ETOOBIG);
  size_t needed = writer->length_bytes + count, capacity = writer->capacity_bytes;
  if (needed <= capacity) return 0;
  capacity = capacity < FIRST_BYTES ? FIRST_BYTES : capacity + capacity / 2;
  if (capacity < needed) capacity = needed;
  uint8_t *grown = realloc(writer->bytes, capacity);
  if (!grown) return fail(writer, HWR_ENOMEM);
  writer->bytes = grown;
  writer->capacity_bytes = capacity;
  return 0;
}

/* A first byte and a number of `count` bytes behind it, big-endian. */
static int
write_head(hwr_msgpack_writer_t *writer, unsigned first, uint64_t value, unsigned count) {
  int status = make_room(writer, HEAD_BYTES);
  if (status) return status;
  uint8_t *to = writer->bytes + writer->length_bytes;
  *to++ = (uint8_t) first;
  for (unsigned i = count; i-- > 0;) *to++ = (uint8_t) (value >> (8 * i));
  writer->length_bytes += 1 + count;
  return 0;
}

int
hwr_msgpack_write_encoded(hwr_msgpack_writer_t *writer, const void *bytes, size_t length_bytes) {
  int status = make_room(writer, length_bytes);
  if (status || length_bytes == 0) return status;
  memcpy(writer->bytes + writer->length_bytes, bytes, length_bytes);
  writer->length_bytes += length_bytes;
  return 0;
}

/* Head and bytes, or none of them. */
static int
write_sized(hwr_msgpack_writer_t *writer, const void *bytes, size_t length_bytes, unsigned first,
            unsigned count) {
  int status = make_room(writer, length_bytes);
  if (!status) status = make_room(writer, HEAD_BYTES + length_bytes);
  if (!status) status = write_head(writer, first, length_bytes, count);
  return status ? status : hwr_msgpack_write_encoded(writer, bytes, length_bytes);
}

static bool
is_too_long(hwr_msgpack_writer_t *writer, size_t length_bytes) {
  if (writer->status || length_bytes <= UINT32_MAX) return false;
  fail(writer, HWR_ETOOBIG);
  return true;
}

int
hwr_msgpack_write_nil(hwr_msgpack_writer_t *writer) {
  return write_head(writer, 0xc0, 0, 0);
}

int
hwr_msgpack_write_bool(hwr_msgpack_writer_t *writer, bool value) {
  return write_head(writer, value ? 0xc3 : 0xc2, 0, 0);
}

int
hwr_msgpack_write_uint64(hwr_msgpack_writer_t *writer, uint64_t value) {
  if (value < 0x80) return write_head(writer, (unsigned) value, 0, 0);
  if (value <= UINT8_MAX) return write_head(writer, 0xcc, value, 1);
  if (value <= UINT16_MAX) return write_head(writer, 0xcd, value, 2);
  if (value <= UINT32_MAX) return write_head(writer, 0xce, value, 4);
  return write_head(writer, 0xcf, value, 8);
}

int
hwr_msgpack_write_int64(hwr_msgpack_writer_t *writer, int64_t value) {
  uint64_t bits = (uint64_t) value;
  if (value >= 0) return hwr_msgpack_write_uint64(writer, bits);
  if (value >= -32) return write_head(writer, (unsigned) (bits & 0xff), 0, 0);
  if (value >= INT8_MIN) return write_head(writer, 0xd0, bits, 1);
  if (value >= INT16_MIN) return write_head(writer, 0xd1, bits, 2);
  if (value >= INT32_MIN) return write_head(writer, 0xd2, bits, 4);
  return write_head(writer, 0xd3, bits, 8);
}

/* What is not too large to be made a float 32: infinities are not. */
static bool
may_be_narrow(double value) {
  static const double most = 340282346638528859811704183484516925440.0;
  return (value >= -most && value <= most) || (value == value && value - value != 0);
}

/* A float 32 when that is the same number; every NaN is the same one. */
int
hwr_msgpack_write_double(hwr_msgpack_writer_t *writer, double value) {
  if (value != value) return write_head(writer, 0xca, 0x7fc00000, 4);
  float narrow = may_be_narrow(value) ? (float) value : 0;
  if (value == (double) narrow) {
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    return write_head(writer, 0xca, bits, 4);
  }
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return write_head(writer, 0xcb, bits, 8);
}

int
hwr_msgpack_write_text(hwr_msgpack_writer_t *writer, const char *text) {
  return hwr_msgpack_write_text_of(writer, text, strlen(text));
}

int
hwr_msgpack_write_text_of(hwr_msgpack_writer_t *writer, const char *text, size_t length_bytes) {
  if (is_too_long(writer, length_bytes)) return writer->status;
  if (length_bytes < 32)
    return write_sized(writer, text, length_bytes, 0xa0 | (unsigned) length_bytes, 0);
  if (length_bytes <= UINT8_MAX) return write_sized(writer, text, length_bytes, 0xd9, 1);
  if (length_bytes <= UINT16_MAX) return write_sized(writer, text, length_bytes, 0xda, 2);
  return write_sized(writer, text, length_bytes, 0xdb, 4);
}

int
hwr_msgpack_write_bytes(hwr_msgpack_writer_t *writer, const void *bytes, size_t length_bytes) {
  if (is_too_long(writer, length_bytes)) return writer->status;
  if (length_bytes <= UINT8_MAX) return write_sized(writer, bytes, length_bytes, 0xc4, 1);
  if (length_bytes <= UINT16_MAX) return write_sized(writer, bytes, length_bytes, 0xc5, 2);
  return write_sized(writer, bytes, length_bytes, 0xc6, 4);
}

int
hwr_msgpack_write_array(hwr_msgpack_writer_t *writer, uint32_t count) {
  if (count < 16) return write_head(writer, 0x90 | count, 0, 0);
  if (count <= UINT16_MAX) return write_head(writer, 0xdc, count, 2);
  return write_head(writer, 0xdd, count, 4);
}

int
hwr_msgpack_write_map(hwr_msgpack_writer_t *writer, uint32_t count) {
  if (count < 16) return write_head(writer, 0x80 | count, 0, 0);
  if (count <= UINT16_MAX) return write_head(writer, 0xde, count, 2);
  return write_head(writer, 0xdf, count, 4);
}

/* Those of 1, 2, 4, 8 and 16 bytes have no length. */
static int
write_ext_head(hwr_msgpack_writer_t *writer, size_t length_bytes) {
  for (unsigned i = 0; i < 5; i++)
    if (length_bytes == (size_t) 1 << i) return write_head(writer, 0xd4 + i, 0, 0);
  if (length_bytes <= UINT8_MAX) return write_head(writer, 0xc7, length_bytes, 1);
  if (length_bytes <= UINT16_MAX) return write_head(writer, 0xc8, length_bytes, 2);
  return write_head(writer, 0xc9, length_bytes, 4);
}

int
hwr_msgpack_write_ext(hwr_msgpack_writer_t *writer, int8_t ext_type, const void *bytes,
                      size_t length_bytes) {
  if (is_too_long(writer, length_bytes)) return writer->status;
  uint8_t type = (uint8_t) ext_type;
  int status = make_room(writer, length_bytes);
  if (!status) status = make_room(writer, HEAD_BYTES + length_bytes);
  if (!status) status = write_ext_head(writer, length_bytes);
  if (!status) status = hwr_msgpack_write_encoded(writer, &type, 1);
  return status ? status : hwr_msgpack_write_encoded(writer, bytes, length_bytes);
}
