/* SPDX-License-Identifier: MIT */
#include "core/ring.h"

#include <hawser/status.h>

#include "check.h"

enum { CAPACITY = 4096 };

static hwr_ring_words_t words;
static uint8_t data[CAPACITY];
static hwr_producer_t p;
static hwr_consumer_t c;

/* A ring whose indices begin at `start`, as if that many bytes had gone through. */
static void
fresh_at(uint64_t start) {
  memset(&words, 0, sizeof words);
  hwr_producer_init(&p, &words, data, CAPACITY);
  hwr_consumer_init(&c, &words, data, CAPACITY);
  p.tail = p.published = p.head = c.head = c.tail = start;
  atomic_store(&words.tail, start);
  atomic_store(&words.head, start);
}

static uint8_t
pattern_at(uint64_t offset) {
  return (uint8_t) (offset * 131 + offset / 251);
}

static void
produce(uint64_t *offset, size_t count) {
  uint8_t bytes[CAPACITY];
  for (size_t i = 0; i < count; i++) bytes[i] = pattern_at(*offset + i);
  hwr_producer_write(&p, bytes, count);
  *offset += count;
}

static size_t
consume(uint64_t *offset, size_t count) {
  uint8_t bytes[CAPACITY];
  int64_t got = hwr_consumer_read(&c, bytes, count);
  REQUIRE(got >= 0 && (size_t) got <= count);
  for (size_t i = 0; i < (size_t) got; i++) CHECK_INT(bytes[i], pattern_at(*offset + i));
  *offset += (uint64_t) got;
  return (size_t) got;
}

/* P7.5 */
TEST(a_capacity_is_a_power_of_two_within_bounds) {
  CHECK(hwr_ring_capacity_valid(4096));
  CHECK(hwr_ring_capacity_valid(HWR_RING_MAX_BYTES));
  CHECK(!hwr_ring_capacity_valid(0));
  CHECK(!hwr_ring_capacity_valid(2048));
  CHECK(!hwr_ring_capacity_valid(4097));
  CHECK(!hwr_ring_capacity_valid(6144));
  CHECK(!hwr_ring_capacity_valid((uint64_t) HWR_RING_MAX_BYTES * 2));
  CHECK(!hwr_ring_capacity_valid((uint64_t) 1 << 32));
  CHECK(!hwr_ring_capacity_valid(UINT64_MAX));
}

/* P7.5: full to the last byte, one less, one byte; across the end of data and past 2^32. */
TEST(bytes_survive_every_wrap_S11) {
  const uint64_t starts[] = {
      0, 1, CAPACITY - 1, UINT32_MAX - 5, (uint64_t) 1 << 32, ((uint64_t) 1 << 63) - 7};
  const size_t sizes[] = {CAPACITY, CAPACITY - 1, 1, CAPACITY / 2, 3, CAPACITY};
  for (size_t i = 0; i < sizeof starts / sizeof *starts; i++) {
    fresh_at(starts[i]);
    uint64_t in = 0, out = 0;
    for (int round = 0; round < 60; round++) {
      size_t size = sizes[round % 6];
      REQUIRE(hwr_producer_room(&p) == CAPACITY);
      produce(&in, size);
      CHECK_INT(hwr_consumer_readable(&c), 0); /* not before publish */
      hwr_producer_publish(&p);
      CHECK_INT(hwr_producer_room(&p), CAPACITY - (int64_t) size);
      CHECK_INT(hwr_producer_unread(&p), size);
      REQUIRE(consume(&out, CAPACITY) == size);
      CHECK_INT(hwr_producer_room(&p), CAPACITY - (int64_t) size); /* not before release */
      hwr_consumer_release(&c);
    }
  }
}

TEST(bytes_read_in_pieces_arrive_in_order) {
  fresh_at(UINT32_MAX - 100);
  uint64_t in = 0, out = 0;
  for (uint32_t round = 1; round < 5000; round++) {
    size_t room = (size_t) hwr_producer_room(&p), want = round * 7919 % 900;
    produce(&in, want < room ? want : room);
    hwr_producer_publish(&p);
    consume(&out, round * 104729 % 800);
    if (round % 3 == 0) hwr_consumer_release(&c);
  }
  while (consume(&out, 100) > 0) continue;
  CHECK(in == out);
}

/* P7.6 */
TEST(what_was_read_does_not_change_with_the_ring_S3) {
  fresh_at(CAPACITY - 3);
  uint64_t in = CAPACITY - 3;
  uint8_t before[8], read[8];
  produce(&in, sizeof before);
  hwr_producer_publish(&p);
  CHECK_INT(hwr_consumer_read(&c, read, sizeof read), sizeof read);
  memcpy(before, read, sizeof read);
  memset(data, 0xff, sizeof data);
  CHECK_MEM(read, before, sizeof read);
  CHECK_INT(read[0], pattern_at(CAPACITY - 3));
}

