/* SPDX-License-Identifier: MIT
 *
 * peer.c - the wire, by hand.
 */
#include "peer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

void
peer_fail(const char *what) {
  fprintf(stderr, "peer: %s: %s\n", what, strerror(errno));
  exit(111);
}

/* ---- start */

static void *
map(int fd, size_t bytes, int protection) {
  void *address = mmap(NULL, bytes, protection, MAP_SHARED, fd, 0);
  if (address == MAP_FAILED) peer_fail("mmap");
  return address;
}

void
peer_init(peer_t *peer) {
  const char *config = getenv("HAWSER_WORKER");
  const char *fds = config ? strstr(config, "\"fds\":[") : NULL;
  int fd[4] = {-1, -1, -1, -1}, count = 0;
  if (!fds) peer_fail("no descriptors");
  for (fds += 7; *fds != ']' && count < 4; fds += *fds == ',')
    fd[count++] = (int) strtol(fds, (char **) &fds, 10);
  *peer = (peer_t){.socket = fd[0]};
  if (count < 4) return;
  peer->page = map(fd[1], sizeof *peer->page, PROT_READ | PROT_WRITE);
  peer->capacity = peer->page->capacity_bytes;
  peer->to_worker = map(fd[2], peer->capacity, PROT_READ);
  peer->to_host = map(fd[3], peer->capacity, PROT_READ | PROT_WRITE);
}

static void
send_all(peer_t *peer, const void *bytes, size_t count) {
  while (count) {
    ssize_t sent = send(peer->socket, bytes, count, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) {
      struct pollfd wait = {peer->socket, POLLOUT, 0};
      poll(&wait, 1, -1);
    } else if (sent < 0) exit(0); /* the host has had enough */
    else bytes = (const char *) bytes + sent, count -= (size_t) sent;
  }
}

void
peer_join(peer_t *peer) {
  send_all(peer, peer->page ? "R" : "S", 1);
}

void
peer_hello(peer_t *peer) {
  struct {
    uint32_t magic;
    uint16_t version, role;
    uint8_t uuid[16];
    uint32_t codecs, max_message;
    uint64_t bytes, messages;
  } hello = {HWR_PAGE_MAGIC, 1, 2, "hostile in C", 0x2e, 64u << 20, 1 << 20, 1024};
  _Static_assert(sizeof hello == 48, "P3.2");
  peer_send(peer, (frame_t){.length = sizeof hello, .type = HELLO}, &hello);
}

void
peer_methods(peer_t *peer) {
  static const char names[] = "\x00\xe2\x83"
                              "ask\x84"
                              "tell";
  peer_send(peer, (frame_t){.length = sizeof names - 1, .type = METHODS, .flags = RECORD}, names);
}

void
peer_start(peer_t *peer) {
  peer_join(peer);
  peer_hello(peer);
  peer_next_of(peer, INIT);
  peer_methods(peer);
  peer_send(peer, (frame_t){.type = READY}, NULL);
}

/* ---- out */

