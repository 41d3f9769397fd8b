/* SPDX-License-Identifier: MIT
 *
 * session_out.c - the send path: records into the ring or the spill, control frames between them.
 */
#include "core/buf.h"
#include "core/session_state.h"

#include <string.h>

enum { HELLO_BYTES = 48 };

/* ------------------------------------------------------------------ control frames */

static int
emit_hello(hwr_session_t *s) {
  uint8_t body[HELLO_BYTES];
  hwr_writer_t w = hwr_writer_wrap(body, sizeof body);
  hwr_writer_u32(&w, HWR_HELLO_MAGIC);
  hwr_writer_u16(&w, HWR_PROTOCOL_VERSION);
  hwr_writer_u16(&w, (uint16_t) s->config.role);
  hwr_writer_bytes(&w, s->config.uuid, HWR_UUID_BYTES);
  hwr_writer_u32(&w, s->config.codecs);
  hwr_writer_u32(&w, s->config.max_message_bytes);
  hwr_writer_u64(&w, s->config.window_bytes);
  hwr_writer_u64(&w, s->config.window_messages);
  int written = hwr__wire_control(s, &(hwr_frame_t){HELLO_BYTES, HWR_HELLO, 0, 0, 0, 0}, body);
  if (written == 1) s->hello_waits = false;
  return written;
}

static int
emit_ids(hwr_session_t *s, hwr_id_queue_t *queue, uint8_t type) {
  while (queue->begin != queue->end) {
    hwr_id_t id = queue->ids[queue->begin];
    int written = hwr__wire_control(s, &(hwr_frame_t){0, type, 0, 0, id.slot, id.generation}, NULL);
    if (written != 1) return written;
    hwr__id_queue_shift(queue, &id);
  }
  return 1;
}

static bool
messages_due(const hwr_session_t *s) {
  const hwr_window_t *window = &s->window_messages;
  bool due = hwr_window_due(window) || hwr_window_exhausted(window); /* P5.4 */
  /* No new work while the peer does not take our answers (P5.5). */
  return due && s->spill.held_bytes <= s->config.high_water_bytes;
}

static bool
credit_due(const hwr_session_t *s) {
  return s->stage != HWR_STAGE_HELLO && (messages_due(s) || hwr_window_due(&s->window_bytes));
}

/* 1: written. 0: no room. Or fatal. */
static int
write_credit(hwr_session_t *s, hwr_id_t lane, uint64_t bytes, uint64_t messages) {
  uint8_t body[16];
  hwr_writer_t w = hwr_writer_wrap(body, sizeof body);
  hwr_writer_u64(&w, bytes);
  hwr_writer_u64(&w, messages);
  hwr_frame_t frame = {sizeof body, HWR_CREDIT, 0, 0, lane.slot, lane.generation};
  return hwr__wire_control(s, &frame, body);
}

/* To the streams whose owners have read enough. */
static int
emit_stream_credit(hwr_session_t *s) {
  hwr_stream_t *stream;
  while ((stream = s->streams.lines[HWR_LINE_OWED].first)) {
    uint64_t bytes, messages;
    if (hwr_streams_grant_due(&s->streams, stream)) {
      hwr_streams_grants(&s->streams, stream, &bytes, &messages);
      int written = write_credit(s, (hwr_id_t){stream->slot, stream->generation}, bytes, messages);
      if (written != 1) return written;
      hwr__lanes_granted(s, stream, bytes, messages);
    }
    hwr_streams_leave(&s->streams, stream, HWR_LINE_OWED);
  }
  return 1;
}

static int
emit_credit(hwr_session_t *s) {
  if (!credit_due(s)) return 1;
  hwr_window_t bytes = s->window_bytes, messages = s->window_messages;
  uint64_t of_messages = messages_due(s) ? hwr_window_grant(&messages) : messages.granted;
  int written = write_credit(s, (hwr_id_t){0, 0}, hwr_window_grant(&bytes), of_messages);
  if (written != 1) return written;
  s->window_bytes = bytes;
  s->window_messages = messages;
  return 1;
}

