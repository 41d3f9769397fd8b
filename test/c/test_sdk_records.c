/* SPDX-License-Identifier: MIT
 *
 * Records of codec 1 as a native worker reads and writes them. The path of docs/protocol.md, which
 * has the vectors, is the argument of the program.
 */
#include "sdk/error_records.h"
#include "sdk/record_reader.h"
#include "sdk/start_records.h"
#include "sdk/text_payload.h"
#include "vectors.h"

static const char *document;
static frames_t record;

/* The bytes of a vector, in `record`. */
static void
load(const char *name) {
  const char *at = document;
  vector_t v;
  record.count = 0;
  while (vector_next(&at, &v))
    if (strcmp(v.name, name) == 0) {
      vector_bytes(&v, "hex", &record);
      return;
    }
  REQUIRE(!"a vector of that name");
}

static void
load_hex(const char *hex) {
  record.count = 0;
  put_digits(&record, hex);
}

/* A copy of its own, so that the address sanitizer sees a read behind its end. */
static uint8_t *
exact(const void *bytes, size_t count) {
  uint8_t *copy = malloc(count ? count : 1);
  REQUIRE(copy != NULL);
  if (count) memcpy(copy, bytes, count);
  return copy;
}

static int
read_init(hwr__init_t *init, const uint8_t *bytes, size_t count) {
  uint8_t *copy = exact(bytes, count);
  int status = hwr__init_read(init, copy, count);
  memset(copy, 0xee, count);
  free(copy);
  return status;
}

static hwr_error_t *
read_error(const uint8_t *bytes, size_t count) {
  uint8_t *copy = exact(bytes, count);
  hwr_error_t *error = NULL;
  CHECK_INT(hwr__error_read(&error, copy, count), 0);
  REQUIRE(error != NULL);
  memset(copy, 0xee, count);
  free(copy);
  return error;
}

static hwr_error_t *
read_back(const hwr_error_t *error) {
  uint8_t *bytes;
  size_t count;
  REQUIRE(hwr__error_write(error, &bytes, &count) == 0);
  CHECK(count <= HWR__MAX_ERROR_BYTES);
  hwr_error_t *back = read_error(bytes, count);
  free(bytes);
  return back;
}

TEST(an_init_for_javascript_is_read) {
  hwr__init_t init;
  load("value-init");
  REQUIRE(read_init(&init, record.bytes, record.count) == 0);
  CHECK(init.name == NULL && init.data == NULL && init.methods == NULL && init.types == NULL);
  CHECK_STR(init.serializer, "structured");
  CHECK(init.is_built_in);
  CHECK_INT(hwr__init_timeout_ms(&init, "any"), 300000);
  hwr__init_deinit(&init);
}

TEST(an_init_for_a_native_worker_is_read) {
  hwr__init_t init;
  load("value-init-of-a-native-worker");
  REQUIRE(read_init(&init, record.bytes, record.count) == 0);
  CHECK_STR(init.name, "caf\xc3\xa9");
  CHECK_STR(init.serializer, "msgpack");
  REQUIRE(init.data != NULL && init.data_bytes == 4 && init.method_count == 2);
  CHECK_MEM(init.data, "\x93\x01\x02\x03", 4);
  CHECK_STR(init.methods[0], "add");
  CHECK_STR(init.methods[1], "\xce\xbb");
  CHECK_INT(hwr__init_timeout_ms(&init, "slow"), 0);
  CHECK_INT(hwr__init_timeout_ms(&init, "fast"), 50);
  CHECK_INT(hwr__init_timeout_ms(&init, "any"), 300000);
  CHECK_INT(hwr__init_timeout_ms(&init, ""), 300000);
  hwr__init_deinit(&init);
  CHECK(init.data == NULL && init.serializer == NULL);
}

TEST(an_init_that_ends_early_is_refused_wherever_it_ends) {
  load("value-init-of-a-native-worker");
  for (size_t count = 0; count < record.count; count++) {
    hwr__init_t init;
    CHECK_INT(read_init(&init, record.bytes, count), HWR_EPROTO);
  }
}

