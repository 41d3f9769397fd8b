/* SPDX-License-Identifier: MIT
 *
 * transport.h - moving bytes between a ring and the peer, on a libuv loop.
 *
 * A transport gives its owner a ring to send through, stores what it receives where the owner
 * says, and calls the owner once per turn of the loop in which there is something to do. It never
 * looks at the bytes. The owner (binding/channel.c) may call anything here from inside the
 * callbacks, close included: handles are freed in their close callbacks, memory when the last
 * lease ends.
 *
 * Thread  the loop's.
 */
#ifndef HWR_TRANSPORT_H
#define HWR_TRANSPORT_H

#include "core/ring.h"
#include "os/os.h"

#include <hawser/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct uv_loop_s;

/* ---- memory that JavaScript may hold on to */

/* Counts who still needs a piece of memory: the transport, and each ArrayBuffer over it. */
typedef struct hwr_lease_s {
  uint32_t count;
  void (*end)(struct hwr_lease_s *lease); /* frees it; called when the count reaches 0 */
} hwr_lease_t;

static inline void
hwr_lease_take(hwr_lease_t *lease) {
  lease->count++;
}

static inline void
hwr_lease_drop(hwr_lease_t *lease) {
  if (--lease->count == 0) lease->end(lease);
}

/* ---- the loop: what the transports of one environment share */

typedef struct hwr_loop_s hwr_loop_t;

/* Returned owned, NULL without memory. */
hwr_loop_t *hwr_loop_create(struct uv_loop_s *uv);
/* Close its handles; closed(context) runs when the loop lets go of the last one. Every transport
 * must be closed already. */
void hwr_loop_close(hwr_loop_t *loop, void (*closed)(void *context), void *context);
/* Monotonic milliseconds; the loop's time is not used because a long callback makes it old. */
uint64_t hwr_loop_now_ms(void);
uint64_t hwr_loop_now_ns(void);
/* Fill with random bytes fit for secrets; 0 or a libuv error. */
int hwr_loop_random(uint8_t *to, size_t count);
/* Name and text of a status of libuv or the system, such as "EMFILE", cut to what fits. */
void hwr_loop_describe(int status, char *name, size_t name_size, char *text, size_t text_size);

/* ---- the owner's side */

typedef struct hwr_owner_s {
  void *context;
  /* Where received bytes go; 0 when there is no room before the next turn. *to is borrowed until
   * the next call of received. */
  size_t (*want)(void *context, uint8_t **to);
  /* `count` bytes are there. False: stop, the owner has closed or will. */
  bool (*received)(void *context, size_t count);
  /* Deliver, flush, publish. True: more can be done at once, call again. */
  bool (*turn)(void *context);
  /* The peer's bytes are over: 0 at their end, or a negative status. Called once at most. */
  void (*ended)(void *context, int status);
  /* After close: nothing of the transport is left, but for leases. */
  void (*closed)(void *context);
} hwr_owner_t;

/* ---- transports */

typedef struct hwr_transport_s hwr_transport_t;

/* What a transport counts. */
typedef struct hwr_transport_counters_s {
  uint64_t bytes_received, bytes_sent;
  uint64_t doorbells_rung, spin_hits, spin_misses, missed_wakeups;
} hwr_transport_counters_t;

enum { HWR_DEFAULT_RING_BYTES = 256 * 1024 };

/* A stream socket (inherited, named, TCP: all are a uv_stream_t) fed from a private ring. `fd` is
 * taken. 0; or HWR_ENOMEM, and it is not; or a libuv error, and *transport is to be closed then. */
int hwr_stream_open(hwr_transport_t **transport, hwr_loop_t *loop, const hwr_owner_t *owner,
                    int fd);

/* Two rings in shared segments, doorbells on the socket `fd`. Both are taken on success. */
struct hwr_segments_s;
int hwr_shm_open(hwr_transport_t **transport, hwr_loop_t *loop, const hwr_owner_t *owner, int fd,
                 struct hwr_segments_s *segments, bool host);
/* How long to wait awake for a likely message per turn of the loop; 0: never. */
void hwr_shm_set_spin(hwr_transport_t *transport, uint64_t spin_ns);

/* What is carried by somebody else, such as a TLS connection: its bytes are fed, and taken out of a
 * private ring. The owner has a turn when there is something to take, or to feed again. 0 or
 * HWR_ENOMEM. */
int hwr_fed_open(hwr_transport_t **transport, hwr_loop_t *loop, const hwr_owner_t *owner);
/* `count` bytes have come, borrowed until return. Returns how many were taken; the rest is to be
 * offered again when hwr_fed_is_hungry says so. Calls want and received, and no turn. */
