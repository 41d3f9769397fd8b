/* SPDX-License-Identifier: MIT
 *
 * MessagePack by the forms of its specification.
 */
#include <hawser/msgpack.h>

#include "check.h"

static hwr_msgpack_writer_t writer;

/* A copy of its own, so that the address sanitizer sees a read behind its end. */
static uint8_t *
exact(const void *bytes, size_t count) {
  uint8_t *copy = malloc(count ? count : 1);
  REQUIRE(copy != NULL);
  if (count) memcpy(copy, bytes, count);
  return copy;
}

typedef struct form_s { /* one value */
  const char *bytes;
  size_t count;
  enum hwr_msgpack_kind kind;
  double number; /* what it counts, of those that have no number */
} form_t;

#define FORM(bytes, kind, number)                                                                  \
  { bytes, sizeof(bytes) - 1, HWR_MSGPACK_##kind, number }

/* Every first byte that has a form of its own, but for those of long texts and the like. */
static const form_t forms[] = {
    FORM("\x00", INT, 0),
    FORM("\x7f", INT, 127),
    FORM("\x80", MAP, 0),
    FORM("\x81\x01\x02", MAP, 1),
    FORM("\x90", ARRAY, 0),
    FORM("\x92\x01\x02", ARRAY, 2),
    FORM("\xa0", TEXT, 0),
    FORM("\xa3one", TEXT, 3),
    FORM("\xc0", NIL, 0),
    FORM("\xc2", BOOL, 0),
    FORM("\xc3", BOOL, 0),
    FORM("\xc4\x02\x01\x02", BYTES, 2),
    FORM("\xc5\x00\x02\x01\x02", BYTES, 2),
    FORM("\xc6\x00\x00\x00\x02\x01\x02", BYTES, 2),
    FORM("\xc7\x02\x07\x01\x02", EXT, 2),
    FORM("\xc8\x00\x02\x07\x01\x02", EXT, 2),
    FORM("\xc9\x00\x00\x00\x02\x07\x01\x02", EXT, 2),
    FORM("\xca\x3f\xc0\x00\x00", DOUBLE, 1.5),
    FORM("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", DOUBLE, 1.5),
    FORM("\xcc\xff", INT, 255),
    FORM("\xcd\x01\x00", INT, 256),
    FORM("\xce\x00\x01\x00\x00", INT, 65536),
    FORM("\xcf\x00\x00\x00\x01\x00\x00\x00\x00", INT, 4294967296.0),
    FORM("\xcf\x80\x00\x00\x00\x00\x00\x00\x00", UINT, 9223372036854775808.0),
    FORM("\xd0\x80", INT, -128),
    FORM("\xd0\x7f", INT, 127),
    FORM("\xd1\xff\x7f", INT, -129),
    FORM("\xd2\x80\x00\x00\x00", INT, -2147483648.0),
    FORM("\xd3\x80\x00\x00\x00\x00\x00\x00\x00", INT, -9223372036854775808.0),
    FORM("\xd3\xff\xff\xff\xff\xff\xff\xff\xff", INT, -1),
    FORM("\xd4\x07\x01", EXT, 1),
    FORM("\xd5\x07\x01\x02", EXT, 2),
    FORM("\xd6\x07\x01\x02\x03\x04", EXT, 4),
    FORM("\xd7\x07\x01\x02\x03\x04\x05\x06\x07\x08", EXT, 8),
    FORM("\xd8\x07\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10", EXT, 16),
    FORM("\xd9\x03one", TEXT, 3),
    FORM("\xda\x00\x03one", TEXT, 3),
    FORM("\xdb\x00\x00\x00\x03one", TEXT, 3),
    FORM("\xdc\x00\x02\x01\x02", ARRAY, 2),
    FORM("\xdd\x00\x00\x00\x02\x01\x02", ARRAY, 2),
    FORM("\xde\x00\x01\x01\x02", MAP, 1),
    FORM("\xdf\x00\x00\x00\x01\x01\x02", MAP, 1),
    FORM("\xe0", INT, -32),
    FORM("\xff", INT, -1),
};
enum { FORMS = sizeof forms / sizeof *forms };

static bool
is_number(enum hwr_msgpack_kind kind) {
  return kind == HWR_MSGPACK_INT || kind == HWR_MSGPACK_UINT || kind == HWR_MSGPACK_DOUBLE;
}

TEST(every_form_of_the_specification_is_read) {
  for (size_t i = 0; i < FORMS; i++) {
    uint8_t *bytes = exact(forms[i].bytes, forms[i].count);
    hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, forms[i].count);
    hwr_msgpack_t value;
    CHECK_INT(hwr_msgpack_read(&reader, &value), 1);
    CHECK_INT(value.kind, forms[i].kind);
    double got = is_number(value.kind) ? value.number : value.count;
    CHECK(got == forms[i].number);
    if (value.kind == HWR_MSGPACK_BOOL) CHECK_INT(value.boolean, bytes[0] == 0xc3);
    if (value.kind == HWR_MSGPACK_EXT) CHECK_INT(value.ext_type, 7);
    if (value.kind == HWR_MSGPACK_TEXT && value.count) CHECK_MEM(value.bytes, "one", 3);
    reader = hwr_msgpack_reader(bytes, forms[i].count);
    CHECK_INT(hwr_msgpack_skip(&reader), 0);
    CHECK(reader.at == reader.end);
    CHECK_INT(hwr_msgpack_read(&reader, &value), 0);
    CHECK_INT(hwr_msgpack_skip(&reader), HWR_EMALFORMED);
    free(bytes);
  }
}

