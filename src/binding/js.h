/* SPDX-License-Identifier: MIT
 *
 * js.h - Node-API without the noise: errors, arguments, objects.
 */
#ifndef HWR_BINDING_JS_H
#define HWR_BINDING_JS_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A call that should not fail: throws and leaves the function when it does. */
#define HWR_NAPI(env, call)                                                                        \
  do {                                                                                             \
    if ((call) != napi_ok) {                                                                       \
      hwr__js_throw_napi((env), #call);                                                            \
      return NULL;                                                                                 \
    }                                                                                              \
  } while (0)

/* A status of ours or of libuv: throws an Error whose code is the status's name ("HWR_EPROTO",
 * "EMFILE"). */
#define HWR_TRY(env, status)                                                                       \
  do {                                                                                             \
    int st_ = (status);                                                                            \
    if (st_ < 0) {                                                                                 \
      hwr__js_throw_status((env), st_);                                                            \
      return NULL;                                                                                 \
    }                                                                                              \
  } while (0)

/* Neither replaces an exception that is pending already. */
void hwr__js_throw_napi(napi_env env, const char *call);
void hwr__js_throw_status(napi_env env, int status);

/* The arguments of a call: false, and an exception is pending, when there are fewer. */
bool hwr__js_args(napi_env env, napi_callback_info info, size_t count, napi_value *args);
/* The native object that argument wraps, or NULL with a TypeError pending when it is not one. */
void *hwr__js_unwrap(napi_env env, napi_value object, const napi_type_tag *tag);
/* A whole number from `least` to `most`; false, and a TypeError or RangeError that tells the name
 * is pending, for anything else. */
bool hwr__js_number(napi_env env, napi_value value, const char *name, double least, double most,
                    double *number);
bool hwr__js_uint32(napi_env env, napi_value value, const char *name, uint32_t *number);
/* The same for a property of an object. */
bool hwr__js_get_number(napi_env env, napi_value object, const char *name, double least,
                        double most, double *number);
/* NULL with an exception pending when it cannot be had. */
napi_value hwr__js_get(napi_env env, napi_value object, const char *name);
void hwr__js_set_uint32(napi_env env, napi_value object, const char *name, uint32_t value);
void hwr__js_set_string(napi_env env, napi_value object, const char *name, const char *value);
void hwr__js_set(napi_env env, napi_value object, const char *name, napi_value value);
/* A string without NUL, owned by the caller; NULL with a TypeError pending that says `what` is
 * expected. */
char *hwr__js_string(napi_env env, napi_value value, const char *what);
/* True for an object; else false with a TypeError that says `what` pending. */
bool hwr__js_object(napi_env env, napi_value value, const char *what);
/* The bytes of a token (P3.14), as hwr__js_bytes. */
bool hwr__js_token(napi_env env, napi_value value, const uint8_t **bytes, size_t *count);
/* What JavaScript has thrown at us becomes an uncaught exception. */
void hwr__js_report(napi_env env);
napi_value hwr__js_int32(napi_env env, int32_t value);
/* The bytes of a Uint8Array or Buffer; false, and a TypeError is pending, for anything else.
 * Borrowed for as long as JavaScript does not run; none when its buffer is detached. */
bool hwr__js_bytes(napi_env env, napi_value value, const uint8_t **bytes, size_t *count);

#endif
