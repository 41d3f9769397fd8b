/* SPDX-License-Identifier: MIT
 *
 * send.c - events and posts to the host, and what everything that is sent has in common.
 */
#include "sdk/worker_state.h"

#include "core/buf.h"
#include "sdk/error_records.h"
#include "sdk/text_payload.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BLOCK_BYTES = 2 + HWR_MAX_NAME_BYTES + HWR_FRAME_ALIGN };

/* ------------------------------------------------------------------ what all have in common */

int
hwr__send(hwr_worker_t *w, uint32_t word, uint32_t slot, uint32_t generation,
          const hwr_slice_t *slices, size_t slice_count) {
  hwr_record_t record = {.word = word, .slot = slot, .generation = generation};
  for (size_t i = 0; i < slice_count; i++) record.length += (uint32_t) slices[i].length_bytes;
  if (w->stage == HWR__OVER || w->status) return 0; /* nobody is there to hear it */
  int err = hwr_session_send(w->session, &record, slices, slice_count, hwr__now_ms(w));
  if (err) hwr__worker_break(w, err);
  else hwr__sent(w);
  return err;
}

void
hwr__send_credit(hwr_worker_t *w) {
  if (w->status || w->stage == HWR__OVER || (w->in_turn && hwr__on_worker_thread(w))) return;
  if (!hwr_session_control_waits(w->session)) return;
  int err = hwr_session_flush(w->session, NULL, 0, hwr__now_ms(w));
  if (err) hwr__worker_break(w, err);
  else hwr__sent(w);
}

bool
hwr__codec_is_agreed(const hwr_worker_t *w, enum hwr_codec codec) {
  if (codec == w->codec || codec == HWR_CODEC_NONE) return true;
  if (w->codec == HWR_CODEC_MSGPACK) return codec == HWR_CODEC_JSON || codec == HWR_CODEC_RAW;
  return w->codec == HWR_CODEC_BYTES && codec == HWR_CODEC_TEXT;
}

/* What is no request, no answer, and no item of a stream may have 64 KiB in any case (P4.6). */
size_t
hwr__most_bytes(const hwr_worker_t *w, bool is_strict) {
  size_t own = w->config.max_message_bytes;
  size_t theirs = hwr_session_peer(w->session)->max_message_bytes;
  size_t most = own < theirs ? own : theirs;
  return is_strict || most > HWR_MIN_LIMIT_BYTES ? most : HWR_MIN_LIMIT_BYTES;
}

int
hwr__payload_check(const hwr_worker_t *w, hwr_payload_t payload, size_t block_bytes,
                   bool is_strict) {
  size_t most = w->serves ? hwr__most_bytes(w, is_strict) : 0;
  if (!w->serves || w->stage == HWR__OVER || w->host_gone) return HWR_ECLOSED;
  if (payload.codec == HWR_CODEC_NONE && payload.length_bytes > 0) return HWR_EBADARG;
  if (!hwr__codec_is_agreed(w, payload.codec)) return HWR_EBADARG;
  if (payload.length_bytes > 0 && !payload.bytes) return HWR_EBADARG;
  return payload.length_bytes > most || block_bytes > most - payload.length_bytes ? HWR_ETOOBIG : 0;
}

int
hwr__send_error(hwr_worker_t *w, enum hwr_frame_type type, uint32_t slot, uint32_t generation,
                const hwr_error_t *error) {
  hwr_slice_t slice = {NULL, 0};
  uint8_t *bytes;
  int err = hwr__error_write(error, &bytes, &slice.length_bytes);
  if (err) {
    hwr__worker_break(w, err);
    return err;
  }
  slice.bytes = bytes;
  err = hwr__send(w, (uint32_t) type | HWR__CODEC_RECORD << 8, slot, generation, &slice, 1);
  free(bytes);
  return err;
}

/* ------------------------------------------------------------------ events and posts */

int
hwr__check_cap(const hwr_worker_t *w) {
  bool over = hwr_session_held_bytes(w->session) >= HWR__HARD_CAP * w->config.high_water_bytes ||
              hwr_session_held_records(w->session) >= HWR__HARD_CAP * w->config.high_water_messages;
  return over ? HWR_EOVERLOAD : 0;
}

/* After it was sent: HWR_EAGAIN when more waits than the mark allows. */
static int
ask_for_drain(hwr_worker_t *w) {
  bool over = hwr_session_held_bytes(w->session) > w->config.high_water_bytes ||
              hwr_session_held_records(w->session) > w->config.high_water_messages;
  if (!over) return 0;
  hwr_session_want_drain(w->session, HWR_DRAIN_ALL);
  return HWR_EAGAIN;
}

/* P4.16. Its size. */
static size_t
write_name_block(uint8_t block[NAME_BLOCK_BYTES], const char *name, size_t name_bytes) {
  size_t size = (2 + name_bytes + HWR_FRAME_ALIGN - 1) & ~(size_t) (HWR_FRAME_ALIGN - 1);
  memset(block, 0, size);
  block[0] = (uint8_t) name_bytes;
  block[1] = (uint8_t) (name_bytes >> 8);
  memcpy(block + 2, name, name_bytes);
  return size;
}

static int
emit(hwr_worker_t *w, const hwr_slice_t *block, hwr_payload_t payload) {
  int err = hwr__payload_check(w, payload, block->length_bytes, false);
  if (!err) err = hwr__check_cap(w);
  if (err) return err;
  hwr_slice_t slices[2] = {*block, hwr__slice_of(payload)};
  err = hwr__send(w, HWR_EVENT | (uint32_t) payload.codec << 8, 0, 0, slices, 2);
  return err ? err : ask_for_drain(w);
}

int
hwr_emit(hwr_worker_t *w, const char *name, hwr_payload_t payload) {
  size_t name_bytes = name ? strlen(name) : 0;
  if (!name || name_bytes > HWR_MAX_NAME_BYTES) return HWR_EBADARG;
  uint8_t block[NAME_BLOCK_BYTES];
  hwr_slice_t slice = {block, write_name_block(block, name, name_bytes)};
  uint8_t *record;
  if (hwr__text_write(&payload, &record)) return HWR_ENOMEM;
  hwr__lock(w);
  int status = emit(w, &slice, payload);
  hwr__unlock(w);
  free(record);
  return status;
}

int
hwr__host_method(const hwr_worker_t *w, const char *type) {
  for (uint32_t i = 0; i < w->init.method_count; i++)
    if (!strcmp(w->init.methods[i], type)) return (int) i;
  return HWR_EUNKNOWN;
}

static int
post(hwr_worker_t *w, const char *type, hwr_payload_t payload) {
  int err = hwr__payload_check(w, payload, 0, true);
  if (!err) err = hwr__check_cap(w);
  if (err) return err;
  int method = hwr__host_method(w, type);
  if (method < 0) return method;
  hwr_slice_t slice = hwr__slice_of(payload);
  uint32_t flags = (uint32_t) payload.codec | HWR_FLAG_ONEWAY;
  uint32_t generation = ++w->post_count;
  err = hwr__send(w, HWR_REQUEST | flags << 8 | (uint32_t) method << 16, 0, generation, &slice, 1);
  return err ? err : ask_for_drain(w);
}

int
hwr_post(hwr_worker_t *w, const char *type, hwr_payload_t payload) {
  uint8_t *record;
  if (!type) return HWR_EBADARG;
  if (hwr__text_write(&payload, &record)) return HWR_ENOMEM;
  hwr__lock(w);
  int status = post(w, type, payload);
  hwr__unlock(w);
  free(record);
  return status;
}
