/* SPDX-License-Identifier: MIT */
#include <hawser/msgpack.h>

#include <string.h>

/* How each first byte goes on. `head` bytes of number follow it, big-endian; what they count, or the
 * number in the first byte itself does, is in `kind`. */
typedef struct format_s {
  uint8_t kind;
  uint8_t head_bytes;
  bool is_signed; /* INT: the number is */
} format_t;

static const format_t formats[] = {
    /* from 0xc0 to 0xdf */
    {HWR_MSGPACK_NIL, 0, false},   {HWR_MSGPACK_NIL, 0, false},    {HWR_MSGPACK_BOOL, 0, false},
    {HWR_MSGPACK_BOOL, 0, false},  {HWR_MSGPACK_BYTES, 1, false},  {HWR_MSGPACK_BYTES, 2, false},
    {HWR_MSGPACK_BYTES, 4, false}, {HWR_MSGPACK_EXT, 1, false},    {HWR_MSGPACK_EXT, 2, false},
    {HWR_MSGPACK_EXT, 4, false},   {HWR_MSGPACK_DOUBLE, 4, false}, {HWR_MSGPACK_DOUBLE, 8, false},
    {HWR_MSGPACK_INT, 1, false},   {HWR_MSGPACK_INT, 2, false},    {HWR_MSGPACK_INT, 4, false},
    {HWR_MSGPACK_INT, 8, false},   {HWR_MSGPACK_INT, 1, true},     {HWR_MSGPACK_INT, 2, true},
    {HWR_MSGPACK_INT, 4, true},    {HWR_MSGPACK_INT, 8, true},     {HWR_MSGPACK_EXT, 0, false},
    {HWR_MSGPACK_EXT, 0, false},   {HWR_MSGPACK_EXT, 0, false},    {HWR_MSGPACK_EXT, 0, false},
    {HWR_MSGPACK_EXT, 0, false},   {HWR_MSGPACK_TEXT, 1, false},   {HWR_MSGPACK_TEXT, 2, false},
    {HWR_MSGPACK_TEXT, 4, false},  {HWR_MSGPACK_ARRAY, 2, false},  {HWR_MSGPACK_ARRAY, 4, false},
    {HWR_MSGPACK_MAP, 2, false},   {HWR_MSGPACK_MAP, 4, false},
};

enum {
  FIXMAP = 0x80,
  FIXARRAY = 0x90,
  FIXTEXT = 0xa0,
  NIL = 0xc0,
  NEVER_USED = 0xc1,
  TRUE = 0xc3,
  FIXEXT = 0xd4, /* of one byte; the four behind it of 2, 4, 8 and 16 */
  NEGATIVE = 0xe0
};

hwr_msgpack_reader_t
hwr_msgpack_reader(const void *bytes, size_t length_bytes) {
  static const uint8_t nothing[1] = {0};
  const uint8_t *at = bytes ? bytes : nothing;
  hwr_msgpack_reader_t reader = {at, at + (bytes ? length_bytes : 0)};
  return reader;
}

static size_t
bytes_left(const hwr_msgpack_reader_t *reader) {
  return (size_t) (reader->end - reader->at);
}

static uint64_t
read_big_endian(const uint8_t *at, unsigned count) {
  uint64_t value = 0;
  while (count-- > 0) value = value << 8 | *at++;
  return value;
}

static void
set_integer(hwr_msgpack_t *value, int64_t integer) {
  value->kind = HWR_MSGPACK_INT;
  value->integer = integer;
  value->natural = integer >= 0 ? (uint64_t) integer : 0;
  value->number = (double) integer;
}

static void
set_natural(hwr_msgpack_t *value, uint64_t natural) {
  if (natural <= INT64_MAX) {
    set_integer(value, (int64_t) natural);
    return;
  }
  value->kind = HWR_MSGPACK_UINT;
  value->natural = natural;
  value->number = (double) natural;
}

/* The two's complement of `head_bytes` bytes. */
static int64_t
signed_of(uint64_t bits, unsigned head_bytes) {
  uint64_t sign = (uint64_t) 1 << (8 * head_bytes - 1);
  return bits & sign ? -(int64_t) (~bits & (sign - 1)) - 1 : (int64_t) bits;
}

static double
double_of(uint64_t bits, unsigned head_bytes) {
  if (head_bytes == 4) {
    uint32_t narrow = (uint32_t) bits;
    float number;
    memcpy(&number, &narrow, sizeof number);
    return (double) number;
  }
  double number;
  memcpy(&number, &bits, sizeof number);
  return number;
}

/* Take the bytes of a text and the like, which `reader` stands before. */
static int
take_bytes(hwr_msgpack_reader_t *reader, hwr_msgpack_t *value, uint64_t count) {
  if (count > bytes_left(reader)) return HWR_EMALFORMED;
  value->bytes = reader->at;
  value->count = (uint32_t) count;
  reader->at += count;
  return 1;
}

