/* SPDX-License-Identifier: MIT
 *
 * values.c - reading and writing of payloads.
 */
#include "values.h"
#include "program.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading */

static hwr_msgpack_reader_t
reader_of(hwr_payload_t value) {
  bool is_readable = value.codec == HWR_CODEC_MSGPACK;
  return hwr_msgpack_reader(value.bytes, is_readable ? value.length_bytes : 0);
}

static hwr_payload_t
slice(hwr_msgpack_reader_t *reader) {
  const uint8_t *from = reader->at;
  if (hwr_msgpack_skip(reader)) return hwr_nothing();
  return hwr_payload(HWR_CODEC_MSGPACK, from, (size_t) (reader->at - from));
}

hwr_payload_t
value_field(hwr_payload_t map, const char *key) {
  hwr_msgpack_reader_t reader = reader_of(map);
  return hwr_msgpack_find(&reader, key) ? hwr_nothing() : slice(&reader);
}

hwr_payload_t
value_element(hwr_payload_t array, uint32_t index) {
  hwr_msgpack_reader_t reader = reader_of(array);
  uint32_t count;
  if (hwr_msgpack_read_array(&reader, &count) || index >= count) return hwr_nothing();
  while (index--) must(hwr_msgpack_skip(&reader));
  return slice(&reader);
}

bool
value_is_nothing(hwr_payload_t value) {
  hwr_msgpack_reader_t reader = reader_of(value);
  hwr_msgpack_t read;
  if (value.codec != HWR_CODEC_MSGPACK) return value.codec == HWR_CODEC_NONE;
  return hwr_msgpack_read(&reader, &read) == 1 && read.kind == HWR_MSGPACK_EXT &&
         read.ext_type == 0;
}

bool
value_is_nil(hwr_payload_t value) {
  hwr_msgpack_reader_t reader = reader_of(value);
  hwr_msgpack_t read;
  return hwr_msgpack_read(&reader, &read) == 1 && read.kind == HWR_MSGPACK_NIL;
}

int64_t
value_int(hwr_payload_t value, int64_t otherwise) {
  hwr_msgpack_reader_t reader = reader_of(value);
  int64_t result;
  char digits[24] = "";
  if (value.codec == HWR_CODEC_MSGPACK)
    return hwr_msgpack_read_int64(&reader, &result) ? otherwise : result;
  if (!value.length_bytes || value.length_bytes >= sizeof digits) return otherwise;
  memcpy(digits, value.bytes, value.length_bytes);
  return strtoll(digits, NULL, 10);
}

char *
value_text(hwr_payload_t value) {
  hwr_msgpack_reader_t reader = reader_of(value);
  const char *text;
  size_t length_bytes;
  if (hwr_msgpack_read_text(&reader, &text, &length_bytes)) return NULL;
  char *copy = need(length_bytes + 1);
  memcpy(copy, text, length_bytes);
  return copy;
}

const uint8_t *
value_bytes(hwr_payload_t value, size_t *length_bytes) {
  hwr_msgpack_reader_t reader = reader_of(value);
  const uint8_t *bytes = value.bytes;
  *length_bytes = value.length_bytes;
  if (value.codec == HWR_CODEC_RAW) return bytes;
  return hwr_msgpack_read_bytes(&reader, &bytes, length_bytes) ? NULL : bytes;
}

/* ---- writing */

static pthread_key_t writers;

static void
free_writer(void *writer) {
  hwr_msgpack_writer_deinit(writer);
  free(writer);
}

static void
make_writers(void) {
  if (pthread_key_create(&writers, free_writer)) abort();
}

hwr_msgpack_writer_t *
value_writer(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, make_writers);
  hwr_msgpack_writer_t *writer = pthread_getspecific(writers);
  if (!writer) {
    writer = need(sizeof *writer);
    hwr_msgpack_writer_init(writer);
    if (pthread_setspecific(writers, writer)) abort();
  }
  hwr_msgpack_writer_reset(writer);
  return writer;
}

