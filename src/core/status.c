/* SPDX-License-Identifier: MIT */
#include <hawser/status.h>

const char *
hwr_status_name(int status) {
  switch (status) {
#define X(name, code, text)                                                                        \
  case code:                                                                                       \
    return "HWR_" #name;
    HWR_STATUS_MAP(X)
#undef X
  default:
    return "HWR_UNKNOWN";
  }
}

const char *
hwr_status_text(int status) {
  switch (status) {
#define X(name, code, text)                                                                        \
  case code:                                                                                       \
    return text;
    HWR_STATUS_MAP(X)
#undef X
  default:
    return "unknown status";
  }
}
