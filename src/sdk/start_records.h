/* SPDX-License-Identifier: MIT
 *
 * start_records.h - the payloads of INIT and METHODS.                     docs/protocol.md P3.8, P3.9
 *
 * Memory  what is read is copied; hwr__init_deinit frees it.
 * Thread  none.
 */
#ifndef HWR_SDK_START_RECORDS_H
#define HWR_SDK_START_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HWR__MAX_METHODS = 65536 };

typedef struct hwr__init_timeout_s {
  char *type;
  uint32_t timeout_ms;
} hwr__init_timeout_t;

typedef struct hwr__init_s {  /* texts in UTF-8, ended by NUL */
  char *name;                 /* or NULL */
  char *serializer;           /* never NULL in what was read */
  bool is_built_in;           /* the serializer is one of P9.1 */
  uint32_t timeout_ms;        /* of messages, 0: none */
  hwr__init_timeout_t *types; /* in the order of strcmp(3) */
  size_t type_count;
  uint8_t *data; /* workerData, encoded with the serializer; NULL when there is none */
  size_t data_bytes;
  char **methods; /* what the host serves, by number */
  size_t method_count;
} hwr__init_t;

/* Read the payload of INIT.
 *
 *   init     out: returned owned, to hwr__init_deinit; untouched on error
 *   bytes    borrowed until return
 *   returns  0, HWR_EPROTO, HWR_ENOMEM
 */
int hwr__init_read(hwr__init_t *init, const uint8_t *bytes, size_t length_bytes);
void hwr__init_deinit(hwr__init_t *init);
/* The host's timeout for that type of message, 0: none. */
uint32_t hwr__init_timeout_ms(const hwr__init_t *init, const char *type);

/* Write the payload of METHODS.
 *
 *   names    borrowed until return: at most HWR__MAX_METHODS of them, in UTF-8
 *   bytes    out: returned owned, to free(3); untouched on error
 *   returns  0, HWR_ENOMEM
 */
int hwr__methods_write(const char *const *names, size_t count, uint8_t **bytes,
                       size_t *length_bytes);

#endif