TEST(bytes_stored_in_place_are_counted_by_advance) {
  fresh_at(CAPACITY - 8);
  CHECK_INT(hwr_producer_offset(&p), CAPACITY - 8);
  memcpy(data + hwr_producer_offset(&p), "abcdefgh", 8);
  hwr_producer_advance(&p, 8);
  CHECK_INT(hwr_producer_offset(&p), 0);
  hwr_producer_publish(&p);
  uint8_t bytes[16];
  CHECK_INT(hwr_consumer_read(&c, bytes, 16), 8);
  CHECK_MEM(bytes, "abcdefgh", 8);
}

TEST(peeked_bytes_are_at_most_two_pieces) {
  fresh_at(CAPACITY - 3);
  uint64_t in = 0;
  const uint8_t *pieces[2];
  size_t lengths[2];
  CHECK_INT(hwr_consumer_readable(&c), 0);
  CHECK_INT(hwr_consumer_peek(&c, pieces, lengths), 0);
  produce(&in, 10);
  hwr_producer_publish(&p);
  CHECK_INT(hwr_consumer_readable(&c), 10);
  CHECK_INT(hwr_consumer_peek(&c, pieces, lengths), 2);
  CHECK_INT(lengths[0], 3);
  CHECK_INT(lengths[1], 7);
  CHECK(pieces[0] == data + CAPACITY - 3 && pieces[1] == data);
  hwr_consumer_skip(&c, 3);
  CHECK_INT(hwr_consumer_peek(&c, pieces, lengths), 1);
  CHECK_INT(lengths[0], 7);
  CHECK_INT(pieces[0][0], pattern_at(3));
}

/* P7.3 */
TEST(an_impossible_tail_is_refused_and_nothing_is_read_S1) {
  const uint64_t tails[] = {CAPACITY * 3 + 101, CAPACITY * 2 + 99, 0, UINT64_MAX,
                            CAPACITY * 3 + 101 + ((uint64_t) 1 << 32)};
  for (size_t i = 0; i < sizeof tails / sizeof *tails; i++) {
    fresh_at(CAPACITY * 2 + 100);
    atomic_store(&words.tail, tails[i]);
    uint8_t byte = 7;
    CHECK_INT(hwr_consumer_readable(&c), HWR_EPROTO);
    CHECK_INT(hwr_consumer_read(&c, &byte, 1), HWR_EPROTO);
    CHECK_INT(byte, 7);
    CHECK_INT(c.head, CAPACITY * 2 + 100);
    CHECK(!hwr_consumer_sleep(&c)); /* awake, to find out */
    CHECK_INT(atomic_load(&words.waiting), 0);
  }
}

/* P7.3 */
TEST(an_impossible_head_is_refused_and_moves_nothing_S1) {
  const uint64_t heads[] = {9999, 10101, 0, UINT64_MAX, 10000 + ((uint64_t) 1 << 32)};
  for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
    fresh_at(10000);
    uint64_t in = 0;
    produce(&in, 100);
    hwr_producer_publish(&p);
    produce(&in, 50); /* written, not published: the peer cannot have read it */
    atomic_store(&words.head, heads[i]);
    CHECK_INT(hwr_producer_room(&p), HWR_EPROTO);
    CHECK_INT(hwr_producer_unread(&p), HWR_EPROTO);
    CHECK_INT(p.head, 10000);
    CHECK_INT(p.tail, 10150);
    CHECK(!hwr_producer_sleep(&p, CAPACITY));
    CHECK_INT(atomic_load(&words.starving), 0);
  }
}

/* P7.3 */
TEST(an_index_that_goes_back_is_refused_S1) {
  fresh_at(0);
  uint64_t in = 0, out = 0;
  produce(&in, 100);
  hwr_producer_publish(&p);
  consume(&out, 60);
  hwr_consumer_release(&c);
  CHECK_INT(hwr_producer_unread(&p), 40);
  atomic_store(&words.head, 59);
  CHECK_INT(hwr_producer_room(&p), HWR_EPROTO);
  atomic_store(&words.tail, 99);
  CHECK_INT(hwr_consumer_readable(&c), HWR_EPROTO);
}

