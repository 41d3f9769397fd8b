/* SPDX-License-Identifier: MIT
 *
 * word_index.h - in which lines a word stands. Letters, digits, '_' and all bytes of UTF-8 beyond
 * ASCII make words; upper and lower case of ASCII are the same.
 */
#ifndef WORD_INDEX_H
#define WORD_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { MAX_WORD_BYTES = 64, MAX_WORDS = 1 << 20, MAX_PLACES = 1 << 25 };

/* Where a word stands: line numbers from 1 on, each once, in order. */
typedef struct word_s {
  char *text; /* owned; NULL: no word here */
  uint32_t *lines;
  uint32_t count, capacity;
} word_t;

typedef struct word_index_s {
  word_t *slots; /* a hash table with open addressing */
  size_t slot_count, word_count, place_count;
  uint32_t line;     /* the one that is being read */
  bool is_line_open; /* it has begun */
  char word[MAX_WORD_BYTES + 1];
  size_t word_bytes; /* of the word that is being read; what is longer is cut */
} word_index_t;

void word_index_init(word_index_t *index);
void word_index_deinit(word_index_t *index);
/* Read more text. It may be cut anywhere, within a word as well. False when the index is full. */
bool word_index_add(word_index_t *index, const char *text, size_t length_bytes);
/* The text is over; what comes next begins a new line. False when the index is full. */
bool word_index_end(word_index_t *index);
/* Lines that hold the word, or NULL. Borrowed until the index is changed. */
const word_t *word_index_find(const word_index_t *index, const char *text, size_t length_bytes);

#endif
