/* SPDX-License-Identifier: MIT
 *
 * session_in.c - the receive path: a table says what each frame may be and who handles it; the
 * handlers are small and do no I/O.
 */
#include "core/buf.h"
#include "core/session_state.h"

#include <string.h>

typedef int (*handler_t)(hwr_session_t *s, hwr_message_t *m);

enum { HOST = 1, WORKER = 2, BOTH = 3, AFTER_HELLO = 30, ANY = HWR_MAX_FRAME_BYTES };

enum {
  BY_CONTROL,
  BY_LANE,  /* a message of the ordered lane: counted, may be chunked */
  BY_STREAM /* likewise, of one of a stream's (P11) */
};

typedef struct rule_s {
  uint8_t receivers;             /* who may receive it */
  uint8_t stages;                /* in which stages of the receiver */
  uint8_t flags;                 /* that may be set */
  uint8_t carried;               /* by what */
  uint32_t min_bytes, max_bytes; /* of the body */
  handler_t handle;
} rule_t;

static int handle_hello(hwr_session_t *s, hwr_message_t *m);
static int handle_start(hwr_session_t *s, hwr_message_t *m);
static int handle_define(hwr_session_t *s, hwr_message_t *m);
static int handle_request(hwr_session_t *s, hwr_message_t *m);
static int handle_answer(hwr_session_t *s, hwr_message_t *m);
static int handle_cancel(hwr_session_t *s, hwr_message_t *m);
static int handle_event(hwr_session_t *s, hwr_message_t *m);
static int handle_progress(hwr_session_t *s, hwr_message_t *m);
static int handle_credit(hwr_session_t *s, hwr_message_t *m);
static int handle_ping(hwr_session_t *s, hwr_message_t *m);
static int handle_pong(hwr_session_t *s, hwr_message_t *m);
static int handle_goaway(hwr_session_t *s, hwr_message_t *m);
static int handle_pad(hwr_session_t *s, hwr_message_t *m);

enum {
  BODY_FLAGS = HWR_FLAG_CODEC | HWR_FLAG_MORE,
  CALL_FLAGS = BODY_FLAGS | HWR_FLAG_EXT | HWR_FLAG_ONEWAY
};

/* P2.4, P2.5, P3.6 */
static const rule_t RULES[HWR_FRAME_TYPES] = {
    [HWR_HELLO] = {BOTH, HWR_STAGE_HELLO, 0, BY_CONTROL, 48, HWR_HELLO_MAX_BYTES, handle_hello},
    [HWR_INIT] = {WORKER, HWR_STAGE_INIT, BODY_FLAGS, BY_LANE, 0, ANY, handle_start},
    [HWR_METHODS] = {HOST, HWR_STAGE_METHODS, BODY_FLAGS, BY_LANE, 0, ANY, handle_start},
    [HWR_READY] = {HOST, HWR_STAGE_START, BODY_FLAGS, BY_LANE, 0, ANY, handle_start},
    [HWR_DEFINE] = {BOTH, HWR_STAGE_READY, BODY_FLAGS, BY_LANE, 0, ANY, handle_define},
    [HWR_REQUEST] = {BOTH, HWR_STAGE_READY, CALL_FLAGS, BY_LANE, 0, ANY, handle_request},
    [HWR_RESPONSE] = {BOTH, HWR_STAGE_READY, BODY_FLAGS, BY_LANE, 0, ANY, handle_answer},
    [HWR_ERROR] = {BOTH, AFTER_HELLO, BODY_FLAGS, BY_LANE, 0, ANY, handle_answer},
    [HWR_CANCEL] = {BOTH, HWR_STAGE_READY, 0, BY_LANE, 0, 0, handle_cancel},
    [HWR_EVENT] = {BOTH, HWR_STAGE_READY, BODY_FLAGS, BY_LANE, 0, ANY, handle_event},
    [HWR_PROGRESS] = {BOTH, HWR_STAGE_READY, BODY_FLAGS, BY_LANE, 0, ANY, handle_progress},
    [HWR_OPEN] = {BOTH, HWR_STAGE_READY, HWR_FLAG_MORE, BY_LANE, 0, ANY, hwr__stream_handle_open},
    [HWR_DATA] = {BOTH, HWR_STAGE_READY, BODY_FLAGS, BY_STREAM, 0, ANY, hwr__stream_handle_data},
    [HWR_END] = {BOTH, HWR_STAGE_READY, 0, BY_STREAM, 0, 0, hwr__stream_handle_end},
    [HWR_RESET] = {BOTH, HWR_STAGE_READY, BODY_FLAGS, BY_LANE, 0, ANY, hwr__stream_handle_reset},
    [HWR_CREDIT] = {BOTH, AFTER_HELLO, 0, BY_CONTROL, 16, 16, handle_credit},
    [HWR_PING] = {BOTH, AFTER_HELLO, 0, BY_CONTROL, 0, 0, handle_ping},
    [HWR_PONG] = {BOTH, AFTER_HELLO, 0, BY_CONTROL, 0, 0, handle_pong},
    [HWR_GOAWAY] = {BOTH, AFTER_HELLO, 0, BY_CONTROL, 4, 4, handle_goaway},
    [HWR_PAD] = {BOTH, AFTER_HELLO, 0, BY_CONTROL, 0, HWR_MAX_FRAME_BYTES, handle_pad},
};

