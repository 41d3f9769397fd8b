/* SPDX-License-Identifier: MIT */
#include "sdk/record_writer.h"

#include "sdk/record_tags.h"
#include "sdk/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_BYTES = 256, LONG_HEAD_BYTES = 5, MOST_SHORT_CHARACTERS = 63, MOST_SHORT_COUNT = 15 };

/* Room behind what is written; NULL when there is none. */
static uint8_t *
make_room(hwr__record_writer_t *writer, size_t count) {
  size_t needed = writer->length_bytes + count, capacity = writer->capacity_bytes;
  if (writer->failed || needed < count) return NULL;
  if (needed > capacity) {
    capacity = capacity < FIRST_BYTES ? FIRST_BYTES : capacity + capacity / 2;
    if (capacity < needed) capacity = needed;
    uint8_t *grown = realloc(writer->bytes, capacity);
    writer->failed = !grown;
    if (!grown) return NULL;
    writer->bytes = grown;
    writer->capacity_bytes = capacity;
  }
  return writer->bytes + writer->length_bytes;
}

static void
write_little_endian(hwr__record_writer_t *writer, uint8_t tag, uint64_t value, size_t count) {
  uint8_t *to = make_room(writer, 1 + count);
  if (!to) return;
  *to++ = tag;
  for (size_t i = 0; i < count; i++) to[i] = (uint8_t) (value >> (8 * i));
  writer->length_bytes += 1 + count;
}

void
hwr__record_write_tag(hwr__record_writer_t *writer, uint8_t tag) {
  write_little_endian(writer, tag, 0, 0);
}

void
hwr__record_write_begin(hwr__record_writer_t *writer) {
  hwr__record_write_tag(writer, 0);
}

void
hwr__record_write_array(hwr__record_writer_t *writer, uint32_t count) {
  if (count <= MOST_SHORT_COUNT)
    hwr__record_write_tag(writer, (uint8_t) (HWR__SHORT_ARRAY | count));
  else write_little_endian(writer, HWR__ARRAY, count, 4);
}

void
hwr__record_write_number(hwr__record_writer_t *writer, double number) {
  uint64_t bits;
  memcpy(&bits, &number, sizeof bits);
  bool is_integer = number >= INT32_MIN && number <= INT32_MAX && number == (int32_t) number;
  bool is_negative_zero = number == 0 && bits != 0;
  if (!is_integer || is_negative_zero) write_little_endian(writer, HWR__FLOAT64, bits, 8);
  else if (number >= 0 && number <= 63)
    hwr__record_write_tag(writer, (uint8_t) (HWR__SHORT_INTEGER | (unsigned) number));
  else write_little_endian(writer, HWR__INT32, (uint32_t) (int32_t) number, 4);
}

typedef struct measure_s { /* of a text, or of its beginning */
  size_t characters;       /* code points */
  size_t units;            /* of UTF-16 */
  bool is_wide;
} measure_t;

static size_t
units_of(uint32_t point) {
  return point > 0xffff ? 2 : 1;
}

/* Of at most `most` code points. */
static measure_t
measure(const char *text, size_t length_bytes, size_t most) {
  measure_t m = {0, 0, false};
  const uint8_t *at = (const uint8_t *) text, *end = at + length_bytes;
  for (; at < end && m.characters < most; m.characters++) {
    uint32_t point = hwr__utf8_next(&at, end);
    m.units += units_of(point);
    m.is_wide |= point > 0xff;
  }
  return m;
}

static size_t
size_of(measure_t m) {
  if (m.is_wide) return LONG_HEAD_BYTES + 2 * m.units;
  return m.characters + (m.characters <= MOST_SHORT_CHARACTERS ? 1 : LONG_HEAD_BYTES);
}

size_t
hwr__record_text_size(const char *text, size_t most_bytes) {
  return size_of(measure(text, strlen(text), most_bytes + 1));
}

static void
write_latin1(hwr__record_writer_t *writer, const char *text, size_t length_bytes,
             size_t characters) {
  const uint8_t *at = (const uint8_t *) text, *end = at + length_bytes;
  if (characters <= MOST_SHORT_CHARACTERS)
    hwr__record_write_tag(writer, (uint8_t) (HWR__SHORT_LATIN1 | characters));
  else write_little_endian(writer, HWR__LATIN1, characters, 4);
  uint8_t *to = make_room(writer, characters);
  if (!to) return;
  for (size_t i = 0; i < characters; i++) to[i] = (uint8_t) hwr__utf8_next(&at, end);
  writer->length_bytes += characters;
}

static uint8_t *
put_unit(uint8_t *to, uint32_t unit) {
  *to++ = (uint8_t) unit;
  *to++ = (uint8_t) (unit >> 8);
  return to;
}

/* Not more than `units`, and no half of a pair. */
static void
write_utf16(hwr__record_writer_t *writer, const char *text, size_t length_bytes, size_t units) {
  const uint8_t *at = (const uint8_t *) text, *end = at + length_bytes;
  size_t head = writer->length_bytes;
  write_little_endian(writer, HWR__UTF16, 0, 4);
  uint8_t *begin = make_room(writer, 2 * units);
  if (!begin) return;
  uint8_t *to = begin, *last = begin + 2 * units;
  while (at < end && to < last) {
    uint32_t point = hwr__utf8_next(&at, end);
    if (units_of(point) == 1) to = put_unit(to, point);
    else if (last - to < 4) break;
    else {
      to = put_unit(to, 0xd800 + ((point - 0x10000) >> 10));
      to = put_unit(to, 0xdc00 + ((point - 0x10000) & 0x3ff));
    }
  }
  writer->length_bytes += (size_t) (to - begin);
  for (unsigned i = 0; i < 4; i++)
    writer->bytes[head + 1 + i] = (uint8_t) ((size_t) (to - begin) >> (8 * i));
}

void
hwr__record_write_text_of(hwr__record_writer_t *writer, const char *text, size_t length_bytes,
                          size_t most_bytes) {
  size_t most = most_bytes > LONG_HEAD_BYTES ? most_bytes - LONG_HEAD_BYTES : 0;
  measure_t m = measure(text, length_bytes, most);
  size_t units = m.units < most / 2 ? m.units : most / 2;
  if (!m.is_wide) write_latin1(writer, text, length_bytes, m.characters);
  else write_utf16(writer, text, length_bytes, units);
}

void
hwr__record_write_text(hwr__record_writer_t *writer, const char *text, size_t most_bytes) {
  hwr__record_write_text_of(writer, text, strlen(text), most_bytes);
}
