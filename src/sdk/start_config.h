/* SPDX-License-Identifier: MIT
 *
 * start_config.h - what a host tells the process that it starts, in the environment (P3.13).
 *
 * Thread  none. Memory: never allocates.
 */
#ifndef HWR_SDK_START_CONFIG_H
#define HWR_SDK_START_CONFIG_H

#include "os/os.h"

enum { HWR__MAX_FDS = 1 + HWR_SEGMENTS, HWR__CONFIG_BYTES = 4096 };

typedef struct hwr__start_config_s {
  int fds[HWR__MAX_FDS]; /* the control socket, then the segments, if there are any */
  uint32_t fd_count;     /* 1, or HWR__MAX_FDS */
  uint64_t spin_us;
  uint64_t max_message_bytes;
  uint64_t high_water_bytes, high_water_messages;
} hwr__start_config_t;

/* Read the JSON of the variable: 0, or HWR_ENOHOST when it is not what a host writes. */
int hwr__start_config_read(hwr__start_config_t *config, const char *json);

#endif