/* It is the last word (P6.1): not before what waits. */
static bool
goaway_due(const hwr_session_t *s) {
  return s->goaway_waits && s->stage != HWR_STAGE_HELLO && hwr_session_held_records(s) == 0;
}

static int
emit_goaway(hwr_session_t *s) {
  if (!goaway_due(s)) return 1;
  uint8_t body[4];
  hwr_writer_t w = hwr_writer_wrap(body, sizeof body);
  hwr_writer_u32(&w, s->goaway_reason);
  int written = hwr__wire_control(s, &(hwr_frame_t){sizeof body, HWR_GOAWAY, 0, 0, 0, 0}, body);
  if (written == 1) s->goaway_waits = false;
  return written;
}

/* HELLO alone before the peer's has come (P3.7). 1: all control frames are out. 0: no room for the
 * rest. Or fatal. */
static int
emit_control(hwr_session_t *s) {
  int written = s->hello_waits ? emit_hello(s) : 1;
  if (written != 1 || s->stage == HWR_STAGE_HELLO) return written;
  written = emit_credit(s);
  if (written == 1) written = emit_stream_credit(s);
  if (written == 1) written = emit_ids(s, &s->pongs, HWR_PONG);
  if (written == 1) written = emit_ids(s, &s->pings, HWR_PING);
  return written;
}

/* ------------------------------------------------------------------ records */

static hwr_frame_t
record_frame(const hwr_record_t *r) {
  return (hwr_frame_t){
      r->length, (uint8_t) r->word, (uint8_t) (r->word >> 8), (uint16_t) (r->word >> 16),
      r->slot,   r->generation};
}

static bool
is_request(const hwr_frame_t *f) {
  return f->type == HWR_REQUEST;
}

static bool
is_call(const hwr_frame_t *f) {
  return f->type == HWR_REQUEST && !(f->flags & HWR_FLAG_ONEWAY);
}

/* A request enters the lane once it has message credit (P5.8). Those without wait apart, in their
 * order, so that no answer is ever behind one: both ends could be waiting for those answers. */
static bool
may_enter_lane(hwr_session_t *s, const hwr_frame_t *f) {
  if (!is_request(f)) return true;
  return s->requests.record_count == 0 && hwr_credit_take(&s->credit_messages, 1);
}

static bool
take_bytes(hwr_session_t *s, uint32_t length_bytes) {
  return hwr_credit_take(&s->credit_bytes, hwr_frame_stride(length_bytes));
}

/* 1: the peer has seen the call and is told (P4.14). 0: it was answered, or never leaves. */
static int
give_up(hwr_session_t *s, const hwr_frame_t *f) {
  const hwr_call_t *call = hwr_calls_find(&s->calls, f->slot, f->generation);
  int told = call && call->state == HWR_CALL_SENT;
  hwr_session_abandon(s, f->slot, f->generation);
  return told;
}

/* Enter a new record in the books. 1: send it. 0: nobody waits for it any more (P4.3). Or an
 * error. */
static int
register_record(hwr_session_t *s, const hwr_frame_t *f, uint32_t timeout_ms) {
  if (is_call(f)) {
    uint64_t deadline = timeout_ms ? s->now_ms + timeout_ms : HWR_NO_DEADLINE;
    int err = hwr_calls_open(&s->calls, &s->mem, f->slot, f->generation, HWR_CALL_QUEUED, deadline);
    return err ? err : 1;
  }
  if (f->type == HWR_CANCEL) return give_up(s, f);
  if (f->type == HWR_PROGRESS) return hwr_serving_wanted(&s->serving, f->slot, f->generation);
  bool answer = f->type == HWR_RESPONSE || f->type == HWR_ERROR;
  if (answer && s->stage == HWR_STAGE_READY) {
    bool open = hwr_serving_close(&s->serving, f->slot, f->generation);
    if (open || hwr_serving_forget(&s->serving)) hwr_session_settle(s, 1);
    if (!open) return 0;
  }
  if (f->type == HWR_READY) s->stage = HWR_STAGE_READY;
  return 1;
}

