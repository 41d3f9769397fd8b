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
  CHECK(hwr_ext_decode(&ext, block, sizeof block) == NULL);
  CHECK_INT(ext.size_bytes, 8);
  CHECK_INT(ext.timeout_ms, 10000);
}

/* The rule that it breaks, or "". */
static const char *
refusal(const uint8_t *block, size_t size, hwr_ext_t *ext) {
  uint8_t *copy = malloc(size ? size : 1); /* so that a read past it is found */
  REQUIRE(copy != NULL);
  memcpy(copy, block, size);
  const char *rule = hwr_ext_decode(ext, copy, size);
  free(copy);
  return rule ? rule : "";
}

static bool
decodes(const uint8_t *block, size_t size) {
  hwr_ext_t ext;
  return refusal(block, size, &ext)[0] == 0;
}
#define BLOCK(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})
#define DECODES(...) decodes(BLOCK(__VA_ARGS__))

/* P2.6 */
TEST(a_malformed_block_is_refused) {
  CHECK(!decodes((const uint8_t *) "", 0));
  CHECK(!DECODES(8));
  CHECK(!DECODES(8, 0, 0, 0, 0, 0, 0));            /* shorter than it says */
  CHECK(!DECODES(0, 0, 0, 0, 0, 0, 0, 0));         /* no progress */
  CHECK(!DECODES(2, 0, 0, 0, 0, 0, 0, 0));         /* not a multiple of 8 */
  CHECK(!DECODES(16, 0, 0, 0, 0, 0, 0, 0));        /* past the body */
  CHECK(!DECODES(0xf8, 0xff, 0, 0, 0, 0, 0, 0));   /* far past it */
  CHECK(!DECODES(8, 0, 1, 5, 0, 0, 0, 0));         /* entry past the block */
  CHECK(!DECODES(8, 0, 1, 3, 0, 0, 0, 0));         /* deadline of another size */
  CHECK(!DECODES(8, 0, 0, 0, 0, 0, 0, 9));         /* tag without its length */
  CHECK(!DECODES(8, 0, 9, 255, 0, 0, 0, 0));       /* unknown entry past the block */
  CHECK(!DECODES(8, 0, 2, 5, 'a', 'b', 'c', 'd')); /* tx past the block */
  CHECK(!DECODES(8, 0, 3, 255, 0, 0, 0, 0));       /* key past the block */
}

/* P2.9 */
TEST(a_tx_is_given_once_and_has_a_byte) {
  hwr_ext_t ext;
  CHECK_STR(refusal(BLOCK(8, 0, 2, 4, 'a', 'b', 'c', 'd'), &ext), "");
  CHECK(ext.has_tx && hwr_ext_is_named(&ext));
  CHECK_STR(refusal(BLOCK(8, 0, 2, 0, 0, 0, 0, 0), &ext), "P2.9");
  CHECK_STR(refusal(BLOCK(8, 0, 2, 1, 'a', 2, 1, 'a'), &ext), "P2.9");
  CHECK_STR(refusal(BLOCK(8, 0, 1, 4, 1, 0, 0, 0), &ext), "");
  CHECK(!hwr_ext_is_named(&ext));
}

/* P2.10 */
TEST(metadata_has_keys_before_values) {
  hwr_ext_t ext;
  CHECK_STR(refusal(BLOCK(8, 0, 3, 1, 'k', 4, 1, 'v'), &ext), "");
  CHECK_INT(ext.metadata_keys, 1);
  CHECK_INT(ext.metadata_bytes, 2);
  CHECK(hwr_ext_is_named(&ext));
  CHECK_STR(refusal(BLOCK(8, 0, 3, 0, 0, 0, 0, 0), &ext), ""); /* an empty key, no value */
  CHECK(hwr_ext_is_named(&ext));
  CHECK_STR(refusal(BLOCK(8, 0, 4, 1, 'v', 3, 1, 'k'), &ext), "P2.10");
  CHECK_STR(refusal(BLOCK(8, 0, 4, 0, 0, 0, 0, 0), &ext), "P2.10");
}

/* A block of `count` entries of that tag and length behind one key, none of them padded. */
static const char *
refusal_of_many(uint8_t tag, uint8_t length, uint32_t count) {
  static uint8_t block[65536];
  size_t size = 2;
  memset(block, 0, sizeof block);
  block[size++] = HWR_EXT_KEY;
  block[size++] = 0;
  for (uint32_t i = 0; i < count; i++, size += length) {
    block[size++] = tag;
    block[size++] = length;
  }
  size = (size + 7) & ~(size_t) 7;
  block[0] = (uint8_t) size;
  block[1] = (uint8_t) (size >> 8);
  hwr_ext_t ext;
  return refusal(block, size, &ext);
}

/* P2.10, P8.1 */
TEST(metadata_is_limited_in_keys_and_bytes) {
  CHECK_STR(refusal_of_many(HWR_EXT_KEY, 0, HWR_MAX_METADATA_KEYS - 1), "");
  CHECK_STR(refusal_of_many(HWR_EXT_KEY, 0, HWR_MAX_METADATA_KEYS), "P2.10");
  CHECK_STR(refusal_of_many(HWR_EXT_VALUE, 128, HWR_MAX_METADATA_BYTES / 128), "");
  CHECK_STR(refusal_of_many(HWR_EXT_VALUE, 128, HWR_MAX_METADATA_BYTES / 128 + 1), "P2.10");
  CHECK_STR(refusal_of_many(HWR_EXT_VALUE, 255, 250), "P2.10");
}

/* P2.8, P2.6 */
TEST(unknown_entries_are_skipped) {
  CHECK(DECODES(8, 0, 0, 0, 0, 0, 0, 0));
  CHECK(DECODES(8, 0, 9, 4, 1, 2, 3, 4));
  CHECK(DECODES(8, 0, 9, 0, 9, 0, 9, 0));
  const uint8_t block[] = {16, 0, 200, 2, 1, 2, 1, 4, 5, 0, 0, 0, 0, 0, 0, 0};
  hwr_ext_t ext;
  CHECK(hwr_ext_decode(&ext, block, sizeof block) == NULL);
  CHECK_INT(ext.timeout_ms, 5);
  CHECK_INT(ext.size_bytes, 16);
}

int
main(void) {
  RUN(a_header_has_its_fields_in_order);
  RUN(a_stride_is_header_body_and_padding_to_eight);
  RUN(a_deadline_comes_back_out_of_its_block);
  RUN(a_malformed_block_is_refused);
  RUN(a_tx_is_given_once_and_has_a_byte);
  RUN(metadata_has_keys_before_values);
  RUN(metadata_is_limited_in_keys_and_bytes);
  RUN(unknown_entries_are_skipped);
  return check_exit_code();
}
