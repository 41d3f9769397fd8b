/* SPDX-License-Identifier: MIT
 *
 * session_lanes.c - what is sent on streams: each has a lane of its own, and lanes take turns.
 */
#include "core/buf.h"
#include "core/session_state.h"

enum { OPEN_FIELDS_BYTES = 20 };

/* ------------------------------------------------------------------ one frame */

/* Room that streams leave for the ordered lane, so that a call finds some beside a pipe that is
 * saturated. What they have put there a call waits behind, so while one is open, in either direction,
 * that is one frame. When the ordered lane waits itself the two take turns on equal terms. */
static uint64_t
reserve_bytes(const hwr_session_t *s) {
  uint64_t capacity = s->out->capacity_bytes;
  bool asked = s->calls.open_count > 0 || s->serving.open_count > 0;
  if (s->spill.record_count > 0) return HWR_CONTROL_RESERVE_BYTES;
  return asked ? capacity / 8 * 7 : HWR_CONTROL_RESERVE_BYTES + capacity / 4;
}

/* Cut the frame to what may be sent of its message now. False when that is nothing (P11.8). */
static bool
cut_to_credit(const hwr_session_t *s, const hwr_stream_t *stream, hwr_frame_t *f, bool first) {
  if (f->type != HWR_DATA) return true;
  const hwr_credit_t *messages = &stream->credit_messages;
  if (first && stream->messages && messages->used == messages->limit) return false;
  uint32_t whole = f->length_bytes;
  uint64_t left = stream->credit_bytes.limit - stream->credit_bytes.used;
  if (f->length_bytes > s->stream_chunk_bytes) f->length_bytes = s->stream_chunk_bytes;
  if (hwr_frame_stride(f->length_bytes) > left) {
    if (left < HWR_LEAST_STREAM_CREDIT) return false;
    f->length_bytes = (uint32_t) (left - HWR_HEADER_BYTES) & ~(uint32_t) (HWR_FRAME_ALIGN - 1);
  }
  if (stream->messages && f->length_bytes < whole) f->flags |= HWR_FLAG_MORE;
  return true;
}

/* P11.6 */
static void
use_credit(hwr_stream_t *stream, const hwr_frame_t *f, bool first) {
  if (f->type != HWR_DATA) return;
  stream->credit_bytes.used += hwr_frame_stride(f->length_bytes);
  if (first && stream->messages) stream->credit_messages.used++;
}

/* Send what goes of a record: f->length_bytes of its body remain, from byte `skip` of `body` on.
 * Returns the bytes of body sent, or fatal. */
static int64_t
send_chunk(hwr_session_t *s, hwr_stream_t *stream, const hwr_frame_t *f, const hwr_slice_t *slices,
           size_t skip, bool first, enum hwr_stop *stop) {
  hwr_frame_t chunk = *f;
  *stop = cut_to_credit(s, stream, &chunk, first) ? HWR_STOP_NOT : HWR_STOP_CREDIT;
  if (*stop) return 0;
  int64_t room = hwr__wire_room(s);
  if (room < 0) return room;
  uint64_t want = hwr_frame_stride(chunk.length_bytes) + reserve_bytes(s);
  if ((uint64_t) room < want) {
    hwr__wire_want_room(s, want);
    *stop = HWR_STOP_ROOM;
    return 0;
  }
  use_credit(stream, &chunk, first);
  hwr__wire_frame(s, &chunk, slices, skip);
  return chunk.length_bytes;
}

/* ------------------------------------------------------------------ turns */

/* Half of what this end takes in itself: so each end keeps no more than its own windows. */
static bool
is_over(const hwr_session_t *s, const hwr_stream_t *stream, uint64_t part) {
  const hwr_spill_t *lane = &stream->spill;
  if (lane->held_bytes > s->config.stream_high_water_bytes / part) return true;
  if (stream->messages) return lane->record_count > stream->window_messages.size / 2 / part;
  return lane->held_bytes > stream->window_bytes.size / 2 / part;
}

static bool
is_full(const hwr_session_t *s, const hwr_stream_t *stream) {
  return !stream->given_up && is_over(s, stream, 1);
}

static void
publish_full(hwr_session_t *s, const hwr_stream_t *stream) {
  if (s->config.stream_full) s->config.stream_full[stream->slot] = is_full(s, stream);
}