/* ------------------------------------------------------------------ misbehaviour */

int
hwr__session_strike(hwr_session_t *s, const char *rule) {
  if (hwr_bucket_take(&s->strikes, s->now_ms)) return 0;
  return hwr__session_fail(s, HWR_ESTRIKES, rule);
}

/* P0.1 */
int
hwr__session_violation(hwr_session_t *s, const char *rule) {
  return hwr__session_fail(s, HWR_EPROTO, rule);
}

/* ------------------------------------------------------------------ handlers */

static int
handle_hello(hwr_session_t *s, hwr_message_t *m) {
  hwr_reader_t r = hwr_reader_wrap(m->body, m->body_bytes);
  if (hwr_reader_u32(&r) != HWR_HELLO_MAGIC) return hwr__session_violation(s, "P3.2");
  s->peer.version = hwr_reader_u16(&r);
  if (s->peer.version != HWR_PROTOCOL_VERSION) return hwr__session_fail(s, HWR_EVERSION, "P3.3");
  uint16_t role = hwr_reader_u16(&r);
  const uint8_t *uuid = hwr_reader_bytes(&r, HWR_UUID_BYTES);
  if (uuid) memcpy(s->peer.uuid, uuid, HWR_UUID_BYTES);
  s->peer.codecs = hwr_reader_u32(&r);
  s->peer.max_message_bytes = hwr_reader_u32(&r);
  s->credit_bytes.limit = hwr_reader_u64(&r);
  s->credit_messages.limit = hwr_reader_u64(&r);
  if (r.failed || s->credit_bytes.limit < HWR_MIN_WINDOW_BYTES)
    return hwr__session_violation(s, "P3.4");
  if (role != (s->config.role == HWR_HOST ? HWR_WORKER : HWR_HOST))
    return hwr__session_violation(s, "P3.5");
  s->stage = s->config.role == HWR_HOST ? HWR_STAGE_METHODS : HWR_STAGE_INIT;
  hwr__session_fit_chunk(s);
  hwr__session_event(s, HWR_EV_HELLO, NULL);
  return 0;
}

hwr_event_t *
hwr__session_deliver(hwr_session_t *s, enum hwr_event_kind kind, hwr_message_t *m, uint32_t skip) {
  hwr_event_t *event = hwr__session_event(s, kind, &m->frame);
  event->offset = skip + (m->bulk ? 0 : m->inbox_offset);
  event->length = m->body_bytes - skip;
  if (!m->bulk) return event;
  s->bulks[s->bulk_count++] = (hwr_bulk_t){m->bulk, m->body_bytes};
  event->bulk = s->bulk_count;
  m->bulk = NULL;
  return event;
}

static int
handle_start(hwr_session_t *s, hwr_message_t *m) {
  switch (m->frame.type) {
  case HWR_INIT:
    hwr__session_deliver(s, HWR_EV_INIT, m, 0);
    s->stage = HWR_STAGE_START;
    return 0;
  case HWR_METHODS:
    hwr__session_deliver(s, HWR_EV_METHODS, m, 0);
    s->stage = HWR_STAGE_START;
    return 0;
  default:
    hwr__session_deliver(s, HWR_EV_READY, m, 0);
    s->stage = HWR_STAGE_READY;
    return 0;
  }
}

static int
handle_define(hwr_session_t *s, hwr_message_t *m) {
  hwr__session_deliver(s, HWR_EV_DEFINE, m, 0);
  return 0;
}

