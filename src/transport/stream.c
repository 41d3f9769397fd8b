/* SPDX-License-Identifier: MIT
 *
 * stream.c - a ring in private memory, pumped into a stream socket.
 *
 * What is received goes straight where the owner wants it; what is sent is tried at once, and
 * waits for the socket only when the kernel has no room.
 */
#include "os/os.h"
#include "transport/loop.h"
#include "transport/private_ring.h"

#include <stdlib.h>

typedef struct stream_s {
  hwr_transport_t base; /* first */
  hwr_private_ring_t *ring;
  hwr_consumer_t consumer; /* what the socket takes */
  uv_pipe_t pipe;
  uv_idle_t alive; /* active while reading is paused: the pipe alone would let the loop end */
  uv_write_t write;
  size_t writing_bytes; /* of the write in progress, or 0 */
  uv_os_fd_t fd;        /* borrowed from pipe; for the drain at exit */
  bool held, paused, broken;
} stream_t;

/* The readable bytes as uv_buf_t; returns how many pieces. */
static unsigned
peek(stream_t *stream, uv_buf_t bufs[2], size_t *total) {
  const uint8_t *pieces[2];
  size_t lengths[2];
  if (hwr_consumer_readable(&stream->consumer) <= 0) return 0;
  int count = hwr_consumer_peek(&stream->consumer, pieces, lengths);
  *total = 0;
  for (int i = 0; i < count; i++) {
    bufs[i] = uv_buf_init((char *) (uintptr_t) pieces[i], (unsigned) lengths[i]);
    *total += lengths[i];
  }
  return (unsigned) count;
}

static void
taken(stream_t *stream, size_t count) {
  hwr_consumer_skip(&stream->consumer, count);
  hwr_consumer_release(&stream->consumer);
  stream->base.counters.bytes_sent += count;
}

static void on_written(uv_write_t *write, int status);

/* Write what there is. True when all of it is with the kernel. */
static bool
pump(stream_t *stream) {
  uv_stream_t *socket = (uv_stream_t *) &stream->pipe;
  uv_buf_t bufs[2];
  size_t total;
  if (stream->writing_bytes || stream->broken) return false;
  unsigned count = peek(stream, bufs, &total);
  if (count == 0) return true;
  int sent = uv_try_write(socket, bufs, count);
  if (sent > 0) taken(stream, (size_t) sent);
  if (sent == (int) total) return true;
  if (sent < 0 && sent != UV_EAGAIN) stream->broken = true; /* reading tells the owner */
  count = peek(stream, bufs, &total);
  if (stream->broken || uv_write(&stream->write, socket, bufs, count, on_written)) {
    stream->broken = true;
    return false;
  }
  stream->writing_bytes = total;
  return false;
}

static void
on_written(uv_write_t *write, int status) {
  stream_t *stream = write->data;
  size_t count = stream->writing_bytes;
  stream->writing_bytes = 0;
  if (stream->base.closing || status == UV_ECANCELED) return;
  if (status < 0) {
    stream->broken = true;
    return;
  }
  taken(stream, count);
  bool all = pump(stream);
  if (!stream->held && !all) return;
  stream->base.turn_wanted = true;
  hwr__transport_run(&stream->base);
}

static bool
stream_publish(hwr_transport_t *t, bool held) {
  stream_t *stream = (stream_t *) t;
  stream->held = held;
  hwr_producer_publish(&t->producer);
  uint64_t before = stream->consumer.head;
  pump(stream);
  return stream->consumer.head != before;
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf);
static void on_read(uv_stream_t *socket, ssize_t count, const uv_buf_t *buf);

/* Reading stops while the owner is behind; the kernel holds the peer back then. */
static bool
stream_receive(hwr_transport_t *t) {
  stream_t *stream = (stream_t *) t;
  if (!stream->paused) return false;
  stream->paused = false;
  uv_idle_stop(&stream->alive);
  int err = uv_read_start((uv_stream_t *) &stream->pipe, on_room, on_read);
  if (err) hwr__transport_end(t, err);
  return false;
}

static void
on_alive(uv_idle_t *alive) {
  (void) alive;
}

static void
pause_reading(stream_t *stream) {
  stream->paused = true;
  uv_idle_start(&stream->alive, on_alive);
  uv_read_stop((uv_stream_t *) &stream->pipe);
}

static void
on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf) {
  (void) suggested;
  stream_t *stream = handle->data;
  uint8_t *to = NULL;
  size_t room = stream->base.owner.want(stream->base.owner.context, &to);
  *buf = uv_buf_init((char *) to, (unsigned) room);
}