static void
mark_sent(hwr_session_t *s, const hwr_frame_t *f) {
  if (f->type == HWR_RESET) hwr__lanes_reset_sent(s, f);
  if (!is_call(f)) return;
  hwr_call_t *call = hwr_calls_find(&s->calls, f->slot, f->generation);
  if (call) call->state = HWR_CALL_SENT;
}

/* 1: it is for the ordered lane. 0: done, or nobody waits for it any more. Or an error. */
static int
take_record(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *slices, size_t slice_count,
            uint32_t timeout_ms, enum hwr_origin origin) {
  if (f->type >= HWR_OPEN && f->type <= HWR_RESET)
    return hwr__lanes_take(s, f, slices, slice_count, origin);
  return register_record(s, f, timeout_ms);
}

static int
send_in_region(hwr_session_t *s, const hwr_record_t *r, const uint8_t *base) {
  hwr_frame_t f = record_frame(r);
  hwr_slice_t body = {base + r->offset + HWR_HEADER_BYTES, r->length};
  bool at_tail = s->region.kind == HWR_REGION_RING && r->offset == hwr_producer_offset(s->out);
  int go = take_record(s, &f, &body, 1, r->timeout_ms, at_tail ? HWR_AT_TAIL : HWR_FROM_REGION);
  if (go <= 0) return go; /* unless it was put in place, those behind it are copied */
  if (!may_enter_lane(s, &f)) return hwr_spill_push(&s->requests, &s->mem, &f, &body, 1, 0);
  if (at_tail && s->spill.record_count == 0 && take_bytes(s, f.length_bytes)) {
    hwr__wire_in_place(s, &f);
    mark_sent(s, &f);
    return 0;
  }
  return hwr_spill_push(&s->spill, &s->mem, &f, &body, 1, 0);
}

static bool
record_valid(const hwr_session_t *s, const hwr_record_t *r, uint32_t from) {
  uint64_t end = r->offset + hwr_frame_stride(r->length);
  return r->offset % HWR_FRAME_ALIGN == 0 && r->offset >= from && end <= s->region.limit;
}

/* ------------------------------------------------------------------ what waits */

/* Send one frame of a message (P4.9): f->length_bytes of its body remain, from byte `skip` of
 * `slices` on; `first` when none of it is out yet. Returns the bytes of body sent, or fatal. */
static int64_t
send_chunk(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *slices, size_t skip,
           bool first, enum hwr_stop *stop) {
  hwr_frame_t chunk = *f;
  if (chunk.length_bytes > s->chunk_bytes) {
    chunk.length_bytes = s->chunk_bytes;
    chunk.flags |= HWR_FLAG_MORE;
  }
  if (!first) chunk.flags &= (uint8_t) ~HWR_FLAG_EXT;
  int64_t room = hwr__wire_lane_room(s);
  if (room < 0) return room;
  uint64_t stride = hwr_frame_stride(chunk.length_bytes);
  bool fits = (uint64_t) room >= stride;
  if (!fits) hwr__wire_want_room(s, stride + HWR_CONTROL_RESERVE_BYTES);
  *stop = !fits                               ? HWR_STOP_ROOM
          : take_bytes(s, chunk.length_bytes) ? HWR_STOP_NOT
                                              : HWR_STOP_CREDIT;
  if (*stop) return 0;
  if (first) mark_sent(s, f);
  hwr__wire_frame(s, &chunk, slices, skip);
  return chunk.length_bytes;
}

/* A queued call that was given up meanwhile. */
static bool
is_stale(hwr_session_t *s, const hwr_frame_t *f) {
  return is_call(f) && !hwr_calls_find(&s->calls, f->slot, f->generation);
}

