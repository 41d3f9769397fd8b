/* SPDX-License-Identifier: MIT
 *
 * error_records.h - errors as the payload of ERROR and RESET.         docs/protocol.md P10.1 to P10.6
 *
 * Thread  none.
 */
#ifndef HWR_SDK_ERROR_RECORDS_H
#define HWR_SDK_ERROR_RECORDS_H

#include <hawser/worker.h>

enum {
  HWR__MAX_ERROR_BYTES = 65536,
  HWR__MAX_CAUSES = 8,
  HWR__MAX_PROPERTIES = 32 /* of one error that is read; what is beyond is skipped */
};

/* Write an error; texts are cut, properties and causes left out to keep to HWR__MAX_ERROR_BYTES.
 *
 *   error    borrowed until return; NULL: an Error without a message
 *   bytes    out: returned owned, to free(3); untouched on error
 *   returns  0, HWR_ENOMEM
 */
int hwr__error_write(const hwr_error_t *error, uint8_t **bytes, size_t *length_bytes);

/* Read one. What cannot be read gives a "ProtocolError" that says so (P10.6).
 *
 *   error    out: returned owned, to hwr__error_free, with all that it points to
 *   bytes    borrowed until return
 *   returns  0, HWR_ENOMEM
 */
int hwr__error_read(hwr_error_t **error, const uint8_t *bytes, size_t length_bytes);
/* NULL does nothing. */
void hwr__error_free(hwr_error_t *error);

#endif
