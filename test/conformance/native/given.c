/* SPDX-License-Identifier: MIT
 *
 * given.c - handlers of the program `streams` whose payload is a stream.
 */
#include "streams.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes items: `take` returns false when it wants no more, `over` answers; `error` is that of the
 * source, when that has failed. */
typedef struct sink_s sink_s;
struct sink_s {
  steps_s steps;
  bool (*take)(sink_s *sink, hwr_payload_t item);
  void (*over)(sink_s *sink, const hwr_error_t *error);
  hwr_request_t *request;
  hwr_msgpack_writer_t taken;
  int64_t count, sum;
};

static int
end_sink(sink_s *sink, const hwr_error_t *error) {
  static const hwr_error_t closed = {.code = "ERR_STREAM_PREMATURE_CLOSE", .message = "closed"};
  if (error) sink->over(sink, error->message ? error : &closed);
  else sink->over(sink, NULL);
  hwr_msgpack_writer_deinit(&sink->taken);
  free(sink);
  return 0;
}

static int
take_items(void *context) {
  sink_s *sink = context;
  hwr_pipe_t *items = hwr_request_items(sink->request);
  static const hwr_error_t none = {0};
  for (;;) {
    hwr_payload_t item;
    int status = hwr_pipe_read(items, &item);
    if (status == HWR_EAGAIN) return HWR_EAGAIN;
    if (status == 0) return end_sink(sink, NULL);
    if (status < 0) {
      const hwr_error_t *error = hwr_pipe_error(items);
      return end_sink(sink, error ? error : &none);
    }
    if (is_unreadable(item)) return end_sink(sink, &unreadable_error);
    if (!sink->take(sink, item)) return end_sink(sink, NULL);
    sink->count++;
  }
}

static void
start_sink(hwr_request_t *request, bool (*take)(sink_s *, hwr_payload_t),
           void (*over)(sink_s *, const hwr_error_t *)) {
  if (!hwr_request_items(request)) {
    must(hwr_fail_with(request, NULL, "the payload is no stream"));
    return;
  }
  sink_s *sink = need(sizeof *sink);
  must(hwr_request_keep(request));
  sink->take = take;
  sink->over = over;
  sink->request = request;
  sink->steps.step = take_items;
  sink->steps.context = sink;
  sink->steps.reads = sink->steps.waits_for = hwr_request_items(request);
  run_steps(&sink->steps);
}

/* ---- collect */

static bool
append(sink_s *sink, hwr_payload_t item) {
  if (item.codec == HWR_CODEC_JSON) {
    hwr_msgpack_write_encoded(&sink->taken, ",", 1);
    hwr_msgpack_write_encoded(&sink->taken, item.bytes, item.length_bytes);
  } else {
    write_value(&sink->taken, item);
  }
  return true;
}

/* Items of JSON stand behind a comma each: the first makes room for the bracket. */
static void
reply_json(sink_s *sink) {
  hwr_msgpack_write_encoded(&sink->taken, "]", 1);
  must(sink->taken.status);
  sink->taken.bytes[0] = '[';
  must(hwr_reply(sink->request,
                 hwr_payload(HWR_CODEC_JSON, sink->taken.bytes, sink->taken.length_bytes)));
}

static void
reply_taken(sink_s *sink, const hwr_error_t *error) {
  enum hwr_codec codec = hwr_worker_codec(hwr_request_worker(sink->request));
  if (error) {
    must(hwr_fail(sink->request, error));
  } else if (codec == HWR_CODEC_JSON) {
    reply_json(sink);
  } else {
    hwr_msgpack_writer_t *writer = value_writer();
    hwr_msgpack_write_array(writer, (uint32_t) sink->count);
    hwr_msgpack_write_encoded(writer, sink->taken.bytes, sink->taken.length_bytes);
    reply_written(sink->request, writer);
  }
}

static void
collect(hwr_request_t *request, void *context) {
  (void) context;
  start_sink(request, append, reply_taken);
}

/* ---- sum and first */

static bool
add(sink_s *sink, hwr_payload_t item) {
  hwr_payload_t n = value_field(item, "n");
  sink->sum += value_int(n.codec == HWR_CODEC_NONE ? item : n, 0);
  return true;
}

static void
reply_sum(sink_s *sink, const hwr_error_t *error) {
  if (error) must(hwr_fail(sink->request, error));
  else reply_int(sink->request, sink->sum);
}

static void
sum(hwr_request_t *request, void *context) {
  (void) context;
  start_sink(request, add, reply_sum);
}

static bool
take_first(sink_s *sink, hwr_payload_t item) {
  write_value(&sink->taken, item);
  return false;
}