hwr_payload_t
value_written(const hwr_msgpack_writer_t *writer) {
  must(writer->status);
  return hwr_msgpack_payload(writer);
}

void
write_value(hwr_msgpack_writer_t *writer, hwr_payload_t value) {
  if (value.codec == HWR_CODEC_MSGPACK)
    hwr_msgpack_write_encoded(writer, value.bytes, value.length_bytes);
  else if (value.codec == HWR_CODEC_RAW)
    hwr_msgpack_write_bytes(writer, value.bytes, value.length_bytes);
  else hwr_msgpack_write_ext(writer, 0, "", 1);
}

void
write_int_field(hwr_msgpack_writer_t *writer, const char *key, int64_t value) {
  hwr_msgpack_write_text(writer, key);
  hwr_msgpack_write_int64(writer, value);
}

void
write_text_field(hwr_msgpack_writer_t *writer, const char *key, const char *text) {
  hwr_msgpack_write_text(writer, key);
  if (text) hwr_msgpack_write_text(writer, text);
  else write_value(writer, hwr_nothing());
}

hwr_payload_t
encoded_int(enum hwr_codec codec, int64_t value) {
  hwr_msgpack_writer_t *writer = value_writer();
  char digits[24];
  if (codec == HWR_CODEC_MSGPACK) {
    hwr_msgpack_write_int64(writer, value);
  } else {
    int length = snprintf(digits, sizeof digits, "%lld", (long long) value);
    hwr_msgpack_write_encoded(writer, digits, (size_t) length);
  }
  must(writer->status);
  return hwr_payload(codec, writer->bytes, writer->length_bytes);
}

/* ---- answers */

void
reply_nothing(hwr_request_t *request) {
  must(hwr_reply(request, hwr_nothing()));
}

void
reply_written(hwr_request_t *request, const hwr_msgpack_writer_t *writer) {
  must(hwr_reply(request, value_written(writer)));
}

void
reply_int(hwr_request_t *request, int64_t value) {
  must(hwr_reply(request, encoded_int(hwr_worker_codec(hwr_request_worker(request)), value)));
}

void
reply_text(hwr_request_t *request, const char *text) {
  hwr_msgpack_writer_t *writer = value_writer();
  hwr_msgpack_write_text(writer, text);
  reply_written(request, writer);
}

void
reply_bytes(hwr_request_t *request, size_t length_bytes, int byte) {
  void *bytes = need(length_bytes);
  memset(bytes, byte, length_bytes);
  must(hwr_reply(request, hwr_payload(HWR_CODEC_RAW, bytes, length_bytes)));
  free(bytes);
}

hwr_error_t
error_of_status(int status) {
  hwr_error_t error = {NULL, NULL, hwr_status_text(status), NULL, NULL, 0};
  switch (status) {
  case HWR_ECLOSED:
    error.name = "WorkerClosedError", error.code = "ERR_HAWSER_CLOSED";
    break;
  case HWR_EOVERLOAD:
    error.name = "OverloadedError", error.code = "ERR_HAWSER_OVERLOADED";
    break;
  case HWR_EUNKNOWN:
    error.name = "UnknownTypeError", error.code = "ERR_HAWSER_UNKNOWN_TYPE";
    break;
  case HWR_ETIMEOUT:
    error.name = "TimeoutError", error.code = "ERR_HAWSER_TIMEOUT";
    break;
  case HWR_EBADARG:
    error.name = "SerializationError", error.code = "ERR_HAWSER_SERIALIZE";
    break;
  default:
    error.code = hwr_status_name(status);
  }
  return error;
}

void
fail_with_status(hwr_request_t *request, int status) {
  hwr_error_t error = error_of_status(status);
  must(hwr_fail(request, &error));
}

void
echo(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_reply(request, hwr_request_payload(request)));
}

void
keep_for_ever(hwr_request_t *request, void *context) {
  (void) context;
  must(hwr_request_keep(request));
}
