/* SPDX-License-Identifier: MIT
 *
 * link.c - what a host makes before it has a channel: a socket pair and, where the system allows,
 * the shared segments. A channel takes the host's part; the rest is closed after the start of the
 * process. Or the connection to a worker that listens, which is sent the segments.
 */
#include "binding/channel.h"

#include <stdlib.h>

static const napi_type_tag LINK_TAG = {0x1d0b7a1e5c9f4a61, 0x8f4b9e0c7d2a3b11};

struct hwr_link_s {
  int socket[2]; /* ours, the worker's; owned or -1 */
  hwr_segments_t segments;
  int pid; /* who listens at a named socket, or 0 */
  bool named;
};

static void
close_worker_end(hwr_link_t *link) {
  hwr_os_close(link->socket[1]);
  link->socket[1] = -1;
  hwr_segments_close(&link->segments);
}

static void
link_finalize(napi_env env, void *data, void *hint) {
  (void) env, (void) hint;
  hwr_link_t *link = data;
  close_worker_end(link);
  hwr_os_close(link->socket[0]);
  hwr_segments_deinit(&link->segments);
  free(link);
}

bool
hwr_link_is_named(const hwr_link_t *link) {
  return link->named;
}

hwr_link_t *
hwr_link_unwrap(napi_env env, napi_value object) {
  return hwr__js_unwrap(env, object, &LINK_TAG);
}

int
hwr_link_take(hwr_link_t *link, hwr_segments_t *segments) {
  int fd = link->socket[0];
  *segments = link->segments;
  link->socket[0] = -1;
  hwr_segments_init(&link->segments);
  return fd;
}

static int
make_segments(hwr_link_t *link, uint32_t ring_bytes, const char **reason) {
  int err = hwr_segments_create(&link->segments, sizeof(hwr_ring_page_t), ring_bytes, reason);
  if (!err) hwr_ring_page_init(link->segments.address[HWR_SEGMENT_PAGE], ring_bytes);
  return err;
}

/* The descriptors that the worker inherits, in the order in which it finds them. */
static napi_value
worker_fds(napi_env env, const hwr_link_t *link) {
  napi_value array;
  HWR_NAPI(env, napi_create_array(env, &array));
  HWR_NAPI(env, napi_set_element(env, array, 0, hwr__js_int32(env, link->socket[1])));
  for (uint32_t i = 0; i < HWR_SEGMENTS && link->segments.fd[i] >= 0; i++)
    HWR_NAPI(env, napi_set_element(env, array, i + 1, hwr__js_int32(env, link->segments.fd[i])));
  return array;
}

static napi_value
link_object(napi_env env, hwr_link_t *link, const char *reason) {
  napi_value object;
  HWR_NAPI(env, napi_create_object(env, &object));
  HWR_NAPI(env, napi_type_tag_object(env, object, &LINK_TAG));
  hwr__js_set(env, object, "fds", worker_fds(env, link));
  hwr__js_set_string(env, object, "reason", reason ? reason : "");
  HWR_NAPI(env, napi_wrap(env, object, link, link_finalize, NULL, NULL));
  return object;
}

static hwr_link_t *
alloc_link(void) {
  hwr_link_t *link = calloc(1, sizeof *link);
  if (!link) return NULL;
  link->socket[0] = link->socket[1] = -1;
  hwr_segments_init(&link->segments);
  return link;
}

static bool
ring_bytes_fit(napi_env env, uint32_t ring_bytes) {
  if (!ring_bytes || hwr_ring_capacity_valid(ring_bytes)) return true;
  napi_throw_range_error(env, NULL, "ringBytes must be 0 or a power of two from 4 KiB to 16 MiB");
  return false;
}

/* createLink(ringBytes) -> { fds, reason }. ringBytes 0: no shared segments are wanted. Where they
 * cannot be had, fds has the socket alone and reason says why. */
