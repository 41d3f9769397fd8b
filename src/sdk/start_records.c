/* SPDX-License-Identifier: MIT */
#include "sdk/start_records.h"

#include "sdk/record_reader.h"
#include "sdk/record_writer.h"

#include <hawser/status.h>
#include <stdlib.h>
#include <string.h>

static bool
is_nothing(const hwr__record_value_t *value) {
  return value->tag == HWR__UNDEFINED || value->tag == HWR__NULL || value->tag == HWR__GONE;
}

/* ---- fields: each reads the rest of `value`, whose head was read, into its place of `init` */

typedef int (*read_field_fn)(hwr__init_t *init, hwr_reader_t *reader,
                             const hwr__record_value_t *value);

/* The last of two wins, as it does for a key that stands twice in an object. */
static int
set_text(char **place, const hwr__record_value_t *value) {
  if (!is_nothing(value) && value->tag != HWR__LATIN1) return HWR_EPROTO;
  char *text = is_nothing(value) ? NULL : hwr__record_text_copy(&value->text);
  if (!is_nothing(value) && !text) return HWR_ENOMEM;
  free(*place);
  *place = text;
  return 0;
}

static int
read_name(hwr__init_t *init, hwr_reader_t *reader, const hwr__record_value_t *value) {
  (void) reader;
  return set_text(&init->name, value);
}

static int
read_serializer(hwr__init_t *init, hwr_reader_t *reader, const hwr__record_value_t *value) {
  (void) reader;
  return set_text(&init->serializer, value);
}

static int
read_built_in(hwr__init_t *init, hwr_reader_t *reader, const hwr__record_value_t *value) {
  (void) reader;
  if (value->tag != HWR__TRUE && value->tag != HWR__FALSE) return HWR_EPROTO;
  init->is_built_in = value->tag == HWR__TRUE;
  return 0;
}

/* Any other value is that of a worker in JavaScript, and none of a native one. */
static int
read_data(hwr__init_t *init, hwr_reader_t *reader, const hwr__record_value_t *value) {
  if (value->tag != HWR__BUFFER) return hwr__record_skip_rest(reader, value);
  size_t count = value->text.length_bytes;
  uint8_t *data = malloc(count ? count : 1);
  if (!data) return HWR_ENOMEM;
  if (count) memcpy(data, value->text.bytes, count);
  free(init->data);
  init->data = data;
  init->data_bytes = count;
  return 0;
}

/* ---- timeouts */

static int
milliseconds_of(const hwr__record_value_t *value, uint32_t *timeout_ms) {
  bool fits = value->tag == HWR__FLOAT64 && value->number >= 0 && value->number <= INT32_MAX;
  if (fits) *timeout_ms = (uint32_t) value->number;
  return fits ? 0 : HWR_EPROTO;
}

static void
free_types(hwr__init_t *init) {
  for (size_t i = 0; i < init->type_count; i++) free(init->types[i].type);
  free(init->types);
  init->types = NULL;
  init->type_count = 0;
}

static int
read_type(hwr_reader_t *reader, hwr__init_timeout_t *timeout) {
  hwr__record_text_t key;
  hwr__record_value_t value;
  if (hwr__record_read_key(reader, &key) || hwr__record_read(reader, &value) ||
      milliseconds_of(&value, &timeout->timeout_ms))
    return HWR_EPROTO;
  timeout->type = hwr__record_text_copy(&key);
  return timeout->type ? 0 : HWR_ENOMEM;
}

static int
compare_types(const void *a, const void *b) {
  return strcmp(((const hwr__init_timeout_t *) a)->type, ((const hwr__init_timeout_t *) b)->type);
}

static int
read_types(hwr__init_t *init, hwr_reader_t *reader) {
  hwr__record_value_t value;
  if (hwr__record_read(reader, &value) || value.tag != HWR__OBJECT) return HWR_EPROTO;
  free_types(init);
  if (value.count == 0) return 0;
  init->types = calloc(value.count, sizeof *init->types);
  if (!init->types) return HWR_ENOMEM;
  while (init->type_count < value.count) {
    int err = read_type(reader, &init->types[init->type_count]);
    if (err) return err;
    init->type_count++;
  }
  qsort(init->types, init->type_count, sizeof *init->types, compare_types);
  return 0;
}

static int
read_message_timeout(hwr__init_t *init, hwr_reader_t *reader) {
  hwr__record_value_t value;
  int err = hwr__record_read(reader, &value);
  return err ? err : milliseconds_of(&value, &init->timeout_ms);
}

