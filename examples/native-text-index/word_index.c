/* SPDX-License-Identifier: MIT */
#include "word_index.h"
#include <stdlib.h>
#include <string.h>

static bool
is_word_byte(unsigned char byte) {
  return byte >= 0x80 || byte == '_' || (byte >= '0' && byte <= '9') ||
         (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

static char
lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? (char) (byte - 'A' + 'a') : byte;
}

static size_t
hash(const char *text, size_t length_bytes) { /* FNV-1a */
  uint64_t hash = 14695981039346656037u;
  for (size_t i = 0; i < length_bytes; i++)
    hash = (hash ^ (unsigned char) text[i]) * 1099511628211u;
  return (size_t) hash;
}

/* Its slot, or the free one where it belongs. The table is never full. */
static word_t *
find_slot(const word_index_t *index, const char *text, size_t length_bytes) {
  size_t mask = index->slot_count - 1;
  size_t at = hash(text, length_bytes) & mask;
  for (;; at = (at + 1) & mask) {
    word_t *word = &index->slots[at];
    if (!word->text) return word;
    if (strncmp(word->text, text, length_bytes) == 0 && !word->text[length_bytes]) return word;
  }
}

static bool
grow_table(word_index_t *index) {
  word_index_t larger = *index;
  larger.slot_count = index->slot_count ? index->slot_count * 2 : 1024;
  larger.slots = calloc(larger.slot_count, sizeof *larger.slots);
  if (!larger.slots) return false;
  for (size_t i = 0; i < index->slot_count; i++) {
    const word_t *word = &index->slots[i];
    if (word->text) *find_slot(&larger, word->text, strlen(word->text)) = *word;
  }
  free(index->slots);
  *index = larger;
  return true;
}

static bool
add_word(word_index_t *index, word_t *slot) {
  if (index->word_count == MAX_WORDS) return false;
  slot->text = calloc(1, index->word_bytes + 1);
  if (!slot->text) return false;
  memcpy(slot->text, index->word, index->word_bytes);
  index->word_count++;
  return true;
}

static bool
add_place(word_index_t *index, word_t *word) {
  if (word->count > 0 && word->lines[word->count - 1] == index->line) return true;
  if (index->place_count == MAX_PLACES) return false;
  if (word->count == word->capacity) {
    uint32_t capacity = word->capacity ? word->capacity * 2 : 4;
    uint32_t *lines = realloc(word->lines, capacity * sizeof *lines);
    if (!lines) return false;
    word->lines = lines;
    word->capacity = capacity;
  }
  word->lines[word->count++] = index->line;
  index->place_count++;
  return true;
}

static bool
end_word(word_index_t *index) {
  if (index->word_bytes == 0) return true;
  if (index->word_count >= index->slot_count / 2 && !grow_table(index)) return false;
  word_t *word = find_slot(index, index->word, index->word_bytes);
  bool is_in = (word->text || add_word(index, word)) && add_place(index, word);
  index->word_bytes = 0;
  return is_in;
}

void
word_index_init(word_index_t *index) {
  memset(index, 0, sizeof *index);
  index->line = 1;
}

void
word_index_deinit(word_index_t *index) {
  for (size_t i = 0; i < index->slot_count; i++) {
    free(index->slots[i].text);
    free(index->slots[i].lines);
  }
  free(index->slots);
}

bool
word_index_add(word_index_t *index, const char *text, size_t length_bytes) {
  for (size_t i = 0; i < length_bytes; i++) {
    index->is_line_open = text[i] != '\n';
    if (is_word_byte((unsigned char) text[i])) {
      if (index->word_bytes < MAX_WORD_BYTES) index->word[index->word_bytes++] = lower(text[i]);
      continue;
    }
    if (!end_word(index)) return false;
    if (text[i] == '\n') index->line++;
  }
  return true;
}

bool
word_index_end(word_index_t *index) {
  return !index->is_line_open || word_index_add(index, "\n", 1);
}

const word_t *
word_index_find(const word_index_t *index, const char *text, size_t length_bytes) {
  char lowered[MAX_WORD_BYTES];
  if (index->slot_count == 0 || length_bytes == 0) return NULL;
  if (length_bytes > MAX_WORD_BYTES) length_bytes = MAX_WORD_BYTES;
  for (size_t i = 0; i < length_bytes; i++) lowered[i] = lower(text[i]);
  const word_t *word = find_slot(index, lowered, length_bytes);
  return word->text ? word : NULL;
}
