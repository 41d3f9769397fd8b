/* SPDX-License-Identifier: MIT
 *
 * A producer and a consumer of one ring while somebody writes into the words that they share.
 *
 * The input is a list of steps. As long as nobody lied, all bytes arrive in order; after a lie
 * either side may stop with HWR_EPROTO, but no index of its own moves except by its own steps,
 * and nothing outside the data is touched (the address sanitizer watches).
 */
#include "core/ring.h"

#include <hawser/status.h>

#include <stdlib.h>
#include <string.h>

enum { CAPACITY = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

typedef struct input_s {
  const uint8_t *at, *end;
} input_t;

static hwr_ring_words_t words;
static hwr_producer_t p;
static hwr_consumer_t c;
static uint64_t written, taken; /* by us, in all */
static uint64_t start;
static bool lied;

static void
require(bool good) {
  if (!good) abort();
}

static uint64_t
next_number(input_t *in, unsigned size) {
  uint64_t value = 0;
  for (unsigned i = 0; i < size && in->at < in->end; i++) value = value << 8 | *in->at++;
  return value;
}

static uint8_t
pattern_at(uint64_t offset) {
  return (uint8_t) (offset * 131 + offset / 251);
}

static void
step_write(size_t want) {
  uint8_t bytes[CAPACITY];
  int64_t room = hwr_producer_room(&p);
  if (room < 0) {
    require(lied && room == HWR_EPROTO);
    return;
  }
  require(room <= CAPACITY);
  size_t count = want < (size_t) room ? want : (size_t) room;
  for (size_t i = 0; i < count; i++) bytes[i] = pattern_at(written + i);
  hwr_producer_write(&p, bytes, count);
  written += count;
}

static void
step_read(size_t want) {
  uint8_t *bytes = malloc(want + 1);
  if (!bytes) abort();
  int64_t count = hwr_consumer_read(&c, bytes, want);
  require(count <= (int64_t) want);
  if (count < 0) require(lied && count == HWR_EPROTO);
  for (int64_t i = 0; i < count && !lied; i++)
    require(bytes[i] == pattern_at(taken + (uint64_t) i));
  if (count > 0) taken += (uint64_t) count;
  free(bytes);
}

static void
step_peek(void) {
  const uint8_t *pieces[2];
  size_t lengths[2];
  if (hwr_consumer_readable(&c) < 0) return;
  int count = hwr_consumer_peek(&c, pieces, lengths);
  volatile uint8_t sum = 0;
  for (int i = 0; i < count; i++)
    for (size_t j = 0; j < lengths[i]; j++) sum ^= pieces[i][j];
  if (count == 0) return;
  hwr_consumer_skip(&c, lengths[0]);
  taken += lengths[0];
}

static void
step_lie(input_t *in) {
  uint64_t value = next_number(in, 8);
  lied = true;
  switch (next_number(in, 1) % 6) {
  case 0:
    atomic_store(&words.tail, value);
    break;
  case 1:
    atomic_store(&words.head, value);
    break;
  case 2:
    atomic_store(&words.tail, c.head + value % (3 * CAPACITY));
    break;
  case 3:
    atomic_store(&words.head, p.published - value % (3 * CAPACITY));
    break;
  case 4:
    atomic_store(&words.waiting, (uint32_t) value);
    break;
  default:
    atomic_store(&words.starving, (uint32_t) value);
  }
}

static void
step(input_t *in) {
  switch (next_number(in, 1) % 10) {
  case 0:
  case 1:
    step_write(next_number(in, 2) % (CAPACITY + 1));
    break;
  case 2:
    hwr_producer_publish(&p);
    break;
  case 3:
  case 4:
    step_read(next_number(in, 2) % (2 * CAPACITY));
    break;
  case 5:
    hwr_consumer_release(&c);
    break;
  case 6:
    hwr_consumer_sleep(&c);
    break;
  case 7:
    hwr_producer_sleep(&p, (uint32_t) next_number(in, 2));
    break;
  case 8:
    step_peek();
    break;
  default:
    step_lie(in);
  }
  require(p.tail == start + written && c.head == start + taken);
  require(hwr_producer_unread(&p) <= CAPACITY);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  input_t in = {data, data + size};
  uint8_t *bytes = calloc(1, CAPACITY);
  if (!bytes) abort();
  memset(&words, 0, sizeof words);
  hwr_producer_init(&p, &words, bytes, CAPACITY);
  hwr_consumer_init(&c, &words, bytes, CAPACITY);
  start = next_number(&in, 1) & 1 ? UINT32_MAX - (uint64_t) CAPACITY : 0;
  p.tail = p.published = p.head = c.head = c.tail = start;
  atomic_store(&words.tail, start);
  atomic_store(&words.head, start);
  written = taken = 0;
  lied = false;
  while (in.at < in.end) step(&in);
  free(bytes);
  return 0;
}