/* What was damaged may still be a record, but never crashes, leaks or reads past its end. */
static void
damage(size_t i, void (*use)(const uint8_t *bytes, size_t count)) {
  static const uint8_t others[] = {0x00, 0x01, 0x08, 0x0c, 0x0d, 0x19, 0x1a, 0x30, 0x7f, 0xff};
  uint8_t was = record.bytes[i];
  for (size_t j = 0; j < sizeof others; j++) {
    record.bytes[i] = others[j];
    use(record.bytes, record.count);
  }
  record.bytes[i] = was;
}

static void
use_as_init(const uint8_t *bytes, size_t count) {
  hwr__init_t init;
  int status = read_init(&init, bytes, count);
  CHECK(status == 0 || status == HWR_EPROTO);
  if (status == 0) hwr__init_deinit(&init);
}

static void
use_as_error(const uint8_t *bytes, size_t count) {
  hwr_error_t *error = read_error(bytes, count);
  CHECK(error->name != NULL && error->message != NULL);
  hwr__error_free(error);
}

TEST(a_damaged_record_is_read_or_refused_whatever_the_damage) {
  load("value-init-of-a-native-worker");
  for (size_t i = 0; i < record.count; i++) damage(i, use_as_init);
  load("error-of-a-native-worker");
  for (size_t i = 0; i < record.count; i++) damage(i, use_as_error);
}

TEST(an_init_of_another_form_is_refused) {
  static const char *const wrong[] = {
      "02 f0",                                                  /* P9.4 */
      "00 01",                                                  /* no object */
      "00 f0",                                                  /* no serializer */
      "00 f1 41 41",                                            /* a key that is no text */
      "00 f1 84 6e616d65 41",                                   /* name: 1 */
      "00 f1 8a 73657269616c697a6572 81 78 41",                 /* more behind it */
      "00 f1 88 74696d656f757473 e0",                           /* timeouts: [] */
      "00 f1 87 6d6574686f6473 e1 41",                          /* methods: [1] */
      "00 f1 87 6d6574686f6473 0b ffffffff 81",                 /* methods: 4294967295 of them */
      "00 f1 88 74696d656f757473 f1 85 7479706573 0e ffffff7f", /* types, likewise */
      "00 f1 88 74696d656f757473 f1 87 6d657373616765 06 000000000000f8ff", /* NaN */
      "00 f1 84 6e616d65 08 01000000 61",                                   /* half a character */
      "00 f1 81 78 c0",                                                     /* a shape */
  };
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    hwr__init_t init;
    load_hex(wrong[i]);
    int status = read_init(&init, record.bytes, record.count);
    CHECK_INT(status, HWR_EPROTO);
    if (status != HWR_EPROTO) printf("# %s\n", wrong[i]);
  }
}

/* A value of every kind under a key that nobody knows, then the serializer. */
TEST(what_a_native_worker_does_not_know_is_skipped) {
  static const char *const kinds[] = {
      "00",
      "04",
      "7f",
      "05 ffffffff",
      "06 0000000000000000",
      "82 6162",
      "07 01000000 61",
      "08 02000000 bb03",
      "09 00000000",
      "e2 41 42",
      "0b 01000000 41",
      "0c 01000000 41 0d 00000000",
      "32 41 42 0d 01000000 81 78 e1 41",
      "f1 81 61 f1 81 62 01",
      "0e 01000000 81 61 41",
      "0f 000000000000f03f",
      "10 82 612b 82 6769",
      "11 01 02000000 0100",
      "12 01000000 41 42",
      "13 02000000 41 42",
      "14 41",
      "15 01000000 ff",
      "16 01000000 ff",
      "17 0000000000002040 01000000 00",
      "18 02 00 000000000000f03f 0000000000000040 16 03000000 010203",
      "19 00 00 00 00 85 6361757365 19 00 00 00 00 1a 1a"};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    load_hex("01 f2 85 6f74686572");
    put_digits(&record, kinds[i]);
    put_digits(&record, "8a 73657269616c697a6572 81 78");
    hwr__init_t init;
    int status = read_init(&init, record.bytes, record.count);
    CHECK_INT(status, 0);
    if (status) printf("# %s\n", kinds[i]);
    else {
      CHECK_STR(init.serializer, "x");
      hwr__init_deinit(&init);
    }
  }
}

