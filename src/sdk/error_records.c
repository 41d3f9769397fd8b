/* SPDX-License-Identifier: MIT */
#include "sdk/error_records.h"

#include "sdk/record_reader.h"
#include "sdk/record_writer.h"

#include <stdlib.h>
#include <string.h>

enum {
  MAX_ACCEPTED_BYTES = 2 * HWR__MAX_ERROR_BYTES,
  MAX_NAME_BYTES = 256,
  LEAST_ERROR_BYTES = 2048, /* a cause that has less room is left out */
  END_BYTES = HWR__MAX_CAUSES + 1,
};

static bool
is_one_of(const char *text, const char *const *list) {
  for (; *list; list++)
    if (strcmp(text, *list) == 0) return true;
  return false;
}

/* ---- writing */

static size_t
room_left(const hwr__record_writer_t *writer) {
  size_t most = HWR__MAX_ERROR_BYTES - END_BYTES;
  return writer->length_bytes < most ? most - writer->length_bytes : 0;
}

/* A half of the room is the others'. */
static void
write_head(hwr__record_writer_t *writer, const hwr_error_t *error) {
  const char *name = error->name ? error->name : "Error";
  hwr__record_write_tag(writer, HWR__ERROR);
  hwr__record_write_text(writer, name, MAX_NAME_BYTES);
  hwr__record_write_text(writer, name, MAX_NAME_BYTES);
  hwr__record_write_text(writer, error->message ? error->message : "", room_left(writer) / 2);
  /* The host makes one of name and message, and adds the frames of whoever called. */
  hwr__record_write_tag(writer, HWR__UNDEFINED);
}

static void
write_pair(hwr__record_writer_t *writer, const hwr_property_t *property) {
  enum { NUMBER_BYTES = 9 };
  size_t room = room_left(writer);
  size_t needed = hwr__record_text_size(property->key, room);
  needed += property->text ? hwr__record_text_size(property->text, room) : NUMBER_BYTES;
  if (needed > room) return;
  hwr__record_write_text(writer, property->key, SIZE_MAX);
  if (property->text) hwr__record_write_text(writer, property->text, SIZE_MAX);
  else hwr__record_write_number(writer, property->number);
}

static void
write_properties(hwr__record_writer_t *writer, const hwr_error_t *error) {
  static const char *const taken[] = {"name", "message", "stack", "cause", "errors", NULL};
  if (error->code) write_pair(writer, &(hwr_property_t){"code", error->code, 0});
  for (size_t i = 0; i < error->property_count; i++) {
    const hwr_property_t *property = &error->properties[i];
    if (!property->key || is_one_of(property->key, taken)) continue;
    if (error->code && strcmp(property->key, "code") == 0) continue;
    write_pair(writer, property);
  }
}

int
hwr__error_write(const hwr_error_t *error, uint8_t **bytes, size_t *length_bytes) {
  static const hwr_error_t PLAIN = {0};
  hwr__record_writer_t writer = {0};
  unsigned open = 0;
  if (!error) error = &PLAIN;
  hwr__record_write_begin(&writer);
  do {
    if (open > 0) hwr__record_write_text(&writer, "cause", SIZE_MAX);
    write_head(&writer, error);
    write_properties(&writer, error);
    error = error->cause;
  } while (++open <= HWR__MAX_CAUSES && error && room_left(&writer) >= LEAST_ERROR_BYTES);
  while (open-- > 0) hwr__record_write_tag(&writer, HWR__END);
  if (writer.failed) {
    free(writer.bytes);
    return HWR_ENOMEM;
  }
  *bytes = writer.bytes;
  *length_bytes = writer.length_bytes;
  return 0;
}

/* ---- reading: one block has the errors of the chain, and behind them their texts */

typedef struct level_s {
  hwr_error_t error;
  hwr_property_t properties[HWR__MAX_PROPERTIES];
} level_t;

typedef struct chain_s {
  level_t *levels; /* HWR__MAX_CAUSES + 1, the outermost first */
  unsigned depth;  /* of the one that is read */
  char *texts;     /* where the next one goes: there is room for all that the record has */
  hwr_reader_t reader;
} chain_t;

static const char *
keep_text(chain_t *chain, const hwr__record_text_t *text) {
  char *kept = chain->texts;
  chain->texts = hwr__record_text_put(text, kept);
  return kept;
}

/* NULL for undefined. */
static int
read_text(chain_t *chain, const char **text) {
  hwr__record_value_t value;
  if (hwr__record_read(&chain->reader, &value)) return HWR_EPROTO;
  if (value.tag != HWR__UNDEFINED && value.tag != HWR__LATIN1) return HWR_EPROTO;
  *text = value.tag == HWR__LATIN1 ? keep_text(chain, &value.text) : NULL;
  return 0;
}

static bool
is_standard(const char *name) {
  static const char *const standard[] = {"Error",       "TypeError",      "RangeError",
                                         "SyntaxError", "ReferenceError", "EvalError",
                                         "URIError",    "AggregateError", NULL};
  return is_one_of(name, standard);
}

