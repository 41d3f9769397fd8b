/* SPDX-License-Identifier: MIT
 *
 * record_writer.h - writing records of codec 1.                           docs/protocol.md P9.4 to P9.7
 *
 * A write that fails writes nothing and marks the writer; callers look at `failed` in the end.
 *
 * Memory  grows its own, by malloc(3); `bytes` is the caller's to free.
 * Thread  none.
 */
#ifndef HWR_SDK_RECORD_WRITER_H
#define HWR_SDK_RECORD_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hwr__record_writer_s {
  uint8_t *bytes;
  size_t length_bytes, capacity_bytes;
  bool failed; /* out of memory */
} hwr__record_writer_t;

/* The byte of P9.4: a record without references. */
void hwr__record_write_begin(hwr__record_writer_t *writer);
void hwr__record_write_tag(hwr__record_writer_t *writer, uint8_t tag);
/* The head of an array. */
void hwr__record_write_array(hwr__record_writer_t *writer, uint32_t count);
void hwr__record_write_number(hwr__record_writer_t *writer, double number);
/* A text in UTF-8, ended by NUL, as much of it as takes at most `most_bytes`, its tag and length
 * included. Bytes that are no UTF-8 become U+FFFD. */
void hwr__record_write_text(hwr__record_writer_t *writer, const char *text, size_t most_bytes);
/* Likewise, of so many bytes, NUL among them. */
void hwr__record_write_text_of(hwr__record_writer_t *writer, const char *text, size_t length_bytes,
                               size_t most_bytes);
/* What all of a text takes, or something above `most_bytes` if that is more. */
size_t hwr__record_text_size(const char *text, size_t most_bytes);

#endif
