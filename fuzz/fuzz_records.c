/* SPDX-License-Identifier: MIT
 *
 * Whatever the bytes are, they are read as INIT and as an error, or refused; an error that was read
 * can be written, and what was written is read as the same.
 */
#include "sdk/error_records.h"
#include "sdk/start_records.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool good) {
  if (!good) abort();
}

static void
check_init(const uint8_t *data, size_t size) {
  hwr__init_t init;
  if (hwr__init_read(&init, data, size)) return;
  require(init.serializer != NULL);
  for (size_t i = 0; i < init.type_count; i++) hwr__init_timeout_ms(&init, init.types[i].type);
  for (size_t i = 0; i < init.method_count; i++) require(strlen(init.methods[i]) < 3 * size);
  hwr__init_deinit(&init);
}

static size_t
count_causes(const hwr_error_t *error) {
  size_t count = 0;
  for (; error->cause; error = error->cause) count++;
  return count;
}

static void
check_error(const uint8_t *data, size_t size) {
  hwr_error_t *error, *again;
  uint8_t *bytes;
  size_t count;
  require(hwr__error_read(&error, data, size) == 0);
  require(error->name && error->message && count_causes(error) <= HWR__MAX_CAUSES);
  require(hwr__error_write(error, &bytes, &count) == 0 && count <= HWR__MAX_ERROR_BYTES);
  require(hwr__error_read(&again, bytes, count) == 0);
  /* Only texts that had room are the same. */
  if (size < 4096) {
    require(strncmp(again->name, error->name, 100) == 0);
    require(strcmp(again->message, error->message) == 0);
    require(count_causes(again) == count_causes(error));
  }
  free(bytes);
  hwr__error_free(again);
  hwr__error_free(error);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  check_init(data, size);
  check_error(data, size);
  return 0;
}
