/* SPDX-License-Identifier: MIT
 *
 * custom-codec.c - workers/custom-codec.js as a native worker: echoes what it need not understand.
 */
#include "program.h"
#include "values.h"

static const route_t routes[] = {{"echo", echo, ROUTE_FREE}};

int
main(int argc, char **argv) {
  static const program_t program = {
      .routes = routes, .route_count = 1, .serializer = "upside-down"};
  return program_run(&program, argc, argv);
}