static int
handle_request(hwr_session_t *s, hwr_message_t *m) {
  hwr_ext_t ext = {0};
  if (m->frame.flags & HWR_FLAG_EXT) {
    const char *rule = hwr_ext_decode(&ext, m->body, m->body_bytes);
    if (rule) return hwr__session_violation(s, rule);
  }
  if (hwr_window_receive(&s->window_messages, 1)) return hwr__session_violation(s, "P5.2");
  if (!(m->frame.flags & HWR_FLAG_ONEWAY)) { /* P4.11 */
    int err = hwr_serving_open(&s->serving, &s->mem, m->frame.slot, m->frame.generation);
    if (err == HWR_EPROTO)
      return hwr__session_violation(s, m->frame.slot < HWR_MAX_SLOTS ? "P4.1" : "P4.2");
    if (err) return hwr__session_fail(s, err, "");
    s->cancels_allowed++;
  }
  hwr_event_t *event = hwr__session_deliver(s, HWR_EV_REQUEST, m, ext.size_bytes);
  event->value = ext.timeout_ms;
  if (hwr_ext_is_named(&ext)) event->bulk |= ext.size_bytes << 16;
  return 0;
}

/* An answer nobody waits for: allowed once for each call that we gave up (P4.4). */
static int
late_answer(hwr_session_t *s, const hwr_frame_t *frame) {
  if (s->late_allowed == 0) return hwr__session_strike(s, "P4.4");
  s->late_allowed--;
  if (s->tells_late) hwr__session_event(s, HWR_EV_LATE, frame);
  return 0;
}

static int
handle_answer(hwr_session_t *s, hwr_message_t *m) {
  if (s->stage != HWR_STAGE_READY) {
    if (s->config.role != HWR_HOST) return hwr__session_violation(s, "P3.6");
    hwr__session_deliver(s, HWR_EV_START_ERROR, m, 0);
    return 0;
  }
  hwr_call_t *call = hwr_calls_find(&s->calls, m->frame.slot, m->frame.generation);
  if (!call) return late_answer(s, &m->frame);
  if (call->state == HWR_CALL_PINGED) return hwr__session_violation(s, "P6.3");
  hwr_calls_close(&s->calls, call);
  hwr__session_deliver(s, m->frame.type == HWR_RESPONSE ? HWR_EV_RESPONSE : HWR_EV_ERROR, m, 0);
  return 0;
}

/* It may have crossed the answer, but there is one for each call (P4.15). */
static int
handle_cancel(hwr_session_t *s, hwr_message_t *m) {
  if (s->cancels_allowed == 0) return hwr__session_strike(s, "P4.15");
  s->cancels_allowed--;
  if (hwr_serving_cancel(&s->serving, m->frame.slot, m->frame.generation))
    hwr__session_event(s, HWR_EV_CANCEL, &m->frame);
  return 0;
}

/* P4.16, P4.17 */
static int
handle_event(hwr_session_t *s, hwr_message_t *m) {
  if (m->body_bytes < HWR_FRAME_ALIGN) return hwr__session_violation(s, "P4.16");
  hwr_reader_t r = hwr_reader_wrap(m->body, m->body_bytes);
  uint32_t name_bytes = hwr_reader_u16(&r);
  uint32_t block = (uint32_t) hwr_frame_stride(2 + name_bytes) - HWR_HEADER_BYTES;
  if (name_bytes > HWR_MAX_NAME_BYTES || block > m->body_bytes)
    return hwr__session_violation(s, "P4.16");
  hwr__session_deliver(s, HWR_EV_EVENT, m, block)->value = name_bytes;
  return 0;
}

/* Of a call that we gave up it may come until the answer does (P4.18). */
static int
handle_progress(hwr_session_t *s, hwr_message_t *m) {
  const hwr_call_t *call = hwr_calls_find(&s->calls, m->frame.slot, m->frame.generation);
  if (call && call->state == HWR_CALL_SENT) hwr__session_deliver(s, HWR_EV_PROGRESS, m, 0);
  else if (s->late_allowed == 0) return hwr__session_strike(s, "P4.18");
  return 0;
}

static int
handle_credit(hwr_session_t *s, hwr_message_t *m) {
  if (m->frame.slot != 0) return hwr__stream_handle_credit(s, m);
  hwr_reader_t r = hwr_reader_wrap(m->body, m->body_bytes);
  int bytes = hwr_credit_grant(&s->credit_bytes, hwr_reader_u64(&r));
  int messages = hwr_credit_grant(&s->credit_messages, hwr_reader_u64(&r));
  if (bytes < 0 || messages < 0) return hwr__session_violation(s, "P5.3");
  return bytes || messages ? 0 : hwr__session_strike(s, "P5.4");
}