/* Nothing is sent before the stream is accepted, lest it overtake OPEN, or CREDIT (P11.4). */
void
hwr__lanes_wake(hwr_session_t *s, hwr_stream_t *stream) {
  if (stream->accepted && !stream->given_up && stream->spill.record_count > 0)
    hwr_streams_join(&s->streams, stream, HWR_LINE_READY);
}

void
hwr__lanes_clear(hwr_session_t *s, hwr_stream_t *stream) {
  hwr_spill_deinit(&stream->spill, &s->mem);
  stream->front_started = stream->drain_wanted = false;
  hwr_streams_leave(&s->streams, stream, HWR_LINE_READY);
  hwr_streams_leave(&s->streams, stream, HWR_LINE_DRAINED);
  publish_full(s, stream);
}

void
hwr__lanes_granted(hwr_session_t *s, hwr_stream_t *stream, uint64_t bytes, uint64_t messages) {
  hwr_streams_granted(&s->streams, stream, bytes, messages);
  if (stream->accepted || stream->ours) return;
  stream->accepted = true;
  hwr__lanes_wake(s, stream);
}

static void
note_drained(hwr_session_t *s, hwr_stream_t *stream) {
  if (!stream->drain_wanted) return;
  if (is_over(s, stream, 2)) return;
  stream->drain_wanted = false;
  hwr_streams_join(&s->streams, stream, HWR_LINE_DRAINED);
}

/* Send from the front of its lane as much as a turn allows. 0 or fatal. */
static int
send_some(hwr_session_t *s, hwr_stream_t *stream, enum hwr_stop *stop) {
  uint64_t sent_bytes = 0, quantum = s->stream_chunk_bytes + HWR_HEADER_BYTES;
  hwr_frame_t f;
  hwr_slice_t body;
  while (hwr_spill_front(&stream->spill, &f, &body.bytes)) {
    uint32_t next = f.length_bytes < s->stream_chunk_bytes ? f.length_bytes : s->stream_chunk_bytes;
    if (sent_bytes + hwr_frame_stride(next) > quantum) return 0;
    body.length_bytes = f.length_bytes;
    int64_t part = send_chunk(s, stream, &f, &body, 0, !stream->front_started, stop);
    if (part < 0) return (int) part;
    if (*stop) return 0;
    sent_bytes += hwr_frame_stride((uint64_t) part);
    stream->front_started = part < f.length_bytes;
    if (stream->front_started) hwr_spill_shorten(&stream->spill, (uint32_t) part);
    else hwr_spill_drop(&stream->spill, &s->mem);
    if (f.type == HWR_END) hwr_streams_set_sending(&s->streams, stream, HWR_HALF_OVER);
  }
  return 0;
}

int
hwr__lanes_turn(hwr_session_t *s) {
  hwr_stream_t *stream = s->streams.lines[HWR_LINE_READY].first;
  enum hwr_stop stop = HWR_STOP_NOT;
  int err = send_some(s, stream, &stop);
  if (err) return err;
  publish_full(s, stream);
  note_drained(s, stream);
  if (stop == HWR_STOP_ROOM) return 0;
  hwr_streams_leave(&s->streams, stream, HWR_LINE_READY);
  if (hwr_streams_remove_if_over(&s->streams, &s->mem, stream)) return 1;
  if (stop == HWR_STOP_NOT) hwr__lanes_wake(s, stream);
  return 1;
}

/* ------------------------------------------------------------------ records */

/* Into its lane, from byte `skip` of the body on. */
static int
push(hwr_session_t *s, hwr_stream_t *stream, const hwr_frame_t *f, const hwr_slice_t *slices,
     size_t slice_count, size_t skip) {
  int err = hwr_spill_push(&stream->spill, &s->mem, f, slices, slice_count, skip);
  if (err) return err;
  publish_full(s, stream);
  if (is_full(s, stream)) stream->drain_wanted = true;
  hwr__lanes_wake(s, stream);
  return 0;
}

/* True when nobody's turn would be taken by sending at once. */
static bool
may_send_at_once(const hwr_session_t *s, const hwr_stream_t *stream) {
  return stream->spill.record_count == 0 && s->spill.record_count == 0 && !hwr__lanes_wait(s) &&
         stream->accepted;
}

