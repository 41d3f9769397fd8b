/* SPDX-License-Identifier: MIT
 *
 * starts.c - native workers that do not become ready.
 */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

enum { STAGES = 5 };

/* The start up to a stage: nothing, the first byte, HELLO, INIT received, METHODS. */
static void
start_up_to(peer_t *peer, long stage) {
  if (stage > 0) peer_join(peer);
  if (stage > 1) peer_hello(peer);
  if (stage > 2) peer_next_of(peer, INIT);
  if (stage > 3) peer_methods(peer);
}

static void
exit_at_stage(peer_t *peer, long stage) {
  start_up_to(peer, stage);
  exit(40 + (int) stage);
}

static void
stay_at_stage(peer_t *peer, long stage) {
  start_up_to(peer, stage);
  peer_stay();
}

static void
names(peer_t *peer, const char *record, size_t length) {
  start_up_to(peer, 3);
  frame_t frame = {.length = (uint32_t) length, .type = METHODS, .flags = RECORD};
  peer_send(peer, frame, record);
  peer_send(peer, (frame_t){.type = READY}, NULL);
  peer_stay();
}

/* Records of METHODS whose counts or lengths are lies. */
static void
methods_lie(peer_t *peer, long which) {
  static const struct {
    const char *bytes;
    size_t length;
  } records[] = {
      {"\x00\x0b\xff\xff\xff\xff", 6},     /* as many names as there are numbers */
      {"\x00\x0b\x00\x00\x01\x00\x80", 7}, /* 65,536, and one */
      {"\x00\xe1\x07\xff\xff\xff\xff"
       "a",
       8}, /* a name of 4 GiB */
      {"\x00\xe1\x08\xfe\xff\xff\xff"
       "a",
       8}, /* the same in UTF-16 */
      {"\x00\xe2\x83"
       "ask",
       6}, /* one name of two */
      {"\x00", 1},
  };
  names(peer, records[which].bytes, records[which].length);
}

/* An ERROR in place of READY whose message has 4 GiB. */
static void
start_error_lies(peer_t *peer, long value) {
  (void) value;
  static const char record[] = "\x00\x19\x85"
                               "Error\x85"
                               "Error\x07\xff\xff\xff\xffmessage";
  start_up_to(peer, 3);
  frame_t frame = {.length = sizeof record - 1, .type = ERROR, .flags = RECORD};
  peer_send(peer, frame, record);
  exit(1);
}

const behaviour_t start_behaviours[] = {
    {"exitAtStage", exit_at_stage},
    {"stayAtStage", stay_at_stage},
    {"methodsLie", methods_lie},
    {"startErrorLies", start_error_lies},
    {NULL, NULL},
};