TEST(a_million_levels_are_refused_without_recursion) {
  enum { LEVELS = 1000000 };
  static const uint8_t heads[] = {0xe1, 0x31, 0x14, 0x19};
  for (size_t i = 0; i < sizeof heads; i++) {
    load_hex("00 f1 81 78");
    for (int level = 0; level < LEVELS; level++) put_bytes(&record, &heads[i], 1);
    hwr__init_t init;
    CHECK_INT(read_init(&init, record.bytes, record.count), HWR_EPROTO);
  }
}

TEST(methods_are_written_as_the_document_shows) {
  static const char *const names[] = {"add", "greet"};
  uint8_t *bytes;
  size_t count;
  load("value-methods");
  REQUIRE(hwr__methods_write(names, 2, &bytes, &count) == 0);
  REQUIRE(count == record.count);
  CHECK_MEM(bytes, record.bytes, count);
  free(bytes);
}

static void
check_methods(const char *name, const char *hex) {
  uint8_t *bytes;
  size_t count;
  load_hex(hex);
  REQUIRE(hwr__methods_write(&name, 1, &bytes, &count) == 0);
  CHECK_INT(count, record.count);
  if (count == record.count) CHECK_MEM(bytes, record.bytes, count);
  free(bytes);
}

TEST(names_are_written_in_the_shortest_form) {
  char long_name[66] = {0};
  memset(long_name, 'a', 64);
  check_methods("", "00 e1 80");
  check_methods("caf\xc3\xa9", "00 e1 84 636166e9");
  check_methods("\xce\xbb", "00 e1 08 02000000 bb03");
  check_methods("\xf0\x9f\x98\x80", "00 e1 08 04000000 3dd800de");
  check_methods("a\xff", "00 e1 08 04000000 6100fdff"); /* no UTF-8 */
  check_methods("\xe2\x82", "00 e1 08 04000000 fdfffdff");
  check_methods(long_name, "00 e1 07 40000000 "
                           "6161616161616161616161616161616161616161616161616161616161616161"
                           "6161616161616161616161616161616161616161616161616161616161616161");
}

TEST(an_error_is_written_as_the_document_shows) {
  hwr_property_t depth = {"depth", NULL, 1.5};
  hwr_error_t cause = {.message = "deep sea"};
  hwr_error_t error = {
      "UnknownTypeError", "ERR_HAWSER_UNKNOWN_TYPE", "no such fish", &cause, &depth, 1};
  uint8_t *bytes;
  size_t count;
  load("error-of-a-native-worker");
  REQUIRE(hwr__error_write(&error, &bytes, &count) == 0);
  CHECK_INT(count, record.count);
  if (count == record.count) CHECK_MEM(bytes, record.bytes, count);
  free(bytes);
}

TEST(an_error_is_read_with_its_code_properties_and_cause) {
  load("error-of-a-native-worker");
  hwr_error_t *error = read_error(record.bytes, record.count);
  CHECK_STR(error->name, "UnknownTypeError");
  CHECK_STR(error->code, "ERR_HAWSER_UNKNOWN_TYPE");
  CHECK_STR(error->message, "no such fish");
  REQUIRE(error->property_count == 1 && error->cause != NULL);
  CHECK_STR(error->properties[0].key, "depth");
  CHECK(error->properties[0].text == NULL && error->properties[0].number == 1.5);
  CHECK_STR(error->cause->name, "Error");
  CHECK_STR(error->cause->message, "deep sea");
  CHECK(error->cause->code == NULL && error->cause->cause == NULL);
  hwr__error_free(error);
}

static void
check_arrives(const char *name, const char *error_name, const char *message) {
  load(name);
  hwr_error_t *error = read_error(record.bytes, record.count);
  CHECK_STR(error->name, error_name);
  CHECK_STR(error->message, message);
  hwr__error_free(error);
}

TEST(errors_of_the_document_arrive) {
  check_arrives("error-of-a-standard-class", "TypeError", "no");
  check_arrives("error-with-code-and-cause", "RangeError", "far");
  check_arrives("error-of-many", "AggregateError", "all");
  check_arrives("error-of-an-unknown-class", "QuotaError", "full");
  check_arrives("error-without-texts", "Error", "");
  check_arrives("error-that-is-none", "Error", "null");
  check_arrives("error-of-a-shape", "ProtocolError", "an error that cannot be read");
}

