/* SPDX-License-Identifier: MIT */
#include "sdk/utf8.h"

#include <stdbool.h>

static bool
is_surrogate(uint32_t point) {
  return point >= 0xd800 && point <= 0xdfff;
}

/* Bytes behind the first one; none behind one that begins nothing. */
static unsigned
count_following(uint8_t first) {
  if (first >= 0xf0 && first <= 0xf4) return 3;
  if (first >= 0xe0 && first < 0xf0) return 2;
  return first >= 0xc2 && first < 0xe0 ? 1 : 0;
}

uint32_t
hwr__utf8_next(const uint8_t **at, const uint8_t *end) {
  static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};
  const uint8_t *from = (*at)++;
  if (*from < 0x80) return *from;
  unsigned count = count_following(*from);
  if (count == 0 || (size_t) (end - from) <= count) return HWR__REPLACEMENT;
  uint32_t point = *from & (0x3fU >> count);
  for (unsigned i = 1; i <= count; i++) {
    if ((from[i] & 0xc0) != 0x80) return HWR__REPLACEMENT;
    point = point << 6 | (from[i] & 0x3f);
  }
  if (point < least[count] || point > 0x10ffff || is_surrogate(point)) return HWR__REPLACEMENT;
  *at = from + 1 + count;
  return point;
}

size_t
hwr__utf8_put(uint8_t *to, uint32_t point) {
  if (is_surrogate(point) || point > 0x10ffff) point = HWR__REPLACEMENT;
  if (point < 0x80) {
    to[0] = (uint8_t) point;
    return 1;
  }
  size_t count = point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
  for (size_t i = count - 1; i > 0; i--, point >>= 6) to[i] = (uint8_t) (0x80 | (point & 0x3f));
  to[0] = (uint8_t) ((0xf00U >> count) | point);
  return count;
}
