/* SPDX-License-Identifier: MIT
 *
 * loop.h - what the transports share among themselves: the base of each, and their loop.
 */
#ifndef HWR_TRANSPORT_LOOP_H
#define HWR_TRANSPORT_LOOP_H

#include "transport/transport.h"

#include <uv.h>

typedef struct hwr_transport_ops_s {
  bool (*publish)(hwr_transport_t *t, bool held);
  /* Take in what is readable; true when it took anything. */
  bool (*receive)(hwr_transport_t *t);
  /* The same without the loop, which may not turn again before the end. */
  bool (*receive_rest)(hwr_transport_t *t);
  /* About to sleep: true when the peer will wake us, false when there is work. */
  bool (*sleep)(hwr_transport_t *t);
  /* Twice a second while something is under way: is anything stuck? */
  void (*check)(hwr_transport_t *t);
  /* Block until the peer or kernel took something, at most `timeout_ms`; false: it is over. */
  bool (*wait_taken)(hwr_transport_t *t, int timeout_ms);
  void (*ref)(hwr_transport_t *t, bool ref);
  /* A turn is wanted: nothing else may keep the loop alive until then. NULL where handles do. */
  void (*stay)(hwr_transport_t *t);
  /* Close the handles of its own, each ending in hwr__transport_handle_closed. */
  void (*close)(hwr_transport_t *t);
  /* All handles are closed: free what is not leased. */
  void (*free)(hwr_transport_t *t);
} hwr_transport_ops_t;

typedef struct hwr_spin_s { /* waiting awake, one transport; spin.c */
  uint64_t budget_ns;       /* per turn of the loop; 0: never */
  uint64_t traffic_ns;      /* when something was last sent or received */
  uint64_t sent_ns;         /* when something was last sent */
  uint32_t misses;          /* in a row */
  uint32_t arrivals;        /* likely hits seen while off */
  uint32_t backoff;         /* likely hits needed to try again */
  bool on;
  bool trial; /* switched on again, and nothing has come soon since */
  bool expecting;
  bool waited; /* awake, since the last traffic */
} hwr_spin_t;

struct hwr_transport_s {
  const hwr_transport_ops_t *ops;
  hwr_loop_t *loop;
  hwr_transport_t *next, *prev; /* in loop->first */
  hwr_owner_t owner;
  hwr_producer_t producer;
  hwr_lease_t *lease;
  hwr_transport_counters_t counters;
  hwr_spin_t spin;
  _Atomic uint32_t *spin_granted; /* host: what we tell the worker; worker: what we obey; or NULL */
  const hwr_consumer_t *watched;  /* shared ring that a spin looks at, or NULL */
  bool host;
  bool held; /* shm, fed: more waits for room in the ring */
  bool closing, ended, turn_wanted;
  bool armed;   /* asleep: a doorbell has to wake us */
  bool suspect; /* shm: bytes came while armed, is a doorbell on its way? */
  int handles_open;
  uv_timer_t timer; /* wake_at */
  uint64_t wake_at_ms;
};

struct hwr_loop_s {
  uv_loop_t *uv;
  hwr_transport_t *first;
  uv_prepare_t prepare; /* before the loop sleeps: deliver, spin, arm the doorbells */
  uv_idle_t idle;       /* while active the loop does not sleep */
  uv_timer_t watchdog;  /* runs only while something is under way */
  uint32_t cores;       /* how many processes may wait awake at a time */
  uint64_t io_seen_ns;  /* when a spin last found other I/O */
  bool awake;           /* idle is active */
  int handles_open;
  void (*closed)(void *context);
  void *context;
};

/* Enter a transport into its loop; it counts one open handle, its timer. */
void hwr__transport_init(hwr_transport_t *t, const hwr_transport_ops_t *ops, hwr_loop_t *loop,
                         const hwr_owner_t *owner);
/* Close callback of every handle of a transport (handle->data is the transport). */
void hwr__transport_handle_closed(uv_handle_t *handle);
/* Receive and turn until there is nothing to do, or the budget of a turn is used up. */
void hwr__transport_run(hwr_transport_t *t);
/* True when there is room for some of what waits for it: the next run calls turn. */
bool hwr__transport_has_room(hwr_transport_t *t);
/* Report the end, once. */
void hwr__transport_end(hwr_transport_t *t, int status);
/* Keep the loop from sleeping before its next turn. */
void hwr__loop_stay_awake(hwr_loop_t *loop);
/* Something is under way: let the watchdog look. */
void hwr__loop_watch(hwr_loop_t *loop);

/* ---- spin.c */
void hwr__spin_init(hwr_spin_t *spin);
void hwr__spin_sent(hwr_transport_t *t);
void hwr__spin_received(hwr_transport_t *t);
/* Wait awake as the rules allow. True: stay hot, do not sleep before the next turn. */
bool hwr__loop_spin(hwr_loop_t *loop);

#endif
