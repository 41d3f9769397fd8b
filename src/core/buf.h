/* SPDX-License-Identifier: MIT
 *
 * buf.h - byte cursors: bounded little-endian reads and writes (docs/protocol.md P1.1, P1.3).
 *
 * A read past the end yields zero and marks the cursor as failed; a write past the end writes
 * nothing and does the same. Callers check `failed` once, at the end of a straight line.
 * Memory  borrowed: a cursor never owns what it walks over.
 * Thread  none.
 */
#ifndef HWR_CORE_BUF_H
#define HWR_CORE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct hwr_reader_s {
  const uint8_t *at, *end;
  bool failed;
} hwr_reader_t;

typedef struct hwr_writer_s {
  uint8_t *at, *end;
  bool failed;
} hwr_writer_t;

static inline hwr_reader_t
hwr_reader_wrap(const uint8_t *bytes, size_t count) {
  return (hwr_reader_t){bytes, bytes + count, false};
}

static inline hwr_writer_t
hwr_writer_wrap(uint8_t *bytes, size_t count) {
  return (hwr_writer_t){bytes, bytes + count, false};
}

uint8_t hwr_reader_u8(hwr_reader_t *r);
uint16_t hwr_reader_u16(hwr_reader_t *r);
uint32_t hwr_reader_u32(hwr_reader_t *r);
uint64_t hwr_reader_u64(hwr_reader_t *r);
/* Returned borrowed for as long as the wrapped bytes; NULL when fewer than `count` are left. */
const uint8_t *hwr_reader_bytes(hwr_reader_t *r, size_t count);

void hwr_writer_u8(hwr_writer_t *w, uint8_t value);
void hwr_writer_u16(hwr_writer_t *w, uint16_t value);
void hwr_writer_u32(hwr_writer_t *w, uint32_t value);
void hwr_writer_u64(hwr_writer_t *w, uint64_t value);
void hwr_writer_bytes(hwr_writer_t *w, const uint8_t *bytes, size_t count);

#endif
