/* SPDX-License-Identifier: MIT
 *
 * counting_mem.h - an allocator that counts what is held, and fails when it is told to.
 *
 * Memory  from malloc, with the size kept in front of each block.
 * Thread  none.
 */
#ifndef HAWSER_TEST_COUNTING_MEM_H
#define HAWSER_TEST_COUNTING_MEM_H

#include "core/mem.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct counting_mem_s {
  size_t held_bytes, peak_bytes;
  size_t held_blocks;
  uint64_t calls;     /* allocations and growths asked for */
  uint64_t fail_call; /* the one that fails, counted from 1; 0: none */
  bool failed;
} counting_mem_t;

enum { COUNTING_MEM_PREFIX = 16 };

static inline size_t
counting_mem_size(const void *block) {
  size_t bytes = 0;
  if (block) memcpy(&bytes, (const uint8_t *) block - COUNTING_MEM_PREFIX, sizeof bytes);
  return bytes;
}

/* Always moves, so that a pointer kept across a growth is found by the address sanitizer. */
static inline void *
counting_mem_resize(void *context, void *block, size_t bytes) {
  counting_mem_t *mem = context;
  size_t old = counting_mem_size(block);
  uint8_t *grown = NULL;
  if (bytes > 0) {
    if (++mem->calls == mem->fail_call) {
      mem->failed = true;
      return NULL;
    }
    uint8_t *start = malloc(bytes + COUNTING_MEM_PREFIX);
    if (!start) abort();
    memcpy(start, &bytes, sizeof bytes);
    grown = start + COUNTING_MEM_PREFIX;
    memset(grown, 0xa5, bytes);
    if (block) memcpy(grown, block, old < bytes ? old : bytes);
    mem->held_blocks++;
    mem->held_bytes += bytes;
  }
  if (block) {
    mem->held_blocks--;
    mem->held_bytes -= old;
    free((uint8_t *) block - COUNTING_MEM_PREFIX);
  }
  if (mem->held_bytes > mem->peak_bytes) mem->peak_bytes = mem->held_bytes;
  return grown;
}

static inline hwr_mem_t
counting_mem(counting_mem_t *mem) {
  return (hwr_mem_t){counting_mem_resize, mem};
}

#endif
