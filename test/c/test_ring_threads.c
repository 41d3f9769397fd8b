/* SPDX-License-Identifier: MIT
 *
 * Two threads, one ring, and a doorbell that is a condition variable: whoever sleeps is woken
 * by nobody else, so a lost wake-up is a test that never ends.
 */
#include "core/ring.h"

#include <pthread.h>
#include <sched.h>

#include "check.h"

enum { CAPACITY = 4096, TOTAL = 8 << 20 };

typedef struct bell_s {
  pthread_mutex_t mutex;
  pthread_cond_t rung;
  unsigned count; /* rung and not yet heard */
  unsigned slept; /* [sleeper] */
} bell_t;

typedef struct side_s {
  uint32_t seed;
  uint32_t mean_bytes;
  uint64_t sum; /* of all bytes, with their places */
  bool broken;
} side_t;

static hwr_ring_words_t words;
static uint8_t data[CAPACITY];
static bell_t data_bell = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};
static bell_t room_bell = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0};

static void
ring_bell(bell_t *bell) {
  pthread_mutex_lock(&bell->mutex);
  bell->count++;
  pthread_cond_signal(&bell->rung);
  pthread_mutex_unlock(&bell->mutex);
}

static void
hear_bell(bell_t *bell) {
  pthread_mutex_lock(&bell->mutex);
  bell->slept++;
  while (bell->count == 0) pthread_cond_wait(&bell->rung, &bell->mutex);
  bell->count = 0;
  pthread_mutex_unlock(&bell->mutex);
}

static uint32_t
next_random(uint32_t *seed) {
  *seed ^= *seed << 13;
  *seed ^= *seed >> 17;
  *seed ^= *seed << 5;
  return *seed;
}

static size_t
next_size(side_t *side, size_t most) {
  size_t size = 1 + next_random(&side->seed) % (2 * side->mean_bytes);
  return size < most ? size : most;
}

static void
add_bytes(side_t *side, uint64_t offset, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count; i++) side->sum += bytes[i] * (offset + i + 1);
}

static void *
produce(void *context) {
  side_t *side = context;
  hwr_producer_t p;
  uint8_t bytes[CAPACITY];
  hwr_producer_init(&p, &words, data, CAPACITY);
  for (uint64_t sent = 0; sent < TOTAL;) {
    size_t size = next_size(side, CAPACITY);
    if (size > TOTAL - sent) size = (size_t) (TOTAL - sent);
    int64_t room;
    while ((room = hwr_producer_room(&p)) >= 0 && (size_t) room < size)
      if (hwr_producer_sleep(&p, (uint32_t) size)) hear_bell(&room_bell);
    if (room < 0) {
      side->broken = true;
      break;
    }
    for (size_t i = 0; i < size; i++) bytes[i] = (uint8_t) next_random(&side->seed);
    hwr_producer_write(&p, bytes, size);
    add_bytes(side, sent, bytes, size);
    sent += size;
    if (hwr_producer_publish(&p)) ring_bell(&data_bell);
  }
  return NULL;
}

static void *
consume(void *context) {
  side_t *side = context;
  hwr_consumer_t c;
  uint8_t bytes[CAPACITY];
  hwr_consumer_init(&c, &words, data, CAPACITY);
  for (uint64_t got = 0; got < TOTAL;) {
    int64_t part = hwr_consumer_read(&c, bytes, next_size(side, CAPACITY));
    if (part < 0) {
      side->broken = true;
      break;
    }
    add_bytes(side, got, bytes, (size_t) part);
    got += (uint64_t) part;
    if (hwr_consumer_release(&c)) ring_bell(&room_bell);
    if (part > 0 || !hwr_consumer_sleep(&c)) continue;
    hear_bell(&data_bell);
    hwr_consumer_wake(&c);
  }
  return NULL;
}

/* The side that `begins` has gone to sleep before the other one is there. */
static void
run_pair(void *(*begins)(void *), uint32_t producer_mean, uint32_t consumer_mean) {
  memset(&words, 0, sizeof words);
  data_bell.count = room_bell.count = data_bell.slept = room_bell.slept = 0;
  side_t in = {2463534242u, producer_mean, 0, false}, out = {88675123u, consumer_mean, 0, false};
  bool producing = begins == produce;
  pthread_t first, second;
  REQUIRE(pthread_create(&first, NULL, begins, producing ? &in : &out) == 0);
  while (!atomic_load(producing ? &words.starving : &words.waiting)) sched_yield();
  REQUIRE(pthread_create(&second, NULL, producing ? consume : produce, producing ? &out : &in) ==
          0);
  pthread_join(first, NULL);
  pthread_join(second, NULL);
  CHECK(!in.broken && !out.broken);
  CHECK(in.sum == out.sum);
  CHECK((producing ? room_bell : data_bell).slept > 0);
}

TEST(all_bytes_arrive_when_the_producer_is_faster) { run_pair(produce, 600, 100); }

TEST(all_bytes_arrive_when_the_consumer_is_faster_S16) { run_pair(consume, 100, 2000); }

TEST(all_bytes_arrive_when_records_fill_the_ring) { run_pair(produce, CAPACITY, CAPACITY); }

int
main(void) {
  RUN(all_bytes_arrive_when_the_producer_is_faster);
  RUN(all_bytes_arrive_when_the_consumer_is_faster_S16);
  RUN(all_bytes_arrive_when_records_fill_the_ring);
  return check_exit_code();
}
