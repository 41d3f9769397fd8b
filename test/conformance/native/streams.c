/* SPDX-License-Identifier: MIT
 *
 * streams.c - workers/streams.js as a native worker: what gives items.
 */
#include "streams.h"

#include <stdlib.h>
#include <string.h>

/* A generator: `next` writes the item at `at`, and `over` answers, when there is none or when the
 * reader has left. */
typedef struct source_s source_s;
struct source_s {
  steps_s steps;
  bool (*next)(source_s *source);
  void (*over)(source_s *source, bool is_left);
  hwr_request_t *request;
  int64_t at, count;
  hwr_msgpack_writer_t item;
  bool has_item;
};

static const hwr_property_t limit = {"limit", NULL, 7};
const hwr_error_t far_error = {.name = "RangeError",
                               .code = "E_FAR",
                               .message = "too far",
                               .properties = &limit,
                               .property_count = 1};

static list_t noted;
static int64_t produced, running;

static struct {
  hwr_request_t *request;
  char *what;
} waiting; /* for a note */

/* ---- notes */

static void
tell_if_noted(void) {
  for (size_t i = 0; waiting.request && i < noted.count; i++) {
    if (strcmp(waiting.what, (const char *) noted.items[i])) continue;
    reply_nothing(waiting.request);
    waiting.request = NULL;
    free(waiting.what);
  }
}

void
take_note(const char *what) {
  program_lock();
  list_push_pointer(&noted, (void *) what);
  tell_if_noted();
  program_unlock();
}

static void
when_noted(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  waiting.request = request;
  waiting.what = value_text(hwr_request_payload(request));
  tell_if_noted();
}

static void
tell_noted(hwr_request_t *request, void *context) {
  (void) context;
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_array(writer, (uint32_t) noted.count);
  for (size_t i = 0; i < noted.count; i++)
    hwr_msgpack_write_text(writer, (const char *) noted.items[i]);
  reply_written(request, writer);
}

static void
tell_produced(hwr_request_t *request, void *context) {
  (void) context;
  reply_int(request, produced);
}

static void
tell_running(hwr_request_t *request, void *context) {
  (void) context;
  reply_int(request, running);
}

/* ---- steps */

static void
step_when_ready(hwr_pipe_t *pipe, void *context) {
  (void) pipe;
  steps_s *steps = context;
  steps->step(steps->context);
}

void
run_steps(steps_s *steps) {
  if (!program_has_threads()) {
    if (steps->reads) hwr_pipe_on_ready(steps->reads, step_when_ready, steps);
    if (steps->writes) hwr_pipe_on_ready(steps->writes, step_when_ready, steps);
    return;
  }
  while (steps->step(steps->context) == HWR_EAGAIN) {
    bool is_reading = steps->waits_for == steps->reads;
    must(hwr_pipe_wait(steps->waits_for, is_reading ? HWR_PIPE_READ : HWR_PIPE_WRITE));
  }
}

/* ---- sources */

static enum hwr_codec
codec_of(hwr_request_t *request) {
  enum hwr_codec codec = hwr_worker_codec(hwr_request_worker(request));
  return codec == HWR_CODEC_BYTES ? HWR_CODEC_TEXT : codec; /* 'picky' writes text */
}

const hwr_error_t unreadable_error = {.message = "nobody can read that"};

bool
is_unreadable(hwr_payload_t payload) {
  const char *word = "unreadable";
  size_t length = strlen(word);
  if (payload.codec != HWR_CODEC_TEXT) return false;
  for (size_t at = 0; at + length <= payload.length_bytes; at++)
    if (!memcmp((const char *) payload.bytes + at, word, length)) return true;
  return false;
}

static void
end_source(source_s *source, bool is_left) {
  hwr_msgpack_writer_deinit(&source->item);
  source->over(source, is_left);
  free(source);
}

static int
refuse_item(source_s *source, int status) {
  fail_with_status(source->request, status);
  hwr_msgpack_writer_deinit(&source->item);
  free(source);
  return 0;
}

static int
give_items(void *context) {
  source_s *source = context;
  hwr_pipe_t *results = hwr_request_results(source->request);
  enum hwr_codec codec = codec_of(source->request);
  for (;;) {
    if (!source->has_item) {
      hwr_msgpack_writer_reset(&source->item);
      if (!source->next(source)) return end_source(source, false), 0;
      must(source->item.status);
    }
    source->has_item = true;
    hwr_payload_t item = hwr_msgpack_payload(&source->item);
    if (codec != HWR_CODEC_RAW) item.codec = codec;
    int64_t taken = hwr_pipe_write(results, item);
    if (taken == HWR_EAGAIN) return HWR_EAGAIN;
    if (taken < 0 && taken != HWR_ECLOSED) return refuse_item(source, (int) taken);
    if (taken < 0) return end_source(source, true), 0;
    source->has_item = false;
    source->at++;
  }
}

