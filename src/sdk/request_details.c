/* SPDX-License-Identifier: MIT
 *
 * request_details.c - what a handler may ask of its request, keep of it, and tell its caller.
 */
#include "sdk/text_payload.h"
#include "sdk/worker_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TAG_TX = 2, TAG_KEY = 3, TAG_VALUE = 4 }; /* P2.9, P2.10 */
enum { TX_BYTES = 2 * HWR_UUID_BYTES + 32 };     /* of a name that P4.19 gives */

int
hwr_request_keep(hwr_request_t *r) {
  if (!r->in_handler) return HWR_EBADARG;
  int err = hwr__body_own(&r->body);
  if (!err) r->kept = true;
  return err;
}

hwr_payload_t
hwr_request_payload(const hwr_request_t *r) {
  return r->body.payload;
}

const char *
hwr_request_type(const hwr_request_t *r) {
  return r->handler->type;
}

hwr_worker_t *
hwr_request_worker(const hwr_request_t *r) {
  return r->worker;
}

bool
hwr_request_is_post(const hwr_request_t *r) {
  return r->is_post;
}

bool
hwr_request_is_cancelled(const hwr_request_t *r) {
  return r->cancelled;
}

int32_t
hwr_request_time_left_ms(const hwr_request_t *r) {
  if (r->deadline_ms == UINT64_MAX) return HWR_NO_TIMEOUT;
  uint64_t now_ms = hwr_os_now_ns() / 1000000;
  if (now_ms >= r->deadline_ms) return 0;
  uint64_t left_ms = r->deadline_ms - now_ms;
  return left_ms < HWR_NO_TIMEOUT ? (int32_t) left_ms : HWR_NO_TIMEOUT - 1;
}

hwr_pipe_t *
hwr_request_results(hwr_request_t *r) {
  return r->results;
}

hwr_pipe_t *
hwr_request_items(hwr_request_t *r) {
  return r->items;
}

/* What nobody waits for is dropped, and so is what somebody who is told so would have to wait with. */
static int
progress(hwr_request_t *r, hwr_payload_t payload) {
  hwr_worker_t *w = r->worker;
  hwr_slice_t slice = hwr__slice_of(payload);
  int err = hwr__payload_check(w, payload, 0, false);
  if (err == HWR_ECLOSED || r->is_post || r->cancelled || r->answered) return 0;
  if (err || hwr__check_cap(w)) return err;
  uint32_t word = HWR_PROGRESS | (uint32_t) payload.codec << 8;
  return hwr__send(w, word, r->slot, r->generation, &slice, 1);
}

int
hwr_progress(hwr_request_t *r, hwr_payload_t payload) {
  hwr_worker_t *w = r->worker;
  uint8_t *record;
  if (hwr__text_write(&payload, &record)) return HWR_ENOMEM;
  hwr__lock(w);
  int status = progress(r, payload);
  hwr__unlock(w);
  free(record);
  return status;
}

/* ------------------------------------------------------------------ tx and metadata */

/* The next entry of an extension block, whose form the core has checked: its tag, or 0 behind the
 * last. */
static uint8_t
next_entry(const hwr__body_t *body, uint32_t *at, const uint8_t **value, uint8_t *length) {
  while (*at < body->block_bytes && body->block[*at] == 0) ++*at;
  if (*at + 2 > body->block_bytes) return 0;
  uint8_t tag = body->block[*at];
  *length = body->block[*at + 1];
  *value = body->block + *at + 2;
  *at += 2 + (uint32_t) *length;
  return *at <= body->block_bytes ? tag : 0;
}

static char *
append(char *to, const uint8_t *bytes, uint8_t length) {
  memcpy(to, bytes, length);
  return to + length;
}

static char *
append_tx(const hwr_request_t *r, char *to) {
  const uint8_t *value;
  uint8_t length, tag;
  uint32_t at = 2;
  while ((tag = next_entry(&r->body, &at, &value, &length)))
    if (tag == TAG_TX) return append(to, value, length);
  const uint8_t *uuid = hwr_session_peer(r->worker->session)->uuid;
  for (int i = 0; i < HWR_UUID_BYTES; i++) to += snprintf(to, 3, "%02x", uuid[i]);
  return to + snprintf(to, TX_BYTES, "-%u-%u%s", (unsigned) r->generation, (unsigned) r->slot,
                       r->is_post ? "-post" : "");
}

/* Each key and each value is ended by NUL; a NUL within cuts it short. */
static void
read_texts(hwr_request_t *r, char *to) {
  const uint8_t *value;
  uint8_t length, tag;
  uint32_t at = 2;
  bool in_value = false;
  to = append_tx(r, to);
  *to++ = '\0';
  while ((tag = next_entry(&r->body, &at, &value, &length))) {
    if (tag != TAG_KEY && tag != TAG_VALUE) continue;
    if (tag == TAG_KEY && r->pair_count++ > 0) *to++ = '\0'; /* behind the last value */
    to = append(to, value, length);
    if (tag == TAG_KEY) *to++ = '\0';
    in_value = true;
  }
  if (in_value) *to = '\0';
}

/* All texts of the request, read once; NULL without memory. */
static const char *
texts_of(const hwr_request_t *request) {
  hwr_request_t *r = (hwr_request_t *) (uintptr_t) request;
  hwr__lock(r->worker);
  if (!r->texts) {
    r->texts = malloc(TX_BYTES + 2 * r->body.block_bytes + 2);
    if (r->texts) read_texts(r, r->texts);
  }
  hwr__unlock(r->worker);
  return r->texts;
}

const char *
hwr_request_tx(const hwr_request_t *r) {
  const char *texts = texts_of(r);
  return texts ? texts : "";
}

const char *
hwr_request_metadata(const hwr_request_t *r, const char *key) {
  const char *at = texts_of(r);
  for (uint32_t i = 0; at && i < r->pair_count; i++) {
    const char *name = at + strlen(at) + 1;
    at = name + strlen(name) + 1;
    if (!strcmp(name, key)) return at;
  }
  return NULL;
}