TEST(an_error_that_ends_early_cannot_be_read_wherever_it_ends) {
  load("error-of-a-native-worker");
  for (size_t count = 0; count < record.count; count++) {
    hwr_error_t *error = read_error(record.bytes, count);
    CHECK_STR(error->name, "ProtocolError");
    hwr__error_free(error);
  }
}

TEST(an_error_of_more_than_128_kib_is_not_looked_into) {
  record.count = 0;
  for (int i = 0; i < 131073; i++) put_number(&record, 0, 1);
  hwr_error_t *error = read_error(record.bytes, record.count);
  CHECK_STR(error->name, "RemoteError");
  hwr__error_free(error);
}

static char *
repeated(const char *unit, size_t times) {
  size_t length = strlen(unit);
  char *text = malloc(times * length + 1);
  REQUIRE(text != NULL);
  for (size_t i = 0; i < times; i++) memcpy(text + i * length, unit, length);
  text[times * length] = 0;
  return text;
}

TEST(texts_of_an_error_are_cut_between_characters) {
  static const char *const units[] = {"x", "\xc3\xa9", "\xce\xbb", "\xf0\x9f\x98\x80"};
  for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
    char *text = repeated(units[i], 200000);
    hwr_error_t *back = read_back(&(hwr_error_t){.name = text, .message = text, .code = "E"});
    size_t length = strlen(back->message), unit = strlen(units[i]);
    CHECK(length > 16000 && length % unit == 0);
    CHECK_MEM(back->message, text, length);
    CHECK(strlen(back->name) > 50 && strlen(back->name) % unit == 0);
    CHECK_STR(back->code, "E");
    hwr__error_free(back);
    free(text);
  }
}

TEST(properties_that_have_no_room_are_left_out) {
  char *text = repeated("x", 30000);
  hwr_property_t properties[] = {{"a", text, 0}, {"b", text, 0}, {"c", text, 0}, {"d", "small", 0}};
  hwr_error_t error = {.message = "m", .properties = properties, .property_count = 4};
  hwr_error_t *back = read_back(&error);
  REQUIRE(back->property_count == 3);
  CHECK_STR(back->properties[1].text, text);
  CHECK_STR(back->properties[2].key, "d");
  hwr__error_free(back);
  free(text);
}

TEST(properties_cannot_stand_in_for_the_fields_of_an_error) {
  hwr_property_t properties[] = {{"name", "a", 0},  {"message", "b", 0}, {"stack", "c", 0},
                                 {"cause", "d", 0}, {"errors", "e", 0},  {"code", "f", 0},
                                 {NULL, "g", 0},    {"n", NULL, -7}};
  hwr_error_t error = {.name = "TypeError",
                       .code = "E",
                       .message = "m",
                       .properties = properties,
                       .property_count = 8};
  hwr_error_t *back = read_back(&error);
  CHECK_STR(back->name, "TypeError");
  CHECK_STR(back->message, "m");
  CHECK_STR(back->code, "E");
  CHECK(back->cause == NULL);
  REQUIRE(back->property_count == 1);
  CHECK(back->properties[0].number == -7);
  hwr__error_free(back);
}

TEST(a_chain_of_causes_ends_after_eight_though_it_is_a_ring) {
  hwr_error_t ring = {.message = "again"};
  ring.cause = &ring;
  hwr_error_t *back = read_back(&ring);
  int causes = 0;
  for (const hwr_error_t *at = back->cause; at; at = at->cause, causes++)
    CHECK_STR(at->message, "again");
  CHECK_INT(causes, HWR__MAX_CAUSES);
  hwr__error_free(back);
}

TEST(causes_beyond_eight_are_skipped_when_read) {
  load_hex("00");
  for (int i = 0; i < 20; i++) put_digits(&record, "19 81 41 81 41 81 6d 00 85 6361757365");
  put_digits(&record, "41");
  for (int i = 0; i < 20; i++) put_digits(&record, "1a");
  hwr_error_t *error = read_error(record.bytes, record.count);
  int causes = 0;
  for (const hwr_error_t *at = error->cause; at; at = at->cause) causes++;
  CHECK_INT(causes, HWR__MAX_CAUSES);
  CHECK_STR(error->name, "A");
  hwr__error_free(error);
}

