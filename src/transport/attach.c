/* SPDX-License-Identifier: MIT
 *
 * attach.c - the host waits for the worker's first byte: which transport it could join.    P3.0
 */
#include "os/os.h"
#include "transport/loop.h"

#include <stdlib.h>

struct hwr_attach_s {
  uv_poll_t poll;
  int fd; /* borrowed */
  int byte;
  void (*done)(void *context, int byte);
  void *context;
};

static void
on_closed(uv_handle_t *handle) {
  hwr_attach_t *attach = handle->data;
  void (*done)(void *, int) = attach->done;
  void *context = attach->context;
  int byte = attach->byte;
  free(attach);
  done(context, byte);
}

static void
finish(hwr_attach_t *attach, int byte) {
  if (uv_is_closing((uv_handle_t *) &attach->poll)) return;
  attach->byte = byte;
  uv_close((uv_handle_t *) &attach->poll, on_closed);
}

static void
on_readable(uv_poll_t *poll, int status, int events) {
  (void) events;
  hwr_attach_t *attach = poll->data;
  uint8_t byte;
  int64_t got = hwr_os_receive(attach->fd, &byte, 1);
  if (got == HWR_EAGAIN && status == 0) return;
  bool over = got == 0 || got == HWR_EAGAIN;
  if (over) finish(attach, HWR_ECLOSED);
  else finish(attach, got == 1 ? byte : (int) got);
}

int
hwr_attach_open(hwr_attach_t **attach, hwr_loop_t *loop, int fd,
                void (*done)(void *context, int byte), void *context) {
  hwr_attach_t *a = calloc(1, sizeof *a);
  if (!a) return HWR_ENOMEM;
  *a = (hwr_attach_t){.fd = fd, .done = done, .context = context};
  int err = uv_poll_init(loop->uv, &a->poll, fd);
  if (err) {
    free(a);
    return err;
  }
  a->poll.data = a;
  uv_poll_start(&a->poll, UV_READABLE, on_readable);
  *attach = a;
  return 0;
}

void
hwr_attach_close(hwr_attach_t *attach) {
  finish(attach, HWR_ECLOSED);
}

void
hwr_attach_ref(hwr_attach_t *attach, bool ref) {
  if (ref) uv_ref((uv_handle_t *) &attach->poll);
  else uv_unref((uv_handle_t *) &attach->poll);
}