TEST(a_value_that_ends_early_is_refused_wherever_it_ends) {
  for (size_t i = 0; i < FORMS; i++)
    for (size_t count = 0; count < forms[i].count; count++) {
      uint8_t *bytes = exact(forms[i].bytes, count);
      hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, count);
      hwr_msgpack_t value = {.count = 77};
      CHECK_INT(hwr_msgpack_skip(&reader), HWR_EMALFORMED);
      CHECK(reader.at == bytes);
      int status = hwr_msgpack_read(&reader, &value);
      if (count == 0) CHECK_INT(status, 0);
      else if (status != 1) CHECK_INT(status, HWR_EMALFORMED);
      if (status != 1) CHECK(reader.at == bytes && value.count == 77);
      free(bytes);
    }
}

TEST(the_byte_that_is_never_used_is_refused) {
  hwr_msgpack_reader_t reader = hwr_msgpack_reader("\xc1\x00", 2);
  hwr_msgpack_t value;
  CHECK_INT(hwr_msgpack_read(&reader, &value), HWR_EMALFORMED);
  CHECK_INT(hwr_msgpack_skip(&reader), HWR_EMALFORMED);
}

TEST(no_bytes_are_the_end) {
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(NULL, 0);
  hwr_msgpack_t value;
  uint32_t count = 7;
  CHECK_INT(hwr_msgpack_read(&reader, &value), 0);
  CHECK_INT(hwr_msgpack_read_array(&reader, &count), HWR_EMALFORMED);
  CHECK_INT(hwr_msgpack_find(&reader, "a"), HWR_EMALFORMED);
  CHECK_INT(count, 7);
}

TEST(claims_beyond_the_bytes_are_refused) {
  static const char *const claims[] = {
      "\xdd\xff\xff\xff\xff\x01\x02", "\xdf\xff\xff\xff\xff\x01\x02",
      "\xdf\x80\x00\x00\x00\x01\x02", "\xdb\xff\xff\xff\xff\x01\x02",
      "\xc6\xff\xff\xff\xff\x01\x02", "\xc9\xff\xff\xff\xff\x01\x02",
      "\xdf\x00\x00\x00\x02\x01\x02"};
  for (size_t i = 0; i < sizeof claims / sizeof *claims; i++) {
    uint8_t *bytes = exact(claims[i], 7);
    hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, 7);
    hwr_msgpack_t value;
    CHECK_INT(hwr_msgpack_read(&reader, &value), HWR_EMALFORMED);
    CHECK_INT(hwr_msgpack_skip(&reader), HWR_EMALFORMED);
    free(bytes);
  }
}