/* The name that is known where its class is not: its own, or else its class's. */
static const char *
known_as(const char *class_name, const char *name) {
  if (!class_name) return name ? name : "Error";
  if (!name) return class_name;
  return is_standard(name) && !is_standard(class_name) ? class_name : name;
}

/* Behind the tag ERROR. */
static int
read_head(chain_t *chain) {
  level_t *level = &chain->levels[chain->depth];
  const char *class_name, *name, *message;
  if (read_text(chain, &class_name) || read_text(chain, &name) || read_text(chain, &message))
    return HWR_EPROTO;
  hwr__record_value_t stack;
  if (hwr__record_read(&chain->reader, &stack)) return HWR_EPROTO;
  if (stack.tag != HWR__UNDEFINED && stack.tag != HWR__LATIN1) return HWR_EPROTO;
  level->error = (hwr_error_t){.name = known_as(class_name, name),
                               .message = message ? message : "",
                               .properties = level->properties};
  return 0;
}

static void
add_property(chain_t *chain, const hwr__record_text_t *key, const hwr__record_value_t *value) {
  level_t *level = &chain->levels[chain->depth];
  const char *text = value->tag == HWR__LATIN1 ? keep_text(chain, &value->text) : NULL;
  if (text && hwr__record_text_is(key, "code")) {
    level->error.code = text;
    return;
  }
  if (level->error.property_count == HWR__MAX_PROPERTIES) return;
  level->properties[level->error.property_count++] =
      (hwr_property_t){keep_text(chain, key), text, value->number};
}

static int
read_cause(chain_t *chain) {
  if (hwr__record_peek(&chain->reader) != HWR__ERROR || chain->depth == HWR__MAX_CAUSES)
    return hwr__record_skip(&chain->reader);
  hwr_reader_u8(&chain->reader);
  level_t *level = &chain->levels[chain->depth++];
  level->error.cause = &chain->levels[chain->depth].error;
  return read_head(chain);
}

static int
read_pair(chain_t *chain) {
  hwr__record_text_t key;
  hwr__record_value_t value;
  if (hwr__record_read_key(&chain->reader, &key)) return HWR_EPROTO;
  if (hwr__record_text_is(&key, "cause")) return read_cause(chain);
  if (hwr__record_read(&chain->reader, &value)) return HWR_EPROTO;
  if (value.tag == HWR__LATIN1 || value.tag == HWR__FLOAT64) {
    add_property(chain, &key, &value);
    return 0;
  }
  return hwr__record_skip_rest(&chain->reader, &value);
}

static int
read_chain(chain_t *chain) {
  int err = read_head(chain);
  while (!err) {
    if (hwr__record_peek(&chain->reader) != HWR__END) err = read_pair(chain);
    else {
      hwr_reader_u8(&chain->reader);
      if (chain->depth-- == 0) return 0;
    }
  }
  return err;
}

/* What was thrown and is no error (P10.5). */
static int
read_other(chain_t *chain, const hwr__record_value_t *value) {
  static const char *const texts[] = {"undefined", "null", "false", "true"};
  const char *message = "a value that is no error";
  if (value->tag <= HWR__TRUE) message = texts[value->tag];
  else if (value->tag == HWR__LATIN1) message = keep_text(chain, &value->text);
  chain->levels[0].error = (hwr_error_t){.name = "Error", .message = message};
  return hwr__record_skip_rest(&chain->reader, value);
}

static int
read_error(chain_t *chain, const uint8_t *bytes, size_t length_bytes) {
  hwr__record_value_t value;
  if (hwr__record_begin(&chain->reader, bytes, length_bytes) ||
      hwr__record_read(&chain->reader, &value))
    return HWR_EPROTO;
  int err = value.tag == HWR__ERROR ? read_chain(chain) : read_other(chain, &value);
  return err || chain->reader.at != chain->reader.end ? HWR_EPROTO : 0;
}

int
hwr__error_read(hwr_error_t **error, const uint8_t *bytes, size_t length_bytes) {
  static const hwr_error_t too_long = {.name = "RemoteError",
                                       .code = "ERR_HAWSER_REMOTE",
                                       .message = "an error of more than 131072 bytes"};
  static const hwr_error_t unreadable = {.name = "ProtocolError",
                                         .code = "ERR_HAWSER_PROTOCOL",
                                         .message = "an error that cannot be read"};
  bool fits = length_bytes <= MAX_ACCEPTED_BYTES;
  size_t levels_bytes = (HWR__MAX_CAUSES + 1) * sizeof(level_t);
  level_t *levels = malloc(levels_bytes + (fits ? 3 * length_bytes : 0));
  if (!levels) return HWR_ENOMEM;
  chain_t chain = {.levels = levels, .texts = (char *) levels + levels_bytes};
  if (!fits) levels[0].error = too_long;
  else if (read_error(&chain, bytes, length_bytes)) levels[0].error = unreadable;
  *error = &levels[0].error;
  return 0;
}

void
hwr__error_free(hwr_error_t *error) {
  free(error);
}
