/* SPDX-License-Identifier: MIT */
#include "core/flow.h"

#include <assert.h>
#include <hawser/status.h>

bool
hwr_credit_take(hwr_credit_t *credit, uint64_t amount) {
  if (amount > credit->limit - credit->used) return false;
  credit->used += amount;
  return true;
}

int
hwr_credit_grant(hwr_credit_t *credit, uint64_t limit) {
  if (limit < credit->limit) return HWR_EPROTO;
  if (limit == credit->limit) return 0;
  credit->limit = limit;
  return 1;
}

void
hwr_window_init(hwr_window_t *window, uint64_t size) {
  *window = (hwr_window_t){.size = size, .granted = size};
}

int
hwr_window_receive(hwr_window_t *window, uint64_t amount) {
  if (amount > window->granted - window->received) return HWR_EPROTO;
  window->received += amount;
  return 0;
}

void
hwr_window_return(hwr_window_t *window, uint64_t amount) {
  assert(amount <= window->received - window->returned);
  window->returned += amount;
}

static uint64_t
grantable(const hwr_window_t *window) {
  return window->returned + window->size - window->granted;
}

bool
hwr_window_due(const hwr_window_t *window) {
  return grantable(window) > 0 && grantable(window) >= (window->size + 1) / 2;
}

bool
hwr_window_exhausted(const hwr_window_t *window) {
  return window->received == window->granted && grantable(window) > 0;
}

uint64_t
hwr_window_grant(hwr_window_t *window) {
  window->granted = window->returned + window->size;
  return window->granted;
}
