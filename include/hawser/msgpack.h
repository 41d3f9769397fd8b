/* SPDX-License-Identifier: MIT
 *
 * msgpack.h - reading and writing MessagePack, as much as a worker needs.
 *                                        https://github.com/msgpack/msgpack/blob/master/spec.md
 * The reader looks at no byte outside of what it was given, allocates nothing, and does not recurse:
 * it may be handed what an enemy wrote. What it returns borrows those bytes. The writer grows its
 * own memory.
 *
 *   hwr_msgpack_reader_t reader = hwr_msgpack_reader(payload.bytes, payload.length_bytes);
 *   double width = 0;
 *   if (hwr_msgpack_find(&reader, "width") || hwr_msgpack_read_double(&reader, &width)) ...
 *
 * Thread  any, one at a time per reader or writer.
 */
#ifndef HAWSER_MSGPACK_H
#define HAWSER_MSGPACK_H

#include <hawser/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- reading */

typedef struct hwr_msgpack_reader_s {
  const uint8_t *at;  /* the next value */
  const uint8_t *end; /* behind the last byte */
} hwr_msgpack_reader_t;

enum hwr_msgpack_kind {
  HWR_MSGPACK_NIL,
  HWR_MSGPACK_BOOL,
  HWR_MSGPACK_INT,    /* from INT64_MIN to INT64_MAX, however it was written */
  HWR_MSGPACK_UINT,   /* above INT64_MAX */
  HWR_MSGPACK_DOUBLE, /* float 32 or 64 */
  HWR_MSGPACK_TEXT,   /* str; not checked to be UTF-8, not ended by NUL */
  HWR_MSGPACK_BYTES,  /* bin */
  HWR_MSGPACK_ARRAY,  /* `count` values follow */
  HWR_MSGPACK_MAP,    /* `count` pairs of key and value follow */
  HWR_MSGPACK_EXT     /* bytes of an `ext_type`; -1 is a timestamp, 0 JavaScript's undefined */
};

typedef struct hwr_msgpack_s {
  enum hwr_msgpack_kind kind;
  int8_t ext_type;
  bool boolean;
  int64_t integer;      /* INT */
  uint64_t natural;     /* UINT, and INT from 0 on */
  double number;        /* DOUBLE; INT and UINT as the nearest double */
  const uint8_t *bytes; /* TEXT, BYTES, EXT: borrowed from what is read */
  uint32_t count;       /* TEXT, BYTES, EXT: bytes; ARRAY: values; MAP: pairs */
} hwr_msgpack_t;

/* A reader of `length_bytes` bytes, borrowed as long as it, or what it returned, is in use. */
hwr_msgpack_reader_t hwr_msgpack_reader(const void *bytes, size_t length_bytes);
/* The next value; of an array or map only its head. 1; 0 at the end; HWR_EMALFORMED when the bytes
 * end within it, or cannot hold as many values as it claims, or begin with 0xc1. The reader stays
 * where it was then. */
int hwr_msgpack_read(hwr_msgpack_reader_t *reader, hwr_msgpack_t *value);
/* Past the next value, whatever it holds. 0 or HWR_EMALFORMED (the end is that, too). */
int hwr_msgpack_skip(hwr_msgpack_reader_t *reader);
/* The reader stands before a map: put it before the value of the first key that is this text. 0;
 * HWR_EKIND when it is no map, HWR_EUNKNOWN when it has no such key, HWR_EMALFORMED; then it stays
 * where it was. Copy the reader to look for several. */
int hwr_msgpack_find(hwr_msgpack_reader_t *reader, const char *key);

/* The next value, if it is of that kind: 0, HWR_EKIND, or HWR_EMALFORMED (the end is that, too); the
 * reader stays where it was on error. */
int hwr_msgpack_read_bool(hwr_msgpack_reader_t *reader, bool *value);
/* Integers in the range; a double that is one, too. */
int hwr_msgpack_read_int64(hwr_msgpack_reader_t *reader, int64_t *value);
int hwr_msgpack_read_uint64(hwr_msgpack_reader_t *reader, uint64_t *value);
/* Any number. */
int hwr_msgpack_read_double(hwr_msgpack_reader_t *reader, double *value);
/* Borrowed, not ended by NUL. */
int hwr_msgpack_read_text(hwr_msgpack_reader_t *reader, const char **text, size_t *length_bytes);
int hwr_msgpack_read_bytes(hwr_msgpack_reader_t *reader, const uint8_t **bytes,
                           size_t *length_bytes);
int hwr_msgpack_read_array(hwr_msgpack_reader_t *reader, uint32_t *count);
int hwr_msgpack_read_map(hwr_msgpack_reader_t *reader, uint32_t *count);

/* ---- writing */

typedef struct hwr_msgpack_writer_s {
  uint8_t *bytes;      /* owned by the writer; NULL before the first write */
  size_t length_bytes; /* written */
  size_t capacity_bytes;
  int status; /* 0, or what the first write that failed returned: later ones do nothing */
} hwr_msgpack_writer_t;

void hwr_msgpack_writer_init(hwr_msgpack_writer_t *writer);
/* Forget what was written, and its error, and keep the memory. */
void hwr_msgpack_writer_reset(hwr_msgpack_writer_t *writer);
void hwr_msgpack_writer_deinit(hwr_msgpack_writer_t *writer);

/* Each appends one value in its shortest form; an array or map only its head: `count` values (or
 * pairs) are to follow. 0, HWR_ETOOBIG (over 2^32 - 1 bytes), or HWR_ENOMEM; see `status`, so that
 * it is enough to look at that in the end. What is given is borrowed until return. */
int hwr_msgpack_write_nil(hwr_msgpack_writer_t *writer);
int hwr_msgpack_write_bool(hwr_msgpack_writer_t *writer, bool value);
int hwr_msgpack_write_int64(hwr_msgpack_writer_t *writer, int64_t value);
int hwr_msgpack_write_uint64(hwr_msgpack_writer_t *writer, uint64_t value);
int hwr_msgpack_write_double(hwr_msgpack_writer_t *writer, double value);
/* Text ended by NUL, in UTF-8. */
int hwr_msgpack_write_text(hwr_msgpack_writer_t *writer, const char *text);
int hwr_msgpack_write_text_of(hwr_msgpack_writer_t *writer, const char *text, size_t length_bytes);
int hwr_msgpack_write_bytes(hwr_msgpack_writer_t *writer, const void *bytes, size_t length_bytes);
int hwr_msgpack_write_array(hwr_msgpack_writer_t *writer, uint32_t count);
int hwr_msgpack_write_map(hwr_msgpack_writer_t *writer, uint32_t count);
int hwr_msgpack_write_ext(hwr_msgpack_writer_t *writer, int8_t ext_type, const void *bytes,
                          size_t length_bytes);
/* Append what is one value, or several, already. */
int hwr_msgpack_write_encoded(hwr_msgpack_writer_t *writer, const void *bytes, size_t length_bytes);

#ifdef __cplusplus
}
#endif

#endif
