/* SPDX-License-Identifier: MIT
 *
 * api.c - a worker whose handlers misuse the SDK, and tell what it said.
 */
#include <hawser/worker.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_TEXT = 4096 };

/* Names of statuses, as a JSON array. */
typedef struct said_s {
  char text[MAX_TEXT];
  size_t length;
} said_t;

static said_t before_start; /* what was said before there was a host */
static hwr_request_t *kept;

static void
say(said_t *said, int64_t status) {
  const char *name = status < 0 ? hwr_status_name((int) status) : "ok";
  said->length += (size_t) snprintf(said->text + said->length, sizeof said->text - said->length,
                                    "%s\"%s\"", said->length ? "," : "[", name);
}

static int
reply_text(hwr_request_t *request, const char *text) {
  return hwr_reply(request, hwr_payload(HWR_CODEC_JSON, text, strlen(text)));
}

static void
reply_said(hwr_request_t *request, said_t *said) {
  snprintf(said->text + said->length, sizeof said->text - said->length, "]");
  reply_text(request, said->text);
}

static void
ignore(hwr_request_t *request, void *context) {
  (void) request, (void) context;
}

static void
on_before_start(hwr_request_t *request, void *context) {
  (void) context;
  reply_said(request, &before_start);
}

static void
on_wrong_answers(hwr_request_t *request, void *context) {
  said_t said = {.length = 0};
  static char big[5000];
  (void) context;
  say(&said, hwr_reply(request, hwr_payload((enum hwr_codec) 4, "x", 1)));
  say(&said, hwr_reply(request, hwr_payload(HWR_CODEC_NONE, "x", 1)));
  say(&said, hwr_reply(request, hwr_payload(HWR_CODEC_RAW, NULL, 1)));
  say(&said, hwr_reply(request, hwr_payload(HWR_CODEC_RAW, big, sizeof big)));
  say(&said, hwr_progress(request, hwr_payload((enum hwr_codec) 4, "x", 1)));
  reply_said(request, &said);
  if (reply_text(request, "2") != HWR_EBADARG || hwr_fail_with(request, NULL, "") != HWR_EBADARG)
    abort();
}

static void
on_too_big(hwr_request_t *request, void *context) {
  static char big[5000];
  (void) context;
  hwr_reply(request, hwr_payload(HWR_CODEC_RAW, big, sizeof big));
}

static void
on_wrong_calls(hwr_request_t *request, void *context) {
  said_t said = {.length = 0};
  char long_name[1026];
  hwr_worker_t *worker = hwr_request_worker(request);
  hwr_pipe_options_t wide = {.high_water_mark = (16 << 20) + 1};
  hwr_pipe_t *pipe;
  (void) context;
  memset(long_name, 'n', sizeof long_name - 1);
  long_name[sizeof long_name - 1] = '\0';
  say(&said, hwr_emit(worker, NULL, hwr_nothing()));
  say(&said, hwr_emit(worker, "", hwr_nothing()));
  say(&said, hwr_emit(worker, long_name, hwr_nothing()));
  say(&said, hwr_post(worker, NULL, hwr_nothing()));
  say(&said, hwr_post(worker, "nobody", hwr_nothing()));
  say(&said, hwr_call(worker, "nobody", hwr_nothing(), NULL, NULL, NULL, NULL));
  say(&said, hwr_pipe_open(worker, "", NULL, &pipe));
  say(&said, hwr_pipe_open(worker, long_name, NULL, &pipe));
  say(&said, hwr_pipe_open(worker, "pipe", &wide, &pipe));
  say(&said, hwr_worker_handle(worker, "late", ignore, NULL));
  say(&said, hwr_worker_open(worker));
  say(&said, hwr_worker_turn(worker)); /* within a turn */
  reply_said(request, &said);
}

static void
on_wrong_pipe(hwr_request_t *request, void *context) {
  said_t said = {.length = 0};
  hwr_pipe_t *pipe;
  hwr_payload_t item;
  (void) context;
  say(&said, hwr_pipe_open(hwr_request_worker(request), "mine", NULL, &pipe));
  say(&said, hwr_pipe_wait(pipe, HWR_PIPE_READ));
  say(&said, hwr_pipe_read(pipe, &item));
  say(&said, hwr_pipe_write(pipe, hwr_payload(HWR_CODEC_JSON, "1", 1)));
  say(&said, hwr_pipe_end(pipe));
  say(&said, hwr_pipe_end(pipe));
  say(&said, hwr_pipe_write(pipe, hwr_payload(HWR_CODEC_RAW, "1", 1)));
  hwr_pipe_reset(pipe, NULL);
  say(&said, hwr_pipe_read(pipe, &item));
  hwr_pipe_release(pipe);
  hwr_pipe_release(NULL);
  reply_said(request, &said);
}

static void
on_keep(hwr_request_t *request, void *context) {
  (void) context;
  if (hwr_request_keep(request)) abort();
  kept = request;
}

/* What was kept is not in its handler any more. */
static void
on_answer_kept(hwr_request_t *request, void *context) {
  said_t said = {.length = 0};
  (void) context;
  say(&said, hwr_request_keep(kept));
  say(&said, hwr_reply(kept, hwr_request_payload(kept)));
  kept = NULL;
  reply_said(request, &said);
}

