/* SPDX-License-Identifier: MIT
 *
 * ring.h - a ring of bytes with one producer and one consumer.       docs/protocol.md P7
 *
 * The two may be in different processes, and the other one may write anything at any time into
 * the words both can write. So each side keeps its own index private, publishes copies, and
 * checks every word it reads: a lie costs the liar its connection, it never moves our index,
 * never lets us read outside the data, and never blocks us.
 *
 * Doorbell (P7.4). Who is about to sleep sets its flag, then looks again; who makes something
 * happen publishes, then looks at the flag. Both in the one total order of seq_cst, so at least
 * one of them sees the other: no wake-up is lost. test/model/doorbell.pml checks it.
 *
 * Units   bytes; indices count bytes since the ring began and never wrap in practice (2^64).
 * Memory  borrowed: shared words and data are mapped by somebody else.
 * Thread  [producer] and [consumer] as tagged; each side is one thread.
 */
#ifndef HWR_CORE_RING_H
#define HWR_CORE_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 128: two lines, as adjacent-line prefetch on x86 and the lines of Apple's arm64 want. */
enum { HWR_RING_LINE_BYTES = 128, HWR_RING_MAX_BYTES = 1 << 24 };

typedef struct hwr_ring_words_s {                          /* layout is wire format, P7.2 */
  _Alignas(HWR_RING_LINE_BYTES) _Atomic uint64_t tail;     /* bytes published [producer] */
  _Alignas(HWR_RING_LINE_BYTES) _Atomic uint64_t head;     /* bytes consumed [consumer] */
  _Alignas(HWR_RING_LINE_BYTES) _Atomic uint32_t waiting;  /* 1: the consumer sleeps */
  _Alignas(HWR_RING_LINE_BYTES) _Atomic uint32_t starving; /* 1: the producer sleeps, no room */
} hwr_ring_words_t;
_Static_assert(sizeof(hwr_ring_words_t) == 4 * HWR_RING_LINE_BYTES, "P7.2: words of one ring");

typedef struct hwr_producer_s {
  hwr_ring_words_t *words;
  uint8_t *data;
  uint32_t capacity_bytes; /* a power of two */
  uint64_t tail;           /* written, perhaps not yet published */
  uint64_t published;      /* last value stored to words->tail */
  uint64_t head;           /* last valid value seen in words->head */
} hwr_producer_t;

typedef struct hwr_consumer_s {
  hwr_ring_words_t *words;
  const uint8_t *data;
  uint32_t capacity_bytes;
  uint64_t head; /* consumed; words->head holds a copy */
  uint64_t tail; /* last valid value seen in words->tail */
} hwr_consumer_t;

/* True for a power of two from 4 KiB to HWR_RING_MAX_BYTES (P7.5). */
bool hwr_ring_capacity_valid(uint64_t capacity_bytes);

/* Both sides of a ring begin at 0; `words` must hold zeros (fresh memory). */
void hwr_producer_init(hwr_producer_t *p, hwr_ring_words_t *words, uint8_t *data,
                       uint32_t capacity_bytes);
void hwr_consumer_init(hwr_consumer_t *c, hwr_ring_words_t *words, const uint8_t *data,
                       uint32_t capacity_bytes);

/* Bytes that may be written now, or HWR_EPROTO when the consumer's index is impossible (P7.3).
 * [producer] */
int64_t hwr_producer_room(hwr_producer_t *p);
/* Copy `count` bytes behind what is written, wrapping as needed. The caller has checked the
 * room. Not visible before publish. [producer] */
void hwr_producer_write(hwr_producer_t *p, const uint8_t *bytes, size_t count);
/* Count `count` bytes as written that were stored in place. [producer] */
void hwr_producer_advance(hwr_producer_t *p, size_t count);
/* Where the next byte goes, as an offset into data. [producer] */
static inline uint32_t
hwr_producer_offset(const hwr_producer_t *p) {
  return (uint32_t) (p->tail & (p->capacity_bytes - 1));
}
/* Make what was written visible. True: the consumer sleeps, ring its doorbell. [producer] */
bool hwr_producer_publish(hwr_producer_t *p);
/* About to sleep without room. True: still less than `want_bytes` free, the consumer will ring;
 * false: room appeared meanwhile, or the index is impossible: do not sleep. [producer] */
bool hwr_producer_sleep(hwr_producer_t *p, uint32_t want_bytes);
/* Published bytes that the consumer has not taken, or HWR_EPROTO. [producer] */
int64_t hwr_producer_unread(hwr_producer_t *p);

/* Bytes that can be read now, or HWR_EPROTO when the producer's index is impossible (P7.3).
 * [consumer] */
int64_t hwr_consumer_readable(hwr_consumer_t *c);
/* Copy out up to `count` bytes (P7.6); returns how many, or HWR_EPROTO. Nothing is handed back to
 * the producer before release. [consumer] */
int64_t hwr_consumer_read(hwr_consumer_t *c, uint8_t *to, size_t count);
/* Hand back the space of what was read. True: the producer starves, ring its doorbell.
 * [consumer] */
bool hwr_consumer_release(hwr_consumer_t *c);
/* The readable bytes in place, as at most two pieces; returns the number of pieces. For a ring
 * in private memory (socket transport): never parse shared memory in place. [consumer] */
int hwr_consumer_peek(hwr_consumer_t *c, const uint8_t *pieces[2], size_t lengths[2]);
/* Count `count` peeked bytes as read. [consumer] */
void hwr_consumer_skip(hwr_consumer_t *c, size_t count);
/* About to sleep. True: nothing to read, the producer will ring. [consumer] */
bool hwr_consumer_sleep(hwr_consumer_t *c);
/* Awake: no doorbell is needed from here on. [consumer] */
void hwr_consumer_wake(hwr_consumer_t *c);

/* The control page of a pair of rings, P7.2: made by the host, mapped by both. */
enum { HWR_PAGE_MAGIC = 0x52575748, HWR_PAGE_VERSION = 1 };

typedef struct hwr_ring_page_s {
  uint32_t magic;                /* HWR_PAGE_MAGIC */
  uint32_t version;              /* HWR_PAGE_VERSION */
  uint32_t capacity_bytes;       /* of each ring */
  _Atomic uint32_t spin_granted; /* 1: the worker may wait awake */
  _Alignas(HWR_RING_LINE_BYTES) hwr_ring_words_t to_worker;
  hwr_ring_words_t to_host;
} hwr_ring_page_t;
_Static_assert(sizeof(hwr_ring_page_t) == 9 * HWR_RING_LINE_BYTES, "P7.2: control page");

void hwr_ring_page_init(hwr_ring_page_t *page, uint32_t capacity_bytes);
/* 0, or HWR_EPROTO / HWR_EVERSION when the page is not one that we can join (P7.2). */
int hwr_ring_page_check(const hwr_ring_page_t *page, uint32_t *capacity_bytes);

#endif
