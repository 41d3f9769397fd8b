/* SPDX-License-Identifier: MIT
 *
 * floods.c - native workers that send as fast as they can, begun by a first request, which they
 * answer.
 */
#include "peer.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

enum { BODY_BYTES = 8192 };

static frame_t
start_and_answer_one(peer_t *peer) {
  peer_start(peer);
  frame_t request = peer_next_of(peer, REQUEST);
  peer_answer(peer, request, MSGPACK,
              "\xa4"
              "done",
              5);
  return request;
}

/* Frames of one kind for ever, without regard to credit, as many at a time as a page has. */
static void
flood(peer_t *peer, frame_t frame, const void *body) {
  for (;;) peer_send(peer, frame, body);
}

static void
answers(peer_t *peer, long value) {
  (void) value;
  frame_t request = start_and_answer_one(peer);
  flood(peer, (frame_t){.length = 1, .type = RESPONSE, .flags = MSGPACK, .slot = request.slot + 5},
        "\xc0");
}

static void
progress(peer_t *peer, long value) {
  (void) value;
  frame_t request = start_and_answer_one(peer);
  flood(peer, (frame_t){.length = 1, .type = PROGRESS, .flags = MSGPACK, .slot = request.slot + 5},
        "\xc0");
}

/* Progress of a call that is open, within credit: legal, and the host is to bear it. */
static void
legal_progress(peer_t *peer, long value) {
  (void) value;
  peer_start(peer);
  frame_t request = peer_next_of(peer, REQUEST);
  static uint8_t body[BODY_BYTES] = {0xc5, (BODY_BYTES - 3) >> 8, (BODY_BYTES - 3) & 0xff};
  frame_t frame = {.length = sizeof body,
                   .type = PROGRESS,
                   .flags = MSGPACK,
                   .slot = request.slot,
                   .generation = request.generation};
  for (;;) {
    peer_await_credit(peer, sizeof body);
    peer_send(peer, frame, body);
  }
}

static uint32_t
event_body(uint8_t body[BODY_BYTES]) {
  static const uint8_t head[11] = {5, 0, 'f', 'l', 'o', 'o', 'd', 0, 0xc5, 0x1f, 0xf5};
  memcpy(body, head, sizeof head);
  return BODY_BYTES;
}

/* Within credit: legal, and the host is to bear it. */
static void
events(peer_t *peer, long value) {
  (void) value;
  static uint8_t body[BODY_BYTES];
  frame_t frame = {.length = event_body(body), .type = EVENT, .flags = MSGPACK};
  start_and_answer_one(peer);
  for (;;) {
    peer_await_credit(peer, frame.length);
    peer_send(peer, frame, body);
  }
}

static void
opens(peer_t *peer, long value) {
  (void) value;
  static const uint8_t body[24] = {0, 0, 1, 0, 0, 0, 0, 0, 16, 0,  0,
                                   0, 0, 0, 0, 0, 1, 0, 1, 0,  'x'};
  start_and_answer_one(peer);
  for (uint32_t slot = 1;; slot = slot >= 2047 ? 1 : slot + 2)
    peer_send(peer, (frame_t){.length = 21, .type = OPEN, .slot = slot, .generation = slot}, body);
}

static void
pings(peer_t *peer, long value) {
  (void) value;
  start_and_answer_one(peer);
  flood(peer, (frame_t){.type = PING}, NULL);
}

static void
credits(peer_t *peer, long value) {
  (void) value;
  start_and_answer_one(peer);
  uint64_t offsets[2] = {1 << 20, 1024};
  flood(peer, (frame_t){.length = sizeof offsets, .type = CREDIT}, offsets);
}

/* Data of a stream that the host has accepted, past what it granted. */
static void
stream_data(peer_t *peer, long value) {
  (void) value;
  static const uint8_t open[24] = {0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 'x'};
  static const uint8_t body[BODY_BYTES];
  start_and_answer_one(peer);
  peer_send(peer, (frame_t){.length = 21, .type = OPEN, .slot = 1, .generation = 1}, open);
  while (peer_next_of(peer, CREDIT).slot != 1) {
  }
  flood(peer, (frame_t){.length = sizeof body, .type = DATA, .slot = 1, .generation = 1}, body);
}

static void *
ring_for_ever(void *peer) {
  for (;;) peer_ring(peer);
  return NULL;
}

/* Doorbells, from a thread of their own, as fast as the kernel takes them, beside answers. */
static void
doorbells(peer_t *peer, long value) {
  (void) value;
  pthread_t thread;
  peer_start(peer);
  if (pthread_create(&thread, NULL, ring_for_ever, peer)) peer_fail("pthread_create");
  peer_serve(peer);
}

const behaviour_t flood_behaviours[] = {
    {"floodAnswers", answers},
    {"floodProgress", progress},
    {"floodLegalProgress", legal_progress},
    {"floodEvents", events},
    {"floodOpens", opens},
    {"floodPings", pings},
    {"floodCredits", credits},
    {"floodData", stream_data},
    {"floodDoorbells", doorbells},
    {NULL, NULL},
};
