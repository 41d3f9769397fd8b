/* SPDX-License-Identifier: MIT
 *
 * turn.c - one turn of a worker: receive, run what came, send, sleep; and how it ends.
 */
#include "sdk/text_payload.h"
#include "sdk/worker_state.h"

#include <stdlib.h>
#include <string.h>

enum { CHECK_MS = 500 };      /* between looks, while the host leaves something unread (P7.8) */
enum { FEWEST_RECORDS = 16 }; /* of a turn, that are published at once */
static const uint64_t PUBLISH_NS = 50000; /* no answer waits longer for slow handlers behind it */
static const uint64_t TURN_NS = 1000000;  /* then what is left waits for the next */

/* In a turn it may be as old as the handler that runs. */
uint64_t
hwr__now_ms(const hwr_worker_t *w) {
  if (w->in_turn && hwr__on_worker_thread(w)) return w->now_ms;
  return hwr_os_now_ns() / 1000000;
}

/* ------------------------------------------------------------------ sending */

static void
publish(hwr_worker_t *w) {
  w->unpublished_count = 0;
  if (!hwr__link_has_unpublished(&w->link) && !hwr__link_has_unsent(&w->link)) return;
  hwr__link_publish(&w->link);
  if (!hwr__on_worker_thread(w)) return;
  w->published_ns = hwr_os_now_ns();
  hwr__spin_sent(&w->spin, w->published_ns);
}

/* What the kernel took of the private ring makes room for what waits. */
static void
push(hwr_worker_t *w) {
  publish(w);
  while (!w->link.shared && !w->status && hwr_session_room_wanted(w->session) > 0 &&
         !hwr__link_has_unsent(&w->link)) {
    int err = hwr_session_flush(w->session, NULL, 0, hwr__now_ms(w));
    if (err) hwr__worker_break(w, err);
    if (!hwr__link_has_unpublished(&w->link)) return;
    publish(w);
  }
}

void
hwr__sent(hwr_worker_t *w) {
  if (w->in_turn && hwr__on_worker_thread(w)) {
    if (++w->unpublished_count < w->publish_count) return;
    w->publish_count *= 2; /* the end of each may cost a wake-up */
    push(w);
    return;
  }
  push(w);
  if (w->options.threads > 0 && hwr__queue_may_run(w)) hwr_signal_all(w->work);
  hwr__wake(w);
}

void
hwr__wake(hwr_worker_t *w) {
  if (!w->asleep || hwr__on_worker_thread(w)) return;
  w->asleep = false;
  w->wake_sent = true;
  hwr_os_send_byte(w->wake[1], 1);
}

void
hwr__wake_to_leave(hwr_worker_t *w) {
  if (w->stage == HWR__LEAVING) hwr__wake(w);
}

void
hwr__worker_break(hwr_worker_t *w, int status) {
  if (w->status == 0) w->status = status;
  hwr__wake(w);
}

/* ------------------------------------------------------------------ what came */

/* The program gets the text of a record (P9.1). */
static void
read_text(hwr_worker_t *w, hwr__body_t *body) {
  size_t text_bytes;
  char *text = hwr__text_read(body->payload.bytes, body->payload.length_bytes, &text_bytes);
  uint8_t *both = malloc(body->block_bytes + text_bytes + 1);
  if (!both) {
    hwr__worker_break(w, HWR_ENOMEM);
    text_bytes = 0;
  } else {
    memcpy(both, body->block, body->block_bytes);
    if (text) memcpy(both + body->block_bytes, text, text_bytes);
    hwr__body_free(body);
    body->owned = both;
    body->block = both;
  }
  body->payload.bytes = body->block + body->block_bytes;
  body->payload.length_bytes = text_bytes;
  free(text);
}

/* The offset is that of the payload; its block stands before it. */
hwr__body_t
hwr__event_body(hwr_worker_t *w, const hwr_event_t *event) {
  uint32_t bulk = event->bulk & 0xffff;
  size_t length;
  uint8_t *owned = bulk ? hwr_session_take_bulk(w->session, bulk - 1, &length) : NULL;
  const uint8_t *base = owned ? owned : w->inbox;
  enum hwr_codec codec = (enum hwr_codec)(event->word >> 8 & HWR_FLAG_CODEC);
  uint32_t block_bytes = event->bulk >> 16;
  if (event->kind == HWR_EV_EVENT)
    block_bytes = (uint32_t) hwr_frame_stride(2 + event->value) - HWR_HEADER_BYTES;
  hwr__body_t body = {
      .block = base + event->offset - block_bytes,
      .block_bytes = block_bytes,
      .payload = hwr_payload(codec, base + event->offset, event->length),
      .owned = owned,
  };
  if (codec == HWR_CODEC_TEXT) read_text(w, &body);
  return body;
}

