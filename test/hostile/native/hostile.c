/* SPDX-License-Identifier: MIT
 *
 * hostile.c - a native worker that is not ours. Its last argument is a behaviour, with a number
 * behind a colon if it takes one.
 */
#include "peer.h"

#include <stdlib.h>
#include <string.h>

int
main(int argc, char **argv) {
  const behaviour_t *all[] = {start_behaviours, answer_behaviours, flood_behaviours,
                              end_behaviours};
  const char *name = argv[argc - 1], *colon = strchr(name, ':');
  size_t length = colon ? (size_t) (colon - name) : strlen(name);
  peer_t peer;
  peer_init(&peer);
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    for (const behaviour_t *one = all[i]; one->name; one++) {
      if (strlen(one->name) != length || strncmp(one->name, name, length)) continue;
      one->behave(&peer, colon ? strtol(colon + 1, NULL, 0) : 0);
      return 0;
    }
  }
  peer_fail("no such behaviour");
}
