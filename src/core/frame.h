/* SPDX-License-Identifier: MIT
 *
 * frame.h - the 16-byte frame header and the extension block.        docs/protocol.md P2
 *
 * Encodes and decodes, nothing else: what a type means is the session's business.
 * Units   length_bytes counts what follows the header without the padding.
 * Thread  none. Memory: never allocates.
 */
#ifndef HWR_CORE_FRAME_H
#define HWR_CORE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HWR_HEADER_BYTES = 16, HWR_FRAME_ALIGN = 8 };

/* P2.4. Numbers without a name here are reserved and rejected. */
enum hwr_frame_type {
  HWR_HELLO = 1,
  HWR_INIT = 2,
  HWR_METHODS = 3,
  HWR_READY = 4,
  HWR_DEFINE = 5,
  HWR_REQUEST = 6,
  HWR_RESPONSE = 7,
  HWR_ERROR = 8,
  HWR_CANCEL = 9,
  HWR_EVENT = 10,
  HWR_PROGRESS = 11,
  HWR_OPEN = 12,
  HWR_DATA = 13,
  HWR_END = 14,
  HWR_RESET = 15,
  HWR_CREDIT = 16,
  HWR_PING = 17,
  HWR_PONG = 18,
  HWR_GOAWAY = 19,
  HWR_PAD = 20,
  HWR_FRAME_TYPES = 32
};

/* P2.5 */
enum hwr_frame_flag {
  HWR_FLAG_CODEC = 0x07,  /* how the payload is encoded */
  HWR_FLAG_MORE = 0x08,   /* the message goes on in the next frame of its lane */
  HWR_FLAG_EXT = 0x10,    /* an extension block stands before the payload */
  HWR_FLAG_ONEWAY = 0x20, /* REQUEST: no answer is wanted */
  HWR_FLAG_KNOWN = 0x3f
};

typedef struct hwr_frame_s { /* P2.1 */
  uint32_t length_bytes;
  uint8_t type; /* enum hwr_frame_type */
  uint8_t flags;
  uint16_t method;
  uint32_t slot; /* with generation: the transaction or stream. CREDIT: the lane */
  uint32_t generation;
} hwr_frame_t;

/* What a frame takes up on the wire: header, body, padding to 8 bytes (P2.2). */
static inline uint64_t
hwr_frame_stride(uint64_t length_bytes) {
  return (HWR_HEADER_BYTES + length_bytes + HWR_FRAME_ALIGN - 1) &
         ~(uint64_t) (HWR_FRAME_ALIGN - 1);
}

/* `to` and `from` are HWR_HEADER_BYTES long, borrowed until return. */
void hwr_frame_encode(const hwr_frame_t *frame, uint8_t *to);
void hwr_frame_decode(hwr_frame_t *frame, const uint8_t *from);

/* The extension block (P2.6): u16 size of the block, a multiple of 8, then entries of
 * u8 tag, u8 length, value; zero tags pad. Unknown tags are skipped (P2.8). */
enum {
  HWR_EXT_DEADLINE = 1,
  HWR_EXT_TX = 2,    /* the caller's own name of the call (P2.9) */
  HWR_EXT_KEY = 3,   /* begins a pair of metadata (P2.10) */
  HWR_EXT_VALUE = 4, /* adds to the value of the last key */
  HWR_EXT_DEADLINE_BYTES = 8
};
enum { HWR_MAX_METADATA_KEYS = 64, HWR_MAX_METADATA_BYTES = 4096 }; /* P8.1 */

typedef struct hwr_ext_s {
  uint32_t size_bytes; /* of the whole block: the payload starts behind it */
  uint32_t timeout_ms; /* the caller gives up this long after sending; 0: not given */
  bool has_tx;
  uint32_t metadata_keys, metadata_bytes; /* bytes: of keys and values */
} hwr_ext_t;

/* Whether its owner has to look into the block: C keeps the deadline only. */
static inline bool
hwr_ext_is_named(const hwr_ext_t *ext) {
  return ext->has_tx || ext->metadata_keys > 0;
}

/* Write the block that carries a deadline: HWR_EXT_DEADLINE_BYTES at `to`. */
void hwr_ext_encode_deadline(uint8_t *to, uint32_t timeout_ms);
/* Read the block at the start of a frame's body. NULL, or the rule that it breaks. */
const char *hwr_ext_decode(hwr_ext_t *ext, const uint8_t *body, size_t body_bytes);

#endif