static int
handle_ping(hwr_session_t *s, hwr_message_t *m) {
  hwr_id_t id = {m->frame.slot, m->frame.generation};
  int err = hwr__id_queue_push(&s->pongs, &s->mem, id);
  if (err == HWR_EOVERLOAD) return hwr__session_fail(s, HWR_ESTRIKES, "P6.4");
  return err ? hwr__session_fail(s, err, "") : 0;
}

static int
handle_pong(hwr_session_t *s, hwr_message_t *m) {
  hwr_call_t *call = hwr_calls_find(&s->calls, m->frame.slot, m->frame.generation);
  if (!call) return late_answer(s, &m->frame);
  if (call->state != HWR_CALL_PINGED) return hwr__session_violation(s, "P6.3");
  hwr_calls_close(&s->calls, call);
  hwr__session_event(s, HWR_EV_PONG, &m->frame);
  return 0;
}

static int
handle_goaway(hwr_session_t *s, hwr_message_t *m) {
  if (s->goaway_seen) return hwr__session_strike(s, "P6.1");
  s->goaway_seen = true;
  hwr_reader_t r = hwr_reader_wrap(m->body, m->body_bytes);
  hwr__session_event(s, HWR_EV_GOAWAY, NULL)->value = hwr_reader_u32(&r);
  return 0;
}

static int
handle_pad(hwr_session_t *s, hwr_message_t *m) {
  (void) m;
  return s->after_pad ? hwr__session_strike(s, "P2.7") : 0;
}

/* ------------------------------------------------------------------ checks before any memory */

/* In the order of P0.2. */
static int
check_frame(hwr_session_t *s, const hwr_frame_t *f) {
  const rule_t *rule = f->type < HWR_FRAME_TYPES ? &RULES[f->type] : NULL;
  if (s->stage == HWR_STAGE_HELLO && f->type != HWR_HELLO) return hwr__session_violation(s, "P3.1");
  if (!rule || !rule->handle) return hwr__session_violation(s, "P2.4");
  if (f->flags & ~rule->flags) return hwr__session_violation(s, "P2.5");
  if (!(rule->receivers & s->config.role) || !(rule->stages & s->stage))
    return hwr__session_violation(s, "P3.6");
  if (f->length_bytes > rule->max_bytes || f->length_bytes < rule->min_bytes)
    return hwr__session_violation(s, "P2.3");
  return 0;
}

/* An owner that wants short payloads must still be told of errors, names and shapes (P4.6). */
static uint32_t
message_limit(const hwr_session_t *s, uint8_t type) {
  uint32_t most = s->config.max_message_bytes;
  bool payload = type == HWR_REQUEST || type == HWR_RESPONSE;
  return payload || most > HWR_MIN_LIMIT_BYTES ? most : HWR_MIN_LIMIT_BYTES;
}

/* The frame goes on with the message in progress, or begins one that may be begun. */
static int
check_lane(hwr_session_t *s, const hwr_frame_t *f) {
  const hwr_assembly_t *a = &s->assembly;
  if (a->active) {
    bool same = f->type == a->first.type && f->slot == a->first.slot &&
                f->generation == a->first.generation && !(f->flags & HWR_FLAG_EXT);
    if (!same) return hwr__session_violation(s, "P4.5");
  }
  size_t before = a->active ? a->length_bytes : 0;
  if (before + f->length_bytes > message_limit(s, f->type))
    return hwr__session_violation(s, "P4.6");
  if (hwr_window_receive(&s->window_bytes, hwr_frame_stride(f->length_bytes)))
    return hwr__session_violation(s, "P5.2");
  bool idle = f->length_bytes == 0 && (f->flags & HWR_FLAG_MORE);
  return idle ? hwr__session_strike(s, "P4.7") : 0;
}

/* ------------------------------------------------------------------ messages out of the inbox */

/* The answer is dropped as it comes. */
static bool
is_unwanted(hwr_session_t *s, const hwr_frame_t *f) {
  bool answer = f->type == HWR_RESPONSE || f->type == HWR_ERROR;
  return answer && s->stage == HWR_STAGE_READY &&
         !hwr_calls_find(&s->calls, f->slot, f->generation);
}

