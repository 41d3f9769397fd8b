/* SPDX-License-Identifier: MIT
 *
 * record_tags.h - the tags of codec 1.                                    docs/protocol.md P9.6
 */
#ifndef HWR_SDK_RECORD_TAGS_H
#define HWR_SDK_RECORD_TAGS_H

enum hwr__tag {
  HWR__UNDEFINED = 0x00,
  HWR__NULL = 0x01,
  HWR__FALSE = 0x02,
  HWR__TRUE = 0x03,
  HWR__GONE = 0x04,
  HWR__INT32 = 0x05,
  HWR__FLOAT64 = 0x06,
  HWR__LATIN1 = 0x07,
  HWR__UTF16 = 0x08,
  HWR__REFERENCE = 0x09,
  HWR__SHAPE = 0x0a,
  HWR__ARRAY = 0x0b,
  HWR__ARRAY_EXTENDED = 0x0c,
  HWR__REST = 0x0d,
  HWR__OBJECT = 0x0e,
  HWR__DATE = 0x0f,
  HWR__REGEXP = 0x10,
  HWR__BIGINT = 0x11,
  HWR__MAP = 0x12,
  HWR__SET = 0x13,
  HWR__BOXED = 0x14,
  HWR__BUFFER = 0x15,
  HWR__ARRAY_BUFFER = 0x16,
  HWR__RESIZABLE_BUFFER = 0x17,
  HWR__VIEW = 0x18,
  HWR__ERROR = 0x19,
  HWR__END = 0x1a,
  HWR__SHORT_EXTENDED = 0x30,
  HWR__SHORT_INTEGER = 0x40,
  HWR__SHORT_LATIN1 = 0x80,
  HWR__SHORT_SHAPE = 0xc0,
  HWR__SHORT_ARRAY = 0xe0,
  HWR__SHORT_OBJECT = 0xf0
};

#endif