/* P7.4 */
TEST(a_sleeping_consumer_is_rung_once) {
  fresh_at(0);
  uint64_t in = 0, out = 0;
  produce(&in, 8);
  CHECK(!hwr_producer_publish(&p)); /* awake */
  CHECK(!hwr_consumer_sleep(&c));   /* there is something to read */
  CHECK_INT(atomic_load(&words.waiting), 0);
  consume(&out, 8);
  CHECK(hwr_consumer_sleep(&c));
  CHECK(!hwr_producer_publish(&p)); /* nothing new */
  produce(&in, 8);
  CHECK(hwr_producer_publish(&p));
  produce(&in, 8);
  CHECK(!hwr_producer_publish(&p));
  consume(&out, 16);
  CHECK(hwr_consumer_sleep(&c));
  hwr_consumer_wake(&c);
  produce(&in, 8);
  CHECK(!hwr_producer_publish(&p));
}

/* P7.4 */
TEST(a_starving_producer_is_rung_once) {
  fresh_at(0);
  uint64_t in = 0, out = 0;
  produce(&in, CAPACITY - 10);
  hwr_producer_publish(&p);
  CHECK(!hwr_producer_sleep(&p, 10)); /* there is room */
  CHECK_INT(atomic_load(&words.starving), 0);
  CHECK(!hwr_consumer_release(&c)); /* nothing to hand back */
  CHECK(hwr_producer_sleep(&p, 11));
  CHECK(!hwr_consumer_release(&c));
  consume(&out, 1);
  CHECK(hwr_consumer_release(&c));
  consume(&out, 1);
  CHECK(!hwr_consumer_release(&c));
  CHECK(!hwr_producer_sleep(&p, 12)); /* what was released meanwhile is seen */
}

TEST(flags_with_other_values_ring_nobody_S10) {
  fresh_at(0);
  uint64_t in = 0, out = 0;
  atomic_store(&words.waiting, 0xffffffff);
  atomic_store(&words.starving, 2);
  produce(&in, 8);
  CHECK(!hwr_producer_publish(&p));
  consume(&out, 8);
  CHECK(!hwr_consumer_release(&c));
}

/* P7.2 */
TEST(a_page_that_is_not_ours_is_refused_S1) {
  static hwr_ring_page_t page;
  uint32_t capacity = 0;
  hwr_ring_page_init(&page, 8192);
  CHECK_INT(hwr_ring_page_check(&page, &capacity), 0);
  CHECK_INT(capacity, 8192);
  page.version++;
  CHECK_INT(hwr_ring_page_check(&page, &capacity), HWR_EVERSION);
  hwr_ring_page_init(&page, 8192);
  page.magic++;
  CHECK_INT(hwr_ring_page_check(&page, &capacity), HWR_EPROTO);
  const uint32_t bad[] = {0, 1, 4095, 12288, 1u << 25, 1u << 31, UINT32_MAX};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    hwr_ring_page_init(&page, bad[i]);
    CHECK_INT(hwr_ring_page_check(&page, &capacity), HWR_EPROTO);
  }
  CHECK_INT(capacity, 8192); /* untouched on error */
}

/* P7.2 */
TEST(the_page_has_its_words_where_the_protocol_says) {
  CHECK_INT(offsetof(hwr_ring_page_t, capacity_bytes), 8);
  CHECK_INT(offsetof(hwr_ring_page_t, spin_granted), 12);
  CHECK_INT(offsetof(hwr_ring_page_t, to_worker), 128);
  CHECK_INT(offsetof(hwr_ring_page_t, to_host), 640);
  CHECK_INT(offsetof(hwr_ring_words_t, tail), 0);
  CHECK_INT(offsetof(hwr_ring_words_t, head), 128);
  CHECK_INT(offsetof(hwr_ring_words_t, waiting), 256);
  CHECK_INT(offsetof(hwr_ring_words_t, starving), 384);
}

int
main(void) {
  RUN(a_capacity_is_a_power_of_two_within_bounds);
  RUN(bytes_survive_every_wrap_S11);
  RUN(bytes_read_in_pieces_arrive_in_order);
  RUN(what_was_read_does_not_change_with_the_ring_S3);
  RUN(bytes_stored_in_place_are_counted_by_advance);
  RUN(peeked_bytes_are_at_most_two_pieces);
  RUN(an_impossible_tail_is_refused_and_nothing_is_read_S1);
  RUN(an_impossible_head_is_refused_and_moves_nothing_S1);
  RUN(an_index_that_goes_back_is_refused_S1);
  RUN(a_sleeping_consumer_is_rung_once);
  RUN(a_starving_producer_is_rung_once);
  RUN(flags_with_other_values_ring_nobody_S10);
  RUN(a_page_that_is_not_ours_is_refused_S1);
  RUN(the_page_has_its_words_where_the_protocol_says);
  return check_exit_code();
}
