/* SPDX-License-Identifier: MIT */
#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "core/ring.h"
#include "os/os.h"

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { RING_BYTES = 8192, PAGE_BYTES = sizeof(hwr_ring_page_t) };

static hwr_segments_t host, worker;
static const char *reason;

/* False where the system has no sealed memory: then there is nothing to test. */
static bool
create(void) {
  int status = hwr_segments_create(&host, PAGE_BYTES, RING_BYTES, &reason);
  CHECK(status == 0 || (status == HWR_EUNSUPPORTED && strcmp(reason, "") != 0));
  return status == 0;
}

/* The descriptors as a worker inherits them. */
static int
join(void) {
  int fd[HWR_SEGMENTS];
  for (int i = 0; i < HWR_SEGMENTS; i++) fd[i] = dup(host.fd[i]);
  return hwr_segments_join(&worker, fd, PAGE_BYTES, &reason);
}

static void
let_go(void) {
  hwr_segments_deinit(&worker);
  hwr_segments_deinit(&host);
}

/* P7.1 */
TEST(the_size_of_a_segment_cannot_be_changed_S5) {
  if (!create()) return;
  for (int i = 0; i < HWR_SEGMENTS; i++) {
    CHECK_INT(ftruncate(host.fd[i], 1), -1);
    CHECK_INT(errno, EPERM);
    CHECK_INT(ftruncate(host.fd[i], 1 << 20), -1);
    CHECK_INT(host.bytes[i], i == HWR_SEGMENT_PAGE ? PAGE_BYTES : RING_BYTES);
  }
  let_go();
}

/* P7.1 */
TEST(a_worker_reads_what_the_host_wrote_and_cannot_write_there) {
  if (!create()) return;
  CHECK_INT(join(), 0);
  memcpy(host.address[HWR_SEGMENT_TO_WORKER], "there", 5);
  CHECK_MEM(worker.address[HWR_SEGMENT_TO_WORKER], "there", 5);
  memcpy(worker.address[HWR_SEGMENT_TO_HOST], "back", 4);
  CHECK_MEM(host.address[HWR_SEGMENT_TO_HOST], "back", 4);
#ifdef __linux__
  void *writable = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED,
                        worker.fd[HWR_SEGMENT_TO_WORKER], 0);
  CHECK(writable == MAP_FAILED);
#endif
  let_go();
}

#ifdef __linux__
/* Replace one of the host's segments. */
static void
replace(int i, size_t bytes, int seals) {
  int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  REQUIRE(fd >= 0 && ftruncate(fd, (off_t) bytes) == 0);
  REQUIRE(fcntl(fd, F_ADD_SEALS, seals) == 0);
  close(host.fd[i]);
  host.fd[i] = fd;
}

static void
check_refused(int i, size_t bytes, int seals, const char *why) {
  if (!create()) return;
  replace(i, bytes, seals);
  CHECK_INT(join(), HWR_EUNSUPPORTED);
  CHECK_STR(reason, why);
  for (int j = 0; j < HWR_SEGMENTS; j++) {
    CHECK_INT(worker.fd[j], -1);
    CHECK(worker.address[j] == NULL);
  }
  let_go();
}
#endif

/* P7.1 */
TEST(segments_that_could_shrink_or_are_too_short_are_refused_S5) {
#ifdef __linux__
  int sealed = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
  check_refused(HWR_SEGMENT_PAGE, PAGE_BYTES - 1, sealed, "size");
  check_refused(HWR_SEGMENT_TO_HOST, 0, sealed, "size");
  for (int i = 0; i < HWR_SEGMENTS; i++) {
    check_refused(i, RING_BYTES, F_SEAL_GROW | F_SEAL_SEAL, "seals");
    check_refused(i, RING_BYTES, F_SEAL_SHRINK | F_SEAL_GROW, "seals");
  }
#endif
}

/* P7.7 */
TEST(a_doorbell_on_a_full_socket_neither_waits_nor_fails_S7) {
  int fd[2];
  uint8_t bytes[4096] = {0};
  REQUIRE(hwr_os_socketpair(fd) == 0);
  while (hwr_os_write(fd[0], bytes, sizeof bytes) > 0) continue;
  while (hwr_os_write(fd[0], bytes, 1) > 0) continue;
  CHECK_INT(hwr_os_write(fd[0], bytes, 1), HWR_EAGAIN);
  CHECK_INT(hwr_os_send_byte(fd[0], 1), 0);
  hwr_os_close(fd[0]);
  hwr_os_close(fd[1]);
}

/* P7.7 */
TEST(the_end_of_the_stream_is_the_end_of_the_peer) {
  int fd[2];
  uint8_t byte = 0;
  REQUIRE(hwr_os_socketpair(fd) == 0);
  CHECK_INT(hwr_os_receive(fd[1], &byte, 1), HWR_EAGAIN);
  CHECK_INT(hwr_os_send_byte(fd[0], 'x'), 0);
  hwr_os_close(fd[0]);
  CHECK_INT(hwr_os_receive(fd[1], &byte, 1), 1);
  CHECK_INT(byte, 'x');
  CHECK_INT(hwr_os_receive(fd[1], &byte, 1), 0);
  CHECK(hwr_os_send_byte(fd[1], 1) != 0);
  hwr_os_close(fd[1]);
}

TEST(pages_are_zeroed_and_cost_what_is_touched) {
  enum { BYTES = 8 << 20 };
  for (int round = 0; round < 3; round++) {
    uint8_t *pages = hwr_os_alloc_pages(BYTES);
    REQUIRE(pages != NULL);
    unsigned char there = 1;
    void *last = pages + BYTES - (size_t) sysconf(_SC_PAGESIZE);
    CHECK_INT(mincore(last, 1, (void *) &there), 0);
    CHECK_INT(there & 1, 0);
    CHECK_INT(pages[0] | pages[BYTES / 2], 0);
    memset(pages, 0xff, BYTES);
    hwr_os_free_pages(pages, BYTES);
  }
}

TEST(a_descriptor_that_finds_no_high_number_is_not_inherited_either) {
  struct rlimit before, few;
  int fd = open("/dev/null", O_RDONLY);
  REQUIRE(fd >= 0 && getrlimit(RLIMIT_NOFILE, &before) == 0);
  few = before;
  few.rlim_cur = (rlim_t) fd + 1;
  REQUIRE(setrlimit(RLIMIT_NOFILE, &few) == 0);
  CHECK_INT(hwr_os_move_high(fd), fd);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK_INT(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
  close(fd);
}

int
main(void) {
  RUN(pages_are_zeroed_and_cost_what_is_touched);
  RUN(the_size_of_a_segment_cannot_be_changed_S5);
  RUN(a_worker_reads_what_the_host_wrote_and_cannot_write_there);
  RUN(segments_that_could_shrink_or_are_too_short_are_refused_S5);
  RUN(a_doorbell_on_a_full_socket_neither_waits_nor_fails_S7);
  RUN(the_end_of_the_stream_is_the_end_of_the_peer);
  RUN(a_descriptor_that_finds_no_high_number_is_not_inherited_either);
  return check_exit_code();
}
