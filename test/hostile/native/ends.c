/* SPDX-License-Identifier: MIT
 *
 * ends.c - native workers that stop, die, or write over what they share, with the first request.
 */
#include "peer.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Half of an answer of `length` bytes, as far as the host lets us. */
static void
send_half_answer(peer_t *peer, uint32_t length) {
  static const uint8_t zeros[4096];
  frame_t request = peer_next_of(peer, REQUEST);
  frame_t answer = {.length = length,
                    .type = RESPONSE,
                    .flags = 5,
                    .slot = request.slot,
                    .generation = request.generation};
  peer_await_credit(peer, length);
  peer_write(peer, &answer, sizeof answer);
  for (uint32_t sent = 0; sent < length / 2; sent += sizeof zeros)
    peer_write(peer, zeros, sizeof zeros);
}

static void
killed_in_answer(peer_t *peer, long length) {
  peer_start(peer);
  send_half_answer(peer, (uint32_t) length);
  raise(SIGKILL);
}

static void
stopped(peer_t *peer, long value) {
  (void) value;
  peer_start(peer);
  peer_next_of(peer, REQUEST);
  raise(SIGSTOP);
  peer_serve(peer);
}

static void
stopped_in_answer(peer_t *peer, long length) {
  peer_start(peer);
  send_half_answer(peer, (uint32_t) length);
  raise(SIGSTOP);
}

static void
serves(peer_t *peer, long value) {
  (void) value;
  peer_start(peer);
  peer_serve(peer);
}

static void
never_answers(peer_t *peer, long value) {
  (void) value;
  signal(SIGTERM, SIG_IGN);
  peer_start(peer);
  for (;;) peer_next(peer);
}

static void
closes_socket(peer_t *peer, long is_shut_down) {
  peer_start(peer);
  peer_next_of(peer, REQUEST);
  if (is_shut_down) shutdown(peer->socket, SHUT_RDWR);
  else close(peer->socket);
  peer_stay();
}

static uint32_t
next_random(uint32_t *seed) {
  return *seed = *seed * 1664525u + 1013904223u;
}

/* Words of the page that both ends can write, changed while the host looks, for ever. */
static void *
write_page(void *context) {
  peer_t *peer = context;
  volatile uint32_t *words = (volatile uint32_t *) peer->page;
  uint32_t seed = 42;
  for (;;) words[(next_random(&seed) >> 8) % (sizeof *peer->page / 4)] = next_random(&seed);
  return NULL;
}

static void
garbage_in_page(peer_t *peer, long value) {
  (void) value;
  pthread_t thread;
  peer_start(peer);
  peer_next_of(peer, REQUEST);
  if (pthread_create(&thread, NULL, write_page, peer)) peer_fail("pthread_create");
  for (;;) {
    peer_ring(peer);
    usleep(1000);
  }
}

/* A tail that is here and there, by turns. */
static void *
move_tail(void *context) {
  peer_t *peer = context;
  _Atomic uint64_t *tail = &peer->page->to_host.tail;
  for (;;) {
    atomic_store(tail, peer->tail + peer->capacity);
    atomic_store(tail, peer->tail + 8);
    atomic_store(tail, peer->tail - 8);
  }
  return NULL;
}

static void
tail_moves(peer_t *peer, long value) {
  (void) value;
  pthread_t thread;
  peer_start(peer);
  peer_next_of(peer, REQUEST);
  if (pthread_create(&thread, NULL, move_tail, peer)) peer_fail("pthread_create");
  for (;;) {
    peer_ring(peer);
    usleep(1000);
  }
}

/* What is published goes on changing: lengths, types and payloads, while the host copies them. */
static void *
change_data(void *context) {
  peer_t *peer = context;
  uint32_t seed = 7;
  for (;;) {
    uint32_t at = next_random(&seed) >> 8 & (peer->capacity - 1);
    ((volatile uint8_t *) peer->to_host)[at] ^= (uint8_t) next_random(&seed);
  }
  return NULL;
}

static void
data_changes(peer_t *peer, long value) {
  (void) value;
  pthread_t thread;
  static const uint8_t zeros[4000];
  peer_start(peer);
  frame_t request = peer_next_of(peer, REQUEST);
  if (pthread_create(&thread, NULL, change_data, peer)) peer_fail("pthread_create");
  for (;;) {
    frame_t pad = {.length = sizeof zeros, .type = RESPONSE, .flags = 5, .slot = request.slot};
    peer_send(peer, pad, zeros);
  }
}

const behaviour_t end_behaviours[] = {
    {"killedInAnswer", killed_in_answer},   {"stopped", stopped},
    {"stoppedInAnswer", stopped_in_answer}, {"serves", serves},
    {"neverAnswers", never_answers},        {"closesSocket", closes_socket},
    {"garbageInPage", garbage_in_page},     {"tailMoves", tail_moves},
    {"dataChanges", data_changes},          {NULL, NULL},
};