TEST(properties_beyond_the_most_are_skipped_and_those_of_other_kinds_as_well) {
  load_hex("00 19 81 41 81 41 81 6d 00 81 61 e1 41 81 62 01");
  for (int i = 0; i < 100; i++) put_digits(&record, "81 6b 41");
  put_digits(&record, "84 636f6465 81 45 1a");
  hwr_error_t *error = read_error(record.bytes, record.count);
  CHECK_INT(error->property_count, HWR__MAX_PROPERTIES);
  CHECK_STR(error->properties[0].key, "k");
  CHECK_STR(error->code, "E");
  hwr__error_free(error);
}

TEST(text_becomes_utf_8_whatever_it_was) {
  load_hex("00 19 00 81 78 08 0e000000 3dd800de 00d8 6100 00dc 0000 bb03 00 1a");
  hwr_error_t *error = read_error(record.bytes, record.count);
  CHECK_STR(error->message, "\xf0\x9f\x98\x80\xef\xbf\xbd"
                            "a\xef\xbf\xbd\xef\xbf\xbd\xce\xbb");
  CHECK_STR(error->name, "x");
  hwr__error_free(error);
}

TEST(text_that_is_nowhere_is_left_for_others_to_refuse) {
  uint8_t *record;
  hwr_payload_t payload = hwr_payload(HWR_CODEC_TEXT, NULL, 5);
  CHECK_INT(hwr__text_write(&payload, &record), 0);
  CHECK(!record && !payload.bytes);
  CHECK_INT(payload.length_bytes, 5);
}

TEST(a_payload_of_text_keeps_its_nul) {
  static const char *const texts[] = {"a\0b", "\xe2\x82\xac\0b"};
  static const size_t sizes[] = {3, 5};
  for (int i = 0; i < 2; i++) {
    uint8_t *record;
    size_t text_bytes;
    hwr_payload_t payload = hwr_payload(HWR_CODEC_TEXT, texts[i], sizes[i]);
    REQUIRE(hwr__text_write(&payload, &record) == 0);
    char *text = hwr__text_read(payload.bytes, payload.length_bytes, &text_bytes);
    CHECK_INT(text_bytes, sizes[i]);
    CHECK(text && memcmp(text, texts[i], sizes[i]) == 0);
    free(text);
    free(record);
  }
}

int
main(int argc, char **argv) {
  REQUIRE(argc == 2);
  char *text = document_read(argv[1]);
  document = text;
  RUN(an_init_for_javascript_is_read);
  RUN(an_init_for_a_native_worker_is_read);
  RUN(an_init_that_ends_early_is_refused_wherever_it_ends);
  RUN(a_damaged_record_is_read_or_refused_whatever_the_damage);
  RUN(an_init_of_another_form_is_refused);
  RUN(what_a_native_worker_does_not_know_is_skipped);
  RUN(a_million_levels_are_refused_without_recursion);
  RUN(methods_are_written_as_the_document_shows);
  RUN(names_are_written_in_the_shortest_form);
  RUN(an_error_is_written_as_the_document_shows);
  RUN(an_error_is_read_with_its_code_properties_and_cause);
  RUN(errors_of_the_document_arrive);
  RUN(an_error_that_ends_early_cannot_be_read_wherever_it_ends);
  RUN(an_error_of_more_than_128_kib_is_not_looked_into);
  RUN(texts_of_an_error_are_cut_between_characters);
  RUN(properties_that_have_no_room_are_left_out);
  RUN(properties_cannot_stand_in_for_the_fields_of_an_error);
  RUN(a_chain_of_causes_ends_after_eight_though_it_is_a_ring);
  RUN(causes_beyond_eight_are_skipped_when_read);
  RUN(properties_beyond_the_most_are_skipped_and_those_of_other_kinds_as_well);
  RUN(text_becomes_utf_8_whatever_it_was);
  RUN(a_payload_of_text_keeps_its_nul);
  RUN(text_that_is_nowhere_is_left_for_others_to_refuse);
  frames_free(&record);
  free(text);
  return check_exit_code();
}