TEST(claims_that_add_up_beyond_the_bytes_are_refused) {
  enum { COUNT = 100000 };
  uint8_t *bytes = malloc(COUNT);
  REQUIRE(bytes != NULL);
  memset(bytes, 0x9f, COUNT); /* arrays of fifteen, each the first of the one around it */
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, COUNT);
  CHECK_INT(hwr_msgpack_skip(&reader), HWR_EMALFORMED);
  CHECK(reader.at == bytes);
  free(bytes);
}

TEST(a_million_levels_are_skipped_without_recursion) {
  enum { LEVELS = 1000000 };
  uint8_t *bytes = malloc(2 * LEVELS + 1);
  REQUIRE(bytes != NULL);
  memset(bytes, 0x91, LEVELS);
  bytes[LEVELS] = 0xc0;
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, LEVELS + 1);
  CHECK_INT(hwr_msgpack_skip(&reader), 0);
  CHECK(reader.at == reader.end);
  for (size_t i = 0; i < LEVELS; i++) memcpy(bytes + 2 * i, "\x81\x01", 2);
  bytes[2 * LEVELS] = 0xc0;
  reader = hwr_msgpack_reader(bytes, 2 * LEVELS + 1);
  CHECK_INT(hwr_msgpack_skip(&reader), 0);
  CHECK(reader.at == reader.end);
  free(bytes);
}

TEST(find_stops_before_the_value_of_the_first_such_key) {
  /* { 7: 'b', 'a': { 'b': 1 }, 'b': 2, 'b': 3 } */
  static const char map[] = "\x84\x07\xa1"
                            "b\xa1"
                            "a\x81\xa1"
                            "b\x01\xa1"
                            "b\x02\xa1"
                            "b\x03";
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(map, sizeof map - 1), copy = reader;
  int64_t number = 0;
  CHECK_INT(hwr_msgpack_find(&copy, "b"), 0);
  CHECK_INT(hwr_msgpack_read_int64(&copy, &number), 0);
  CHECK_INT(number, 2);
  copy = reader;
  CHECK_INT(hwr_msgpack_find(&copy, "a"), 0);
  CHECK_INT(hwr_msgpack_find(&copy, "b"), 0);
  CHECK_INT(hwr_msgpack_read_int64(&copy, &number), 0);
  CHECK_INT(number, 1);
  copy = reader;
  CHECK_INT(hwr_msgpack_find(&copy, ""), HWR_EUNKNOWN);
  CHECK_INT(hwr_msgpack_find(&copy, "bb"), HWR_EUNKNOWN);
  CHECK(copy.at == reader.at);
}

static void
check_find(const char *bytes, size_t count, int status) {
  uint8_t *copy = exact(bytes, count);
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(copy, count);
  CHECK_INT(hwr_msgpack_find(&reader, "key"), status);
  CHECK(reader.at == copy);
  free(copy);
}

TEST(find_refuses_what_is_no_map_and_maps_that_lie) {
  check_find("\x93\xa3key", 5, HWR_EKIND);
  check_find("\x90", 1, HWR_EKIND);
  check_find("\x80", 1, HWR_EUNKNOWN);
  check_find("\x81\xa3ke", 4, HWR_EMALFORMED);
  check_find("\x82\x01\x02\xa3k", 5, HWR_EMALFORMED);
  check_find("\x82\x01\xa3key", 6, HWR_EMALFORMED); /* no value behind the key */
  check_find("\x81\xc1\x01", 3, HWR_EMALFORMED);
  check_find("\x81\x01\xc1", 3, HWR_EMALFORMED);
  check_find("\x81\xc4\x03key\x01", 7, HWR_EUNKNOWN); /* bytes are no text */
  check_find("\x82\x01\x92\x01\x02", 5, HWR_EMALFORMED);
}