static void
start_source(hwr_request_t *request, bool (*next)(source_s *), void (*over)(source_s *, bool)) {
  if (is_unreadable(hwr_request_payload(request))) {
    must(hwr_fail(request, &unreadable_error));
    return;
  }
  source_s *source = need(sizeof *source);
  must(hwr_request_keep(request));
  source->next = next;
  source->over = over;
  source->request = request;
  source->count = value_int(hwr_request_payload(request), 0);
  source->steps.step = give_items;
  source->steps.context = source;
  source->steps.writes = source->steps.waits_for = hwr_request_results(request);
  run_steps(&source->steps);
}

static void
write_number(source_s *source, int64_t number) {
  hwr_payload_t encoded = encoded_int(codec_of(source->request), number);
  hwr_msgpack_write_encoded(&source->item, encoded.bytes, encoded.length_bytes);
}

static bool
next_number(source_s *source) {
  if (source->at >= source->count) return false;
  write_number(source, source->at);
  return true;
}

static bool
next_number_down(source_s *source) {
  if (source->at >= source->count) return false;
  write_number(source, source->count - 1 - source->at);
  return true;
}

static void
succeed(source_s *source, bool is_left) {
  (void) is_left;
  reply_nothing(source->request);
}

static void
fail(source_s *source, bool is_left) {
  (void) is_left;
  must(hwr_fail(source->request, &far_error));
}

static void
exit_with_3(void *context) {
  (void) context;
  exit(3);
}

static void
leave_process(source_s *source, bool is_left) {
  (void) source, (void) is_left;
  program_later(exit_with_3, NULL);
}

static bool
next_of_endless(source_s *source) {
  hwr_payload_t payload = hwr_request_payload(source->request);
  program_lock();
  int64_t number = produced++;
  program_unlock();
  hwr_msgpack_write_map(&source->item, value_is_nothing(payload) ? 1 : 2);
  write_int_field(&source->item, "n", number);
  if (value_is_nothing(payload)) return true;
  void *body = need((size_t) source->count);
  hwr_msgpack_write_text(&source->item, "body");
  hwr_msgpack_write_bytes(&source->item, body, (size_t) source->count);
  free(body);
  return true;
}

static void
leave_endless(source_s *source, bool is_left) {
  program_lock();
  running--;
  program_unlock();
  reply_nothing(source->request);
  if (is_left) take_note("left");
}

/* As the stream of a handler in JavaScript refuses it. */
static void
end_values(source_s *source, bool is_left) {
  hwr_payload_t value = value_element(hwr_request_payload(source->request), (uint32_t) source->at);
  if (is_left || !value_is_nil(value)) reply_nothing(source->request);
  else must(hwr_fail_with(source->request, "ERR_STREAM_NULL_VALUES", "null is no item"));
}

/* The element at `at` of a JSON array: its bytes up to the comma or bracket behind it. */
static bool
next_of_json(source_s *source, hwr_payload_t array) {
  const char *text = array.bytes;
  size_t length = array.length_bytes, from = 1;
  int64_t index = 0;
  int depth = 0;
  bool is_text = false;
  if (length <= 2) return false;
  for (size_t at = 1; at < length; at++) {
    char c = text[at];
    if (is_text && c == '\\') at++;
    else if (c == '"') is_text = !is_text;
    if (is_text) continue;
    bool is_end = depth == 0 && (c == ',' || c == ']');
    depth += (c == '[' || c == '{') - (c == ']' || c == '}');
    if (!is_end) continue;
    if (index++ == source->at)
      return !hwr_msgpack_write_encoded(&source->item, text + from, at - from);
    from = at + 1;
  }
  return false;
}

static bool
next_of_values(source_s *source) {
  hwr_payload_t payload = hwr_request_payload(source->request);
  if (payload.codec == HWR_CODEC_JSON) return next_of_json(source, payload);
  hwr_payload_t value = value_element(payload, (uint32_t) source->at);
  if (value.codec == HWR_CODEC_NONE || value_is_nil(value)) return false;
  write_value(&source->item, value);
  return true;
}

static void
write_about(source_s *source) {
  hwr_msgpack_writer_t *writer = &source->item;
  hwr_msgpack_write_map(writer, 3);
  write_text_field(writer, "tx", hwr_request_tx(source->request));
  write_text_field(writer, "type", hwr_request_type(source->request));
  hwr_msgpack_write_text(writer, "metadata");
  hwr_msgpack_write_map(writer, 1);
  write_text_field(writer, "traceparent", hwr_request_metadata(source->request, "traceparent"));
}