static int
finish_message(hwr_session_t *s) {
  hwr_assembly_t *a = &s->assembly;
  hwr_message_t m = {.frame = a->first, .body = a->data, .body_bytes = (uint32_t) a->length_bytes};
  m.frame.flags &= (uint8_t) ~HWR_FLAG_MORE;
  m.bulk = a->data;
  bool discard = a->discard;
  *a = (hwr_assembly_t){0};
  if (discard) return late_answer(s, &m.frame);
  int err = RULES[m.frame.type].handle(s, &m);
  hwr__mem_free(&s->mem, m.bulk); /* NULL where delivered */
  return err;
}

/* The frame in progress is complete, padding excepted: its credit returns (P5.9). */
static int
finish_frame(hwr_session_t *s) {
  hwr_assembly_t *a = s->filling;
  uint64_t stride = hwr_frame_stride(a->frame_bytes);
  s->filling = NULL;
  s->in_message = !a->last && !a->discard;
  s->skip_bytes = (uint32_t) (stride - HWR_HEADER_BYTES - a->frame_bytes);
  if (a->stream) return hwr__stream_end_frame(s, a->stream);
  hwr_window_return(&s->window_bytes, stride);
  return a->last ? finish_message(s) : 0;
}

/* ------------------------------------------------------------------ one frame after the other */

static int
handle_whole(hwr_session_t *s, const hwr_frame_t *f) {
  uint32_t body = s->inbox_begin + HWR_HEADER_BYTES;
  hwr_message_t m = {*f, s->config.inbox + body, f->length_bytes, body, NULL};
  uint64_t stride = hwr_frame_stride(f->length_bytes);
  s->inbox_begin += (uint32_t) stride;
  if (RULES[f->type].carried != BY_CONTROL) s->in_message = false; /* lanes are mixed */
  if (RULES[f->type].carried == BY_LANE) hwr_window_return(&s->window_bytes, stride);
  return RULES[f->type].handle(s, &m);
}

/* Take the part of the frame's body that is in the inbox into the assembly. */
static int
handle_part(hwr_session_t *s, hwr_assembly_t *a, const hwr_frame_t *f) {
  bool unwanted = !a->stream && !a->active && is_unwanted(s, f);
  s->inbox_begin += HWR_HEADER_BYTES;
  s->filling = a;
  hwr_assembly_frame(a, f);
  if (unwanted) a->discard = true;
  uint32_t here = s->inbox_end - s->inbox_begin;
  if (here > f->length_bytes) here = f->length_bytes;
  if (hwr_assembly_append(a, &s->mem, s->config.inbox + s->inbox_begin, here))
    return hwr__session_fail(s, HWR_ENOMEM, "");
  s->inbox_begin += here;
  return a->frame_left > 0 ? 0 : finish_frame(s);
}

/* The body is not looked at. It may be longer than the inbox. */
static void
skip_frame(hwr_session_t *s, const hwr_frame_t *f) {
  s->inbox_begin += HWR_HEADER_BYTES;
  s->skip_bytes = (uint32_t) hwr_frame_stride(f->length_bytes) - HWR_HEADER_BYTES;
}

static void
skip_padding(hwr_session_t *s) {
  uint32_t here = s->inbox_end - s->inbox_begin;
  uint32_t skip = s->skip_bytes < here ? s->skip_bytes : here;
  s->inbox_begin += skip;
  s->skip_bytes -= skip;
}

static bool
has_room_for_event(const hwr_session_t *s) {
  return hwr__session_event_room(s) && s->bulk_count < HWR_MAX_BULKS;
}

/* Too long to wait for all of it in the inbox. */
static bool
comes_in_parts(const hwr_frame_t *f, bool whole) {
  return (f->flags & HWR_FLAG_MORE) || (!whole && f->length_bytes > HWR_INLINE_BYTES);
}

/* As parse_frame, for one whose header has been checked. */
static int
parse_data(hwr_session_t *s, const hwr_frame_t *f, bool whole) {
  hwr_stream_t *stream = hwr_streams_find(&s->streams, f->slot, f->generation);
  bool apart = comes_in_parts(f, whole) || (stream && stream->assembly.active);
  if (!whole && !apart) return 0;
  int err = hwr__stream_begin_data(s, f, &stream);
  if (err) return err;
  if (!stream) skip_frame(s, f);
  else err = apart ? handle_part(s, &stream->assembly, f) : handle_whole(s, f);
  return err ? err : 1;
}