int
hwr__body_own(hwr__body_t *body) {
  if (body->owned) return 0;
  size_t size = body->block_bytes + body->payload.length_bytes;
  uint8_t *copy = malloc(size ? size : 1);
  if (!copy) return HWR_ENOMEM;
  if (size) memcpy(copy, body->block, size);
  body->owned = copy;
  body->block = copy;
  body->payload.bytes = copy + body->block_bytes;
  return 0;
}

void
hwr__body_free(hwr__body_t *body) {
  free(body->owned);
  body->owned = NULL;
}

static void
call_back(hwr_worker_t *w, const hwr__callback_t *callback) {
  if (!callback->call) return;
  hwr__unlock(w);
  callback->call(w, callback->context);
  hwr__lock(w);
}

static void
on_drain(hwr_worker_t *w, const hwr_event_t *event) {
  if (event->value & HWR_DRAIN_ALL) call_back(w, &w->on_drain);
}

/* P6.1: where nobody waits for another host, to disconnect is to end. */
static void
on_goaway(hwr_worker_t *w, const hwr_event_t *event) {
  (void) event;
  if (w->stage < HWR__LEAVING) w->stage = HWR__LEAVING;
}

typedef void (*handle_fn)(hwr_worker_t *w, const hwr_event_t *event);

static const handle_fn HANDLE[] = {
    [HWR_EV_INIT] = hwr__on_init,       [HWR_EV_REQUEST] = hwr__on_request,
    [HWR_EV_RESPONSE] = hwr__on_answer, [HWR_EV_ERROR] = hwr__on_answer,
    [HWR_EV_TIMEOUT] = hwr__on_answer,  [HWR_EV_DRAIN] = on_drain,
    [HWR_EV_GOAWAY] = on_goaway,        [HWR_EV_CANCEL] = hwr__on_cancel,
    [HWR_EV_EVENT] = hwr__on_event,     [HWR_EV_PROGRESS] = hwr__on_progress,
    [HWR_EV_OPEN] = hwr__on_stream,     [HWR_EV_ACCEPT] = hwr__on_stream,
    [HWR_EV_DATA] = hwr__on_stream,     [HWR_EV_END] = hwr__on_stream,
    [HWR_EV_RESET] = hwr__on_stream,    [HWR_EV_WRITABLE] = hwr__on_stream,
};

void
hwr__look_at_clock(hwr_worker_t *w) {
  uint64_t now_ns = hwr_os_now_ns();
  w->now_ms = now_ns / 1000000;
  w->turn_is_long = now_ns - w->turn_ns > TURN_NS;
  if (w->unpublished_count > 0 && now_ns - w->published_ns > PUBLISH_NS) push(w);
}

static void
deliver(hwr_worker_t *w) {
  hwr_session_tick(w->session, hwr__now_ms(w));
  uint32_t count = hwr_session_event_count(w->session);
  for (uint32_t i = 0; i < count; i++) {
    const hwr_event_t *event = &w->events[i];
    handle_fn handle = event->kind < sizeof HANDLE / sizeof *HANDLE ? HANDLE[event->kind] : NULL;
    if (handle && w->stage < HWR__DRAINING) handle(w, event); /* behind on_shutdown nothing runs */
    hwr__look_at_clock(w);
  }
  hwr_session_events_taken(w->session);
}

/* ------------------------------------------------------------------ receiving */

static void
fail_receiving(hwr_worker_t *w, int status) {
  if (status == HWR_EPROTO) hwr_session_fail(w->session, status, "P7.3");
  else if (status == HWR_ECLOSED) status = hwr_session_end(w->session);
  w->host_gone = true;
  if (status) hwr__worker_break(w, status);
}