static hwr_payload_t
text_of(const char *text) {
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_text(writer, text);
  return value_written(writer);
}

static bool
next_about(source_s *source) {
  hwr_worker_t *worker = hwr_request_worker(source->request);
  if (source->at == 0)
    hwr_msgpack_write_bool(&source->item, hwr_emit(worker, "event", text_of("of it")) == 0);
  if (source->at == 1) write_about(source);
  return source->at < 2;
}

/* ---- handlers */

static void
generator(hwr_request_t *request, void *context) {
  (void) context;
  start_source(request, next_number, succeed);
}

static void
throws(hwr_request_t *request, void *context) {
  (void) context;
  start_source(request, next_number, fail);
}

static void
throws_at_once(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_fail(request, &far_error));
}

static void
fails_with(hwr_request_t *request, const char *code) {
  must(hwr_fail_with(request, code, "as every time"));
}

static void
destroyed(hwr_request_t *request, void *context) {
  (void) context;
  fails_with(request, "ERR_STREAM_PREMATURE_CLOSE");
}

static void
locked(hwr_request_t *request, void *context) {
  (void) context;
  fails_with(request, "ERR_INVALID_STATE");
}

static void
no_iterator(hwr_request_t *request, void *context) {
  (void) context;
  fails_with(request, NULL);
}

static void
broken(hwr_request_t *request, void *context) {
  (void) context;
  start_source(request, next_number_down, fail);
}

static void
endless(hwr_request_t *request, void *context) {
  (void) context;
  program_lock();
  running++;
  program_unlock();
  start_source(request, next_of_endless, leave_endless);
}

static void
yields(hwr_request_t *request, void *context) {
  (void) context;
  start_source(request, next_of_values, end_values);
}

static void
exits(hwr_request_t *request, void *context) {
  (void) context;
  start_source(request, next_number, leave_process);
}

static void
about(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_progress(request, text_of("half")));
  start_source(request, next_about, succeed);
}

static void
note_left(hwr_request_t *request, void *context) {
  (void) context;
  reply_nothing(request);
  take_note("left");
}

/* Neither ends by itself nor gives anything. */
static void
silent(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
  hwr_request_on_cancel(request, note_left, NULL);
}

static void
refuse_or_echo_pipe(hwr_pipe_t *pipe, void *context) {
  if (strcmp(hwr_pipe_name(pipe), "refused")) {
    echo_pipe(pipe, context);
    return;
  }
  hwr_pipe_reset(pipe, &far_error);
  hwr_pipe_release(pipe);
}

static void
set_up(hwr_worker_t *worker) {
  must(hwr_worker_on_pipe(worker, refuse_or_echo_pipe, NULL));
}

enum { STREAM = ROUTE_STREAM | ROUTE_FREE };

static const route_t source_routes[] = {
    {"generator", generator, STREAM},
    {"readable", generator, STREAM},
    {"promised", generator, STREAM},
    {"web", generator, STREAM},
    {"custom", generator, STREAM},
    {"silentGenerator", silent, STREAM},
    {"silentReadable", silent, STREAM},
    {"silentWeb", silent, STREAM},
    {"silentCustom", silent, STREAM},
    {"endless", endless, STREAM},
    {"throws", throws, STREAM},
    {"throwsAtOnce", throws_at_once, STREAM},
    {"brokenReadable", broken, STREAM},
    {"destroyed", destroyed, STREAM},
    {"destroyedWithError", throws_at_once, STREAM},
    {"lockedWeb", locked, STREAM},
    {"noIterator", no_iterator, STREAM},
    {"yields", yields, STREAM},
    {"exits", exits, STREAM},
    {"about", about, STREAM},
    {"plain", echo, ROUTE_FREE},
    {"whenNoted", when_noted, 0},
    {"noted", tell_noted, 0},
    {"produced", tell_produced, 0},
    {"running", tell_running, 0},
    {"never", keep_for_ever, ROUTE_FREE},
};

int
main(int argc, char **argv) {
  enum { SOURCES = sizeof source_routes / sizeof *source_routes };
  route_t *routes = need((SOURCES + given_route_count) * sizeof *routes);
  memcpy(routes, source_routes, sizeof source_routes);
  memcpy(routes + SOURCES, given_routes, given_route_count * sizeof *routes);
  const program_t program = {.routes = routes,
                             .route_count = SOURCES + given_route_count,
                             .serializer = "picky",
                             .set_up = set_up};
  int code = program_run(&program, argc, argv);
  free(routes);
  return code;
}