size_t hwr_fed_feed(hwr_transport_t *transport, const uint8_t *bytes, size_t count);
/* No more will come: ended(status) follows, behind all that was fed. Not while bytes are refused. */
void hwr_fed_end(hwr_transport_t *transport, int status);
/* After a refusal: there is room again. True once. */
bool hwr_fed_is_hungry(hwr_transport_t *transport);
/* What has been published and was not yet offered, as offsets into the ring's data: `bytes` from
 * `start` on, modulo its capacity. They are on their way from here on, and stay until sent. */
size_t hwr_fed_offer(hwr_transport_t *transport, uint32_t *start);
/* The first `count` bytes of what is on its way are gone; more than that is as good as all. */
void hwr_fed_sent(hwr_transport_t *transport, size_t count);

/* The ring to send through, and a lease on the memory of its data (take it to keep it). */
hwr_producer_t *hwr_transport_producer(hwr_transport_t *transport);
hwr_lease_t *hwr_transport_lease(hwr_transport_t *transport);
/* Hand what was written to the peer. `held` when more waits for room (for credit is another thing:
 * the loop would not sleep). True: there is room again already; else turn is called when there is
 * some. */
bool hwr_transport_publish(hwr_transport_t *transport, bool held);
/* The owner expects something from the peer soon: waiting awake may pay. */
void hwr_transport_expect(hwr_transport_t *transport, bool expecting);
/* Call turn in the next turn of the loop, which does not sleep before. */
void hwr_transport_schedule(hwr_transport_t *transport);
/* Call turn at or soon after this time, hwr_loop_now_ms; UINT64_MAX for never. Does not keep the
 * loop alive. */
void hwr_transport_wake_at(hwr_transport_t *transport, uint64_t at_ms);
/* The peer has ended: take in what it had sent, now. Ends with turn, not with ended. */
void hwr_transport_read_rest(hwr_transport_t *transport);
/* We end: move bytes until everything written is in a shared ring or with the kernel, or
 * `deadline_ns` passes. `more` refills the ring and returns true while anything is held. Blocks. */
void hwr_transport_drain(hwr_transport_t *transport, uint64_t deadline_ns,
                         bool (*more)(void *context));
/* Keep the loop alive (the default), or not. */
void hwr_transport_ref(hwr_transport_t *transport, bool ref);
const hwr_transport_counters_t *hwr_transport_counters(const hwr_transport_t *transport);
/* No callback but closed runs from here on. Idempotent. */
void hwr_transport_close(hwr_transport_t *transport);

/* ---- the first byte */

/* What the worker's first byte on the control socket says (P3.0). */
enum { HWR_ATTACH_RINGS = 'R', HWR_ATTACH_SOCKET = 'S' };

/* What it says instead on a named socket (P3.15). */
enum { HWR_KNOCK_BUSY = 'B', HWR_KNOCK_TOKEN = 'T', HWR_KNOCK_USER = 'U' };

typedef struct hwr_attach_s hwr_attach_t;
/* Wait for that byte: done(context, byte), HWR_ECLOSED at the end of the stream, or another negative
 * status. The handle is gone when done is called. `fd` stays the caller's. */
int hwr_attach_open(hwr_attach_t **attach, hwr_loop_t *loop, int fd,
                    void (*done)(void *context, int byte), void *context);
/* Stop waiting; done(context, HWR_ECLOSED) follows. */
void hwr_attach_close(hwr_attach_t *attach);
void hwr_attach_ref(hwr_attach_t *attach, bool ref);

/* ---- a worker that listens: listener.c */

enum { HWR_TOKEN_BYTES = 32, HWR_KNOCK_BYTES = 40 };

/* What a host sends first on a named socket (P3.14). */
void hwr_knock_write(uint8_t knock[HWR_KNOCK_BYTES], const uint8_t token[HWR_TOKEN_BYTES],
                     size_t segment_count);

typedef struct hwr_guest_s {
  void *context;
  /* A host has shown the token. `fd` and the segments (as many as there are, else -1) are the
   * callee's. */
  void (*joined)(void *context, int fd, const int segments[HWR_SEGMENTS]);
  /* After close: nothing is left. */
  void (*closed)(void *context);
} hwr_guest_t;

typedef struct hwr_listener_s hwr_listener_t;
/* Accept on the socket `fd`, which is taken on success. Until hwr_listener_await every host is told
 * that the worker has another one. 0, HWR_ENOMEM, or a libuv error. */
int hwr_listener_open(hwr_listener_t **listener, hwr_loop_t *loop, int fd,
                      const hwr_guest_t *guest);
/* Let one host in that shows this token (copied). */
void hwr_listener_await(hwr_listener_t *listener, const uint8_t token[HWR_TOKEN_BYTES]);
/* No callback but closed runs from here on. */
void hwr_listener_close(hwr_listener_t *listener);

#endif
