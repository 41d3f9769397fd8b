/* SPDX-License-Identifier: MIT
 *
 * utf8.h - code points in and out of UTF-8.
 *
 * Thread  none.
 */
#ifndef HWR_SDK_UTF8_H
#define HWR_SDK_UTF8_H

#include <stddef.h>
#include <stdint.h>

enum { HWR__UTF8_MAX_BYTES = 4, HWR__REPLACEMENT = 0xfffd };

/* The code point at *at, which is before `end`; *at moves behind it. What is no UTF-8, as surrogates
 * and overlong forms are not, gives HWR__REPLACEMENT and moves by one byte. */
uint32_t hwr__utf8_next(const uint8_t **at, const uint8_t *end);
/* Write a code point, a surrogate as HWR__REPLACEMENT. Returns how many bytes: 1 to 4. */
size_t hwr__utf8_put(uint8_t *to, uint32_t point);

#endif