/* Move requests into the lane as far as message credit goes. */
static int
admit_requests(hwr_session_t *s) {
  hwr_frame_t f;
  hwr_slice_t body;
  while (hwr_spill_front(&s->requests, &f, &body.bytes)) {
    bool stale = is_stale(s, &f);
    if (!stale && !hwr_credit_take(&s->credit_messages, 1)) return 0;
    body.length_bytes = f.length_bytes;
    int err = stale ? 0 : hwr_spill_push(&s->spill, &s->mem, &f, &body, 1, 0);
    if (err) return err;
    hwr_spill_drop(&s->requests, &s->mem);
  }
  return 0;
}

/* The front record never leaves: its message credit goes to the next request. */
static int
drop_stale(hwr_session_t *s) {
  hwr_spill_drop(&s->spill, &s->mem);
  s->credit_messages.used--;
  return admit_requests(s);
}

static void
drop_sent(hwr_session_t *s, const hwr_frame_t *f) {
  if (f->type == HWR_DEFINE) s->defines_held--;
  hwr_spill_drop(&s->spill, &s->mem);
}

enum turn { TURN_IDLE, TURN_FULL, TURN_USED }; /* nothing can go; no room; there may be more */

/* Move what waits in the ordered lane into the ring, in its order (P4.8), as far as room and credit
 * go, or until that many bytes were sent. */
static int
lane_turn(hwr_session_t *s, uint64_t quantum_bytes, enum turn *turn) {
  hwr_frame_t f;
  hwr_slice_t body;
  uint64_t sent_bytes = 0;
  int err = 0;
  *turn = TURN_IDLE;
  while (!err && hwr_spill_front(&s->spill, &f, &body.bytes)) {
    if (sent_bytes >= quantum_bytes) {
      *turn = TURN_USED;
      return 0;
    }
    if (!s->front_started && is_stale(s, &f)) {
      err = drop_stale(s);
      continue;
    }
    body.length_bytes = f.length_bytes;
    enum hwr_stop stop = HWR_STOP_NOT;
    int64_t sent = send_chunk(s, &f, &body, 0, !s->front_started, &stop);
    if (sent < 0) return (int) sent;
    if (stop == HWR_STOP_ROOM) *turn = TURN_FULL;
    if (stop) return 0;
    sent_bytes += hwr_frame_stride((uint64_t) sent);
    s->front_started = sent < f.length_bytes;
    if (s->front_started) hwr_spill_shorten(&s->spill, (uint32_t) sent);
    else drop_sent(s, &f);
  }
  return err;
}

/* Lanes take turns (P11.7): after each turn of a stream's comes one of the ordered lane. */
static int
refill(hwr_session_t *s) {
  enum turn turn = TURN_USED;
  int err = admit_requests(s);
  while (!err) {
    uint64_t quantum = hwr__lanes_may_go(s) ? s->stream_chunk_bytes + HWR_HEADER_BYTES : UINT64_MAX;
    if (!s->stream_turn) err = lane_turn(s, quantum, &turn);
    if (err || (!s->stream_turn && turn == TURN_FULL)) return err;
    s->stream_turn = hwr__lanes_may_go(s);
    if (!s->stream_turn && turn == TURN_IDLE) return 0;
    if (!s->stream_turn) continue;
    int had = hwr__lanes_turn(s);
    if (had <= 0) return had;
    s->stream_turn = false;
    s->turn_offset = s->out->tail;
  }
  return err;
}

/* ------------------------------------------------------------------ the region */

/* Skip the end of the ring's data, too short for a record, when the room goes on at its start. */
static void
pad_to_start(hwr_session_t *s, uint32_t left_bytes) {
  uint32_t stride = left_bytes < HWR_HEADER_BYTES ? left_bytes + HWR_HEADER_BYTES : left_bytes;
  hwr_frame_t pad = {stride - HWR_HEADER_BYTES, HWR_PAD, 0, 0, 0, 0};
  hwr__wire_header(s, &pad);
  memset(s->out->data + hwr_producer_offset(s->out), 0, pad.length_bytes);
  hwr_producer_advance(s->out, pad.length_bytes);
}