/* A value takes a byte at least. */
static int
take_count(const hwr_msgpack_reader_t *reader, hwr_msgpack_t *value, uint64_t count) {
  unsigned each = value->kind == HWR_MSGPACK_MAP ? 2 : 1;
  if (count > bytes_left(reader) / each) return HWR_EMALFORMED;
  value->count = (uint32_t) count;
  return 1;
}

static int
take_ext(hwr_msgpack_reader_t *reader, hwr_msgpack_t *value, uint64_t count) {
  if (bytes_left(reader) == 0) return HWR_EMALFORMED;
  uint8_t type = *reader->at++;
  value->ext_type = (int8_t) (type < 0x80 ? type : type - 0x100);
  return take_bytes(reader, value, count);
}

/* What follows a first byte whose count or value is `bits`. */
static int
take_rest(hwr_msgpack_reader_t *reader, hwr_msgpack_t *value, uint64_t bits, format_t format) {
  value->kind = (enum hwr_msgpack_kind) format.kind;
  switch (value->kind) {
  case HWR_MSGPACK_INT:
    if (format.is_signed) set_integer(value, signed_of(bits, format.head_bytes));
    else set_natural(value, bits);
    return 1;
  case HWR_MSGPACK_DOUBLE:
    value->number = double_of(bits, format.head_bytes);
    return 1;
  case HWR_MSGPACK_TEXT:
  case HWR_MSGPACK_BYTES:
    return take_bytes(reader, value, bits);
  case HWR_MSGPACK_EXT:
    return take_ext(reader, value, bits);
  case HWR_MSGPACK_ARRAY:
  case HWR_MSGPACK_MAP:
    return take_count(reader, value, bits);
  default:
    return 1;
  }
}

/* Those from 0xc0 to 0xdf. */
static int
take_format(hwr_msgpack_reader_t *reader, hwr_msgpack_t *value, uint8_t first) {
  format_t format = formats[first - NIL];
  if (first == NEVER_USED || bytes_left(reader) < format.head_bytes) return HWR_EMALFORMED;
  uint64_t bits = read_big_endian(reader->at, format.head_bytes);
  reader->at += format.head_bytes;
  if (first >= FIXEXT && first < FIXEXT + 5) bits = (uint64_t) 1 << (first - FIXEXT);
  value->boolean = first == TRUE;
  return take_rest(reader, value, bits, format);
}

static int
take_value(hwr_msgpack_reader_t *reader, hwr_msgpack_t *value) {
  uint8_t first = *reader->at++;
  if (first < FIXMAP) {
    set_integer(value, first);
    return 1;
  }
  if (first >= NEGATIVE) {
    set_integer(value, (int64_t) first - 0x100);
    return 1;
  }
  if (first >= NIL) return take_format(reader, value, first);
  format_t format = {HWR_MSGPACK_TEXT, 0, false};
  if (first < FIXTEXT) format.kind = first < FIXARRAY ? HWR_MSGPACK_MAP : HWR_MSGPACK_ARRAY;
  return take_rest(reader, value, first & (first < FIXTEXT ? 0x0f : 0x1f), format);
}

int
hwr_msgpack_read(hwr_msgpack_reader_t *reader, hwr_msgpack_t *value) {
  if (reader->at == reader->end) return 0;
  hwr_msgpack_reader_t after = *reader;
  hwr_msgpack_t read;
  memset(&read, 0, sizeof read);
  int status = take_value(&after, &read);
  if (status < 0) return status;
  *reader = after;
  *value = read;
  return 1;
}

/* Values still to come: those within a value are added to those behind it. As each takes a byte, they
 * are never more than the bytes that are left. */
int
hwr_msgpack_skip(hwr_msgpack_reader_t *reader) {
  hwr_msgpack_reader_t after = *reader;
  for (uint64_t left = 1; left > 0; left--) {
    hwr_msgpack_t value;
    if (left > bytes_left(&after) || hwr_msgpack_read(&after, &value) != 1) return HWR_EMALFORMED;
    if (value.kind == HWR_MSGPACK_ARRAY) left += value.count;
    if (value.kind == HWR_MSGPACK_MAP) left += 2 * (uint64_t) value.count;
  }
  *reader = after;
  return 0;
}

/* The head of a value of that kind, behind which `reader` is put. */
static int
read_kind(hwr_msgpack_reader_t *reader, enum hwr_msgpack_kind kind, hwr_msgpack_t *value) {
  hwr_msgpack_reader_t after = *reader;
  if (hwr_msgpack_read(&after, value) != 1) return HWR_EMALFORMED;
  if (value->kind != kind) return HWR_EKIND;
  *reader = after;
  return 0;
}

static bool
is_text(const hwr_msgpack_t *value, const char *text, size_t length) {
  return value->kind == HWR_MSGPACK_TEXT && value->count == length &&
         memcmp(value->bytes, text, length) == 0;
}