/* As much as goes straight into the ring. Returns how much of the body went, or fatal; *done when
 * that was all, be it nothing. */
static int64_t
send_at_once(hwr_session_t *s, hwr_stream_t *stream, hwr_frame_t f, const hwr_slice_t *slices,
             bool *done) {
  int64_t sent = 0;
  enum hwr_stop stop = may_send_at_once(s, stream) ? HWR_STOP_NOT : HWR_STOP_CREDIT;
  *done = false;
  while (!stop && !*done) {
    int64_t part = send_chunk(s, stream, &f, slices, (size_t) sent, sent == 0, &stop);
    if (part < 0) return part;
    sent += part;
    f.length_bytes -= (uint32_t) part;
    *done = !stop && f.length_bytes == 0;
  }
  return sent;
}

static int
send_or_spill(hwr_session_t *s, hwr_stream_t *stream, hwr_frame_t f, const hwr_slice_t *slices,
              size_t slice_count) {
  bool done;
  int64_t sent = send_at_once(s, stream, f, slices, &done);
  if (sent < 0 || done) return sent < 0 ? (int) sent : 0;
  if (sent > 0) stream->front_started = true;
  f.length_bytes -= (uint32_t) sent;
  return push(s, stream, &f, slices, slice_count, (size_t) sent);
}

/* True when the record lies at the ring's tail and all of it may go now. */
static bool
fits_in_place(const hwr_session_t *s, const hwr_stream_t *stream, const hwr_frame_t *f) {
  if (stream->spill.record_count > 0 || !stream->accepted) return false;
  hwr_frame_t cut = *f;
  if (!cut_to_credit(s, stream, &cut, true) || cut.length_bytes < f->length_bytes) return false;
  uint64_t room = s->out->capacity_bytes - (s->out->tail - s->out->head); /* as last seen */
  return room >= hwr_frame_stride(f->length_bytes) + reserve_bytes(s);
}

/* What a frame of the stream says beside its length. */
static hwr_frame_t
data_frame(const hwr_stream_t *stream, uint8_t flags, size_t length) {
  uint8_t codec = stream->messages ? flags & HWR_FLAG_CODEC : 0;
  return (hwr_frame_t){(uint32_t) length, HWR_DATA, codec, 0, stream->slot, stream->generation};
}

static int
take_data(hwr_session_t *s, hwr_stream_t *stream, const hwr_frame_t *record,
          const hwr_slice_t *slices, size_t slice_count, enum hwr_origin origin) {
  if (stream->given_up) return 0;
  if (stream->sending != HWR_HALF_OPEN) return HWR_EBADARG;
  hwr_frame_t f = data_frame(stream, record->flags, record->length_bytes);
  if (f.length_bytes == 0 && !stream->messages) return 0; /* likewise */
  if (origin == HWR_FROM_SLICES) return send_or_spill(s, stream, f, slices, slice_count);
  if (origin != HWR_AT_TAIL || !fits_in_place(s, stream, &f))
    return push(s, stream, &f, slices, slice_count, 0);
  use_credit(stream, &f, true);
  hwr__wire_in_place(s, &f);
  return 0;
}

static int
take_end(hwr_session_t *s, hwr_stream_t *stream) {
  if (stream->given_up || stream->sending != HWR_HALF_OPEN) return 0;
  hwr_frame_t end = {.type = HWR_END, .slot = stream->slot, .generation = stream->generation};
  hwr_streams_set_sending(&s->streams, stream, HWR_HALF_ENDING);
  return push(s, stream, &end, NULL, 0, 0);
}

/* Goes in the ordered lane, behind OPEN and what was sent before. Not before the peer has accepted
 * or refused the stream: it takes many that it is not asked to serve for an attack (P11.14). */
static int
take_reset(hwr_session_t *s, hwr_stream_t *stream, const hwr_frame_t *f, const hwr_slice_t *slices,
           size_t slice_count) {
  if (stream->given_up) return 0;
  stream->given_up = true;
  hwr__lanes_clear(s, stream);
  hwr_streams_leave(&s->streams, stream, HWR_LINE_OWED);
  hwr_streams_repay(&s->streams, stream);
  if (s->filling != &stream->assembly) hwr_assembly_drop(&stream->assembly, &s->mem);
  if (stream->sending != HWR_HALF_OVER)
    hwr_streams_set_sending(&s->streams, stream, HWR_HALF_RESETTING);
  if (!stream->ours || stream->accepted) return 1;
  return hwr_spill_push(&stream->spill, &s->mem, f, slices, slice_count, 0);
}

