/* SPDX-License-Identifier: MIT
 *
 * record_reader.h - reading records of codec 1, value by value.      docs/protocol.md P9.4 to P9.19
 *
 * As much as the payloads of INIT and ERROR need: what else a record may hold is skipped, and only
 * looked at to find its end. Shapes are refused, for such payloads have none.
 *
 * Memory  borrowed: values point into the record. Nothing here recurses.
 * Thread  none.
 */
#ifndef HWR_SDK_RECORD_READER_H
#define HWR_SDK_RECORD_READER_H

#include "core/buf.h"
#include "sdk/record_tags.h"

typedef struct hwr__record_text_s {
  const uint8_t *bytes;
  uint32_t length_bytes;
  bool is_wide; /* UTF-16, else Latin-1 */
} hwr__record_text_t;

typedef struct hwr__record_value_s {
  /* The tag, short forms as their long ones, and UTF16 as LATIN1 with is_wide; integers as FLOAT64. */
  enum hwr__tag tag;
  double number;           /* FLOAT64 */
  hwr__record_text_t text; /* LATIN1; bytes of BUFFER */
  uint32_t count;          /* ARRAY, SET: values; OBJECT, MAP: pairs that follow */
} hwr__record_value_t;

/* Begin to read a record: past the byte of P9.4. 0 or HWR_EPROTO. */
int hwr__record_begin(hwr_reader_t *reader, const uint8_t *bytes, size_t length_bytes);
/* The next value; of what holds others only its head. 0 or HWR_EPROTO. */
int hwr__record_read(hwr_reader_t *reader, hwr__record_value_t *value);
/* Past the values that belong to the one whose head was just read. 0 or HWR_EPROTO. */
int hwr__record_skip_rest(hwr_reader_t *reader, const hwr__record_value_t *value);
/* Past the next value. 0 or HWR_EPROTO. */
int hwr__record_skip(hwr_reader_t *reader);
/* The next value, a text, as keys are. 0 or HWR_EPROTO. */
int hwr__record_read_key(hwr_reader_t *reader, hwr__record_text_t *text);
/* The tag of the next value as it is written; -1 at the end. */
int hwr__record_peek(const hwr_reader_t *reader);

bool hwr__record_text_is(const hwr__record_text_t *text, const char *ascii);
/* Bytes that hwr__record_text_put may write, which are at most three times those of the text in its
 * record. */
size_t hwr__record_text_room(const hwr__record_text_t *text);
/* Write it in UTF-8 and a NUL behind it; NUL and lone surrogates become U+FFFD. Returns where the next
 * text may stand. */
char *hwr__record_text_put(const hwr__record_text_t *text, char *to);
/* Likewise, but NUL stays what it is. */
char *hwr__record_text_put_whole(const hwr__record_text_t *text, char *to);
/* As hwr__record_text_put, in memory of its own: returned owned, or NULL when there is none. */
char *hwr__record_text_copy(const hwr__record_text_t *text);

#endif
