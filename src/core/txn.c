/* SPDX-License-Identifier: MIT */
#include "core/txn.h"

#include <hawser/status.h>
#include <string.h>

enum { FIRST_CAPACITY = 64 };

static uint32_t
grown_capacity(uint32_t capacity, uint32_t slot) {
  uint32_t next = capacity ? capacity : FIRST_CAPACITY;
  while (next <= slot) next *= 2;
  return next;
}

/* Grow one array to `count` items of `item_bytes`, the new ones zeroed. */
static void *
grow_zeroed(const hwr_mem_t *mem, void *block, size_t old_count, size_t count, size_t item_bytes) {
  uint8_t *grown = mem->resize(mem->context, block, count * item_bytes);
  if (grown) memset(grown + old_count * item_bytes, 0, (count - old_count) * item_bytes);
  return grown;
}

void
hwr_calls_init(hwr_calls_t *calls) {
  *calls = (hwr_calls_t){.earliest_ms = HWR_NO_DEADLINE};
}

void
hwr_calls_deinit(hwr_calls_t *calls, const hwr_mem_t *mem) {
  hwr__mem_free(mem, calls->table);
  hwr_calls_init(calls);
}

static int
calls_reach(hwr_calls_t *calls, const hwr_mem_t *mem, uint32_t slot) {
  if (slot < calls->capacity_count) return 0;
  if (slot >= HWR_MAX_SLOTS) return HWR_EBADARG;
  uint32_t count = grown_capacity(calls->capacity_count, slot);
  hwr_call_t *table =
      grow_zeroed(mem, calls->table, calls->capacity_count, count, sizeof *calls->table);
  if (!table) return HWR_ENOMEM;
  calls->table = table;
  calls->capacity_count = count;
  return 0;
}

int
hwr_calls_open(hwr_calls_t *calls, const hwr_mem_t *mem, uint32_t slot, uint32_t generation,
               uint32_t state, uint64_t deadline_ms) {
  int err = calls_reach(calls, mem, slot);
  if (err) return err;
  hwr_call_t *call = &calls->table[slot];
  if (call->state != HWR_CALL_FREE) return HWR_EBADARG;
  *call = (hwr_call_t){deadline_ms, generation, state};
  calls->open_count++;
  if (deadline_ms < calls->earliest_ms) calls->earliest_ms = deadline_ms;
  return 0;
}

hwr_call_t *
hwr_calls_find(const hwr_calls_t *calls, uint32_t slot, uint32_t generation) {
  if (slot >= calls->capacity_count) return NULL;
  hwr_call_t *call = &calls->table[slot];
  return call->state != HWR_CALL_FREE && call->generation == generation ? call : NULL;
}

void
hwr_calls_close(hwr_calls_t *calls, hwr_call_t *call) {
  call->state = HWR_CALL_FREE;
  if (--calls->open_count == 0) calls->earliest_ms = HWR_NO_DEADLINE;
}

bool
hwr_calls_due(hwr_calls_t *calls, uint64_t now_ms, hwr_calls_walk_t *walk, uint32_t *slot) {
  if (calls->earliest_ms > now_ms) return false;
  while (walk->next_slot < calls->capacity_count) {
    const hwr_call_t *call = &calls->table[ *slot = walk->next_slot++];
    if (call->state == HWR_CALL_FREE) continue;
    if (call->deadline_ms <= now_ms) return true;
    if (call->deadline_ms < walk->earliest_ms) walk->earliest_ms = call->deadline_ms;
  }
  calls->earliest_ms = walk->earliest_ms;
  return false;
}

void
hwr_serving_init(hwr_serving_t *serving) {
  *serving = (hwr_serving_t){0};
}

void
hwr_serving_deinit(hwr_serving_t *serving, const hwr_mem_t *mem) {
  hwr__mem_free(mem, serving->generation);
  hwr__mem_free(mem, serving->open);
  hwr_serving_init(serving);
}

static int
serving_reach(hwr_serving_t *serving, const hwr_mem_t *mem, uint32_t slot) {
  if (slot < serving->capacity_count) return 0;
  if (slot >= HWR_MAX_SLOTS) return HWR_EPROTO;
  uint32_t old = serving->capacity_count, count = grown_capacity(old, slot);
  uint32_t *generation =
      grow_zeroed(mem, serving->generation, old, count, sizeof *serving->generation);
  if (!generation) return HWR_ENOMEM;
  serving->generation = generation;
  uint8_t *open = grow_zeroed(mem, serving->open, old, count, sizeof *serving->open);
  if (!open) return HWR_ENOMEM;
  serving->open = open;
  serving->capacity_count = count;
  return 0;
}

int
hwr_serving_open(hwr_serving_t *serving, const hwr_mem_t *mem, uint32_t slot, uint32_t generation) {
  int err = serving_reach(serving, mem, slot);
  if (err) return err;
  if (serving->open[slot] && serving->generation[slot] == generation) return HWR_EPROTO;
  if (serving->open[slot]) {
    serving->superseded_count++;
    serving->open_count--;
  }
  serving->open[slot] = HWR_SERVING_OPEN;
  serving->generation[slot] = generation;
  serving->open_count++;
  return 0;
}

bool
hwr_serving_wanted(const hwr_serving_t *serving, uint32_t slot, uint32_t generation) {
  return slot < serving->capacity_count && serving->open[slot] == HWR_SERVING_OPEN &&
         serving->generation[slot] == generation;
}

bool
hwr_serving_cancel(hwr_serving_t *serving, uint32_t slot, uint32_t generation) {
  if (!hwr_serving_wanted(serving, slot, generation)) return false;
  serving->open[slot] = HWR_SERVING_CANCELLED;
  return true;
}

bool
hwr_serving_close(hwr_serving_t *serving, uint32_t slot, uint32_t generation) {
  if (slot >= serving->capacity_count || !serving->open[slot]) return false;
  if (serving->generation[slot] != generation) return false;
  serving->open[slot] = HWR_SERVING_FREE;
  serving->open_count--;
  return true;
}

bool
hwr_serving_forget(hwr_serving_t *serving) {
  if (serving->superseded_count == 0) return false;
  serving->superseded_count--;
  return true;
}
