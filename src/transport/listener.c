/* SPDX-License-Identifier: MIT
 *
 * listener.c - a worker at a named socket lets one host in at a time.    P3.14 - P3.16
 *
 * Whoever connects is a guest until it has knocked: in time, as this user, with the token. Guests
 * are few, and when there are too many the oldest goes, so that nobody who is silent keeps others
 * out.
 */
#include "os/os.h"
#include "transport/loop.h"

#include <stdlib.h>
#include <string.h>

enum {
  MAX_GUESTS = 64,
  ACCEPT_AT_ONCE = 64,
  SWEEP_MS = 1000,
  KNOCK_TIMEOUT_MS = 10000,
  SEGMENTS_AT = 4,
  TOKEN_AT = 8
};
static const uint8_t MAGIC[SEGMENTS_AT] = {'H', 'W', 'R', 'K'};

typedef struct guest_s {
  hwr_listener_t *listener;
  struct guest_s *next; /* younger */
  uv_poll_t poll;
  int fd; /* owned */
  uint64_t since_ms;
  uint8_t knock[HWR_KNOCK_BYTES];
  size_t knock_bytes; /* received */
  hwr_rights_t rights;
  bool welcome; /* to be handed over */
} guest_t;

struct hwr_listener_s {
  hwr_loop_t *loop;
  hwr_guest_t owner;
  uv_poll_t poll;
  uv_timer_t sweep; /* runs while there are guests, or no descriptors */
  int fd;           /* owned */
  int reserve;      /* owned, or -1 */
  guest_t *oldest;
  uint32_t guest_count, refused_count;
  uint8_t token[HWR_TOKEN_BYTES];
  bool awaiting, paused, closing;
  int handles_open;
};

static void on_connection(uv_poll_t *poll, int status, int events);

/* ------------------------------------------------------------------ the knock */

void
hwr_knock_write(uint8_t knock[HWR_KNOCK_BYTES], const uint8_t token[HWR_TOKEN_BYTES],
                size_t segment_count) {
  memset(knock, 0, HWR_KNOCK_BYTES);
  memcpy(knock, MAGIC, sizeof MAGIC);
  knock[SEGMENTS_AT] = (uint8_t) segment_count;
  memcpy(knock + TOKEN_AT, token, HWR_TOKEN_BYTES);
}

/* In a time that does not depend on where they differ. */
static bool
same_token(const uint8_t *a, const uint8_t *b) {
  volatile uint8_t different = 0;
  for (size_t i = 0; i < HWR_TOKEN_BYTES; i++) different |= a[i] ^ b[i];
  return different == 0;
}

/* Whether it is a knock, with the descriptors that it names. Those for which this process had no
 * room are forgiven: the socket will do. */
static bool
is_knock(guest_t *guest) {
  const uint8_t *knock = guest->knock;
  hwr_rights_t *rights = &guest->rights;
  size_t count = knock[SEGMENTS_AT];
  if (memcmp(knock, MAGIC, sizeof MAGIC) != 0 || rights->excess) return false;
  if (knock[5] || knock[6] || knock[7] || (count != 0 && count != HWR_SEGMENTS)) return false;
  if (rights->lost && count != 0) hwr_rights_close(rights);
  return rights->count == count || (rights->lost && count != 0);
}

/* ------------------------------------------------------------------ guests */

static void
forget(guest_t *guest) {
  hwr_listener_t *l = guest->listener;
  for (guest_t **at = &l->oldest; *at; at = &(*at)->next) {
    if (*at != guest) continue;
    *at = guest->next;
    l->guest_count--;
    return;
  }
}

static void
closed_one(hwr_listener_t *l) {
  if (--l->handles_open > 0) return;
  hwr_os_close(l->fd);
  hwr_os_close(l->reserve);
  l->owner.closed(l->owner.context);
  free(l);
}

static void
hand_over(const guest_t *guest) {
  const hwr_guest_t *owner = &guest->listener->owner;
  int segments[HWR_SEGMENTS];
  for (size_t i = 0; i < HWR_SEGMENTS; i++)
    segments[i] = i < guest->rights.count ? guest->rights.fd[i] : -1;
  owner->joined(owner->context, guest->fd, segments);
}

static void
on_guest_closed(uv_handle_t *handle) {
  guest_t *guest = handle->data;
  hwr_listener_t *l = guest->listener;
  if (guest->welcome && !l->closing) {
    hand_over(guest);
  } else {
    hwr_rights_close(&guest->rights);
    hwr_os_close(guest->fd);
  }
  free(guest);
  closed_one(l);
}

static void
see_off(guest_t *guest) {
  forget(guest);
  uv_close((uv_handle_t *) &guest->poll, on_guest_closed);
}

/* With a word on why, or, for who is no host at all, without (0). */
static void
refuse(guest_t *guest, uint8_t why) {
  guest->listener->refused_count++;
  if (why) hwr_os_send_byte(guest->fd, why);
  see_off(guest);
}

static void
judge(guest_t *guest) {
  hwr_listener_t *l = guest->listener;
  if (!is_knock(guest)) {
    refuse(guest, 0);
  } else if (!l->awaiting) {
    refuse(guest, HWR_KNOCK_BUSY);
  } else if (!same_token(guest->knock + TOKEN_AT, l->token)) {
    refuse(guest, HWR_KNOCK_TOKEN);
  } else {
    l->awaiting = false;
    guest->welcome = true;
    see_off(guest);
  }
}

