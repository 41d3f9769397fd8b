/* SPDX-License-Identifier: MIT
 *
 * Reading and skipping agree, also on what is refused; values that were read can be written, and read
 * back as the same.
 */
#include <hawser/msgpack.h>

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good) {
  if (!good) abort();
}

static void
write_value(hwr_msgpack_writer_t *writer, const hwr_msgpack_t *value) {
  switch (value->kind) {
  case HWR_MSGPACK_NIL:
    hwr_msgpack_write_nil(writer);
    break;
  case HWR_MSGPACK_BOOL:
    hwr_msgpack_write_bool(writer, value->boolean);
    break;
  case HWR_MSGPACK_INT:
    hwr_msgpack_write_int64(writer, value->integer);
    break;
  case HWR_MSGPACK_UINT:
    hwr_msgpack_write_uint64(writer, value->natural);
    break;
  case HWR_MSGPACK_DOUBLE:
    hwr_msgpack_write_double(writer, value->number);
    break;
  case HWR_MSGPACK_TEXT:
    hwr_msgpack_write_text_of(writer, (const char *) value->bytes, value->count);
    break;
  case HWR_MSGPACK_BYTES:
    hwr_msgpack_write_bytes(writer, value->bytes, value->count);
    break;
  case HWR_MSGPACK_ARRAY:
    hwr_msgpack_write_array(writer, value->count);
    break;
  case HWR_MSGPACK_MAP:
    hwr_msgpack_write_map(writer, value->count);
    break;
  case HWR_MSGPACK_EXT:
    hwr_msgpack_write_ext(writer, value->ext_type, value->bytes, value->count);
    break;
  }
}

static bool
is_same(const hwr_msgpack_t *a, const hwr_msgpack_t *b) {
  if (a->kind != b->kind || a->count != b->count || a->ext_type != b->ext_type) return false;
  if (a->integer != b->integer || a->natural != b->natural || a->boolean != b->boolean)
    return false;
  if (a->bytes && a->count) return memcmp(a->bytes, b->bytes, a->count) == 0;
  return a->number == b->number || (a->number != a->number && b->number != b->number);
}

/* Every value of `data` in turn, heads of containers as well. Returns how many bytes they take. */
static size_t
copy_values(hwr_msgpack_writer_t *writer, const uint8_t *data, size_t size) {
  hwr_msgpack_reader_t reader = hwr_msgpack_reader(data, size);
  hwr_msgpack_t value;
  const uint8_t *before = reader.at;
  while (hwr_msgpack_read(&reader, &value) == 1) {
    require(reader.at > before && reader.at <= reader.end);
    before = reader.at;
    write_value(writer, &value);
  }
  require(reader.at == before);
  return (size_t) (reader.at - data);
}

/* Heads that claim more than there is are refused, so the copy is padded to the size of the input. */
static void
check_copy(hwr_msgpack_writer_t *writer, const uint8_t *data, size_t size, size_t read) {
  size_t written = writer->length_bytes;
  require(writer->status == 0 && written <= read);
  hwr_msgpack_reader_t from = hwr_msgpack_reader(data, size);
  for (size_t i = written; i < size + 1; i++) hwr_msgpack_write_nil(writer);
  hwr_msgpack_reader_t to = hwr_msgpack_reader(writer->bytes, writer->length_bytes);
  hwr_msgpack_t a, b;
  while (hwr_msgpack_read(&from, &a) == 1) {
    require(hwr_msgpack_read(&to, &b) == 1);
    require(is_same(&a, &b));
  }
}

/* Past one value by reading it and what it holds. */
static int
read_whole(hwr_msgpack_reader_t *reader) {
  for (uint64_t left = 1; left > 0; left--) {
    hwr_msgpack_t value;
    if (hwr_msgpack_read(reader, &value) != 1) return HWR_EMALFORMED;
    if (value.kind == HWR_MSGPACK_ARRAY) left += value.count;
    if (value.kind == HWR_MSGPACK_MAP) left += 2 * (uint64_t) value.count;
  }
  return 0;
}

static void
check_skip(const uint8_t *data, size_t size) {
  hwr_msgpack_reader_t read = hwr_msgpack_reader(data, size), skip = read, find = read;
  int status = hwr_msgpack_skip(&skip);
  require(status == read_whole(&read));
  require(skip.at == (status ? data : read.at) || size == 0);
  status = hwr_msgpack_find(&find, "a");
  if (status == 0) require(find.at > data && find.at < find.end);
  else require(find.at == data || size == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  hwr_msgpack_writer_t writer;
  hwr_msgpack_writer_init(&writer);
  check_skip(data, size);
  size_t read = copy_values(&writer, data, size);
  check_copy(&writer, data, size, read);
  hwr_msgpack_writer_deinit(&writer);
  return 0;
}