static napi_value
create_link(napi_env env, napi_callback_info info) {
  napi_value args[1];
  uint32_t ring_bytes;
  if (!hwr__js_args(env, info, 1, args) || !hwr__js_uint32(env, args[0], "ringBytes", &ring_bytes))
    return NULL;
  if (!ring_bytes_fit(env, ring_bytes)) return NULL;
  const char *reason = NULL;
  hwr_link_t *link = alloc_link();
  if (!link) HWR_TRY(env, HWR_ENOMEM);
  int err = hwr_os_socketpair(link->socket);
  if (err) free(link);
  HWR_TRY(env, err);
  if (ring_bytes) make_segments(link, ring_bytes, &reason);
  napi_value object = link_object(env, link, reason);
  if (!object) link_finalize(env, link, NULL);
  return object;
}

/* closeWorkerEnd(link): the process has inherited its part; without this nobody would see the end
 * of the stream. */
static napi_value
close_worker_end_of(napi_env env, napi_callback_info info) {
  napi_value args[1];
  if (!hwr__js_args(env, info, 1, args)) return NULL;
  hwr_link_t *link = hwr_link_unwrap(env, args[0]);
  if (link) close_worker_end(link);
  return NULL;
}

/* P3.14 */
static int
knock(hwr_link_t *link, const uint8_t *token) {
  uint8_t bytes[HWR_KNOCK_BYTES];
  const hwr_segments_t *s = &link->segments;
  size_t count = s->fd[0] >= 0 ? HWR_SEGMENTS : 0;
  hwr_knock_write(bytes, token, count);
  int64_t sent = hwr_os_write_rights(link->socket[0], bytes, sizeof bytes, s->fd, count);
  if (sent == HWR_KNOCK_BYTES) return 0;
  return sent < 0 ? (int) sent : HWR_ECLOSED; /* an empty socket takes it whole */
}

static int
connect_link(hwr_link_t *link, const char *path, const uint8_t *token, uint32_t ring_bytes,
             const char **reason) {
  int fd = hwr_os_connect(path);
  if (fd < 0) return fd;
  link->socket[0] = fd;
  link->named = true;
  if (!hwr_os_peer(fd, &link->pid)) return HWR_EUSER;
  if (ring_bytes) make_segments(link, ring_bytes, reason);
  return knock(link, token);
}

/* connectLink(path, token, ringBytes) -> { fds, reason, pid }: a link to a worker that listens;
 * otherwise as createLink. */
static napi_value
connect_link_to(napi_env env, napi_callback_info info) {
  napi_value args[3];
  uint32_t ring_bytes;
  const uint8_t *token;
  size_t count;
  const char *reason = NULL;
  if (!hwr__js_args(env, info, 3, args) || !hwr__js_token(env, args[1], &token, &count) ||
      !hwr__js_uint32(env, args[2], "ringBytes", &ring_bytes) || !ring_bytes_fit(env, ring_bytes))
    return NULL;
  char *path = hwr__js_string(env, args[0], "a path expected");
  if (!path) return NULL;
  hwr_link_t *link = alloc_link();
  int err = link ? connect_link(link, path, token, ring_bytes, &reason) : HWR_ENOMEM;
  free(path);
  napi_value object = err ? NULL : link_object(env, link, reason);
  if (!object && link) link_finalize(env, link, NULL);
  HWR_TRY(env, err);
  if (object) hwr__js_set(env, object, "pid", hwr__js_int32(env, link->pid));
  return object;
}

bool
hwr_link_export(napi_env env, napi_value exports) {
  const napi_property_descriptor functions[] = {
      {"createLink", NULL, create_link, NULL, NULL, NULL, napi_enumerable, NULL},
      {"connectLink", NULL, connect_link_to, NULL, NULL, NULL, napi_enumerable, NULL},
      {"closeWorkerEnd", NULL, close_worker_end_of, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  return napi_define_properties(env, exports, 3, functions) == napi_ok;
}
