/* SPDX-License-Identifier: MIT
 *
 * session_streams.c - what is received of streams.                 docs/protocol.md P11
 */
#include "core/buf.h"
#include "core/session_state.h"

enum { OPEN_FIELDS_BYTES = 20, MODE_MESSAGES = 1 };

/* ------------------------------------------------------------------ a stream begins */

/* P11.3 */
static int
read_open(hwr_session_t *s, hwr_stream_t *stream, const hwr_message_t *m, uint32_t *name_bytes) {
  hwr_reader_t r = hwr_reader_wrap(m->body, m->body_bytes);
  stream->credit_bytes.limit = hwr_reader_u64(&r);
  stream->credit_messages.limit = hwr_reader_u64(&r);
  uint16_t mode = hwr_reader_u16(&r);
  stream->messages = mode == MODE_MESSAGES;
  *name_bytes = hwr_reader_u16(&r);
  hwr_reader_bytes(&r, *name_bytes);
  if (r.failed || mode > MODE_MESSAGES || *name_bytes > HWR_MAX_NAME_BYTES)
    return hwr__session_violation(s, "P11.3");
  bool silent = stream->messages && stream->credit_messages.limit == 0;
  if (stream->credit_bytes.limit < HWR_MIN_WINDOW_BYTES || silent)
    return hwr__session_violation(s, "P11.3");
  return 0;
}

int
hwr__stream_handle_open(hwr_session_t *s, hwr_message_t *m) {
  hwr_stream_t *stream;
  uint32_t name_bytes, first_slot = s->config.role == HWR_HOST ? 1 : 2;
  int err = hwr_streams_adopt(&s->streams, &s->mem, first_slot, m->frame.slot, m->frame.generation,
                              &stream);
  if (err == HWR_EPROTO) return hwr__session_violation(s, "P11.2");
  if (err) return hwr__session_fail(s, err, "");
  err = read_open(s, stream, m, &name_bytes);
  if (err) return err;
  hwr_event_t *event = hwr__session_deliver(s, HWR_EV_OPEN, m, OPEN_FIELDS_BYTES);
  event->length = name_bytes;
  event->value = stream->messages;
  return 0;
}

/* ------------------------------------------------------------------ DATA */

/* Frames of one message follow each other on the stream; those of other lanes may stand between
 * them. */
static int
check_message(hwr_session_t *s, hwr_stream_t *stream, const hwr_frame_t *f) {
  const hwr_assembly_t *a = &stream->assembly;
  bool empty = f->length_bytes == 0, more = f->flags & HWR_FLAG_MORE;
  if (!stream->messages && more) return hwr__session_violation(s, "P11.5");
  size_t before = a->active ? a->length_bytes : 0;
  if (stream->messages && before + f->length_bytes > s->config.max_message_bytes)
    return hwr__session_violation(s, "P4.6");
  bool begins = stream->messages && !a->active;
  if (begins && hwr_window_receive(&stream->window_messages, 1))
    return hwr__session_violation(s, "P5.2");
  if (empty && more) return hwr__session_strike(s, "P4.7");
  if (empty && !stream->messages) return hwr__session_strike(s, "P11.5");
  return 0;
}

/* In this order: what a peer may send is known before anything is kept of it. */
int
hwr__stream_begin_data(hwr_session_t *s, const hwr_frame_t *f, hwr_stream_t **stream) {
  hwr_stream_t *found = hwr_streams_find(&s->streams, f->slot, f->generation);
  *stream = NULL;
  if (!found || found->receiving == HWR_HALF_OVER) return hwr__session_strike(s, "P11.12");
  if (!found->accepted) return hwr__session_violation(s, "P11.4");
  if (hwr_window_receive(&found->window_bytes, hwr_frame_stride(f->length_bytes)))
    return hwr__session_violation(s, "P5.2");
  if (found->given_up) return 0; /* may still come until the peer has heard of it */
  *stream = found;
  return check_message(s, found, f);
}

static void
deliver_data(hwr_session_t *s, hwr_message_t *m, uint32_t cost_bytes) {
  hwr__session_deliver(s, HWR_EV_DATA, m, 0)->value = cost_bytes;
}

int
hwr__stream_handle_data(hwr_session_t *s, hwr_message_t *m) {
  const hwr_stream_t *stream = hwr_streams_find(&s->streams, m->frame.slot, m->frame.generation);
  if (m->body_bytes > 0 || stream->messages)
    deliver_data(s, m, (uint32_t) hwr_frame_stride(m->body_bytes));
  return 0;
}

int
hwr__stream_end_frame(hwr_session_t *s, hwr_stream_t *stream) {
  hwr_assembly_t *a = &stream->assembly;
  if (stream->given_up) {
    hwr_assembly_drop(a, &s->mem);
  } else if (!a->last) {
    hwr_streams_borrow(&s->streams, stream);
  } else {
    hwr_message_t m = {.frame = a->first, .body = a->data, .bulk = a->data};
    m.body_bytes = (uint32_t) a->length_bytes;
    m.frame.flags &= (uint8_t) ~HWR_FLAG_MORE;
    deliver_data(s, &m, a->cost_bytes);
    a->data = NULL; /* the event's now */
    hwr_assembly_drop(a, &s->mem);
    hwr_streams_repay(&s->streams, stream);
  }
  return 0;
}

