/* SPDX-License-Identifier: MIT
 *
 * text_index.c - a worker that indexes the text of a pipe, and answers meanwhile.
 *
 *   openPipe(name)                 text; the other end ends when it has been indexed
 *   send('find', { word, limit })  { count, lines }: in how many lines it stands, and the first ones
 *   send('stats')                  { lines, words, places } of what has been read so far
 *
 * One thread does it all, so nothing needs a lock. The pipe holds no more than its window: whoever
 * writes faster than this reads has to wait.
 */
#include "word_index.h"
#include <hawser/worker.h>
#include <stdio.h>

enum { MAX_LINES_TOLD = 1000 };

typedef struct text_index_s {
  word_index_t words;
  hwr_pipe_t *pipe; /* owned; what is being read, or NULL */
} text_index_t;

/* ---- reading */

static void
refuse(hwr_pipe_t *pipe, const char *code, const char *message) {
  hwr_error_t error = {.name = "Error", .code = code, .message = message};
  hwr_pipe_reset(pipe, &error);
}

/* Index what has come: HWR_EAGAIN when more may come, or how it has ended. */
static int
read_text(text_index_t *index) {
  hwr_payload_t text;
  int status;
  while ((status = hwr_pipe_read(index->pipe, &text)) == 1)
    if (!word_index_add(&index->words, text.bytes, text.length_bytes)) return HWR_EOVERLOAD;
  if (status != HWR_EAGAIN && !word_index_end(&index->words)) return HWR_EOVERLOAD;
  return status;
}

static void
on_text(hwr_pipe_t *pipe, void *context) {
  text_index_t *index = context;
  int status = read_text(index);
  if (status == HWR_EAGAIN) return;
  if (status == 0) hwr_pipe_end(pipe);
  if (status == HWR_EOVERLOAD) refuse(pipe, "INDEX_FULL", "the index is full");
  hwr_pipe_release(pipe);
  index->pipe = NULL;
}

static void
on_pipe(hwr_pipe_t *pipe, void *context) {
  text_index_t *index = context;
  if (index->pipe || hwr_pipe_has_objects(pipe)) {
    refuse(pipe, "NO_TEXT", "expected one pipe of bytes at a time");
    hwr_pipe_release(pipe);
    return;
  }
  index->pipe = pipe;
  hwr_pipe_on_ready(pipe, on_text, index);
}

/* ---- answering */

static void
answer(hwr_request_t *request, hwr_msgpack_writer_t *writer) {
  if (writer->status) hwr_fail_with(request, "NO_MEMORY", hwr_status_text(writer->status));
  else hwr_reply(request, hwr_msgpack_payload(writer));
  hwr_msgpack_writer_deinit(writer);
}

static void
tell_stats(hwr_request_t *request, void *context) {
  const text_index_t *index = context;
  hwr_msgpack_writer_t writer;
  hwr_msgpack_writer_init(&writer);
  hwr_msgpack_write_map(&writer, 3);
  hwr_msgpack_write_text(&writer, "lines");
  hwr_msgpack_write_uint64(&writer, index->words.line - 1);
  hwr_msgpack_write_text(&writer, "words");
  hwr_msgpack_write_uint64(&writer, index->words.word_count);
  hwr_msgpack_write_text(&writer, "places");
  hwr_msgpack_write_uint64(&writer, index->words.place_count);
  answer(request, &writer);
}

static void
tell_lines(hwr_request_t *request, const word_t *word, uint64_t limit) {
  uint32_t count = word ? word->count : 0;
  uint32_t told = count < limit ? count : (uint32_t) limit;
  hwr_msgpack_writer_t writer;
  hwr_msgpack_writer_init(&writer);
  hwr_msgpack_write_map(&writer, 2);
  hwr_msgpack_write_text(&writer, "count");
  hwr_msgpack_write_uint64(&writer, count);
  hwr_msgpack_write_text(&writer, "lines");
  hwr_msgpack_write_array(&writer, told);
  for (uint32_t i = 0; i < told; i++) hwr_msgpack_write_uint64(&writer, word->lines[i]);
  answer(request, &writer);
}

static void
find(hwr_request_t *request, void *context) {
  const text_index_t *index = context;
  hwr_payload_t payload = hwr_request_payload(request);
  hwr_msgpack_reader_t map = hwr_msgpack_reader(payload.bytes, payload.length_bytes);
  hwr_msgpack_reader_t word = map;
  const char *text;
  size_t length_bytes;
  uint64_t limit = MAX_LINES_TOLD;
  if (hwr_msgpack_find(&word, "word") || hwr_msgpack_read_text(&word, &text, &length_bytes)) {
    hwr_fail_with(request, "ERR_INVALID_ARG_TYPE", "expected { word: string }");
    return;
  }
  if (hwr_msgpack_find(&map, "limit") == 0) hwr_msgpack_read_uint64(&map, &limit);
  if (limit > MAX_LINES_TOLD) limit = MAX_LINES_TOLD;
  tell_lines(request, word_index_find(&index->words, text, length_bytes), limit);
}

int
main(void) {
  hwr_worker_t *worker;
  text_index_t index = {.pipe = NULL};
  if (hwr_worker_create(&worker, NULL)) return 1;
  word_index_init(&index.words);
  hwr_worker_handle(worker, "find", find, &index);
  hwr_worker_handle(worker, "stats", tell_stats, &index);
  hwr_worker_on_pipe(worker, on_pipe, &index);
  int status = hwr_worker_run(worker);
  if (status) fprintf(stderr, "text_index: %s\n", hwr_status_text(status));
  hwr_worker_destroy(worker);
  word_index_deinit(&index.words);
  return status ? 1 : 0;
}
