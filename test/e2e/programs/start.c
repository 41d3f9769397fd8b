/* SPDX-License-Identifier: MIT
 *
 * What a program is told at its start, told back; argv[1] is what it does instead.
 */
#include <hawser/worker.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static hwr_msgpack_writer_t writer;

static void
tell_data(hwr_request_t *request, void *context) {
  (void) context;
  hwr_reply(request, hwr_worker_data(hwr_request_worker(request)));
}

static void
write_or_nil(const char *text) {
  if (text) hwr_msgpack_write_text(&writer, text);
  else hwr_msgpack_write_nil(&writer);
}

/* [name, working directory, variable MARK, arguments...] */
static void
tell_start(hwr_request_t *request, void *context) {
  char **arguments = context;
  uint32_t count = 0;
  while (arguments[count]) count++;
  hwr_msgpack_writer_reset(&writer);
  hwr_msgpack_write_array(&writer, 3 + count);
  write_or_nil(hwr_worker_name(hwr_request_worker(request)));
  write_or_nil(getenv("PWD"));
  write_or_nil(getenv("MARK"));
  for (uint32_t i = 0; i < count; i++) write_or_nil(arguments[i]);
  hwr_reply(request, hwr_msgpack_payload(&writer));
}

static void
echo(hwr_request_t *request, void *context) {
  (void) context;
  hwr_reply(request, hwr_request_payload(request));
}

static void
fail(hwr_request_t *request, void *context) {
  (void) context;
  hwr_property_t depth = {"depth", NULL, 3};
  hwr_error_t cause = {NULL, NULL, "deep sea", NULL, NULL, 0};
  hwr_error_t error = {"UnknownTypeError", "E_FISH", "no such fish", &cause, &depth, 1};
  hwr_fail(request, &error);
}

static void
answer_json(hwr_request_t *request, void *context) {
  static const char text[] = "{\"a\":[1]}";
  (void) context;
  hwr_reply(request, hwr_payload(HWR_CODEC_JSON, text, sizeof text - 1));
}

static void
answer_nonsense(hwr_request_t *request, void *context) {
  (void) context;
  hwr_reply(request, hwr_payload(HWR_CODEC_MSGPACK, "\xdd\xff\xff\xff\xff", 5));
}

static void
refuse(hwr_worker_t *worker, void *context) {
  hwr_error_t error = {"RangeError", "E_START", "not today", NULL, NULL, 0};
  (void) context;
  hwr_worker_fail(worker, &error);
}

int
main(int argc, char **argv) {
  hwr_worker_t *worker;
  bool does = argc > 1;
  if (does && strcmp(argv[1], "leave") == 0) {
    fputs("no reason at all\n", stderr);
    return 3;
  }
  hwr_msgpack_writer_init(&writer);
  if (hwr_worker_create(&worker, NULL)) return 1;
  hwr_worker_handle(worker, "data", tell_data, NULL);
  hwr_worker_handle(worker, "start", tell_start, argv + 1);
  hwr_worker_handle(worker, "echo", echo, NULL);
  hwr_worker_handle(worker, "fail", fail, NULL);
  hwr_worker_handle(worker, "json", answer_json, NULL);
  hwr_worker_handle(worker, "nonsense", answer_nonsense, NULL);
  if (does && strcmp(argv[1], "refuse") == 0) hwr_worker_on_start(worker, refuse, NULL);
  int status = hwr_worker_run(worker);
  hwr_worker_destroy(worker);
  hwr_msgpack_writer_deinit(&writer);
  return status ? 1 : 0;
}