TEST(values_of_another_kind_are_left_where_they_are) {
  hwr_msgpack_reader_t reader = hwr_msgpack_reader("\xa1x", 2);
  const uint8_t *at = reader.at;
  bool boolean = true;
  int64_t integer = 7;
  uint64_t natural = 7;
  double number = 7;
  const uint8_t *bytes = NULL;
  size_t length = 7;
  uint32_t count = 7;
  CHECK_INT(hwr_msgpack_read_bool(&reader, &boolean), HWR_EKIND);
  CHECK_INT(hwr_msgpack_read_int64(&reader, &integer), HWR_EKIND);
  CHECK_INT(hwr_msgpack_read_uint64(&reader, &natural), HWR_EKIND);
  CHECK_INT(hwr_msgpack_read_double(&reader, &number), HWR_EKIND);
  CHECK_INT(hwr_msgpack_read_bytes(&reader, &bytes, &length), HWR_EKIND);
  CHECK_INT(hwr_msgpack_read_array(&reader, &count), HWR_EKIND);
  CHECK_INT(hwr_msgpack_read_map(&reader, &count), HWR_EKIND);
  CHECK(boolean && integer == 7 && natural == 7 && number == 7 && !bytes && length == 7);
  CHECK(count == 7 && reader.at == at);
}

static void
check_int64(const char *bytes, size_t count, int status, int64_t want) {
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, count);
  int64_t got = 0;
  CHECK_INT(hwr_msgpack_read_int64(&reader, &got), status);
  CHECK_INT(got, want);
  CHECK((reader.at == reader.end) == (status == 0));
}

static void
check_uint64(const char *bytes, size_t count, int status, uint64_t want) {
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, count);
  uint64_t got = 0;
  CHECK_INT(hwr_msgpack_read_uint64(&reader, &got), status);
  CHECK(got == want);
  CHECK((reader.at == reader.end) == (status == 0));
}

TEST(integers_are_read_from_whatever_holds_them_exactly) {
  check_int64("\xcf\x80\x00\x00\x00\x00\x00\x00\x00", 9, HWR_EKIND, 0);
  check_int64("\xd3\x80\x00\x00\x00\x00\x00\x00\x00", 9, 0, INT64_MIN);
  check_int64("\xcb\xc3\xe0\x00\x00\x00\x00\x00\x00", 9, 0, INT64_MIN); /* -2^63 */
  check_int64("\xcb\x43\xe0\x00\x00\x00\x00\x00\x00", 9, HWR_EKIND, 0); /* 2^63 */
  check_int64("\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", 9, HWR_EKIND, 0); /* 1.5 */
  check_int64("\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", 9, HWR_EKIND, 0); /* NaN */
  check_int64("\xca\xc0\x40\x00\x00", 5, 0, -3);
  check_uint64("\xff", 1, HWR_EKIND, 0);
  check_uint64("\xcf\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0, UINT64_MAX);
  check_uint64("\xcb\x43\xe0\x00\x00\x00\x00\x00\x00", 9, 0, (uint64_t) 1 << 63);
  check_uint64("\xcb\x43\xf0\x00\x00\x00\x00\x00\x00", 9, HWR_EKIND, 0); /* 2^64 */
  check_uint64("\xcb\xbf\xf0\x00\x00\x00\x00\x00\x00", 9, HWR_EKIND, 0); /* -1 */
  check_uint64("\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", 9, HWR_EKIND, 0); /* infinity */
  check_uint64("\xca\x3f\x80\x00\x00", 5, 0, 1);
}

/* ---- writing */

#define CHECK_WRITTEN(call, want) check_written(__LINE__, call, want, sizeof(want) - 1)

static void
check_written(int line, int status, const char *want, size_t count) {
  CHECK_INT(status, 0);
  bool same = writer.length_bytes == count && memcmp(writer.bytes, want, count) == 0;
  if (!same) check_fail(__FILE__, line, "%zu bytes, not as expected", writer.length_bytes);
  hwr_msgpack_writer_reset(&writer);
}

TEST(integers_are_written_in_their_shortest_form) {
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, 0), "\x00");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, 127), "\x7f");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, 128), "\xcc\x80");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, 256), "\xcd\x01\x00");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, 65536), "\xce\x00\x01\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, 4294967296),
                "\xcf\x00\x00\x00\x01\x00\x00\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, -1), "\xff");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, -32), "\xe0");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, -33), "\xd0\xdf");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, -129), "\xd1\xff\x7f");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, -32769), "\xd2\xff\xff\x7f\xff");
  CHECK_WRITTEN(hwr_msgpack_write_int64(&writer, INT64_MIN),
                "\xd3\x80\x00\x00\x00\x00\x00\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_uint64(&writer, UINT64_MAX),
                "\xcf\xff\xff\xff\xff\xff\xff\xff\xff");
}

