/* SPDX-License-Identifier: MIT
 *
 * text_payload.h - payloads of codec 6, which stand as a record on the wire (P9.1) and as UTF-8 before
 * the program.
 *
 * Thread  none.
 */
#ifndef HWR_SDK_TEXT_PAYLOAD_H
#define HWR_SDK_TEXT_PAYLOAD_H

#include <hawser/worker.h>

/* The text of a record of `length_bytes`: returned owned, to free(3), with a NUL behind its
 * *text_bytes; NULL without memory, or where the record is no text, and *text_bytes is 0 then. */
char *hwr__text_read(const uint8_t *bytes, size_t length_bytes, size_t *text_bytes);
/* The payload as it goes on the wire: one of codec 6 becomes its record, returned owned through
 * *record, to free(3); of others *record is NULL. 0 or HWR_ENOMEM. */
int hwr__text_write(hwr_payload_t *payload, uint8_t **record);

#endif