int
hwr__lanes_release_reset(hwr_session_t *s, hwr_stream_t *stream) {
  hwr_frame_t f;
  hwr_slice_t body;
  hwr_spill_front(&stream->spill, &f, &body.bytes);
  body.length_bytes = f.length_bytes;
  int err = hwr_spill_push(&s->spill, &s->mem, &f, &body, 1, 0);
  if (!err) hwr__lanes_clear(s, stream);
  return err;
}

void
hwr__lanes_reset_sent(hwr_session_t *s, const hwr_frame_t *f) {
  hwr_stream_t *stream = hwr_streams_find(&s->streams, f->slot, f->generation);
  if (!stream) return; /* it ended with END before */
  hwr_streams_set_sending(&s->streams, stream, HWR_HALF_OVER);
  hwr_streams_remove_if_over(&s->streams, &s->mem, stream);
}

int
hwr__lanes_take(hwr_session_t *s, const hwr_frame_t *f, const hwr_slice_t *slices,
                size_t slice_count, enum hwr_origin origin) {
  if (f->type == HWR_OPEN) return HWR_EBADARG;
  hwr_stream_t *stream = hwr_streams_find(&s->streams, f->slot, f->generation);
  if (!stream) return 0; /* the peer has ended it meanwhile */
  if (f->type == HWR_DATA) return take_data(s, stream, f, slices, slice_count, origin);
  if (f->type == HWR_END) return take_end(s, stream);
  return take_reset(s, stream, f, slices, slice_count);
}

/* ------------------------------------------------------------------ the owner's */

static bool
windows_valid(bool messages, uint64_t window_bytes, uint64_t window_messages) {
  bool whole = window_bytes < UINT32_MAX && window_messages < UINT32_MAX; /* sums stay exact */
  return whole && window_bytes >= HWR_MIN_WINDOW_BYTES && (!messages || window_messages > 0);
}

static void
set_windows(hwr_stream_t *stream, uint64_t window_bytes, uint64_t window_messages) {
  stream->window_bytes.size = window_bytes;
  stream->window_messages.size = stream->messages ? window_messages : 0;
}

/* P11.3 */
static size_t
write_open(hwr_session_t *s, hwr_stream_t *stream, const hwr_stream_options_t *o, uint8_t *to,
           size_t most) {
  uint64_t bytes, messages;
  hwr_streams_grants(&s->streams, stream, &bytes, &messages);
  hwr_streams_granted(&s->streams, stream, bytes, messages);
  hwr_writer_t w = hwr_writer_wrap(to, most);
  hwr_writer_u64(&w, bytes);
  hwr_writer_u64(&w, messages);
  hwr_writer_u16(&w, stream->messages);
  hwr_writer_u16(&w, (uint16_t) o->name_bytes);
  hwr_writer_bytes(&w, (const uint8_t *) o->name, o->name_bytes);
  return (size_t) (w.at - to);
}

int
hwr_session_stream_open(hwr_session_t *s, const hwr_stream_options_t *o, uint64_t now_ms,
                        uint32_t *slot, uint32_t *generation) {
  uint8_t body[OPEN_FIELDS_BYTES + HWR_MAX_NAME_BYTES];
  hwr_stream_t *stream;
  if (s->failed) return s->failed;
  if (s->stage != HWR_STAGE_READY) return HWR_EAGAIN;
  bool valid = windows_valid(o->messages, o->window_bytes, o->window_messages);
  if (!valid || o->name_bytes > HWR_MAX_NAME_BYTES) return HWR_EBADARG;
  s->now_ms = now_ms;
  uint32_t first_slot = s->config.role == HWR_HOST ? 2 : 1;
  int err = hwr_streams_open(&s->streams, &s->mem, first_slot, &stream);
  if (err) return err == HWR_EOVERLOAD ? err : hwr__session_fail(s, err, "");
  *slot = stream->slot;
  *generation = stream->generation;
  stream->messages = o->messages;
  set_windows(stream, o->window_bytes, o->window_messages);
  hwr_slice_t slice = {body, write_open(s, stream, o, body, sizeof body)};
  hwr_frame_t f = {(uint32_t) slice.length_bytes, HWR_OPEN, 0, 0, *slot, *generation};
  err = hwr__session_send_in_lane(s, &f, &slice);
  return err ? hwr__session_fail(s, err, "") : hwr__session_finish_flush(s);
}

