/* SPDX-License-Identifier: MIT
 *
 * A header decoded and encoded again is the same; an extension block never reaches past its body.
 */
#include "core/frame.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good) {
  if (!good) abort();
}

static void
check_header(const uint8_t *data) {
  hwr_frame_t frame;
  uint8_t again[HWR_HEADER_BYTES];
  hwr_frame_decode(&frame, data);
  hwr_frame_encode(&frame, again);
  require(memcmp(again, data, sizeof again) == 0);
  uint64_t stride = hwr_frame_stride(frame.length_bytes);
  require(stride % HWR_FRAME_ALIGN == 0 &&
          stride >= HWR_HEADER_BYTES + (uint64_t) frame.length_bytes);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  hwr_ext_t ext = {0};
  if (size >= HWR_HEADER_BYTES) check_header(data);
  if (hwr_ext_decode(&ext, data, size)) return 0; /* it breaks a rule */
  require(ext.size_bytes >= 8 && ext.size_bytes <= size && ext.size_bytes % 8 == 0);
  require(ext.metadata_keys <= HWR_MAX_METADATA_KEYS &&
          ext.metadata_bytes <= HWR_MAX_METADATA_BYTES);
  return 0;
}
