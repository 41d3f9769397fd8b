/* SPDX-License-Identifier: MIT
 *
 * loop.c - the base of every transport, and the turn of the loop that they share.
 */
#include "transport/loop.h"

#include <stdlib.h>

enum {
  WATCHDOG_MS = 500,
  REFILL_SHARE = 4 /* of a ring: moved on at a time */
};
static const uint64_t TURN_BUDGET_NS = 1000000; /* then timers and other I/O have their turn */

uint64_t
hwr_loop_now_ns(void) {
  return uv_hrtime();
}

uint64_t
hwr_loop_now_ms(void) {
  return uv_hrtime() / 1000000;
}

int
hwr_loop_random(uint8_t *to, size_t count) {
  return uv_random(NULL, NULL, to, count, 0, NULL);
}

void
hwr_loop_describe(int status, char *name, size_t name_size, char *text, size_t text_size) {
  uv_err_name_r(status, name, name_size);
  uv_strerror_r(status, text, text_size);
}

/* ------------------------------------------------------------------ the loop */

void
hwr__loop_stay_awake(hwr_loop_t *loop) {
  loop->awake = true; /* the idle handle itself is started where the loop would sleep */
}

static void
on_idle(uv_idle_t *idle) {
  (void) idle;
}

/* A worker may always be asked something; what it does not hear of its host sees unread. */
static bool
awaits(const hwr_transport_t *t) {
  return t->host && t->spin.expecting;
}

static void
on_watchdog(uv_timer_t *timer) {
  hwr_loop_t *loop = timer->data;
  bool under_way = false;
  for (hwr_transport_t *t = loop->first, *next; t; t = next) {
    next = t->next;
    if (t->closing) continue;
    t->ops->check(t);
    bool unread = hwr_producer_unread(&t->producer) > 0;
    under_way |= !t->closing && (awaits(t) || t->suspect || unread);
  }
  if (!under_way) uv_timer_stop(timer);
}

void
hwr__loop_watch(hwr_loop_t *loop) {
  if (!uv_is_active((uv_handle_t *) &loop->watchdog))
    uv_timer_start(&loop->watchdog, on_watchdog, WATCHDOG_MS, WATCHDOG_MS);
}

/* Every doorbell is armed, or there is work after all. */
static bool
arm_all(hwr_loop_t *loop) {
  bool armed = true;
  for (hwr_transport_t *t = loop->first; t; t = t->next)
    if (!t->closing && !(t->armed = t->ops->sleep(t))) armed = false;
  return armed;
}

static void
run_all(hwr_loop_t *loop) {
  for (hwr_transport_t *t = loop->first, *next; t; t = next) {
    next = t->next;
    if (!t->closing) hwr__transport_run(t);
  }
}

static void
on_prepare(uv_prepare_t *prepare) {
  hwr_loop_t *loop = prepare->data;
  loop->awake = false;
  uv_idle_stop(&loop->idle); /* else every turn would look as if others had work */
  run_all(loop);
  bool hot = !loop->awake && hwr__loop_spin(loop); /* else a turn's time is over: others first */
  if (!hot && !loop->awake && !arm_all(loop)) loop->awake = true;
  if (hot || loop->awake) uv_idle_start(&loop->idle, on_idle);
}

static void
on_loop_handle_closed(uv_handle_t *handle) {
  hwr_loop_t *loop = handle->data;
  if (--loop->handles_open > 0) return;
  if (loop->closed) loop->closed(loop->context);
  free(loop);
}

hwr_loop_t *
hwr_loop_create(struct uv_loop_s *uv) {
  hwr_loop_t *loop = calloc(1, sizeof *loop);
  if (!loop) return NULL;
  loop->uv = uv;
  loop->cores = uv_available_parallelism();
  loop->handles_open = 3;
  uv_prepare_init(uv, &loop->prepare);
  uv_idle_init(uv, &loop->idle);
  uv_timer_init(uv, &loop->watchdog);
  uv_handle_t *handles[] = {(uv_handle_t *) &loop->prepare, (uv_handle_t *) &loop->idle,
                            (uv_handle_t *) &loop->watchdog};
  for (int i = 0; i < 3; i++) {
    handles[i]->data = loop;
    uv_unref(handles[i]);
  }
  return loop;
}

void
hwr_loop_close(hwr_loop_t *loop, void (*closed)(void *context), void *context) {
  loop->closed = closed;
  loop->context = context;
  uv_close((uv_handle_t *) &loop->prepare, on_loop_handle_closed);
  uv_close((uv_handle_t *) &loop->idle, on_loop_handle_closed);
  uv_close((uv_handle_t *) &loop->watchdog, on_loop_handle_closed);
}

static void
loop_enter(hwr_loop_t *loop, hwr_transport_t *t) {
  if (!loop->first) uv_prepare_start(&loop->prepare, on_prepare);
  t->next = loop->first;
  if (t->next) t->next->prev = t;
  loop->first = t;
}

static void
loop_leave(hwr_loop_t *loop, hwr_transport_t *t) {
  if (t->prev) t->prev->next = t->next;
  else loop->first = t->next;
  if (t->next) t->next->prev = t->prev;
  if (loop->first) return;
  uv_prepare_stop(&loop->prepare);
  uv_idle_stop(&loop->idle);
  uv_timer_stop(&loop->watchdog);
}

/* ------------------------------------------------------------------ the base of a transport */