int
hwr_session_stream_accept(hwr_session_t *s, uint32_t slot, uint32_t generation,
                          uint64_t window_bytes, uint64_t window_messages) {
  hwr_stream_t *stream = hwr_streams_find(&s->streams, slot, generation);
  if (!stream || stream->given_up) return 0; /* over meanwhile */
  bool again = stream->ours || stream->window_bytes.size > 0;
  if (again || !windows_valid(stream->messages, window_bytes, window_messages)) return HWR_EBADARG;
  set_windows(stream, window_bytes, window_messages);
  hwr_streams_join(&s->streams, stream, HWR_LINE_OWED);
  return 0;
}

/* Bytes may be taken in part: straight into the ring, then into the lane up to its mark. 0,
 * HWR_EAGAIN when some were not, or fatal. */
static int
write_bytes(hwr_session_t *s, hwr_stream_t *stream, const uint8_t *bytes, size_t length,
            size_t *taken) {
  bool done;
  hwr_slice_t whole = {bytes, length};
  int64_t sent = send_at_once(s, stream, data_frame(stream, 0, length), &whole, &done);
  if (sent < 0) return (int) sent;
  *taken = (size_t) sent;
  int err = 0;
  while (!err && *taken < length && !is_full(s, stream)) {
    size_t left = length - *taken, most = s->stream_chunk_bytes;
    hwr_slice_t piece = {bytes + *taken, left < most ? left : most};
    hwr_frame_t f = data_frame(stream, 0, piece.length_bytes);
    err = push(s, stream, &f, &piece, 1, 0);
    *taken += piece.length_bytes;
  }
  if (err || *taken == length) return err;
  stream->drain_wanted = true;
  return HWR_EAGAIN;
}

static int
write_message(hwr_session_t *s, hwr_stream_t *stream, uint8_t flags, const uint8_t *bytes,
              size_t length, size_t *taken) {
  hwr_slice_t whole = {bytes, length};
  if (!is_full(s, stream))
    return send_or_spill(s, stream, data_frame(stream, flags, length), &whole, 1);
  stream->drain_wanted = true;
  *taken = 0;
  return HWR_EAGAIN;
}

int
hwr_session_stream_write(hwr_session_t *s, uint32_t slot, uint32_t generation, uint8_t flags,
                         const uint8_t *bytes, size_t length, uint64_t now_ms, size_t *taken) {
  hwr_stream_t *stream = hwr_streams_find(&s->streams, slot, generation);
  *taken = length;
  if (s->failed) return s->failed;
  if (!stream || stream->given_up) return 0;
  if (length == 0 && !stream->messages) return 0; /* says nothing (P11.5) */
  if (stream->sending != HWR_HALF_OPEN || length > HWR_MAX_MESSAGE_BYTES) return HWR_EBADARG;
  s->now_ms = now_ms;
  int err = stream->messages ? write_message(s, stream, flags, bytes, length, taken)
                             : write_bytes(s, stream, bytes, length, taken);
  if (err && err != HWR_EAGAIN) return hwr__session_fail(s, err, "");
  int fatal = hwr__session_finish_flush(s);
  return fatal ? fatal : err;
}

uint64_t
hwr_session_stream_held(const hwr_session_t *s, uint32_t slot, uint32_t generation) {
  const hwr_stream_t *stream = hwr_streams_find(&s->streams, slot, generation);
  return stream && !stream->given_up ? stream->spill.held_bytes : 0;
}

bool
hwr_session_stream_full(const hwr_session_t *s, uint32_t slot, uint32_t generation) {
  const hwr_stream_t *stream = hwr_streams_find(&s->streams, slot, generation);
  return stream && is_full(s, stream);
}

uint32_t
hwr_session_ends_waiting(const hwr_session_t *s) {
  return s->streams.ending_count;
}

uint32_t
hwr_session_open_streams(const hwr_session_t *s) {
  return s->streams.open_count;
}
