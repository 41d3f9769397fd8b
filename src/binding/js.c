/* SPDX-License-Identifier: MIT */
#include "binding/js.h"

#include <hawser/status.h>
#include <stdio.h>

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
  char text[128];
  snprintf(text, sizeof text, "%s (%d)", hwr_status_text(status), status);
  napi_throw_error(env, hwr_status_name(status), text);
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

uint32_t
hwr__js_uint32(napi_env env, napi_value value) {
  uint32_t number = 0;
  napi_get_value_uint32(env, value, &number);
  return number;
}

double
hwr__js_double(napi_env env, napi_value value) {
  double number = 0;
  napi_get_value_double(env, value, &number);
  return number;
}

napi_value
hwr__js_get(napi_env env, napi_value object, const char *name) {
  napi_value value = NULL;
  napi_get_named_property(env, object, name, &value);
  return value;
}

uint32_t
hwr__js_get_uint32(napi_env env, napi_value object, const char *name) {
  return hwr__js_uint32(env, hwr__js_get(env, object, name));
}

double
hwr__js_get_double(napi_env env, napi_value object, const char *name) {
  return hwr__js_double(env, hwr__js_get(env, object, name));
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
  void *data = NULL;
  napi_is_typedarray(env, value, &is_typed_array);
  if (is_typed_array &&
      napi_get_typedarray_info(env, value, NULL, count, &data, NULL, NULL) == napi_ok) {
    *bytes = data;
    return true;
  }
  if (!exception_pending(env)) napi_throw_type_error(env, NULL, "bytes expected");
  return false;
}
