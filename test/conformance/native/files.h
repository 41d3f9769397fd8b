/* SPDX-License-Identifier: MIT
 *
 * files.h - what programs of this suite leave in files, and wait for there.
 */
#ifndef FILES_H
#define FILES_H

#include "program.h"
#include "values.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static inline bool
file_exists(const char *path) {
  return access(path, F_OK) == 0;
}

/* A line with the number. */
static inline void
file_append(const char *path, int64_t number) {
  char line[32];
  int length = snprintf(line, sizeof line, "%lld\n", (long long) number);
  int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0 || write(fd, line, (size_t) length) != length) abort();
  close(fd);
}

/* Neither reads nor answers until the file is there that the payload names. */
static inline void
block_until(hwr_request_t *request, void *context) {
  (void) context;
  char *path = value_text(hwr_request_payload(request));
  while (!file_exists(path)) usleep(1000);
  free(path);
  reply_nothing(request);
}

#endif
