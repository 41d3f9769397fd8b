/* SPDX-License-Identifier: MIT
 *
 * peer.h - a worker's end of a connection that keeps the rules only as far as it is told to.
 *
 * Written against docs/protocol.md, with sockets and mappings of its own. What fails here ends the
 * process with 111.
 */
#ifndef PEER_H
#define PEER_H

#include "core/ring.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  HELLO = 1,
  INIT,
  METHODS,
  READY,
  DEFINE,
  REQUEST,
  RESPONSE,
  ERROR,
  CANCEL,
  EVENT,
  PROGRESS,
  OPEN,
  DATA,
  END,
  RESET,
  CREDIT,
  PING,
  PONG,
  GOAWAY,
  PAD
};
enum { MSGPACK = 3, RECORD = 1, MORE = 8, EXT = 16, ONEWAY = 32, HEADER_BYTES = 16 };

typedef struct frame_s {
  uint32_t length;
  uint8_t type, flags;
  uint16_t method;
  uint32_t slot, generation;
} frame_t; /* as on the wire, on a machine that is little-endian */

typedef struct peer_s {
  int socket;
  hwr_ring_page_t *page; /* NULL on a socket */
  const uint8_t *to_worker;
  uint8_t *to_host;
  uint32_t capacity;
  uint64_t head, tail;
  uint64_t granted;            /* offset of bytes that the host lets us reach */
  uint64_t sent;               /* strides that took credit */
  uint64_t received, messages; /* strides and requests that came */
} peer_t;

/* Read HAWSER_WORKER, map what there is to map. */
void peer_init(peer_t *peer);
/* Say which transport it is. */
void peer_join(peer_t *peer);
void peer_hello(peer_t *peer);
void peer_methods(peer_t *peer);
/* A worker's whole start: 'ask' and 'tell', and 'then', which answers a request that came first. */
void peer_start(peer_t *peer);

/* Write all of it; waits for room. */
void peer_write(peer_t *peer, const void *bytes, size_t count);
void peer_send(peer_t *peer, frame_t frame, const void *body);
/* Credit of a frame with a body of so many bytes; waits for it, and drops what else comes. */
void peer_await_credit(peer_t *peer, uint32_t length);
/* The next frame; its body is dropped, but for what the peer heeds. Ends the process when the host
 * has gone. */
frame_t peer_next(peer_t *peer);
frame_t peer_next_of(peer_t *peer, uint8_t type);
/* Answer with a payload of that codec. */
void peer_answer(peer_t *peer, frame_t request, uint8_t codec, const void *payload,
                 uint32_t length);
/* Answer every request with 'done', for ever. */
void peer_serve(peer_t *peer);
void peer_ring(peer_t *peer);
/* Do nothing more, for ever. */
void peer_stay(void);
void peer_fail(const char *what);

typedef struct behaviour_s {
  const char *name;
  void (*behave)(peer_t *peer, long value);
} behaviour_t;

extern const behaviour_t start_behaviours[], answer_behaviours[], flood_behaviours[],
    end_behaviours[]; /* each ends with a name that is NULL */

#endif