static int
parse_lane(hwr_session_t *s, const hwr_frame_t *f, bool whole) {
  bool apart = comes_in_parts(f, whole) || s->assembly.active;
  if (!whole && !apart) return 0;
  int err = check_lane(s, f);
  if (!err) err = apart ? handle_part(s, &s->assembly, f) : handle_whole(s, f);
  return err ? err : 1;
}

static int
parse_whole(hwr_session_t *s, const hwr_frame_t *f, bool whole) {
  if (!whole && f->type != HWR_PAD) return 0;
  int err = 0;
  if (whole) {
    err = handle_whole(s, f);
  } else {
    skip_frame(s, f);
    hwr_message_t pad = {.frame = *f};
    err = handle_pad(s, &pad);
  }
  return err ? err : 1;
}

/* 1: a frame was handled or begun; 0: more bytes are needed (P1.2); or fatal. */
static int
parse_frame(hwr_session_t *s) {
  uint32_t here = s->inbox_end - s->inbox_begin;
  if (here < HWR_HEADER_BYTES) return 0;
  hwr_frame_t f;
  hwr_frame_decode(&f, s->config.inbox + s->inbox_begin);
  int progress = check_frame(s, &f);
  if (progress) return progress;
  bool whole = here >= hwr_frame_stride(f.length_bytes);
  if (RULES[f.type].carried == BY_LANE) progress = parse_lane(s, &f, whole);
  else if (f.type == HWR_DATA) progress = parse_data(s, &f, whole);
  else progress = parse_whole(s, &f, whole);
  if (progress > 0) s->after_pad = f.type == HWR_PAD;
  return progress;
}

static int
parse(hwr_session_t *s) {
  s->stalled = false;
  for (;;) {
    skip_padding(s);
    if (s->inbox_begin == s->inbox_end || s->filling) return 0;
    if (!has_room_for_event(s)) {
      s->stalled = true;
      return 0;
    }
    int progress = parse_frame(s);
    if (progress <= 0) return progress;
  }
}

/* Payloads in the inbox are in use while events wait; without any it is packed to its start. */
static void
pack_inbox(hwr_session_t *s) {
  if (s->event_count > 0 || s->inbox_begin == 0) return;
  uint32_t left = s->inbox_end - s->inbox_begin;
  if (left) memmove(s->config.inbox, s->config.inbox + s->inbox_begin, left);
  s->inbox_begin = 0;
  s->inbox_end = left;
}

size_t
hwr_session_want(hwr_session_t *s, uint8_t **to) {
  hwr_assembly_t *a = s->filling;
  if (s->failed || s->stalled) return 0;
  if (a && !a->discard) {
    if (hwr_assembly_grow(a, &s->mem)) {
      hwr__session_fail(s, HWR_ENOMEM, "");
      return 0;
    }
    size_t room = a->capacity_bytes - a->length_bytes;
    *to = a->data + a->length_bytes;
    return a->frame_left < room ? a->frame_left : room;
  }
  pack_inbox(s);
  *to = s->config.inbox + s->inbox_end;
  size_t room = s->config.inbox_bytes - s->inbox_end;
  size_t most = s->in_message ? s->config.read_ahead_bytes : room;
  return room < most ? room : most;
}

/* Bytes that were stored straight into the assembly, or belong to a discarded one. */
static int
feed_assembly(hwr_session_t *s, size_t count) {
  hwr_assembly_t *a = s->filling;
  if (a->discard) {
    uint32_t here = s->inbox_end - s->inbox_begin;
    if (here > a->frame_left) here = (uint32_t) a->frame_left;
    s->inbox_begin += here;
    count = here;
  }
  a->length_bytes += count;
  a->frame_left -= count;
  return a->frame_left == 0 ? finish_frame(s) : 0;
}

int
hwr_session_feed(hwr_session_t *s, size_t count, uint64_t now_ms) {
  if (s->failed) return s->failed;
  s->now_ms = now_ms;
  bool straight = s->filling != NULL;
  if (!straight || s->filling->discard) s->inbox_end += (uint32_t) count;
  if (straight && count > 0) {
    int err = feed_assembly(s, count);
    if (err) return err;
  }
  return parse(s);
}

/* What a stream has not received whole ends with the stream. */
int
hwr_session_end(hwr_session_t *s) {
  if (s->failed) return s->failed;
  bool inside = s->inbox_begin != s->inbox_end || s->skip_bytes > 0 || s->assembly.active;
  if (!inside && !s->filling) return 0;
  return hwr__session_fail(s, HWR_ETRUNCATED, "P6.2");
}