TEST(other_small_values_are_written_in_their_shortest_form) {
  CHECK_WRITTEN(hwr_msgpack_write_nil(&writer), "\xc0");
  CHECK_WRITTEN(hwr_msgpack_write_bool(&writer, false), "\xc2");
  CHECK_WRITTEN(hwr_msgpack_write_bool(&writer, true), "\xc3");
  CHECK_WRITTEN(hwr_msgpack_write_double(&writer, 1.5), "\xca\x3f\xc0\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_double(&writer, -0.0), "\xca\x80\x00\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_double(&writer, 1e300 * 1e300), "\xca\x7f\x80\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_double(&writer, strtod("nan", NULL)), "\xca\x7f\xc0\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_double(&writer, 0.1), "\xcb\x3f\xb9\x99\x99\x99\x99\x99\x9a");
  CHECK_WRITTEN(hwr_msgpack_write_double(&writer, 1e300), "\xcb\x7e\x37\xe4\x3c\x88\x00\x75\x9c");
  CHECK_WRITTEN(hwr_msgpack_write_text(&writer, ""), "\xa0");
  CHECK_WRITTEN(hwr_msgpack_write_text(&writer, "one"), "\xa3one");
  CHECK_WRITTEN(hwr_msgpack_write_text_of(&writer, "o\0e", 3), "\xa3o\0e");
  CHECK_WRITTEN(hwr_msgpack_write_bytes(&writer, NULL, 0), "\xc4\x00");
  CHECK_WRITTEN(hwr_msgpack_write_bytes(&writer, "\x01", 1), "\xc4\x01\x01");
  CHECK_WRITTEN(hwr_msgpack_write_ext(&writer, -1, "abcd", 4), "\xd6\xff"
                                                               "abcd");
  CHECK_WRITTEN(hwr_msgpack_write_ext(&writer, 0, "\0", 1), "\xd4\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_ext(&writer, 5, "abc", 3), "\xc7\x03\x05"
                                                             "abc");
  CHECK_WRITTEN(hwr_msgpack_write_ext(&writer, 5, NULL, 0), "\xc7\x00\x05");
  CHECK_WRITTEN(hwr_msgpack_write_encoded(&writer, "\x01\x02", 2), "\x01\x02");
}

TEST(heads_are_written_in_their_shortest_form) {
  CHECK_WRITTEN(hwr_msgpack_write_array(&writer, 15), "\x9f");
  CHECK_WRITTEN(hwr_msgpack_write_array(&writer, 16), "\xdc\x00\x10");
  CHECK_WRITTEN(hwr_msgpack_write_array(&writer, 65536), "\xdd\x00\x01\x00\x00");
  CHECK_WRITTEN(hwr_msgpack_write_map(&writer, 15), "\x8f");
  CHECK_WRITTEN(hwr_msgpack_write_map(&writer, 16), "\xde\x00\x10");
  CHECK_WRITTEN(hwr_msgpack_write_map(&writer, UINT32_MAX), "\xdf\xff\xff\xff\xff");
}

typedef int (*write_sized_fn)(hwr_msgpack_writer_t *writer, const void *bytes, size_t count);

static int
write_text(hwr_msgpack_writer_t *to, const void *bytes, size_t count) {
  return hwr_msgpack_write_text_of(to, bytes, count);
}