/* Records in place pass the streams that wait; not for ever (P11.7). Then they wait in the spill, and
 * the lanes take turns. */
static bool
has_passed_enough(hwr_session_t *s) {
  if (!hwr__lanes_wait(s)) s->turn_offset = s->out->tail;
  return s->out->tail - s->turn_offset > s->stream_chunk_bytes;
}

static int
update_region(hwr_session_t *s) {
  s->region = (hwr_region_t){HWR_REGION_SCRATCH, 0, s->config.scratch_bytes};
  if (has_passed_enough(s)) return 0;
  if (s->spill.record_count > 0 || s->stage == HWR_STAGE_HELLO) return 0;
  int64_t room = hwr__wire_lane_room(s);
  if (room < 0) return (int) room;
  uint32_t left = s->out->capacity_bytes - hwr_producer_offset(s->out);
  if (left < HWR_MIN_REGION_BYTES && room >= left + 2 * HWR_MIN_REGION_BYTES) {
    pad_to_start(s, left);
    room = hwr__wire_lane_room(s);
    left = s->out->capacity_bytes - hwr_producer_offset(s->out);
  }
  uint32_t length = room < left ? (uint32_t) room : left;
  length -= length % HWR_FRAME_ALIGN; /* the peer may have read to the middle of a frame */
  if (length < HWR_MIN_REGION_BYTES) return 0;
  uint32_t start = hwr_producer_offset(s->out);
  s->region = (hwr_region_t){HWR_REGION_RING, start, start + length};
  return 0;
}

hwr_region_t
hwr_session_region(const hwr_session_t *s) {
  return s->region;
}

/* ------------------------------------------------------------------ the door */

