/* SPDX-License-Identifier: MIT
 *
 * mem.h - the allocator that core is handed.
 *
 * Core never calls malloc itself, so that a test can fail the n-th allocation and an embedder
 * can account for what a session holds.
 */
#ifndef HWR_CORE_MEM_H
#define HWR_CORE_MEM_H

#include <stddef.h>

typedef struct hwr_mem_s {
  /* realloc(3) semantics; size 0 frees and returns NULL. `context` is passed through. */
  void *(*resize)(void *context, void *block, size_t bytes);
  void *context;
} hwr_mem_t;

static inline void *
hwr__mem_alloc(const hwr_mem_t *mem, size_t bytes) {
  return mem->resize(mem->context, NULL, bytes);
}

static inline void
hwr__mem_free(const hwr_mem_t *mem, void *block) {
  if (block) mem->resize(mem->context, block, 0);
}

#endif
