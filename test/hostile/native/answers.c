/* SPDX-License-Identifier: MIT
 *
 * answers.c - native workers whose payloads are lies. Each answers its second request with 'done'.
 */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

typedef struct lie_s {
  const char *bytes;
  size_t length;
} lie_t;

/* Of MessagePack: counts and lengths that the payload does not have, and what is no value. */
static const lie_t values[] = {
    {"\xdd\xff\xff\xff\xff", 5},         /* array of 2^32 - 1 */
    {"\xdd\x7f\xff\xff\xff\x01\x02", 7}, /* array of 2^31 - 1 */
    {"\xdf\xff\xff\xff\xff", 5},         /* map of 2^32 - 1 */
    {"\xdf\x00\x00\x00\x02\xa1"
     "a\x01",
     8}, /* map of 2 that has one pair */
    {"\xdb\xff\xff\xff\xff"
     "abc",
     8}, /* str of 2^32 - 1 */
    {"\xd9\x04"
     "abc",
     5},                                 /* str of 4 that has 3 */
    {"\xc6\xff\xff\xff\xff", 5},         /* bin of 2^32 - 1 */
    {"\xc6\x04\x00\x00\x00", 5},         /* bin of 64 MiB */
    {"\xc9\xff\xff\xff\xff\x01", 6},     /* ext of 2^32 - 1 */
    {"\xc9\x00\x00\x00\x05\xff\x00", 7}, /* timestamp cut short */
    {"\xc7\x03\xff\x00\x00\x00", 6},     /* timestamp of 3 bytes */
    {"\xcf\x00\x00", 3},                 /* integer cut short */
    {"\xcb", 1},                         /* double cut short */
    {"\xc1", 1},                         /* never used */
    {"\x01\x01", 2},                     /* two values */
    {"\x92\x01", 2},                     /* array of 2 that has one */
    {"\xdc", 1},                         /* a count cut short */
};

static void
answer_second(peer_t *peer) {
  peer_serve(peer);
}

static void
msgpack_lies(peer_t *peer, long which) {
  peer_start(peer);
  frame_t request = peer_next_of(peer, REQUEST);
  peer_answer(peer, request, MSGPACK, values[which].bytes, (uint32_t) values[which].length);
  answer_second(peer);
}

/* Arrays in arrays, or maps in maps, as deep as there is room. */
static void
msgpack_deep(peer_t *peer, long byte) {
  enum { LEVELS = 300000 };
  static char bytes[3 * LEVELS];
  size_t length = 0;
  while (length < sizeof bytes - 2) {
    bytes[length++] = (char) byte;
    if (byte == 0x81) bytes[length++] = (char) 0xa0; /* an empty key */
  }
  bytes[length++] = (char) 0xc0;
  peer_start(peer);
  peer_answer(peer, peer_next_of(peer, REQUEST), MSGPACK, bytes, (uint32_t) length);
  answer_second(peer);
}

/* Many claims at once: each of 20,000 arrays says that it has all the rest. */
static void
msgpack_claims(peer_t *peer, long value) {
  (void) value;
  enum { CLAIMS = 20000 };
  static char bytes[5 * CLAIMS];
  for (size_t at = 0; at < sizeof bytes; at += 5) {
    uint32_t rest = (uint32_t) (sizeof bytes - at - 5);
    const char claim[5] = {(char) 0xdd, (char) (rest >> 24), (char) (rest >> 16),
                           (char) (rest >> 8), (char) rest};
    memcpy(bytes + at, claim, sizeof claim);
  }
  peer_start(peer);
  peer_answer(peer, peer_next_of(peer, REQUEST), MSGPACK, bytes, sizeof bytes);
  answer_second(peer);
}

/* A value of that codec, of which the host has no serializer, or bytes that it cannot read. */
static void
other_codec(peer_t *peer, long codec) {
  peer_start(peer);
  peer_answer(peer, peer_next_of(peer, REQUEST), (uint8_t) codec, "\x00\x0b\xff\xff\xff\xff", 6);
  answer_second(peer);
}

/* Of ERROR: what cannot be read settles the call all the same. */
static const lie_t errors[] = {
    {"\x00\x19\x07\xff\xff\xff\xff", 7}, /* a class of 4 GiB */
    {"\x00\x19\x00\x00\x08\xfe\xff\xff\x7f"
     "ab",
     11}, /* a message of 2 GiB */
    {"\x00\x19\x00\x00\x00\x00\x84"
     "code\x0b\xff\xff\xff\xff\x1a",
     17},                            /* a code of 4 Gi items */
    {"\x00\x19\x00\x00\x00\x00", 6}, /* no end */
    {"\x00\x19", 2},
    {"", 0},
};

static void
error_lies(peer_t *peer, long which) {
  peer_start(peer);
  frame_t request = peer_next_of(peer, REQUEST);
  frame_t error = {.length = (uint32_t) errors[which].length,
                   .type = ERROR,
                   .flags = RECORD,
                   .slot = request.slot,
                   .generation = request.generation};
  peer_send(peer, error, errors[which].bytes);
  answer_second(peer);
}

/* An answer whose frame says that it is longer than what comes; then the process stays. */
static void
frame_lies(peer_t *peer, long length) {
  peer_start(peer);
  frame_t request = peer_next_of(peer, REQUEST);
  frame_t answer = {.length = (uint32_t) length,
                    .type = RESPONSE,
                    .flags = MSGPACK,
                    .slot = request.slot,
                    .generation = request.generation};
  peer_write(peer, &answer, sizeof answer);
  peer_write(peer, "\xc0", 1);
  peer_stay();
}

const behaviour_t answer_behaviours[] = {
    {"msgpackLies", msgpack_lies},
    {"msgpackDeep", msgpack_deep},
    {"msgpackClaims", msgpack_claims},
    {"otherCodec", other_codec},
    {"errorLies", error_lies},
    {"frameLies", frame_lies},
    {NULL, NULL},
};