void
hwr__transport_init(hwr_transport_t *t, const hwr_transport_ops_t *ops, hwr_loop_t *loop,
                    const hwr_owner_t *owner) {
  t->ops = ops;
  t->loop = loop;
  t->owner = *owner;
  t->wake_at_ms = UINT64_MAX;
  hwr__spin_init(&t->spin);
  uv_timer_init(loop->uv, &t->timer);
  t->timer.data = t;
  t->handles_open = 1;
  uv_unref((uv_handle_t *) &t->timer);
  loop_enter(loop, t);
}

void
hwr__transport_handle_closed(uv_handle_t *handle) {
  hwr_transport_t *t = handle->data;
  if (--t->handles_open > 0) return;
  hwr_owner_t owner = t->owner;
  loop_leave(t->loop, t);
  t->ops->free(t);
  owner.closed(owner.context);
}

void
hwr__transport_end(hwr_transport_t *t, int status) {
  if (t->ended || t->closing) return;
  t->ended = true;
  t->owner.ended(t->owner.context, status);
}

bool
hwr__transport_has_room(hwr_transport_t *t) {
  if (!t->held) return false;
  int64_t room_bytes = hwr_producer_room(&t->producer); /* a bad index: the owner is to look */
  if (room_bytes >= 0 && room_bytes < t->producer.capacity_bytes / REFILL_SHARE) return false;
  return t->turn_wanted = true;
}

/* To the next turn of the loop, which comes without sleep. */
static void
want_turn(hwr_transport_t *t) {
  t->turn_wanted = true;
  hwr__loop_stay_awake(t->loop);
  uv_idle_start(&t->loop->idle, on_idle);
  if (t->ops->stay) t->ops->stay(t);
}

void
hwr__transport_run(hwr_transport_t *t) {
  uint64_t started_ns = 0;
  t->armed = false;
  hwr__transport_has_room(t); /* a loop that stays awake for others arms no doorbell for room */
  for (;;) {
    bool wanted = t->turn_wanted;
    t->turn_wanted = false;
    bool received = t->ops->receive(t);
    if (t->closing || (!received && !wanted)) return;
    if (!started_ns) started_ns = uv_hrtime();
    bool more = t->owner.turn(t->owner.context);
    t->turn_wanted |= more; /* the turn may have been asked for another, too */
    if (t->closing || (!t->turn_wanted && !received)) return;
    if (uv_hrtime() - started_ns > TURN_BUDGET_NS) break;
  }
  want_turn(t);
}

/* ------------------------------------------------------------------ what the owner calls */

hwr_producer_t *
hwr_transport_producer(hwr_transport_t *t) {
  return &t->producer;
}

hwr_lease_t *
hwr_transport_lease(hwr_transport_t *t) {
  return t->lease;
}

bool
hwr_transport_publish(hwr_transport_t *t, bool held) {
  return !t->closing && t->ops->publish(t, held);
}

void
hwr_transport_expect(hwr_transport_t *t, bool expecting) {
  t->spin.expecting = expecting;
  if (awaits(t)) hwr__loop_watch(t->loop);
}

void
hwr_transport_schedule(hwr_transport_t *t) {
  if (!t->closing) want_turn(t);
}

static void
on_wake(uv_timer_t *timer) {
  hwr_transport_t *t = timer->data;
  t->wake_at_ms = UINT64_MAX;
  t->turn_wanted = true;
  hwr__transport_run(t);
}

void
hwr_transport_wake_at(hwr_transport_t *t, uint64_t at_ms) {
  if (t->closing || at_ms == t->wake_at_ms) return;
  t->wake_at_ms = at_ms;
  if (at_ms == UINT64_MAX) {
    uv_timer_stop(&t->timer);
    return;
  }
  uint64_t now_ms = hwr_loop_now_ms();
  uv_update_time(t->loop->uv);
  uv_timer_start(&t->timer, on_wake, at_ms > now_ms ? at_ms - now_ms : 0, 0);
}

void
hwr_transport_read_rest(hwr_transport_t *t) {
  /* Its last words fit one ring; a peer that only pretends to have ended may write for ever. */
  uint64_t most = t->counters.bytes_received + t->producer.capacity_bytes;
  bool more = true, received = true;
  while ((more || received) && !t->closing) {
    more = t->owner.turn(t->owner.context); /* first, for its events may take up all the room */
    received = !t->closing && t->counters.bytes_received < most && t->ops->receive_rest(t);
  }
}

/* What is in a shared ring survives us; what is in a private one does not. */
static bool
unwritten(hwr_transport_t *t) {
  return !t->watched && hwr_producer_unread(&t->producer) > 0;
}

void
hwr_transport_drain(hwr_transport_t *t, uint64_t deadline_ns, bool (*more)(void *context)) {
  while (!t->closing) {
    t->ops->receive(t); /* the credit that what is held may wait for */
    if (t->closing) return;
    bool held = more(t->owner.context);
    t->ops->publish(t, held);
    uint64_t now_ns = uv_hrtime();
    if ((!held && !unwritten(t)) || now_ns >= deadline_ns) return;
    if (!t->ops->wait_taken(t, (int) ((deadline_ns - now_ns) / 1000000) + 1)) return;
  }
}

void
hwr_transport_ref(hwr_transport_t *t, bool ref) {
  if (!t->closing) t->ops->ref(t, ref);
}

const hwr_transport_counters_t *
hwr_transport_counters(const hwr_transport_t *t) {
  return &t->counters;
}

void
hwr_transport_close(hwr_transport_t *t) {
  if (t->closing) return;
  t->closing = true;
  uv_close((uv_handle_t *) &t->timer, hwr__transport_handle_closed);
  t->ops->close(t);
}