static int
write_ext(hwr_msgpack_writer_t *to, const void *bytes, size_t count) {
  return hwr_msgpack_write_ext(to, 3, bytes, count);
}

TEST(lengths_on_both_sides_of_each_form_are_read_back) {
  static const size_t lengths[] = {0,  1,  2,   3,   4,   8,     15,    16,   17,
                                   31, 32, 255, 256, 257, 65535, 65536, 70000};
  static const write_sized_fn writes[] = {write_text, hwr_msgpack_write_bytes, write_ext};
  uint8_t *data = calloc(70000, 1);
  REQUIRE(data != NULL);
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
    for (size_t w = 0; w < 3; w++) {
      CHECK_INT(writes[w](&writer, data, lengths[i]), 0);
      uint8_t *bytes = exact(writer.bytes, writer.length_bytes);
      hwr_msgpack_reader_t reader = hwr_msgpack_reader(bytes, writer.length_bytes);
      hwr_msgpack_t value;
      CHECK_INT(hwr_msgpack_read(&reader, &value), 1);
      CHECK_INT(value.count, lengths[i]);
      CHECK(reader.at == reader.end);
      free(bytes);
      hwr_msgpack_writer_reset(&writer);
    }
  free(data);
}

TEST(what_is_too_long_is_refused_and_so_is_all_behind_it) {
  CHECK_INT(hwr_msgpack_write_nil(&writer), 0);
  if (sizeof(size_t) > 4) {
    size_t count = (size_t) UINT32_MAX + 1;
    CHECK_INT(hwr_msgpack_write_bytes(&writer, "", count), HWR_ETOOBIG);
    CHECK_INT(writer.status, HWR_ETOOBIG);
    CHECK_INT(hwr_msgpack_write_nil(&writer), HWR_ETOOBIG);
    CHECK_INT(hwr_msgpack_write_text(&writer, "x"), HWR_ETOOBIG);
    CHECK_INT(writer.length_bytes, 1);
  }
  hwr_msgpack_writer_reset(&writer);
  CHECK_INT(hwr_msgpack_write_encoded(&writer, "", SIZE_MAX), HWR_ETOOBIG);
  hwr_msgpack_writer_reset(&writer);
  CHECK_INT(writer.status, 0);
}

TEST(a_writer_grows_as_far_as_it_must) {
  for (int64_t i = 0; i < 100000; i++) hwr_msgpack_write_int64(&writer, i);
  CHECK_INT(writer.status, 0);
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(writer.bytes, writer.length_bytes);
  int64_t got = -1, next = 0;
  while (hwr_msgpack_read_int64(&reader, &got) == 0 && got == next) next++;
  CHECK_INT(next, 100000);
  CHECK(reader.at == reader.end);
  hwr_msgpack_writer_reset(&writer);
}

int
main(void) {
  hwr_msgpack_writer_init(&writer);
  RUN(every_form_of_the_specification_is_read);
  RUN(a_value_that_ends_early_is_refused_wherever_it_ends);
  RUN(the_byte_that_is_never_used_is_refused);
  RUN(no_bytes_are_the_end);
  RUN(claims_beyond_the_bytes_are_refused);
  RUN(claims_that_add_up_beyond_the_bytes_are_refused);
  RUN(a_million_levels_are_skipped_without_recursion);
  RUN(find_stops_before_the_value_of_the_first_such_key);
  RUN(find_refuses_what_is_no_map_and_maps_that_lie);
  RUN(values_of_another_kind_are_left_where_they_are);
  RUN(integers_are_read_from_whatever_holds_them_exactly);
  RUN(integers_are_written_in_their_shortest_form);
  RUN(other_small_values_are_written_in_their_shortest_form);
  RUN(heads_are_written_in_their_shortest_form);
  RUN(lengths_on_both_sides_of_each_form_are_read_back);
  RUN(what_is_too_long_is_refused_and_so_is_all_behind_it);
  RUN(a_writer_grows_as_far_as_it_must);
  hwr_msgpack_writer_deinit(&writer);
  return check_exit_code();
}