static uint64_t
least(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

void
hwr__session_fit_chunk(hwr_session_t *s) {
  uint64_t chunk = s->config.chunk_bytes;
  if (s->out)
    chunk = least(chunk, s->out->capacity_bytes - HWR_CONTROL_RESERVE_BYTES - HWR_HEADER_BYTES);
  if (s->stage != HWR_STAGE_HELLO)
    chunk = least(chunk, s->credit_bytes.limit / 2 - HWR_HEADER_BYTES);
  s->chunk_bytes = (uint32_t) (chunk - chunk % HWR_FRAME_ALIGN);
  if (s->out) chunk = least(chunk, s->out->capacity_bytes / 8 - HWR_HEADER_BYTES);
  s->stream_chunk_bytes = (uint32_t) (chunk - chunk % HWR_FRAME_ALIGN);
}

void
hwr_session_attach(hwr_session_t *s, hwr_producer_t *out) {
  s->out = out;
  s->hello_waits = true;
  hwr__session_fit_chunk(s);
  s->region = (hwr_region_t){HWR_REGION_SCRATCH, 0, s->config.scratch_bytes};
}

static int
send_region(hwr_session_t *s, const hwr_record_t *records, uint32_t count) {
  const uint8_t *base = s->region.kind == HWR_REGION_RING ? s->out->data : s->config.scratch;
  uint32_t from = s->region.start;
  for (uint32_t i = 0; i < count; i++) {
    const hwr_record_t *r = &records[i];
    if ((uint8_t) r->word == HWR_CREDIT) {
      hwr_session_stream_consumed(s, r->slot, r->generation, r->length, r->timeout_ms);
      continue;
    }
    if (!record_valid(s, r, from)) return HWR_EBADARG;
    from = r->offset + (uint32_t) hwr_frame_stride(r->length);
    int err = send_in_region(s, r, base);
    if (err) return err;
  }
  return 0;
}

/* Control frames, what waits, the next region. */
static int
finish_flush(hwr_session_t *s) {
  s->room_wanted = 0;
  int err = emit_control(s);
  if (err >= 0) err = refill(s);
  if (err >= 0) err = emit_credit(s); /* withheld until what waited has drained (P5.5) */
  if (err >= 0) err = emit_goaway(s);
  if (err >= 0) err = update_region(s);
  return err < 0 ? hwr__session_fail(s, err, "") : 0;
}

int
hwr_session_flush(hwr_session_t *s, const hwr_record_t *records, uint32_t count, uint64_t now_ms) {
  if (s->failed) return s->failed;
  s->now_ms = now_ms;
  int err = send_region(s, records, count);
  return err ? hwr__session_fail(s, err, "") : finish_flush(s);
}

/* As much as goes straight into the ring, the rest into the spill. */
static int
send_or_spill(hwr_session_t *s, hwr_frame_t f, const hwr_slice_t *slices, size_t slice_count) {
  if (!may_enter_lane(s, &f))
    return hwr_spill_push(&s->requests, &s->mem, &f, slices, slice_count, 0);
  size_t sent = 0;
  bool done = false, takes_turns = hwr__lanes_wait(s) && f.length_bytes > s->stream_chunk_bytes;
  bool stuck = s->spill.record_count > 0 || takes_turns;
  while (!stuck && !done) {
    enum hwr_stop stop = HWR_STOP_NOT;
    int64_t part = send_chunk(s, &f, slices, sent, sent == 0, &stop);
    if (part < 0) return (int) part;
    sent += (size_t) part;
    f.length_bytes -= (uint32_t) part;
    stuck = stop != HWR_STOP_NOT;
    done = !stuck && f.length_bytes == 0;
  }
  if (done) return 0;
  if (sent > 0) {
    f.flags &= (uint8_t) ~HWR_FLAG_EXT;
    s->front_started = true;
  }
  if (f.type == HWR_DEFINE) s->defines_held++;
  return hwr_spill_push(&s->spill, &s->mem, &f, slices, slice_count, sent);
}

int
hwr_session_send(hwr_session_t *s, const hwr_record_t *record, const hwr_slice_t *slices,
                 size_t slice_count, uint64_t now_ms) {
  if (s->failed) return s->failed;
  uint64_t total = 0;
  for (size_t i = 0; i < slice_count; i++) total += slices[i].length_bytes;
  if (total != record->length) return HWR_EBADARG;
  s->now_ms = now_ms;
  hwr_frame_t f = record_frame(record);
  int go = take_record(s, &f, slices, slice_count, record->timeout_ms, HWR_FROM_SLICES);
  if (go == 1) go = send_or_spill(s, f, slices, slice_count);
  return go < 0 ? hwr__session_fail(s, go, "") : finish_flush(s);
}

int
hwr__session_send_in_lane(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *body) {
  return send_or_spill(s, *f, body, 1);
}

int
hwr__session_finish_flush(hwr_session_t *s) {
  return finish_flush(s);
}

int
hwr_session_ping(hwr_session_t *s, uint32_t slot, uint32_t generation, uint64_t deadline_ms) {
  int err = hwr_calls_open(&s->calls, &s->mem, slot, generation, HWR_CALL_PINGED, deadline_ms);
  if (err) return err;
  err = hwr__id_queue_push(&s->pings, &s->mem, (hwr_id_t){slot, generation});
  if (err) hwr_calls_close(&s->calls, hwr_calls_find(&s->calls, slot, generation));
  return err;
}

void
hwr_session_goaway(hwr_session_t *s, uint32_t reason) {
  s->goaway_waits = true;
  s->goaway_reason = reason;
}

bool
hwr_session_control_waits(const hwr_session_t *s) {
  return s->hello_waits || goaway_due(s) || s->pings.begin != s->pings.end ||
         s->pongs.begin != s->pongs.end || credit_due(s) ||
         s->streams.lines[HWR_LINE_OWED].first != NULL;
}

uint32_t
hwr_session_room_wanted(const hwr_session_t *s) {
  return s->room_wanted;
}
