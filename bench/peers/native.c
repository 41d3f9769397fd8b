/* SPDX-License-Identifier: MIT
 *
 * native.c - what handlers.js answers, in C.
 */
#include <hawser/worker.h>
#include <stdio.h>
#include <sys/resource.h>

static double counted;

static void
echo(hwr_request_t *request, void *context) {
  (void) context;
  hwr_reply(request, hwr_request_payload(request));
}

static void
count(hwr_request_t *request, void *context) {
  (void) context;
  counted++;
  hwr_reply(request, hwr_nothing());
}

/* JSON is read whatever the serializer is, but for 'raw'. */
static void
reply_pair(hwr_request_t *request, const char *format, double first, double second) {
  char text[128];
  int length = snprintf(text, sizeof text, format, first, second);
  hwr_reply(request, hwr_payload(HWR_CODEC_JSON, text, (size_t) length));
}

/* How many came since the last time this was asked. */
static void
tally(hwr_request_t *request, void *context) {
  (void) context;
  reply_pair(request, "{\"counted\":%.0f,\"misplaced\":%.0f}", counted, 0);
  counted = 0;
}

static double
microseconds(struct timeval time) {
  return (double) time.tv_sec * 1e6 + (double) time.tv_usec;
}

/* CPU time in microseconds and the times that the process went to sleep. */
static void
usage(hwr_request_t *request, void *context) {
  struct rusage used;
  (void) context;
  getrusage(RUSAGE_SELF, &used);
  double cpu = microseconds(used.ru_utime) + microseconds(used.ru_stime);
  reply_pair(request, "{\"cpu\":%.0f,\"sleeps\":%.0f}", cpu, (double) used.ru_nvcsw);
}

int
main(void) {
  hwr_worker_t *worker;
  if (hwr_worker_create(&worker, NULL)) return 1;
  hwr_worker_handle(worker, "echo", echo, NULL);
  hwr_worker_handle(worker, "count", count, NULL);
  hwr_worker_handle(worker, "tally", tally, NULL);
  hwr_worker_handle(worker, "usage", usage, NULL);
  int status = hwr_worker_run(worker);
  hwr_worker_destroy(worker);
  return status ? 1 : 0;
}