void
hwr_session_stream_consumed(hwr_session_t *s, uint32_t slot, uint32_t generation, uint64_t bytes,
                            uint64_t messages) {
  hwr_stream_t *stream = hwr_streams_find(&s->streams, slot, generation);
  if (!stream || stream->receiving == HWR_HALF_OVER || stream->given_up) return;
  hwr_streams_return(&s->streams, stream, bytes, messages);
  if (hwr_streams_grant_due(&s->streams, stream))
    hwr_streams_join(&s->streams, stream, HWR_LINE_OWED);
}

/* ------------------------------------------------------------------ a stream ends */

int
hwr__stream_handle_end(hwr_session_t *s, hwr_message_t *m) {
  hwr_stream_t *stream = hwr_streams_find(&s->streams, m->frame.slot, m->frame.generation);
  if (!stream || stream->receiving == HWR_HALF_OVER) return hwr__session_strike(s, "P11.12");
  if (!stream->accepted) return hwr__session_violation(s, "P11.4");
  if (stream->assembly.active) return hwr__session_violation(s, "P11.10");
  if (!stream->given_up) hwr__session_event(s, HWR_EV_END, &m->frame);
  hwr_streams_end_receiving(&s->streams, stream);
  hwr_streams_remove_if_over(&s->streams, &s->mem, stream);
  return 0;
}

/* A RESET that crossed our END is allowed once for each stream (P11.13). */
static int
late_reset(hwr_session_t *s) {
  if (s->streams.late_resets == 0) return hwr__session_strike(s, "P11.13");
  s->streams.late_resets--;
  return 0;
}

/* The last word of this end, where it has not said one (P11.11). */
static int
answer_reset(hwr_session_t *s, hwr_stream_t *stream) {
  if (stream->given_up && stream->spill.record_count > 0)
    return hwr__lanes_release_reset(s, stream);
  hwr__lanes_clear(s, stream);
  stream->given_up = true;
  if (stream->sending > HWR_HALF_ENDING) return 0;
  hwr_streams_set_sending(&s->streams, stream, HWR_HALF_RESETTING);
  hwr_frame_t reset = {.type = HWR_RESET, .slot = stream->slot, .generation = stream->generation};
  return hwr_spill_push(&s->spill, &s->mem, &reset, NULL, 0, 0);
}

int
hwr__stream_handle_reset(hwr_session_t *s, hwr_message_t *m) {
  hwr_stream_t *stream = hwr_streams_find(&s->streams, m->frame.slot, m->frame.generation);
  if (!stream) return late_reset(s);
  if (stream->receiving == HWR_HALF_OVER && stream->reset_seen) return late_reset(s);
  bool untouched = !stream->ours && !stream->accepted && stream->sending <= HWR_HALF_ENDING;
  if (untouched && !hwr_bucket_take(&s->streams.resets, s->now_ms)) /* P8.4, P11.14 */
    return hwr__session_fail(s, HWR_ESTRIKES, "P11.14");
  if (!stream->given_up) hwr__session_deliver(s, HWR_EV_RESET, m, 0);
  stream->reset_seen = true;
  hwr_assembly_drop(&stream->assembly, &s->mem);
  hwr_streams_end_receiving(&s->streams, stream);
  int err = answer_reset(s, stream);
  hwr_streams_remove_if_over(&s->streams, &s->mem, stream);
  return err ? hwr__session_fail(s, err, "") : 0;
}

/* ------------------------------------------------------------------ credit */

/* A stream that is over allows some, for they may have crossed its end (P11.13). */
static int
late_credit(hwr_session_t *s) {
  if (s->streams.late_credits == 0) return hwr__session_strike(s, "P11.13");
  s->streams.late_credits--;
  return 0;
}

int
hwr__stream_handle_credit(hwr_session_t *s, hwr_message_t *m) {
  if (m->frame.slot > HWR_LAST_STREAM) return hwr__session_violation(s, "P5.1");
  hwr_stream_t *stream = hwr_streams_find(&s->streams, m->frame.slot, m->frame.generation);
  if (!stream || stream->reset_seen) return late_credit(s);
  if (!stream->ours && !stream->accepted) return hwr__session_violation(s, "P11.4");
  hwr_reader_t r = hwr_reader_wrap(m->body, m->body_bytes);
  int bytes = hwr_credit_grant(&stream->credit_bytes, hwr_reader_u64(&r));
  int messages = hwr_credit_grant(&stream->credit_messages, hwr_reader_u64(&r));
  if (bytes < 0 || messages < 0) return hwr__session_violation(s, "P5.3");
  bool accepts = stream->ours && !stream->accepted;
  if (!bytes && !messages && !accepts) return hwr__session_strike(s, "P5.4");
  stream->accepted |= accepts;
  hwr__lanes_wake(s, stream);
  if (!accepts) return 0;
  if (!stream->given_up) {
    hwr__session_event(s, HWR_EV_ACCEPT, &m->frame);
    return 0;
  }
  int err = hwr__lanes_release_reset(s, stream);
  return err ? hwr__session_fail(s, err, "") : 0;
}