/* As much as one batch holds. True when something came. */
static bool
receive(hwr_worker_t *w) {
  uint8_t *to;
  size_t room_bytes;
  uint64_t most_bytes = w->link.producer.capacity_bytes; /* who sends as fast must not keep us */
  uint64_t received_bytes = 0;
  int err = 0;
  while (!err && !w->host_gone && received_bytes < most_bytes &&
         (room_bytes = hwr_session_want(w->session, &to)) > 0) {
    int64_t count = hwr__link_receive(&w->link, to, room_bytes);
    if (count < 0) fail_receiving(w, (int) count);
    if (count <= 0) break;
    received_bytes += (uint64_t) count;
    err = hwr_session_feed(w->session, (size_t) count, hwr__now_ms(w));
  }
  if (err) hwr__worker_break(w, err);
  if (received_bytes == 0) return false;
  hwr__link_release(&w->link);
  hwr__spin_received(&w->spin, hwr_os_now_ns());
  return true;
}

static bool
has_more(const hwr_worker_t *w) {
  return hwr_session_stalled(w->session) || hwr_session_event_count(w->session) > 0;
}

/* ------------------------------------------------------------------ ending */

/* Nobody waits for anything any more. Leaves the lock. */
static void
end_all(hwr_worker_t *w) {
  hwr__pipes_end_all(w);
  hwr__pipes_tell(w);
  hwr__calls_end_all(w);
  hwr__requests_cancel_all(w);
}

static void
lose_host(hwr_worker_t *w) {
  if (w->stage < HWR__LEAVING) w->stage = HWR__LEAVING;
  end_all(w);
}

static bool
has_finished(const hwr_worker_t *w) {
  if (w->host_gone) return w->handler_depth == 0;
  return w->open_count == 0 && !w->queue.first && hwr__pipes_finished(w);
}

static bool
has_drained(hwr_worker_t *w) {
  if (w->host_gone || hwr__now_ms(w) >= w->drain_until_ms) return true;
  return hwr_session_held_bytes(w->session) == 0 && !hwr__link_has_unsent(&w->link);
}

/* The way from LEAVING to OVER, as far as it goes now. Leaves the lock. */
static void
leave(hwr_worker_t *w) {
  if (w->stage == HWR__LEAVING && has_finished(w)) {
    call_back(w, &w->on_shutdown);
    w->stage = HWR__DRAINING;
    w->drain_until_ms = hwr__now_ms(w) + HWR__EXIT_DRAIN_MS;
    push(w);
  }
  if (w->stage == HWR__DRAINING && has_drained(w)) w->stage = HWR__OVER;
}

static void
check_start(hwr_worker_t *w) {
  if (w->stage != HWR__STARTING || w->init.serializer) return;
  if (hwr__now_ms(w) >= w->start_until_ms) hwr__worker_break(w, HWR_ETIMEOUT);
}

/* What is over needs no watch: the program may go on, and end when it likes. */
void
hwr__finish(hwr_worker_t *w) {
  w->stage = HWR__OVER;
  end_all(w);
  hwr_watch_t *watch = w->watch;
  w->watch = NULL;
  hwr__unlock(w);
  hwr_watch_stop(watch);
  hwr__lock(w);
}

/* ------------------------------------------------------------------ a turn */

/* Awake: no doorbell is needed. */
static void
wake_up(hwr_worker_t *w) {
  uint8_t bytes[64];
  if (!w->armed) return;
  w->armed = w->asleep = false;
  hwr__link_woken(&w->link);
  if (w->wake_sent) hwr_os_receive(w->wake[0], bytes, sizeof bytes);
  w->wake_sent = false;
}

/* Something to do at once. */
static bool
is_busy(hwr_worker_t *w) {
  return w->status || w->stage == HWR__OVER || has_more(w) || hwr_session_drain_due(w->session) ||
         w->pipes.touched || (w->options.threads == 0 && hwr__queue_may_run(w)) ||
         (w->stage == HWR__LEAVING && has_finished(w)) ||
         (w->stage == HWR__DRAINING && has_drained(w));
}

static void
take_turn(hwr_worker_t *w) {
  w->in_turn = true;
  w->publish_count = FEWEST_RECORDS;
  w->turn_ns = hwr_os_now_ns();
  w->now_ms = w->turn_ns / 1000000;
  w->turn_is_long = false;
  wake_up(w);
  if (hwr_session_stalled(w->session)) {
    int err = hwr_session_feed(w->session, 0, hwr__now_ms(w));
    if (err) hwr__worker_break(w, err);
  }
  bool received = receive(w);
  deliver(w);
  hwr__queue_run(w);
  hwr__pipes_tell(w);
  if (w->host_gone) lose_host(w);
  leave(w);
  check_start(w);
  int err = w->status ? 0 : hwr_session_flush(w->session, NULL, 0, hwr__now_ms(w));
  if (err) hwr__worker_break(w, err);
  push(w);
  if (w->options.threads > 0 && hwr__queue_may_run(w)) hwr_signal_all(w->work);
  w->in_turn = false;
  w->more = received || is_busy(w);
}

