/* SPDX-License-Identifier: MIT
 *
 * values.h - payloads as values. What is handed out borrows from the payload; integers are read and
 * written in whatever encoding the worker has.
 */
#ifndef VALUES_H
#define VALUES_H

#include <hawser/worker.h>

/* Of a map in MessagePack: what it has under a key; HWR_CODEC_NONE where it has nothing. */
hwr_payload_t value_field(hwr_payload_t map, const char *key);
/* Of an array, likewise. */
hwr_payload_t value_element(hwr_payload_t array, uint32_t index);
bool value_is_nothing(hwr_payload_t value); /* as JavaScript's undefined */
bool value_is_nil(hwr_payload_t value);
int64_t value_int(hwr_payload_t value, int64_t otherwise);
/* Owned, ended by NUL; NULL where it is no text. */
char *value_text(hwr_payload_t value);
/* The bytes of a bin, or of a raw payload. */
const uint8_t *value_bytes(hwr_payload_t value, size_t *length_bytes);

static inline int64_t
value_int_field(hwr_payload_t map, const char *key, int64_t otherwise) {
  return value_int(value_field(map, key), otherwise);
}

/* A writer of this thread, empty; valid until the next call. */
hwr_msgpack_writer_t *value_writer(void);
/* What was written, as a payload; ends the process if the writing failed. */
hwr_payload_t value_written(const hwr_msgpack_writer_t *writer);
/* JavaScript's undefined, or a value that is encoded already. */
void write_value(hwr_msgpack_writer_t *writer, hwr_payload_t value);
void write_int_field(hwr_msgpack_writer_t *writer, const char *key, int64_t value);
void write_text_field(hwr_msgpack_writer_t *writer, const char *key, const char *text);

/* Encoded as the worker does; valid until the next call of the above. */
hwr_payload_t encoded_int(enum hwr_codec codec, int64_t value);

/* Answers, which must succeed. */
void reply_nothing(hwr_request_t *request);
void reply_int(hwr_request_t *request, int64_t value);
void reply_text(hwr_request_t *request, const char *text);
void reply_written(hwr_request_t *request, const hwr_msgpack_writer_t *writer);
/* A Buffer of so many bytes of that value. */
void reply_bytes(hwr_request_t *request, size_t length_bytes, int byte);
/* The error of hawser that stands for a status. */
hwr_error_t error_of_status(int status);
void fail_with_status(hwr_request_t *request, int status);

/* Handlers that several programs have. */
void echo(hwr_request_t *request, void *context);
void keep_for_ever(hwr_request_t *request, void *context);

#endif
