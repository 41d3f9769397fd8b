/* SPDX-License-Identifier: MIT */
#include "binding/js.h"

#include "transport/transport.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
exception_pending(napi_env env) {
  bool pending = true;
  napi_is_exception_pending(env, &pending);
  return pending;
}

void
hwr__js_throw_napi(napi_env env, const char *call) {
  if (exception_pending(env)) return;
  const napi_extended_error_info *info = NULL;
  napi_get_last_error_info(env, &info);
  const char *why = info && info->error_message ? info->error_message : "unknown";
  char text[256];
  snprintf(text, sizeof text, "%s: %s", call, why);
  napi_throw_error(env, "ERR_HAWSER_INTERNAL", text);
}

void
hwr__js_throw_status(napi_env env, int status) {
  if (exception_pending(env)) return;
  char name[32], why[96], text[128];
  if (status <= HWR_EAGAIN) {
    snprintf(text, sizeof text, "%s (%d)", hwr_status_text(status), status);
    napi_throw_error(env, hwr_status_name(status), text);
    return;
  }
  hwr_loop_describe(status, name, sizeof name, why, sizeof why);
  snprintf(text, sizeof text, "%s (%d)", why, status);
  napi_throw_error(env, name, text);
}

bool
hwr__js_args(napi_env env, napi_callback_info info, size_t count, napi_value *args) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, args, NULL, NULL) == napi_ok && given >= count)
    return true;
  if (!exception_pending(env)) napi_throw_type_error(env, NULL, "too few arguments");
  return false;
}

void *
hwr__js_unwrap(napi_env env, napi_value object, const napi_type_tag *tag) {
  bool ours = false;
  void *native = NULL;
  if (napi_check_object_type_tag(env, object, tag, &ours) == napi_ok && ours)
    napi_unwrap(env, object, &native);
  if (!native && !exception_pending(env))
    napi_throw_type_error(env, NULL, "not a native object of hawser");
  return native;
}

static bool
throw_number(napi_env env, const char *name, double least, double most, bool is_number) {
  char text[160];
  if (exception_pending(env)) return false;
  snprintf(text, sizeof text, "%s must be a whole number from %.0f to %.0f", name, least, most);
  if (is_number) napi_throw_range_error(env, NULL, text);
  else napi_throw_type_error(env, NULL, text);
  return false;
}

bool
hwr__js_number(napi_env env, napi_value value, const char *name, double least, double most,
               double *number) {
  bool is_number = value && napi_get_value_double(env, value, number) == napi_ok;
  if (!is_number || !(*number >= least && *number <= most) ||
      *number != (double) (uint64_t) *number)
    return throw_number(env, name, least, most, is_number);
  return true;
}

bool
hwr__js_uint32(napi_env env, napi_value value, const char *name, uint32_t *number) {
  double whole;
  if (!hwr__js_number(env, value, name, 0, UINT32_MAX, &whole)) return false;
  *number = (uint32_t) whole;
  return true;
}

napi_value
hwr__js_get(napi_env env, napi_value object, const char *name) {
  napi_value value = NULL;
  if (napi_get_named_property(env, object, name, &value) == napi_ok) return value;
  if (!exception_pending(env)) napi_throw_type_error(env, NULL, "an object expected");
  return NULL;
}

bool
hwr__js_get_number(napi_env env, napi_value object, const char *name, double least, double most,
                   double *number) {
  napi_value value = hwr__js_get(env, object, name);
  return value && hwr__js_number(env, value, name, least, most, number);
}

void
hwr__js_set(napi_env env, napi_value object, const char *name, napi_value value) {
  napi_set_named_property(env, object, name, value);
}

void
hwr__js_set_uint32(napi_env env, napi_value object, const char *name, uint32_t value) {
  napi_value number;
  if (napi_create_uint32(env, value, &number) == napi_ok) hwr__js_set(env, object, name, number);
}

void
hwr__js_set_string(napi_env env, napi_value object, const char *name, const char *value) {
  napi_value string;
  if (napi_create_string_utf8(env, value, NAPI_AUTO_LENGTH, &string) == napi_ok)
    hwr__js_set(env, object, name, string);
}

napi_value
hwr__js_int32(napi_env env, int32_t value) {
  napi_value number = NULL;
  napi_create_int32(env, value, &number);
  return number;
}

bool
hwr__js_bytes(napi_env env, napi_value value, const uint8_t **bytes, size_t *count) {
  bool is_typed_array = false;
  napi_typedarray_type type = napi_int8_array;
  void *data = NULL;
  if (value && napi_is_typedarray(env, value, &is_typed_array) == napi_ok && is_typed_array &&
      napi_get_typedarray_info(env, value, &type, count, &data, NULL, NULL) == napi_ok &&
      type == napi_uint8_array) {
    if (!data) *count = 0;
    *bytes = data;
    return true;
  }
  if (!exception_pending(env)) napi_throw_type_error(env, NULL, "a Uint8Array expected");
  return false;
}

char *
hwr__js_string(napi_env env, napi_value value, const char *what) {
  size_t bytes = 0;
  char *text = NULL;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &bytes) == napi_ok &&
      (text = malloc(bytes + 1)) &&
      napi_get_value_string_utf8(env, value, text, bytes + 1, &bytes) == napi_ok &&
      strlen(text) == bytes)
    return text;
  free(text);
  if (!exception_pending(env)) napi_throw_type_error(env, NULL, what);
  return NULL;
}

bool
hwr__js_object(napi_env env, napi_value value, const char *what) {
  napi_valuetype type = napi_undefined;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_object) return true;
  napi_throw_type_error(env, NULL, what);
  return false;
}

bool
hwr__js_token(napi_env env, napi_value value, const uint8_t **bytes, size_t *count) {
  if (!hwr__js_bytes(env, value, bytes, count)) return false;
  if (*count == HWR_TOKEN_BYTES) return true;
  napi_throw_range_error(env, NULL, "a token must be 32 bytes");
  return false;
}

void
hwr__js_report(napi_env env) {
  napi_value error;
  bool pending = false;
  if (napi_is_exception_pending(env, &pending) != napi_ok || !pending) return;
  if (napi_get_and_clear_last_exception(env, &error) == napi_ok) napi_fatal_exception(env, error);
}