static void
reply_first(sink_s *sink, const hwr_error_t *error) {
  if (error) must(hwr_fail(sink->request, error));
  else if (!sink->taken.length_bytes) reply_nothing(sink->request);
  else reply_written(sink->request, &sink->taken);
}

static void
first(hwr_request_t *request, void *context) {
  (void) context;
  start_sink(request, take_first, reply_first);
}

/* ---- outcome */

static const char *
text_of_property(const hwr_error_t *error, const char *key) {
  for (size_t i = 0; i < error->property_count; i++)
    if (!strcmp(error->properties[i].key, key)) return error->properties[i].text;
  return NULL;
}

static void
reply_message(hwr_request_t *request, const hwr_error_t *error) {
  char text[128];
  int length = snprintf(text, sizeof text, "{\"message\":\"%s\"}", error ? error->message : "");
  must(hwr_reply(request, hwr_payload(HWR_CODEC_TEXT, text, (size_t) length)));
}

static void
reply_outcome(sink_s *sink, const hwr_error_t *error) {
  if (hwr_worker_codec(hwr_request_worker(sink->request)) == HWR_CODEC_BYTES) {
    reply_message(sink->request, error);
    return;
  }
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_map(writer, error ? 5 : 1);
  hwr_msgpack_write_text(writer, "got");
  hwr_msgpack_write_array(writer, (uint32_t) sink->count);
  hwr_msgpack_write_encoded(writer, sink->taken.bytes, sink->taken.length_bytes);
  if (error) {
    write_text_field(writer, "name", error->name);
    write_text_field(writer, "code", error->code);
    write_text_field(writer, "message", error->message);
    write_text_field(writer, "path", text_of_property(error, "path"));
  }
  reply_written(sink->request, writer);
}

static void
outcome(hwr_request_t *request, void *context) {
  (void) context;
  start_sink(request, append, reply_outcome);
}

/* ---- those that do not read */

static void
ignores(hwr_request_t *request, void *context) {
  (void) context;
  reply_text(request, "ignored");
}

static void
note_closed(hwr_request_t *request, void *context) {
  (void) context;
  reply_nothing(request);
  take_note("payload closed");
}

static void
holds(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  hwr_request_on_cancel(request, note_closed, NULL);
}

/* What stands in the place of the payload, by the name that it has in JavaScript. */
static void
kind_of(hwr_request_t *request, void *context) {
  (void) context;
  reply_text(request, hwr_request_items(request) ? "ItemStream" : "none");
}

/* ---- both ways */

typedef struct doubler_s {
  steps_s steps;
  hwr_request_t *request;
  int64_t number;
  bool has_number;
} doubler_s;

static int
double_items(void *context) {
  doubler_s *doubler = context;
  hwr_request_t *request = doubler->request;
  for (;;) {
    hwr_payload_t item;
    doubler->steps.waits_for = doubler->steps.reads;
    int status = doubler->has_number ? 1 : hwr_pipe_read(doubler->steps.reads, &item);
    if (status == HWR_EAGAIN) return status;
    if (status <= 0) break;
    if (!doubler->has_number) doubler->number = 2 * value_int(item, 0);
    doubler->has_number = true;
    doubler->steps.waits_for = doubler->steps.writes;
    hwr_payload_t twice =
        encoded_int(hwr_worker_codec(hwr_request_worker(request)), doubler->number);
    int64_t written = hwr_pipe_write(doubler->steps.writes, twice);
    if (written == HWR_EAGAIN) return HWR_EAGAIN;
    if (written < 0) break;
    doubler->has_number = false;
  }
  reply_nothing(request);
  free(doubler);
  return 0;
}

static void
doubles(hwr_request_t *request, void *context) {
  (void) context;
  doubler_s *doubler = need(sizeof *doubler);
  must(hwr_request_keep(request));
  doubler->request = request;
  doubler->steps.step = double_items;
  doubler->steps.context = doubler;
  doubler->steps.reads = hwr_request_items(request);
  doubler->steps.writes = hwr_request_results(request);
  run_steps(&doubler->steps);
}

const route_t given_routes[] = {
    {"collect", collect, ROUTE_FREE}, {"sum", sum, ROUTE_FREE},
    {"first", first, ROUTE_FREE},     {"outcome", outcome, ROUTE_FREE},
    {"ignores", ignores, ROUTE_FREE}, {"holds", holds, ROUTE_FREE},
    {"kindOf", kind_of, ROUTE_FREE},  {"doubles", doubles, ROUTE_STREAM | ROUTE_FREE},
};
const size_t given_route_count = sizeof given_routes / sizeof *given_routes;
