/* SPDX-License-Identifier: MIT */
#include "sdk/text_payload.h"

#include "sdk/record_reader.h"
#include "sdk/record_writer.h"

#include <stdlib.h>

char *
hwr__text_read(const uint8_t *bytes, size_t length_bytes, size_t *text_bytes) {
  hwr_reader_t reader;
  hwr__record_value_t value;
  *text_bytes = 0;
  if (hwr__record_begin(&reader, bytes, length_bytes) || hwr__record_read(&reader, &value) ||
      value.tag != HWR__LATIN1)
    return NULL;
  char *text = malloc(hwr__record_text_room(&value.text));
  if (text) *text_bytes = (size_t) (hwr__record_text_put_whole(&value.text, text) - text) - 1;
  return text;
}

int
hwr__text_write(hwr_payload_t *payload, uint8_t **record) {
  *record = NULL;
  bool is_nowhere = !payload->bytes && payload->length_bytes > 0; /* refused later */
  if (payload->codec != HWR_CODEC_TEXT || is_nowhere) return 0;
  hwr__record_writer_t writer = {0};
  const char *text = payload->bytes ? payload->bytes : "";
  hwr__record_write_begin(&writer);
  hwr__record_write_text_of(&writer, text, payload->length_bytes, SIZE_MAX);
  if (writer.failed) {
    free(writer.bytes);
    return HWR_ENOMEM;
  }
  *record = writer.bytes;
  payload->bytes = writer.bytes;
  payload->length_bytes = writer.length_bytes;
  return 0;
}
