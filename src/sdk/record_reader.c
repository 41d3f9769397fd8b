/* SPDX-License-Identifier: MIT */
#include "sdk/record_reader.h"

#include "sdk/utf8.h"

#include <hawser/status.h>
#include <stdlib.h>
#include <string.h>

enum {
  MAX_LEVELS = 1024, /* objects are nested at most 1000 deep (P9.11); a VIEW has one level more */
  LEAST_SHORT = HWR__SHORT_EXTENDED,
};

static double
double_of(uint64_t bits) {
  double number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

int
hwr__record_begin(hwr_reader_t *reader, const uint8_t *bytes, size_t length_bytes) {
  *reader = hwr_reader_wrap(bytes, length_bytes);
  uint8_t first = hwr_reader_u8(reader);
  return reader->failed || first > 1 ? HWR_EPROTO : 0;
}

static int
fits(const hwr_reader_t *reader, uint64_t count) {
  return !reader->failed && count <= (uint64_t) (reader->end - reader->at) ? 0 : HWR_EPROTO;
}

static int
read_text(hwr_reader_t *reader, hwr__record_value_t *value, uint32_t length, bool is_wide) {
  const uint8_t *bytes = hwr_reader_bytes(reader, length);
  value->text = (hwr__record_text_t){bytes, length, is_wide};
  return reader->failed || (is_wide && length % 2) ? HWR_EPROTO : 0;
}

static int
read_number(hwr_reader_t *reader, hwr__record_value_t *value, double number) {
  value->tag = HWR__FLOAT64;
  value->number = number;
  return reader->failed ? HWR_EPROTO : 0;
}

/* Each value that is claimed takes a byte at least (P9.5). */
static int
read_count(hwr_reader_t *reader, hwr__record_value_t *value, uint32_t count, unsigned each) {
  value->count = count;
  return fits(reader, (uint64_t) count * each);
}

static int
read_short(hwr_reader_t *reader, hwr__record_value_t *value, uint8_t tag) {
  if (tag >= HWR__SHORT_OBJECT) {
    value->tag = HWR__OBJECT;
    return read_count(reader, value, tag & 0x0f, 2);
  }
  if (tag >= HWR__SHORT_ARRAY) {
    value->tag = HWR__ARRAY;
    return read_count(reader, value, tag & 0x0f, 1);
  }
  if (tag >= HWR__SHORT_SHAPE) return HWR_EPROTO;
  if (tag >= HWR__SHORT_LATIN1) {
    value->tag = HWR__LATIN1;
    return read_text(reader, value, tag & 0x3f, false);
  }
  if (tag >= HWR__SHORT_INTEGER) return read_number(reader, value, tag & 0x3f);
  value->tag = HWR__ARRAY_EXTENDED;
  return 0;
}

static int
pass(hwr_reader_t *reader, size_t count) {
  hwr_reader_bytes(reader, count);
  return reader->failed ? HWR_EPROTO : 0;
}

static int
pass_sized(hwr_reader_t *reader, size_t before) {
  hwr_reader_bytes(reader, before);
  return pass(reader, hwr_reader_u32(reader));
}

static int
read_tagged(hwr_reader_t *reader, hwr__record_value_t *value) {
  switch (value->tag) {
  case HWR__UNDEFINED:
  case HWR__NULL:
  case HWR__FALSE:
  case HWR__TRUE:
  case HWR__GONE:
  case HWR__REGEXP:
  case HWR__BOXED:
  case HWR__ERROR:
    return 0;
  case HWR__INT32:
    return read_number(reader, value, (int32_t) hwr_reader_u32(reader));
  case HWR__FLOAT64:
    return read_number(reader, value, double_of(hwr_reader_u64(reader)));
  case HWR__UTF16:
    value->tag = HWR__LATIN1;
    return read_text(reader, value, hwr_reader_u32(reader), true);
  case HWR__LATIN1:
  case HWR__BUFFER:
    return read_text(reader, value, hwr_reader_u32(reader), false);
  case HWR__ARRAY:
  case HWR__SET:
    return read_count(reader, value, hwr_reader_u32(reader), 1);
  case HWR__OBJECT:
  case HWR__MAP:
    return read_count(reader, value, hwr_reader_u32(reader), 2);
  case HWR__REFERENCE:
  case HWR__ARRAY_EXTENDED:
    return pass(reader, 4);
  case HWR__DATE:
    return pass(reader, 8);
  case HWR__VIEW:
    return pass(reader, 18);
  case HWR__ARRAY_BUFFER:
    return pass_sized(reader, 0);
  case HWR__BIGINT:
    return pass_sized(reader, 1);
  case HWR__RESIZABLE_BUFFER:
    return pass_sized(reader, 8);
  default:
    return HWR_EPROTO;
  }
}

int
hwr__record_read(hwr_reader_t *reader, hwr__record_value_t *value) {
  uint8_t tag = hwr_reader_u8(reader);
  if (reader->failed) return HWR_EPROTO;
  *value = (hwr__record_value_t){.tag = tag};
  return tag >= LEAST_SHORT ? read_short(reader, value, tag) : read_tagged(reader, value);
}

int
hwr__record_peek(const hwr_reader_t *reader) {
  return reader->failed || reader->at == reader->end ? -1 : *reader->at;
}

/* ---- skipping */

typedef struct level_s {
  uint32_t left;   /* values to come; none of those that end with a tag are counted */
  uint8_t end_tag; /* REST or END; 0 where values are counted */
} level_t;

/* What follows the head of a value. False when nothing does. */
static bool
level_of(const hwr__record_value_t *value, level_t *level) {
  *level = (level_t){0, 0};
  switch (value->tag) {
  case HWR__ARRAY:
  case HWR__SET:
    level->left = value->count;
    return true;
  case HWR__OBJECT:
  case HWR__MAP:
    level->left = 2 * value->count;
    return true;
  case HWR__REGEXP:
    level->left = 2;
    return true;
  case HWR__BOXED:
  case HWR__VIEW:
    level->left = 1;
    return true;
  case HWR__ARRAY_EXTENDED:
    level->end_tag = HWR__REST;
    return true;
  case HWR__ERROR:
    level->end_tag = HWR__END;
    return true;
  default:
    return false;
  }
}

/* Behind REST stand pairs (P9.10), behind END nothing. */
static int
end_values(hwr_reader_t *reader, level_t *level) {
  hwr_reader_u8(reader);
  uint32_t pairs = level->end_tag == HWR__REST ? hwr_reader_u32(reader) : 0;
  int err = fits(reader, 2 * (uint64_t) pairs);
  if (!err) *level = (level_t){2 * pairs, 0};
  return err;
}

static int
skip_level(hwr_reader_t *reader, level_t first) {
  level_t levels[MAX_LEVELS];
  size_t depth = 0;
  levels[0] = first;
  for (;;) {
    level_t *level = &levels[depth];
    if (level->end_tag && hwr__record_peek(reader) == level->end_tag) {
      if (end_values(reader, level)) return HWR_EPROTO;
    } else if (!level->end_tag && level->left == 0) {
      if (depth-- == 0) return 0;
    } else {
      hwr__record_value_t value;
      if (hwr__record_read(reader, &value)) return HWR_EPROTO;
      if (!level->end_tag) level->left--;
      level_t inner;
      if (!level_of(&value, &inner)) continue;
      if (++depth == MAX_LEVELS) return HWR_EPROTO;
      levels[depth] = inner;
    }
  }
}

int
hwr__record_skip_rest(hwr_reader_t *reader, const hwr__record_value_t *value) {
  level_t level;
  return level_of(value, &level) ? skip_level(reader, level) : 0;
}

int
hwr__record_skip(hwr_reader_t *reader) {
  return skip_level(reader, (level_t){1, 0});
}

/* ---- texts */

int
hwr__record_read_key(hwr_reader_t *reader, hwr__record_text_t *text) {
  hwr__record_value_t value;
  if (hwr__record_read(reader, &value) || value.tag != HWR__LATIN1) return HWR_EPROTO;
  *text = value.text;
  return 0;
}

bool
hwr__record_text_is(const hwr__record_text_t *text, const char *ascii) {
  size_t step = text->is_wide ? 2 : 1, length = strlen(ascii);
  if (text->length_bytes != length * step) return false;
  for (size_t i = 0; i < length; i++) {
    const uint8_t *at = text->bytes + i * step;
    if (at[0] != (uint8_t) ascii[i] || (text->is_wide && at[1])) return false;
  }
  return true;
}

size_t
hwr__record_text_room(const hwr__record_text_t *text) {
  return 3 * (size_t) (text->is_wide ? text->length_bytes / 2 : text->length_bytes) + 1;
}

static uint32_t
unit_at(const uint8_t *at) {
  return (uint32_t) at[0] | (uint32_t) at[1] << 8;
}

/* The code point at *at; a lone surrogate as it is. */
static uint32_t
next_wide(const uint8_t **at, const uint8_t *end) {
  uint32_t high = unit_at(*at);
  *at += 2;
  if (high < 0xd800 || high > 0xdbff || *at == end) return high;
  uint32_t low = unit_at(*at);
  if (low < 0xdc00 || low > 0xdfff) return high;
  *at += 2;
  return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char *
put(const hwr__record_text_t *text, char *to, uint32_t nul) {
  const uint8_t *at = text->bytes, *end = at + text->length_bytes;
  while (at < end) {
    uint32_t point = text->is_wide ? next_wide(&at, end) : *at++;
    to += hwr__utf8_put((uint8_t *) to, point ? point : nul);
  }
  *to = 0;
  return to + 1;
}

char *
hwr__record_text_put(const hwr__record_text_t *text, char *to) {
  return put(text, to, HWR__REPLACEMENT);
}

char *
hwr__record_text_put_whole(const hwr__record_text_t *text, char *to) {
  return put(text, to, 0);
}

char *
hwr__record_text_copy(const hwr__record_text_t *text) {
  char *copy = malloc(hwr__record_text_room(text));
  if (!copy) return NULL;
  char *end = hwr__record_text_put(text, copy);
  char *smaller = realloc(copy, (size_t) (end - copy));
  return smaller ? smaller : copy;
}