/* Past a key: 1 when it is this text, else 0. */
static int
match_key(hwr_msgpack_reader_t *reader, const char *key, size_t length) {
  hwr_msgpack_reader_t after = *reader;
  hwr_msgpack_t value;
  if (hwr_msgpack_skip(reader) || hwr_msgpack_read(&after, &value) != 1) return HWR_EMALFORMED;
  return is_text(&value, key, length);
}

int
hwr_msgpack_find(hwr_msgpack_reader_t *reader, const char *key) {
  hwr_msgpack_reader_t after = *reader;
  hwr_msgpack_t map;
  int status = read_kind(&after, HWR_MSGPACK_MAP, &map);
  if (status) return status;
  size_t length = strlen(key);
  for (uint32_t i = 0; i < map.count; i++) {
    status = match_key(&after, key, length);
    if (status < 0 || after.at == after.end) return HWR_EMALFORMED;
    if (status == 1) {
      *reader = after;
      return 0;
    }
    if (hwr_msgpack_skip(&after)) return HWR_EMALFORMED;
  }
  return HWR_EUNKNOWN;
}

/* ---- values of one kind */

int
hwr_msgpack_read_bool(hwr_msgpack_reader_t *reader, bool *boolean) {
  hwr_msgpack_t value;
  int status = read_kind(reader, HWR_MSGPACK_BOOL, &value);
  if (!status) *boolean = value.boolean;
  return status;
}

static bool
is_number(const hwr_msgpack_t *value) {
  return value->kind == HWR_MSGPACK_INT || value->kind == HWR_MSGPACK_UINT ||
         value->kind == HWR_MSGPACK_DOUBLE;
}

static int
read_number(hwr_msgpack_reader_t *after, hwr_msgpack_t *value) {
  if (hwr_msgpack_read(after, value) != 1) return HWR_EMALFORMED;
  return is_number(value) ? 0 : HWR_EKIND;
}

/* From `least` to below `limit`, so that it can be made an integer. */
static bool
is_double_within(const hwr_msgpack_t *value, double least, double limit) {
  return value->kind == HWR_MSGPACK_DOUBLE && value->number >= least && value->number < limit;
}

int
hwr_msgpack_read_int64(hwr_msgpack_reader_t *reader, int64_t *integer) {
  hwr_msgpack_reader_t after = *reader;
  hwr_msgpack_t value;
  int status = read_number(&after, &value);
  if (status) return status;
  if (is_double_within(&value, -9223372036854775808.0, 9223372036854775808.0)) {
    value.integer = (int64_t) value.number;
    if ((double) value.integer != value.number) return HWR_EKIND;
  } else if (value.kind != HWR_MSGPACK_INT) return HWR_EKIND;
  *integer = value.integer;
  *reader = after;
  return 0;
}

int
hwr_msgpack_read_uint64(hwr_msgpack_reader_t *reader, uint64_t *natural) {
  hwr_msgpack_reader_t after = *reader;
  hwr_msgpack_t value;
  int status = read_number(&after, &value);
  if (status) return status;
  if (is_double_within(&value, 0, 18446744073709551616.0)) {
    value.natural = (uint64_t) value.number;
    if ((double) value.natural != value.number) return HWR_EKIND;
  } else if (value.kind == HWR_MSGPACK_DOUBLE || value.integer < 0) return HWR_EKIND;
  *natural = value.natural;
  *reader = after;
  return 0;
}

int
hwr_msgpack_read_double(hwr_msgpack_reader_t *reader, double *number) {
  hwr_msgpack_reader_t after = *reader;
  hwr_msgpack_t value;
  int status = read_number(&after, &value);
  if (status) return status;
  *number = value.number;
  *reader = after;
  return 0;
}

int
hwr_msgpack_read_text(hwr_msgpack_reader_t *reader, const char **text, size_t *length_bytes) {
  hwr_msgpack_t value;
  int status = read_kind(reader, HWR_MSGPACK_TEXT, &value);
  if (status) return status;
  *text = (const char *) value.bytes;
  *length_bytes = value.count;
  return 0;
}

int
hwr_msgpack_read_bytes(hwr_msgpack_reader_t *reader, const uint8_t **bytes, size_t *length_bytes) {
  hwr_msgpack_t value;
  int status = read_kind(reader, HWR_MSGPACK_BYTES, &value);
  if (status) return status;
  *bytes = value.bytes;
  *length_bytes = value.count;
  return 0;
}

int
hwr_msgpack_read_array(hwr_msgpack_reader_t *reader, uint32_t *count) {
  hwr_msgpack_t value;
  int status = read_kind(reader, HWR_MSGPACK_ARRAY, &value);
  if (!status) *count = value.count;
  return status;
}

int
hwr_msgpack_read_map(hwr_msgpack_reader_t *reader, uint32_t *count) {
  hwr_msgpack_t value;
  int status = read_kind(reader, HWR_MSGPACK_MAP, &value);
  if (!status) *count = value.count;
  return status;
}
