/* SPDX-License-Identifier: MIT
 *
 * vectors.h - the test vectors of docs/protocol.md, as its last section describes them.
 *
 * Memory  the text of the document is on the heap; vectors point into it.
 */
#ifndef HAWSER_TEST_VECTORS_H
#define HAWSER_TEST_VECTORS_H

#include "stream_steps.h"

typedef struct vector_s {
  char name[80];
  const char *text; /* borrowed: its lines, up to `end` */
  const char *end;
} vector_t;

/* The whole document, owned, ending in NUL. */
static inline char *
document_read(const char *path) {
  FILE *file = fopen(path, "rb");
  REQUIRE(file != NULL);
  fseek(file, 0, SEEK_END);
  long size = ftell(file);
  rewind(file);
  REQUIRE(size > 0);
  char *text = malloc((size_t) size + 1);
  REQUIRE(text != NULL && fread(text, 1, (size_t) size, file) == (size_t) size);
  text[size] = 0;
  fclose(file);
  return text;
}

/* The next vector at or behind *at, which moves behind it. False when there is none. */
static inline bool
vector_next(const char **at, vector_t *v) {
  static const char begin[] = "\n```vector ";
  const char *found = strstr(*at, begin);
  if (!found) return false;
  found += sizeof begin - 1;
  size_t length = strcspn(found, "\n");
  REQUIRE(length > 0 && length < sizeof v->name);
  memcpy(v->name, found, length);
  v->name[length] = 0;
  v->text = found + length;
  v->end = strstr(v->text, "\n```");
  REQUIRE(v->end != NULL);
  *at = v->end;
  return true;
}

/* The text of the line that begins at the newline `line`, if it has that key; else NULL. */
static inline const char *
line_value(const char *line, const char *key) {
  size_t length = strlen(key);
  bool same = strncmp(line + 1, key, length) == 0 && line[1 + length] == ':';
  return same ? line + length + 2 + strspn(line + length + 2, " ") : NULL;
}

/* What stands behind a key; "" when it is not there. Borrowed until the next call. */
static inline const char *
vector_get(const vector_t *v, const char *key) {
  static char value[256];
  value[0] = 0;
  for (const char *line = v->text; line < v->end; line += 1 + strcspn(line + 1, "\n")) {
    const char *from = line_value(line, key);
    if (!from) continue;
    size_t length = strcspn(from, "\n");
    REQUIRE(length < sizeof value);
    memcpy(value, from, length);
    value[length] = 0;
    break;
  }
  return value;
}

static inline bool
vector_is(const vector_t *v, const char *key, const char *want) {
  return strcmp(vector_get(v, key), want) == 0;
}

static inline int
digit_of(char c) {
  static const char digits[] = "0123456789abcdef";
  const char *at = c ? strchr(digits, c) : NULL;
  return at ? (int) (at - digits) : -1;
}

static inline void
put_digits(frames_t *f, const char *from) {
  for (; *from && *from != '\n' && *from != '#'; from++) {
    if (*from == ' ') continue;
    int high = digit_of(from[0]), low = digit_of(from[1]);
    REQUIRE(high >= 0 && low >= 0);
    put_number(f, (uint64_t) (high << 4 | low), 1);
    from++;
  }
}

/* The bytes of all lines with that key, put together. */
static inline void
vector_bytes(const vector_t *v, const char *key, frames_t *f) {
  for (const char *line = v->text; line < v->end; line += 1 + strcspn(line + 1, "\n")) {
    const char *from = line_value(line, key);
    if (from) put_digits(f, from);
  }
}

static inline uint32_t
header_field(const char *header, const char *name) {
  const char *at = strstr(header, name);
  REQUIRE(at != NULL);
  return (uint32_t) strtoul(at + strlen(name), NULL, 0);
}

/* What the line `header` says. */
static inline hwr_frame_t
vector_header(const vector_t *v) {
  const char *h = vector_get(v, "header");
  return (hwr_frame_t){
      .length_bytes = header_field(h, "length="),
      .type = (uint8_t) header_field(h, "type="),
      .flags = (uint8_t) header_field(h, "flags="),
      .method = (uint16_t) header_field(h, "method="),
      .slot = header_field(h, "slot="),
      .generation = header_field(h, "generation="),
  };
}

#endif