void
peer_ring(peer_t *peer) {
  send(peer->socket, "", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Forgoes sleep where a doorbell would be needed: it is a test. */
static void
nap(peer_t *peer) {
  struct pollfd wait = {peer->socket, POLLIN, 0};
  char bells[64];
  if (poll(&wait, 1, 1) == 1 && recv(peer->socket, bells, sizeof bells, MSG_DONTWAIT) == 0) exit(0);
}

static void
write_ring(peer_t *peer, const uint8_t *bytes, size_t count) {
  hwr_ring_words_t *words = &peer->page->to_host;
  while (count) {
    uint64_t room = peer->capacity - (peer->tail - atomic_load(&words->head));
    if (room == 0) {
      nap(peer);
      continue;
    }
    size_t at = peer->tail & (peer->capacity - 1), piece = count;
    if (piece > room) piece = room;
    if (piece > peer->capacity - at) piece = peer->capacity - at;
    memcpy(peer->to_host + at, bytes, piece);
    peer->tail += piece, bytes += piece, count -= piece;
    atomic_store(&words->tail, peer->tail);
    if (atomic_exchange(&words->waiting, 0)) peer_ring(peer);
  }
}

void
peer_write(peer_t *peer, const void *bytes, size_t count) {
  if (peer->page) write_ring(peer, bytes, count);
  else send_all(peer, bytes, count);
}

static bool
takes_credit(uint8_t type) {
  return type != HELLO && type < CREDIT;
}

static uint32_t
stride_of(uint32_t length) {
  return HEADER_BYTES + ((length + 7) & ~7u);
}

void
peer_send(peer_t *peer, frame_t frame, const void *body) {
  static const char padding[8];
  if (takes_credit(frame.type) && frame.type != DATA && frame.type != END)
    peer->sent += stride_of(frame.length);
  peer_write(peer, &frame, sizeof frame);
  peer_write(peer, body, frame.length);
  peer_write(peer, padding, stride_of(frame.length) - HEADER_BYTES - frame.length);
}

void
peer_answer(peer_t *peer, frame_t request, uint8_t codec, const void *payload, uint32_t length) {
  frame_t answer = {.length = length,
                    .type = RESPONSE,
                    .flags = codec,
                    .slot = request.slot,
                    .generation = request.generation};
  peer_await_credit(peer, length);
  peer_send(peer, answer, payload);
}

void
peer_await_credit(peer_t *peer, uint32_t length) {
  while (peer->sent + stride_of(length) > peer->granted) peer_next(peer);
}

/* ---- in */

static void
read_ring(peer_t *peer, uint8_t *to, size_t count) {
  hwr_ring_words_t *words = &peer->page->to_worker;
  while (count) {
    uint64_t readable = atomic_load(&words->tail) - peer->head;
    if (readable == 0) {
      nap(peer);
      continue;
    }
    size_t at = peer->head & (peer->capacity - 1), piece = count;
    if (piece > readable) piece = readable;
    if (piece > peer->capacity - at) piece = peer->capacity - at;
    memcpy(to, peer->to_worker + at, piece);
    peer->head += piece, to += piece, count -= piece;
    atomic_store(&words->head, peer->head);
    if (atomic_exchange(&words->starving, 0)) peer_ring(peer);
  }
}

static void
read_all(peer_t *peer, void *to, size_t count) {
  if (peer->page) {
    read_ring(peer, to, count);
    return;
  }
  while (count) {
    ssize_t read = recv(peer->socket, to, count, 0);
    if (read < 0 && errno == EAGAIN) {
      struct pollfd wait = {peer->socket, POLLIN, 0};
      poll(&wait, 1, -1);
    } else if (read <= 0) exit(0); /* the host has gone */
    else to = (char *) to + read, count -= (size_t) read;
  }
}

/* Grants as an honest worker does, so that the host can go on. */
static void
grant(peer_t *peer, frame_t frame) {
  if (frame.type == HELLO || frame.type >= CREDIT) return;
  peer->received += stride_of(frame.length);
  peer->messages += frame.type == REQUEST;
  if (frame.type != REQUEST || peer->messages % 256) return;
  uint64_t offsets[2] = {peer->received + (1 << 20), peer->messages + 1024};
  peer_send(peer, (frame_t){.length = sizeof offsets, .type = CREDIT}, offsets);
}

frame_t
peer_next(peer_t *peer) {
  frame_t frame;
  uint64_t head[6] = {0};
  uint8_t dropped[4096];
  read_all(peer, &frame, sizeof frame);
  uint32_t rest = stride_of(frame.length) - HEADER_BYTES;
  uint32_t kept = rest < sizeof head ? rest : (uint32_t) sizeof head;
  read_all(peer, head, kept);
  for (rest -= kept; rest; rest -= kept) {
    kept = rest < sizeof dropped ? rest : (uint32_t) sizeof dropped;
    read_all(peer, dropped, kept);
  }
  if (frame.type == HELLO) peer->granted = head[4];
  if (frame.type == CREDIT && frame.slot == 0) peer->granted = head[0];
  if (frame.type == PING)
    peer_send(peer, (frame_t){.type = PONG, .slot = frame.slot, .generation = frame.generation},
              NULL);
  grant(peer, frame);
  return frame;
}

frame_t
peer_next_of(peer_t *peer, uint8_t type) {
  frame_t frame;
  do frame = peer_next(peer);
  while (frame.type != type);
  return frame;
}

void
peer_serve(peer_t *peer) {
  for (;;) {
    frame_t request = peer_next_of(peer, REQUEST);
    if (!(request.flags & ONEWAY))
      peer_answer(peer, request, MSGPACK,
                  "\xa4"
                  "done",
                  5);
  }
}

void
peer_stay(void) {
  for (;;) pause();
}
