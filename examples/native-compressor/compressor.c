/* SPDX-License-Identifier: MIT
 *
 * compressor.c - gzip in threads of its own, for a program of Node.js.
 *
 *   send('compress', { bytes, level })  a Buffer; progress tells how much is done, up to 1
 *   send('decompress', { bytes })       likewise
 *   stream('gzip', source)              Buffers, compressed as they come
 *   stream('gunzip', source)            and back
 *
 * Its errors have the codes of node:zlib, such as 'Z_DATA_ERROR' for what is not gzip.
 */
#include <hawser/worker.h>
#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

enum {
  THREADS = 2,
  STEP_BYTES = 256 * 1024,     /* of input, between two looks at whether somebody still waits */
  CHUNK_BYTES = 64 * 1024,     /* of output, that a stream gives at a time */
  MAX_OUTPUT_BYTES = 32 << 20, /* a few bytes may decompress to gigabytes */
  GZIP = 15 + 16               /* window bits of zlib: the most, and gzip's header */
};

/* How a job ends that zlib does not end; zlib's own are from -6 to 2. */
enum { GIVEN_UP = 1000, SOURCE_FAILED, TOO_LARGE, NO_BYTES };

/* Compression and decompression differ in this alone. */
typedef struct coder_s {
  int (*open)(z_stream *zlib, int level);
  int (*code)(z_stream *zlib, int flush);
  int (*close)(z_stream *zlib);
  int last_flush; /* with the last of the input */
} coder_t;

static int
open_deflate(z_stream *zlib, int level) {
  return deflateInit2(zlib, level, Z_DEFLATED, GZIP, 8, Z_DEFAULT_STRATEGY);
}

static int
open_inflate(z_stream *zlib, int level) {
  (void) level;
  return inflateInit2(zlib, GZIP);
}

static const coder_t compressor = {open_deflate, deflate, deflateEnd, Z_FINISH};
static const coder_t decompressor = {open_inflate, inflate, inflateEnd, Z_NO_FLUSH};

static const struct failure_s {
  int status;
  const char *code, *message;
} failures[] = {
    {Z_DATA_ERROR, "Z_DATA_ERROR", "incorrect data"},
    {Z_BUF_ERROR, "Z_BUF_ERROR", "unexpected end of file"},
    {Z_NEED_DICT, "Z_NEED_DICT", "Missing dictionary"},
    {Z_STREAM_ERROR, "Z_STREAM_ERROR", "level is not from -1 to 9"},
    {Z_MEM_ERROR, "Z_MEM_ERROR", "out of memory"},
    {TOO_LARGE, "ERR_TOO_LARGE", "the result is too large"},
    {NO_BYTES, "ERR_INVALID_ARG_TYPE", "expected a Buffer"},
    {GIVEN_UP, "ABORT_ERR", "nobody waits for it"},
};

static void
fail(hwr_request_t *request, int status, const char *message) {
  const struct failure_s *failure = failures;
  while (failure->status != status && failure->status != GIVEN_UP) failure++;
  hwr_fail_with(request, failure->code, message ? message : failure->message);
}

/* ---- a Buffer at once */

typedef struct job_s {
  hwr_request_t *request;
  const coder_t *coder;
  z_stream zlib;
  const uint8_t *input; /* borrowed from the request */
  size_t input_bytes;
  uint8_t *output; /* owned */
  size_t capacity_bytes;
} job_t;

static int
grow(job_t *job) {
  size_t capacity = job->capacity_bytes ? job->capacity_bytes * 2 : CHUNK_BYTES;
  if (capacity > MAX_OUTPUT_BYTES) return TOO_LARGE;
  uint8_t *output = realloc(job->output, capacity);
  if (!output) return Z_MEM_ERROR;
  job->output = output;
  job->capacity_bytes = capacity;
  return Z_OK;
}

static int
step(job_t *job) {
  z_stream *zlib = &job->zlib;
  size_t left = job->input_bytes - zlib->total_in;
  bool is_last = left <= STEP_BYTES;
  zlib->next_in = (Bytef *) (job->input + zlib->total_in);
  zlib->avail_in = (uInt) (is_last ? left : STEP_BYTES);
  zlib->next_out = job->output + zlib->total_out;
  zlib->avail_out = (uInt) (job->capacity_bytes - zlib->total_out);
  return job->coder->code(zlib, is_last ? job->coder->last_flush : Z_NO_FLUSH);
}

static void
tell_progress(job_t *job) {
  hwr_msgpack_writer_t writer;
  hwr_msgpack_writer_init(&writer);
  hwr_msgpack_write_double(&writer, (double) job->zlib.total_in / (double) job->input_bytes);
  hwr_progress(job->request, hwr_msgpack_payload(&writer));
  hwr_msgpack_writer_deinit(&writer);
}

static int
run(job_t *job) {
  int status = Z_OK;
  while (status == Z_OK) {
    if (hwr_request_is_cancelled(job->request)) return GIVEN_UP;
    if (job->zlib.total_out == job->capacity_bytes) status = grow(job);
    if (status == Z_OK) status = step(job);
    if (job->input_bytes > STEP_BYTES) tell_progress(job);
  }
  return status;
}

static void
answer(job_t *job, int status) {
  hwr_payload_t output = hwr_payload(HWR_CODEC_RAW, job->output, job->zlib.total_out);
  if (status != Z_STREAM_END) fail(job->request, status, job->zlib.msg);
  else if (hwr_reply(job->request, output) == HWR_ETOOBIG) /* the host may allow less than we do */
    fail(job->request, TOO_LARGE, NULL);
}