static void
on_about(hwr_request_t *request, void *context) {
  char text[MAX_TEXT];
  const char *user = hwr_request_metadata(request, "user");
  const char *empty = hwr_request_metadata(request, "empty");
  const char *missing = hwr_request_metadata(request, "missing");
  int32_t left_ms = hwr_request_time_left_ms(request);
  (void) context;
  snprintf(text, sizeof text,
           "{\"type\":\"%s\",\"tx\":\"%s\",\"user\":\"%s\",\"empty\":\"%s\",\"missing\":%s,"
           "\"hasDeadline\":%s,\"isPost\":%s,\"isInherited\":%s}",
           hwr_request_type(request), hwr_request_tx(request), user ? user : "none",
           empty ? empty : "none", missing ? "false" : "true",
           left_ms != HWR_NO_TIMEOUT && left_ms > 0 ? "true" : "false",
           hwr_request_is_post(request) ? "true" : "false",
           getenv("HAWSER_WORKER") ? "true" : "false");
  reply_text(request, text);
}

static void
on_fail_with_nothing(hwr_request_t *request, void *context) {
  (void) context;
  hwr_fail(request, NULL);
}

static void
on_stop(hwr_request_t *request, void *context) {
  (void) context;
  hwr_worker_stop(hwr_request_worker(request));
  hwr_worker_stop(hwr_request_worker(request));
  reply_text(request, "\"stopped\"");
}

static void
on_spin(hwr_request_t *request, void *context) {
  (void) context, (void) request;
  for (;;) usleep(1000);
}

/* Calls of it that were run. */
static int runs;

static void
on_slowly(hwr_request_t *request, void *context) {
  (void) context;
  runs++;
  usleep(20000);
  reply_text(request, "null");
}

static void
on_runs(hwr_request_t *request, void *context) {
  char text[16];
  (void) context;
  snprintf(text, sizeof text, "%d", runs);
  reply_text(request, text);
}

static int pipes_ended;

static void
on_brief_ready(hwr_pipe_t *pipe, void *context) {
  hwr_payload_t item;
  int status;
  (void) context;
  while ((status = hwr_pipe_read(pipe, &item)) == 1)
    ;
  if (status == HWR_EAGAIN) return;
  if (status == 0) pipes_ended++;
  hwr_pipe_release(pipe);
}

/* A pipe that is over as soon as the host has ended it. */
static void
on_brief_pipe(hwr_request_t *request, void *context) {
  hwr_pipe_options_t options = {.objects = true};
  hwr_pipe_t *pipe;
  (void) context;
  if (hwr_pipe_open(hwr_request_worker(request), "brief", &options, &pipe)) abort();
  hwr_pipe_end(pipe);
  hwr_pipe_on_ready(pipe, on_brief_ready, NULL);
  hwr_reply(request, hwr_nothing());
}

static void
on_pipes_ended(hwr_request_t *request, void *context) {
  char text[16];
  (void) context;
  snprintf(text, sizeof text, "%d", pipes_ended);
  reply_text(request, text);
}

static void
on_start(hwr_worker_t *worker, void *context) {
  hwr_payload_t data = hwr_worker_data(worker);
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(data.bytes, data.length_bytes);
  bool refuses = false;
  (void) context;
  if (data.codec == HWR_CODEC_MSGPACK && hwr_msgpack_find(&reader, "refuse") == 0)
    hwr_msgpack_read_bool(&reader, &refuses);
  hwr_error_t error = {.name = "RangeError", .code = "E_NO", .message = "not today"};
  if (refuses) hwr_worker_fail(worker, &error);
}

static void
misuse_before_open(hwr_worker_t *worker) {
  said_t *said = &before_start;
  hwr_worker_t *none = NULL;
  hwr_worker_options_t crowded = {.threads = HWR_MAX_THREADS + 1};
  say(said, hwr_worker_create(&none, &crowded));
  say(said, hwr_worker_handle(worker, "about", ignore, NULL));
  say(said, hwr_worker_handle(worker, NULL, ignore, NULL));
  say(said, hwr_worker_handle(worker, "none", NULL, NULL));
  say(said, hwr_worker_on_event(worker, "name", NULL, NULL));
  say(said, hwr_worker_on_pipe(worker, NULL, NULL));
  say(said, hwr_worker_turn(worker));
  say(said, hwr_emit(worker, "early", hwr_nothing()));
  say(said, hwr_call(worker, "early", hwr_nothing(), NULL, NULL, NULL, NULL));
  if (none) abort();
}

/* [max_concurrency] */
int
main(int argc, char **argv) {
  hwr_worker_options_t options = {.max_concurrency = argc > 1 ? (uint32_t) atoi(argv[1]) : 0};
  static const struct {
    const char *type;
    hwr_handler_cb handler;
  } HANDLERS[] = {
      {"about", on_about},
      {"beforeStart", on_before_start},
      {"wrongAnswers", on_wrong_answers},
      {"tooBig", on_too_big},
      {"wrongCalls", on_wrong_calls},
      {"wrongPipe", on_wrong_pipe},
      {"keep", on_keep},
      {"answerKept", on_answer_kept},
      {"ignore", ignore},
      {"stop", on_stop},
      {"spin", on_spin},
      {"slowly", on_slowly},
      {"runs", on_runs},
      {"briefPipe", on_brief_pipe},
      {"pipesEnded", on_pipes_ended},
      {"failWithNothing", on_fail_with_nothing},
  };
  hwr_worker_t *worker;
  if (hwr_worker_create(&worker, &options)) return 1;
  for (size_t i = 0; i < sizeof HANDLERS / sizeof *HANDLERS; i++)
    if (hwr_worker_handle(worker, HANDLERS[i].type, HANDLERS[i].handler, NULL)) return 1;
  if (hwr_worker_on_start(worker, on_start, NULL)) return 1;
  misuse_before_open(worker);
  int status = hwr_worker_run(worker);
  if (status) fprintf(stderr, "%s\n", hwr_status_name(status));
  hwr_worker_destroy(worker);
  hwr_worker_destroy(NULL);
  return status ? 3 : 0;
}
