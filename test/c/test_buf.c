/* SPDX-License-Identifier: MIT */
#include "core/buf.h"

#include "check.h"

/* P1.1 */
TEST(numbers_are_written_little_endian) {
  uint8_t bytes[15];
  const uint8_t want[] = {0x01, 0x03, 0x02, 0x07, 0x06, 0x05, 0x04, 0x0f,
                          0x0e, 0x0d, 0x0c, 0x0b, 0x0a, 0x09, 0x08};
  hwr_writer_t w = hwr_writer_wrap(bytes, sizeof bytes);
  hwr_writer_u8(&w, 0x01);
  hwr_writer_u16(&w, 0x0203);
  hwr_writer_u32(&w, 0x04050607);
  hwr_writer_u64(&w, 0x08090a0b0c0d0e0f);
  CHECK(!w.failed);
  CHECK(w.at == w.end);
  CHECK_MEM(bytes, want, sizeof want);
}

TEST(numbers_are_read_back) {
  uint8_t bytes[15];
  memset(bytes, 0xff, sizeof bytes);
  hwr_reader_t r = hwr_reader_wrap(bytes, sizeof bytes);
  CHECK_INT(hwr_reader_u8(&r), 0xff);
  CHECK_INT(hwr_reader_u16(&r), 0xffff);
  CHECK_INT(hwr_reader_u32(&r), 0xffffffff);
  CHECK(hwr_reader_u64(&r) == UINT64_MAX);
  CHECK(!r.failed);
}

/* P1.3 */
TEST(a_read_past_the_end_yields_zero_and_fails_for_good) {
  const uint8_t bytes[] = {1, 2, 3};
  hwr_reader_t r = hwr_reader_wrap(bytes, sizeof bytes);
  CHECK_INT(hwr_reader_u32(&r), 0);
  CHECK(r.failed);
  CHECK(r.at == bytes);
  CHECK_INT(hwr_reader_u8(&r), 0);
  CHECK(hwr_reader_bytes(&r, 0) == NULL);
}

TEST(borrowed_bytes_end_exactly_at_the_end) {
  const uint8_t bytes[] = {1, 2, 3};
  hwr_reader_t r = hwr_reader_wrap(bytes, sizeof bytes);
  CHECK(hwr_reader_bytes(&r, 3) == bytes);
  CHECK(hwr_reader_bytes(&r, 0) == bytes + 3);
  CHECK(!r.failed);
  CHECK(hwr_reader_bytes(&r, SIZE_MAX) == NULL);
  CHECK(r.failed);
}

TEST(a_write_past_the_end_writes_nothing_and_fails_for_good) {
  uint8_t bytes[4] = {9, 9, 9, 9};
  hwr_writer_t w = hwr_writer_wrap(bytes, 3);
  hwr_writer_u32(&w, 0x01020304);
  hwr_writer_u8(&w, 1);
  CHECK(w.failed);
  CHECK_INT(bytes[0], 9);
  CHECK_INT(bytes[3], 9);
}

TEST(nothing_can_be_written_from_nowhere) {
  uint8_t bytes[1];
  hwr_writer_t w = hwr_writer_wrap(bytes, sizeof bytes);
  hwr_writer_bytes(&w, NULL, 0);
  CHECK(!w.failed);
  CHECK(w.at == bytes);
}

int
main(void) {
  RUN(numbers_are_written_little_endian);
  RUN(numbers_are_read_back);
  RUN(a_read_past_the_end_yields_zero_and_fails_for_good);
  RUN(borrowed_bytes_end_exactly_at_the_end);
  RUN(a_write_past_the_end_writes_nothing_and_fails_for_good);
  RUN(nothing_can_be_written_from_nowhere);
  return check_exit_code();
}