static void
on_guest_readable(uv_poll_t *poll, int status, int events) {
  (void) events;
  guest_t *guest = poll->data;
  size_t missing = HWR_KNOCK_BYTES - guest->knock_bytes;
  int64_t got =
      hwr_os_receive_rights(guest->fd, guest->knock + guest->knock_bytes, missing, &guest->rights);
  if (got == HWR_EAGAIN && status == 0) return;
  if (got <= 0) {
    refuse(guest, 0);
    return;
  }
  guest->knock_bytes += (size_t) got;
  if (guest->knock_bytes == HWR_KNOCK_BYTES) judge(guest);
}

/* ------------------------------------------------------------------ accepting */

/* Who has been silent for too long goes, and what was paused is tried again. */
static void
on_sweep(uv_timer_t *timer) {
  hwr_listener_t *l = timer->data;
  uint64_t now_ms = hwr_loop_now_ms();
  while (l->oldest && now_ms - l->oldest->since_ms >= KNOCK_TIMEOUT_MS) refuse(l->oldest, 0);
  if (l->paused) {
    l->paused = false;
    uv_poll_start(&l->poll, UV_READABLE, on_connection);
  }
  if (!l->oldest) uv_timer_stop(&l->sweep);
}

static void
start_sweep(hwr_listener_t *l) {
  if (!uv_is_active((uv_handle_t *) &l->sweep))
    uv_timer_start(&l->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
}

static void
append(hwr_listener_t *l, guest_t *guest) {
  guest_t **at = &l->oldest;
  while (*at) at = &(*at)->next;
  *at = guest;
  l->guest_count++;
  if (l->guest_count > MAX_GUESTS) refuse(l->oldest, 0);
  start_sweep(l);
}

static void
turn_away(hwr_listener_t *l, int fd, uint8_t why) {
  l->refused_count++;
  if (why) hwr_os_send_byte(fd, why);
  hwr_os_close(fd);
}

static void
receive_guest(hwr_listener_t *l, int fd) {
  int pid;
  if (!hwr_os_peer(fd, &pid)) {
    turn_away(l, fd, HWR_KNOCK_USER);
    return;
  }
  guest_t *guest = calloc(1, sizeof *guest);
  if (!guest || uv_poll_init(l->loop->uv, &guest->poll, fd)) {
    free(guest);
    turn_away(l, fd, 0);
    return;
  }
  guest->listener = l;
  guest->fd = fd;
  guest->since_ms = hwr_loop_now_ms();
  guest->poll.data = guest;
  l->handles_open++;
  uv_poll_start(&guest->poll, UV_READABLE, on_guest_readable);
  append(l, guest);
}

/* No descriptor is left: who waits is sent away with the one in reserve, for the readiness would
 * otherwise be reported for ever. Without a reserve we look again in a while. */
static void
shed(hwr_listener_t *l) {
  hwr_os_close(l->reserve);
  int fd = l->reserve < 0 ? -1 : hwr_os_accept(l->fd);
  if (fd >= 0) turn_away(l, fd, 0);
  l->reserve = hwr_os_reserve();
  if (fd >= 0) return;
  uv_poll_stop(&l->poll);
  l->paused = true;
  start_sweep(l);
}

static void
on_connection(uv_poll_t *poll, int status, int events) {
  (void) status, (void) events;
  hwr_listener_t *l = poll->data;
  if (l->reserve < 0) l->reserve = hwr_os_reserve();
  for (int i = 0; i < ACCEPT_AT_ONCE; i++) {
    int fd = hwr_os_accept(l->fd);
    if (fd == HWR_EAGAIN) return;
    if (fd < 0) {
      shed(l);
      return;
    }
    receive_guest(l, fd);
  }
}

/* ------------------------------------------------------------------ its life */

int
hwr_listener_open(hwr_listener_t **listener, hwr_loop_t *loop, int fd, const hwr_guest_t *guest) {
  hwr_listener_t *l = calloc(1, sizeof *l);
  if (!l) return HWR_ENOMEM;
  int err = uv_poll_init(loop->uv, &l->poll, fd);
  if (err) {
    free(l);
    return err;
  }
  l->loop = loop;
  l->owner = *guest;
  l->fd = fd;
  l->reserve = hwr_os_reserve();
  l->handles_open = 2;
  uv_timer_init(loop->uv, &l->sweep);
  uv_unref((uv_handle_t *) &l->sweep);
  l->poll.data = l->sweep.data = l;
  uv_poll_start(&l->poll, UV_READABLE, on_connection);
  *listener = l;
  return 0;
}

void
hwr_listener_await(hwr_listener_t *l, const uint8_t token[HWR_TOKEN_BYTES]) {
  memcpy(l->token, token, HWR_TOKEN_BYTES);
  l->awaiting = true;
}

uint32_t
hwr_listener_refused(const hwr_listener_t *l) {
  return l->refused_count;
}

static void
on_own_handle_closed(uv_handle_t *handle) {
  closed_one(handle->data);
}

void
hwr_listener_close(hwr_listener_t *l) {
  if (l->closing) return;
  l->closing = true;
  while (l->oldest) see_off(l->oldest);
  uv_close((uv_handle_t *) &l->poll, on_own_handle_closed);
  uv_close((uv_handle_t *) &l->sweep, on_own_handle_closed);
}