static int
read_timeouts(hwr__init_t *init, hwr_reader_t *reader, const hwr__record_value_t *value) {
  if (value->tag != HWR__OBJECT) return HWR_EPROTO;
  int err = 0;
  for (uint32_t i = 0; i < value->count && !err; i++) {
    hwr__record_text_t key;
    err = hwr__record_read_key(reader, &key);
    if (err) return err;
    if (hwr__record_text_is(&key, "message")) err = read_message_timeout(init, reader);
    else if (hwr__record_text_is(&key, "types")) err = read_types(init, reader);
    else err = hwr__record_skip(reader);
  }
  return err;
}

/* ---- methods of the host */

static void
free_methods(hwr__init_t *init) {
  for (size_t i = 0; i < init->method_count; i++) free(init->methods[i]);
  free(init->methods);
  init->methods = NULL;
  init->method_count = 0;
}

static int
read_methods(hwr__init_t *init, hwr_reader_t *reader, const hwr__record_value_t *value) {
  free_methods(init);
  if (is_nothing(value)) return 0;
  if (value->tag != HWR__ARRAY || value->count > HWR__MAX_METHODS) return HWR_EPROTO;
  if (value->count == 0) return 0;
  init->methods = calloc(value->count, sizeof *init->methods);
  if (!init->methods) return HWR_ENOMEM;
  while (init->method_count < value->count) {
    hwr__record_text_t name;
    if (hwr__record_read_key(reader, &name)) return HWR_EPROTO;
    init->methods[init->method_count] = hwr__record_text_copy(&name);
    if (!init->methods[init->method_count]) return HWR_ENOMEM;
    init->method_count++;
  }
  return 0;
}

/* ---- INIT */

static const struct {
  const char *key;
  read_field_fn read;
} fields[] = {
    {"name", read_name},       {"serializer", read_serializer}, {"builtIn", read_built_in},
    {"workerData", read_data}, {"timeouts", read_timeouts},     {"methods", read_methods},
};

static int
read_field(hwr__init_t *init, hwr_reader_t *reader) {
  hwr__record_text_t key;
  hwr__record_value_t value;
  if (hwr__record_read_key(reader, &key) || hwr__record_read(reader, &value)) return HWR_EPROTO;
  for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
    if (hwr__record_text_is(&key, fields[i].key)) return fields[i].read(init, reader, &value);
  return hwr__record_skip_rest(reader, &value);
}

static int
read_fields(hwr__init_t *init, const uint8_t *bytes, size_t length_bytes) {
  hwr_reader_t reader;
  hwr__record_value_t value;
  if (hwr__record_begin(&reader, bytes, length_bytes) || hwr__record_read(&reader, &value) ||
      value.tag != HWR__OBJECT)
    return HWR_EPROTO;
  for (uint32_t i = 0; i < value.count; i++) {
    int err = read_field(init, &reader);
    if (err) return err;
  }
  return reader.at == reader.end && init->serializer ? 0 : HWR_EPROTO;
}

int
hwr__init_read(hwr__init_t *init, const uint8_t *bytes, size_t length_bytes) {
  hwr__init_t read = {0};
  int err = read_fields(&read, bytes, length_bytes);
  if (err) hwr__init_deinit(&read);
  else *init = read;
  return err;
}

void
hwr__init_deinit(hwr__init_t *init) {
  free(init->name);
  free(init->serializer);
  free(init->data);
  free_types(init);
  free_methods(init);
  *init = (hwr__init_t){0};
}

uint32_t
hwr__init_timeout_ms(const hwr__init_t *init, const char *type) {
  if (init->type_count == 0) return init->timeout_ms;
  size_t low = 0, high = init->type_count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp(type, init->types[middle].type);
    if (order == 0) return init->types[middle].timeout_ms;
    if (order < 0) high = middle;
    else low = middle + 1;
  }
  return init->timeout_ms;
}

int
hwr__methods_write(const char *const *names, size_t count, uint8_t **bytes, size_t *length_bytes) {
  hwr__record_writer_t writer = {0};
  hwr__record_write_begin(&writer);
  hwr__record_write_array(&writer, (uint32_t) count);
  for (size_t i = 0; i < count; i++) hwr__record_write_text(&writer, names[i], SIZE_MAX);
  if (writer.failed) {
    free(writer.bytes);
    return HWR_ENOMEM;
  }
  *bytes = writer.bytes;
  *length_bytes = writer.length_bytes;
  return 0;
}