/* Z_OK with { bytes, level }, or why not. What is found borrows from the payload. */
static int
read_message(hwr_payload_t payload, job_t *job, int *level) {
  hwr_msgpack_reader_t map = hwr_msgpack_reader(payload.bytes, payload.length_bytes);
  hwr_msgpack_reader_t bytes = map;
  int64_t number;
  if (hwr_msgpack_find(&bytes, "bytes")) return NO_BYTES;
  if (hwr_msgpack_read_bytes(&bytes, &job->input, &job->input_bytes)) return NO_BYTES;
  if (hwr_msgpack_find(&map, "level")) return Z_OK;
  if (hwr_msgpack_read_int64(&map, &number) || number < -1 || number > 9) return Z_STREAM_ERROR;
  *level = (int) number;
  return Z_OK;
}

static void
handle_buffer(hwr_request_t *request, void *context) {
  job_t job = {.request = request, .coder = context};
  int level = Z_DEFAULT_COMPRESSION;
  int status = read_message(hwr_request_payload(request), &job, &level);
  if (status == Z_OK) status = job.coder->open(&job.zlib, level);
  if (status == Z_OK) {
    status = run(&job);
    job.coder->close(&job.zlib);
  }
  answer(&job, status);
  free(job.output);
}

/* ---- a stream, chunk by chunk: its thread waits while there is nothing to read, or no room */

typedef struct flow_s {
  hwr_pipe_t *items, *results; /* the request's */
  const coder_t *coder;
  z_stream zlib;
  uint8_t chunk[CHUNK_BYTES];
} flow_t;

static void
empty_chunk(flow_t *flow) {
  flow->zlib.next_out = flow->chunk;
  flow->zlib.avail_out = CHUNK_BYTES;
}

static int
write_chunk(flow_t *flow) {
  size_t length_bytes = CHUNK_BYTES - flow->zlib.avail_out;
  hwr_payload_t item = hwr_payload(HWR_CODEC_RAW, flow->chunk, length_bytes);
  int64_t status = 0;
  while (length_bytes > 0 && (status = hwr_pipe_write(flow->results, item)) == HWR_EAGAIN)
    if (hwr_pipe_wait(flow->results, HWR_PIPE_WRITE)) break;
  empty_chunk(flow);
  return status < 0 ? GIVEN_UP : Z_OK;
}

/* Code what zlib was given; chunks that are full go out. Z_OK or Z_BUF_ERROR: it wants more. */
static int
code(flow_t *flow, int flush) {
  for (;;) {
    int status = flow->coder->code(&flow->zlib, flush);
    if (flow->zlib.avail_out > 0) return status;
    if (write_chunk(flow)) return GIVEN_UP;
  }
}

/* Give zlib the next item: Z_OK, Z_STREAM_END behind the last, or why not. */
static int
read_item(flow_t *flow) {
  hwr_payload_t item;
  int status;
  while ((status = hwr_pipe_read(flow->items, &item)) == HWR_EAGAIN)
    if (hwr_pipe_wait(flow->items, HWR_PIPE_READ)) break;
  if (status <= 0) return status == 0 ? Z_STREAM_END : SOURCE_FAILED;

  hwr_msgpack_reader_t reader = hwr_msgpack_reader(item.bytes, item.length_bytes);
  const uint8_t *bytes;
  size_t length_bytes;
  if (hwr_msgpack_read_bytes(&reader, &bytes, &length_bytes)) return NO_BYTES;
  flow->zlib.next_in = (Bytef *) bytes;
  flow->zlib.avail_in = (uInt) length_bytes;
  return Z_OK;
}

static int
run_flow(flow_t *flow) {
  int read, coded = Z_OK;
  while ((read = read_item(flow)) == Z_OK) {
    coded = code(flow, Z_NO_FLUSH);
    if (coded != Z_OK && coded != Z_BUF_ERROR) break;
  }
  if (read == Z_STREAM_END) coded = code(flow, flow->coder->last_flush);
  else if (read != Z_OK) return read;
  return coded == Z_STREAM_END && write_chunk(flow) ? GIVEN_UP : coded;
}

static void
answer_flow(hwr_request_t *request, const flow_t *flow, int status) {
  const hwr_error_t *error = flow->items ? hwr_pipe_error(flow->items) : NULL;
  if (status == Z_STREAM_END) hwr_reply(request, hwr_nothing());
  else if (status == SOURCE_FAILED && error) hwr_fail(request, error);
  else fail(request, status, flow->zlib.msg);
}

static void
handle_stream(hwr_request_t *request, void *context) {
  flow_t flow = {.coder = context};
  flow.items = hwr_request_items(request);
  flow.results = hwr_request_results(request);
  int status = flow.items ? flow.coder->open(&flow.zlib, Z_DEFAULT_COMPRESSION) : NO_BYTES;
  if (status == Z_OK) {
    empty_chunk(&flow);
    status = run_flow(&flow);
    flow.coder->close(&flow.zlib);
  }
  answer_flow(request, &flow, status);
}

int
main(void) {
  hwr_worker_options_t options = {.threads = THREADS};
  hwr_worker_t *worker;
  if (hwr_worker_create(&worker, &options)) return 1;
  hwr_worker_handle(worker, "compress", handle_buffer, (void *) &compressor);
  hwr_worker_handle(worker, "decompress", handle_buffer, (void *) &decompressor);
  hwr_worker_handle_stream(worker, "gzip", handle_stream, (void *) &compressor);
  hwr_worker_handle_stream(worker, "gunzip", handle_stream, (void *) &decompressor);
  int status = hwr_worker_run(worker);
  if (status) fprintf(stderr, "compressor: %s\n", hwr_status_text(status));
  hwr_worker_destroy(worker);
  return status ? 1 : 0;
}
