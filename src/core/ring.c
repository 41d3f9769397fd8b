/* SPDX-License-Identifier: MIT */
#include "core/ring.h"

#include <hawser/status.h>
#include <string.h>

bool
hwr_ring_capacity_valid(uint64_t capacity_bytes) {
  bool power_of_two = capacity_bytes && (capacity_bytes & (capacity_bytes - 1)) == 0;
  return power_of_two && capacity_bytes >= 4096 && capacity_bytes <= HWR_RING_MAX_BYTES;
}

void
hwr_producer_init(hwr_producer_t *p, hwr_ring_words_t *words, uint8_t *data,
                  uint32_t capacity_bytes) {
  *p = (hwr_producer_t){.words = words, .data = data, .capacity_bytes = capacity_bytes};
}

void
hwr_consumer_init(hwr_consumer_t *c, hwr_ring_words_t *words, const uint8_t *data,
                  uint32_t capacity_bytes) {
  *c = (hwr_consumer_t){.words = words, .data = data, .capacity_bytes = capacity_bytes};
}

/* Take over the consumer's index if it is between the last one we saw and what we published. */
static bool
refresh_head(hwr_producer_t *p) {
  uint64_t head = atomic_load_explicit(&p->words->head, memory_order_acquire);
  if (head < p->head || head > p->published) return false;
  p->head = head;
  return true;
}

int64_t
hwr_producer_room(hwr_producer_t *p) {
  if (!refresh_head(p)) return HWR_EPROTO;
  return (int64_t) (p->capacity_bytes - (p->tail - p->head));
}

int64_t
hwr_producer_unread(hwr_producer_t *p) {
  if (!refresh_head(p)) return HWR_EPROTO;
  return (int64_t) (p->published - p->head);
}

void
hwr_producer_write(hwr_producer_t *p, const uint8_t *bytes, size_t count) {
  uint32_t at = hwr_producer_offset(p);
  size_t first = p->capacity_bytes - at < count ? p->capacity_bytes - at : count;
  memcpy(p->data + at, bytes, first);
  if (count > first) memcpy(p->data, bytes + first, count - first);
  p->tail += count;
}

void
hwr_producer_advance(hwr_producer_t *p, size_t count) {
  p->tail += count;
}

bool
hwr_producer_publish(hwr_producer_t *p) {
  if (p->published == p->tail) return false;
  p->published = p->tail;
  atomic_store(&p->words->tail, p->tail); /* seq_cst: before the load of waiting */
  return atomic_load(&p->words->waiting) == 1 && atomic_exchange(&p->words->waiting, 0) == 1;
}

bool
hwr_producer_sleep(hwr_producer_t *p, uint32_t want_bytes) {
  atomic_store(&p->words->starving, 1);
  uint64_t head = atomic_load(&p->words->head); /* seq_cst: after the store of starving */
  bool valid = head >= p->head && head <= p->published;
  bool full = valid && p->capacity_bytes - (p->tail - head) < want_bytes;
  if (!full) atomic_store_explicit(&p->words->starving, 0, memory_order_relaxed);
  return full;
}

int64_t
hwr_consumer_readable(hwr_consumer_t *c) {
  uint64_t tail = atomic_load_explicit(&c->words->tail, memory_order_acquire);
  if (tail < c->tail || tail - c->head > c->capacity_bytes) return HWR_EPROTO;
  c->tail = tail;
  return (int64_t) (tail - c->head);
}

int
hwr_consumer_peek(hwr_consumer_t *c, const uint8_t *pieces[2], size_t lengths[2]) {
  uint32_t at = (uint32_t) (c->head & (c->capacity_bytes - 1));
  size_t count = (size_t) (c->tail - c->head);
  size_t first = c->capacity_bytes - at < count ? c->capacity_bytes - at : count;
  pieces[0] = c->data + at;
  lengths[0] = first;
  pieces[1] = c->data;
  lengths[1] = count - first;
  return (lengths[0] != 0) + (lengths[1] != 0);
}

void
hwr_consumer_skip(hwr_consumer_t *c, size_t count) {
  c->head += count;
}

int64_t
hwr_consumer_read(hwr_consumer_t *c, uint8_t *to, size_t count) {
  int64_t readable = hwr_consumer_readable(c);
  if (readable < 0) return readable;
  if (count > (size_t) readable) count = (size_t) readable;
  uint32_t at = (uint32_t) (c->head & (c->capacity_bytes - 1));
  size_t first = c->capacity_bytes - at < count ? c->capacity_bytes - at : count;
  memcpy(to, c->data + at, first);
  if (count > first) memcpy(to + first, c->data, count - first);
  c->head += count;
  return (int64_t) count;
}

bool
hwr_consumer_release(hwr_consumer_t *c) {
  if (atomic_load_explicit(&c->words->head, memory_order_relaxed) == c->head) return false;
  atomic_store(&c->words->head, c->head); /* seq_cst: before the load of starving */
  return atomic_load(&c->words->starving) == 1 && atomic_exchange(&c->words->starving, 0) == 1;
}

bool
hwr_consumer_sleep(hwr_consumer_t *c) {
  atomic_store(&c->words->waiting, 1);
  bool empty = atomic_load(&c->words->tail) == c->head; /* seq_cst: after the store above */
  if (!empty) atomic_store_explicit(&c->words->waiting, 0, memory_order_relaxed);
  return empty;
}

void
hwr_consumer_wake(hwr_consumer_t *c) {
  if (atomic_load_explicit(&c->words->waiting, memory_order_relaxed))
    atomic_store_explicit(&c->words->waiting, 0, memory_order_relaxed);
}

void
hwr_ring_page_init(hwr_ring_page_t *page, uint32_t capacity_bytes) {
  memset(page, 0, sizeof *page);
  page->magic = HWR_PAGE_MAGIC;
  page->version = HWR_PAGE_VERSION;
  page->capacity_bytes = capacity_bytes;
}

int
hwr_ring_page_check(const hwr_ring_page_t *page, uint32_t *capacity_bytes) {
  const volatile uint32_t *shared = &page->capacity_bytes;
  uint32_t capacity = *shared; /* read once: the peer may change it */
  if (page->magic != HWR_PAGE_MAGIC || !hwr_ring_capacity_valid(capacity)) return HWR_EPROTO;
  if (page->version != HWR_PAGE_VERSION) return HWR_EVERSION;
  *capacity_bytes = capacity;
  return 0;
}
