/* SPDX-License-Identifier: MIT */
#include "core/frame.h"

#include "check.h"

/* P2.1 */
TEST(a_header_has_its_fields_in_order) {
  const hwr_frame_t frame = {0x01020304, 0x05, 0x06, 0x0708, 0x090a0b0c, 0x0d0e0f10};
  const uint8_t want[] = {0x04, 0x03, 0x02, 0x01, 0x05, 0x06, 0x08, 0x07,
                          0x0c, 0x0b, 0x0a, 0x09, 0x10, 0x0f, 0x0e, 0x0d};
  uint8_t bytes[HWR_HEADER_BYTES];
  hwr_frame_encode(&frame, bytes);
  CHECK_MEM(bytes, want, sizeof want);
  hwr_frame_t back;
  hwr_frame_decode(&back, bytes);
  CHECK_INT(back.length_bytes, frame.length_bytes);
  CHECK_INT(back.type, frame.type);
  CHECK_INT(back.flags, frame.flags);
  CHECK_INT(back.method, frame.method);
  CHECK_INT(back.slot, frame.slot);
  CHECK_INT(back.generation, frame.generation);
}

/* P2.2 */
TEST(a_stride_is_header_body_and_padding_to_eight) {
  CHECK_INT(hwr_frame_stride(0), 16);
  CHECK_INT(hwr_frame_stride(1), 24);
  CHECK_INT(hwr_frame_stride(8), 24);
  CHECK_INT(hwr_frame_stride(9), 32);
  CHECK_INT(hwr_frame_stride(UINT32_MAX), 0x100000010);
}

/* P2.8 */
TEST(a_deadline_comes_back_out_of_its_block) {
  uint8_t block[HWR_EXT_DEADLINE_BYTES];
  const uint8_t want[] = {8, 0, 1, 4, 0x10, 0x27, 0, 0};
  hwr_ext_encode_deadline(block, 10000);
  CHECK_MEM(block, want, sizeof want);
  hwr_ext_t ext;
  CHECK(hwr_ext_decode(&ext, block, sizeof block));
  CHECK_INT(ext.size_bytes, 8);
  CHECK_INT(ext.timeout_ms, 10000);
}

static bool
decodes(const uint8_t *block, size_t size) {
  hwr_ext_t ext;
  uint8_t *copy = malloc(size ? size : 1); /* so that a read past it is found */
  REQUIRE(copy != NULL);
  memcpy(copy, block, size);
  bool good = hwr_ext_decode(&ext, copy, size);
  free(copy);
  return good;
}
#define DECODES(...) decodes((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* P2.6 */
TEST(a_malformed_block_is_refused) {
  CHECK(!decodes((const uint8_t *) "", 0));
  CHECK(!DECODES(8));
  CHECK(!DECODES(8, 0, 0, 0, 0, 0, 0));          /* shorter than it says */
  CHECK(!DECODES(0, 0, 0, 0, 0, 0, 0, 0));       /* no progress */
  CHECK(!DECODES(2, 0, 0, 0, 0, 0, 0, 0));       /* not a multiple of 8 */
  CHECK(!DECODES(16, 0, 0, 0, 0, 0, 0, 0));      /* past the body */
  CHECK(!DECODES(0xf8, 0xff, 0, 0, 0, 0, 0, 0)); /* far past it */
  CHECK(!DECODES(8, 0, 1, 5, 0, 0, 0, 0));       /* entry past the block */
  CHECK(!DECODES(8, 0, 1, 3, 0, 0, 0, 0));       /* deadline of another size */
  CHECK(!DECODES(8, 0, 0, 0, 0, 0, 0, 9));       /* tag without its length */
  CHECK(!DECODES(8, 0, 9, 255, 0, 0, 0, 0));     /* unknown entry past the block */
}

/* P2.8, P2.6 */
TEST(unknown_entries_are_skipped) {
  CHECK(DECODES(8, 0, 0, 0, 0, 0, 0, 0));
  CHECK(DECODES(8, 0, 9, 4, 1, 2, 3, 4));
  CHECK(DECODES(8, 0, 9, 0, 9, 0, 9, 0));
  const uint8_t block[] = {16, 0, 200, 2, 1, 2, 1, 4, 5, 0, 0, 0, 0, 0, 0, 0};
  hwr_ext_t ext;
  CHECK(hwr_ext_decode(&ext, block, sizeof block));
  CHECK_INT(ext.timeout_ms, 5);
  CHECK_INT(ext.size_bytes, 16);
}

int
main(void) {
  RUN(a_header_has_its_fields_in_order);
  RUN(a_stride_is_header_body_and_padding_to_eight);
  RUN(a_deadline_comes_back_out_of_its_block);
  RUN(a_malformed_block_is_refused);
  RUN(unknown_entries_are_skipped);
  return check_exit_code();
}