static void
on_read(uv_stream_t *socket, ssize_t count, const uv_buf_t *buf) {
  (void) buf;
  stream_t *stream = socket->data;
  hwr_transport_t *t = &stream->base;
  if (count == 0) return;
  if (count == UV_ENOBUFS) { /* want said no: deliver first */
    pause_reading(stream);
    hwr_transport_schedule(t);
    return;
  }
  if (count < 0) {
    uv_read_stop(socket);
    hwr_transport_read_rest(t);
    hwr__transport_end(t, count == UV_EOF || count == UV_ECONNRESET ? 0 : (int) count);
    return;
  }
  t->counters.bytes_received += (uint64_t) count;
  t->owner.received(t->owner.context, (size_t) count);
  t->turn_wanted = true;
  hwr__transport_run(t);
  if (!t->closing && t->turn_wanted) pause_reading(stream); /* the turn's budget is used up */
}

static bool
stream_sleep(hwr_transport_t *t) {
  (void) t;
  return true;
}

static void
stream_check(hwr_transport_t *t) {
  (void) t;
}

/* After this the pipe's own queue is not used any more: the process ends, or the peer has. */
static void
take_over_write(stream_t *stream) {
  if (stream->writing_bytes == 0) return;
  size_t left = uv_stream_get_write_queue_size((uv_stream_t *) &stream->pipe);
  taken(stream, stream->writing_bytes - left);
  stream->writing_bytes = 0;
  stream->broken = true;
}

/* Without the loop. True when it is not over. */
static bool
take_in(stream_t *stream, bool *received) {
  hwr_transport_t *t = &stream->base;
  uint8_t *to;
  size_t room = t->ended ? 0 : t->owner.want(t->owner.context, &to);
  int64_t count = room ? hwr_os_receive(stream->fd, to, room) : 0;
  *received = count > 0;
  if (count == HWR_EAGAIN) return true;
  if (count <= 0) return false;
  t->counters.bytes_received += (uint64_t) count;
  return t->owner.received(t->owner.context, (size_t) count);
}

static bool
stream_receive_rest(hwr_transport_t *t) {
  bool received;
  take_in((stream_t *) t, &received);
  return received;
}

static bool
stream_wait_taken(hwr_transport_t *t, int timeout_ms) {
  stream_t *stream = (stream_t *) t;
  bool received;
  take_over_write(stream);
  stream->broken = true;
  uv_buf_t bufs[2];
  size_t total;
  if (peek(stream, bufs, &total) == 0)
    return hwr_os_wait(stream->fd, false, timeout_ms) && take_in(stream, &received);
  int64_t sent = hwr_os_write(stream->fd, (const uint8_t *) bufs[0].base, bufs[0].len);
  if (sent > 0) taken(stream, (size_t) sent);
  if (sent == HWR_EAGAIN) return hwr_os_wait(stream->fd, true, timeout_ms);
  return sent > 0;
}

static void
stream_ref(hwr_transport_t *t, bool ref) {
  stream_t *stream = (stream_t *) t;
  void (*set)(uv_handle_t *) = ref ? uv_ref : uv_unref;
  set((uv_handle_t *) &stream->pipe);
  set((uv_handle_t *) &stream->alive);
}

static void
stream_close(hwr_transport_t *t) {
  stream_t *stream = (stream_t *) t;
  uv_close((uv_handle_t *) &stream->alive, hwr__transport_handle_closed);
  uv_close((uv_handle_t *) &stream->pipe, hwr__transport_handle_closed);
}

static void
stream_free(hwr_transport_t *t) {
  stream_t *stream = (stream_t *) t;
  hwr_lease_drop(&stream->ring->lease);
  free(stream);
}

static const hwr_transport_ops_t STREAM_OPS = {
    .publish = stream_publish,
    .receive = stream_receive,
    .receive_rest = stream_receive_rest,
    .sleep = stream_sleep,
    .check = stream_check,
    .wait_taken = stream_wait_taken,
    .ref = stream_ref,
    .close = stream_close,
    .free = stream_free,
};

static stream_t *
stream_alloc(void) {
  stream_t *stream = calloc(1, sizeof *stream);
  if (!stream) return NULL;
  stream->ring = hwr__private_ring_create(&stream->base.producer, &stream->consumer);
  if (!stream->ring) {
    free(stream);
    return NULL;
  }
  stream->base.lease = &stream->ring->lease;
  return stream;
}

int
hwr_stream_open(hwr_transport_t **transport, hwr_loop_t *loop, const hwr_owner_t *owner, int fd) {
  stream_t *stream = stream_alloc();
  if (!stream) return HWR_ENOMEM;
  uv_pipe_init(loop->uv, &stream->pipe, 0);
  hwr__transport_init(&stream->base, &STREAM_OPS, loop, owner);
  uv_idle_init(loop->uv, &stream->alive);
  stream->pipe.data = stream->alive.data = stream->write.data = stream;
  stream->base.handles_open += 2;
  *transport = &stream->base;
  int err = uv_pipe_open(&stream->pipe, fd);
  if (err) hwr_os_close(fd);
  if (!err) err = uv_fileno((uv_handle_t *) &stream->pipe, &stream->fd);
  if (!err) err = uv_read_start((uv_stream_t *) &stream->pipe, on_room, on_read);
  return err;
}