int
hwr_worker_turn(hwr_worker_t *w) {
  hwr__lock(w);
  if (w->stage == HWR__NEW || w->in_turn) {
    hwr__unlock(w);
    return HWR_EBADARG;
  }
  if (w->stage != HWR__OVER) take_turn(w);
  bool over = w->status != 0 || w->stage == HWR__OVER;
  if (over) hwr__finish(w);
  int status = !over ? 1 : w->start_refused && !w->status ? HWR_EREFUSED : w->status;
  hwr__unlock(w);
  return status;
}

/* ------------------------------------------------------------------ sleeping */

static uint64_t
earlier(uint64_t a, uint64_t b) {
  return a < b ? a : b;
}

/* When there is something to do though nothing comes. */
static uint64_t
next_time_ms(hwr_worker_t *w, uint64_t now_ms) {
  uint64_t at_ms = hwr_session_next_deadline(w->session);
  if (w->stage == HWR__STARTING && !w->init.serializer) at_ms = earlier(at_ms, w->start_until_ms);
  if (w->stage == HWR__DRAINING) at_ms = earlier(at_ms, w->drain_until_ms);
  if (hwr__link_has_untaken(&w->link)) at_ms = earlier(at_ms, now_ms + CHECK_MS);
  return at_ms;
}

static int
timeout_until(uint64_t at_ms, uint64_t now_ms) {
  if (at_ms == HWR_NO_DEADLINE) return -1;
  if (at_ms <= now_ms) return 0;
  return at_ms - now_ms < INT32_MAX ? (int) (at_ms - now_ms) : INT32_MAX;
}

static int
prepare_sleep(hwr_worker_t *w) {
  uint64_t now_ms = hwr__now_ms(w);
  w->armed = w->asleep = true;
  if (is_busy(w)) return 0;
  hwr__link_check(&w->link);
  if (!hwr__link_arm(&w->link, hwr_session_room_wanted(w->session))) return 0;
  return timeout_until(next_time_ms(w, now_ms), now_ms);
}

int
hwr_worker_waits(hwr_worker_t *w, hwr_wait_t waits[HWR_WORKER_WAITS], int *timeout_ms) {
  hwr__lock(w);
  int count = 0;
  *timeout_ms = 0;
  if (w->stage != HWR__NEW && w->stage != HWR__OVER) {
    *timeout_ms = prepare_sleep(w);
    waits[count++] = (hwr_wait_t){w->wake[0], true, false};
    if (!w->host_gone) /* of its end nobody need be told again */
      waits[count++] = (hwr_wait_t){w->link.fd, true, hwr__link_has_unsent(&w->link)};
  }
  hwr__unlock(w);
  return count;
}

static void
sleep_until_due(hwr_worker_t *w) {
  hwr_wait_t waits[HWR_WORKER_WAITS];
  hwr_look_t looks[HWR_WORKER_WAITS];
  int timeout_ms, count = hwr_worker_waits(w, waits, &timeout_ms);
  if (timeout_ms == 0) return;
  for (int i = 0; i < count; i++)
    looks[i] = (hwr_look_t){waits[i].fd, waits[i].readable, waits[i].writable};
  hwr_os_wait_any(looks, count, timeout_ms);
}

int
hwr_worker_run(hwr_worker_t *w) {
  int status = hwr_worker_open(w);
  if (status) return status;
  while ((status = hwr_worker_turn(w)) > 0) {
    if (w->more) continue;
    if (!hwr__spin_wait(&w->spin, &w->link)) sleep_until_due(w);
  }
  return status;
}

void
hwr_worker_stop(hwr_worker_t *w) {
  hwr__lock(w);
  if (w->stage == HWR__NEW) w->stopped_early = true;
  else if (w->stage < HWR__LEAVING) w->stage = HWR__LEAVING;
  hwr__wake(w);
  hwr__unlock(w);
}
