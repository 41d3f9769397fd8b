/* SPDX-License-Identifier: MIT */
#include "sdk/start_config.h"

#include "core/session.h"

#include <string.h>

/* A reader of the little JSON that a host writes: it skips what it does not know, and is at the
 * end of the text from its first mistake on. */
typedef struct json_s {
  const char *at;
  const char *end;
} json_t;

enum { MAX_DEPTH = 8, KEY_BYTES = 32 };

static void
skip_space(json_t *json) {
  while (json->at < json->end && strchr(" \t\r\n", *json->at)) json->at++;
}

/* True when that character is next, which is taken. */
static bool
take(json_t *json, char wanted) {
  skip_space(json);
  if (json->at == json->end || *json->at != wanted) return false;
  json->at++;
  return true;
}

static void
fail(json_t *json) {
  json->at = json->end;
}

/* A string, its first bytes as they are written to `text`, cut to what fits. */
static void
read_string(json_t *json, char text[KEY_BYTES]) {
  size_t length = 0;
  if (!take(json, '"')) fail(json);
  while (json->at < json->end && *json->at != '"') {
    bool escaped = *json->at == '\\';
    for (int i = 0; i <= escaped && json->at < json->end; i++, json->at++)
      if (length < KEY_BYTES - 1) text[length++] = *json->at;
  }
  text[length] = '\0';
  if (!take(json, '"')) fail(json);
}

static uint64_t
read_number(json_t *json) {
  uint64_t number = 0;
  skip_space(json);
  if (json->at == json->end || *json->at < '0' || *json->at > '9') fail(json);
  for (; json->at < json->end && *json->at >= '0' && *json->at <= '9'; json->at++) {
    uint64_t digit = (uint64_t) (*json->at - '0');
    number = number > (UINT32_MAX - digit) / 10 ? UINT32_MAX : number * 10 + digit;
  }
  return number;
}

/* A value that nobody asked for: text without the brackets and quotes around it. */
static void
skip_value(json_t *json) {
  int depth = 0;
  char text[KEY_BYTES];
  do {
    skip_space(json);
    if (json->at == json->end) return;
    char c = *json->at;
    if (c == '"') {
      read_string(json, text);
      continue;
    }
    if (depth == 0 && (c == ',' || c == '}')) return;
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    json->at++;
  } while (depth > 0 || (json->at < json->end && *json->at != ',' && *json->at != '}'));
}

static void
read_fds(json_t *json, hwr__start_config_t *config) {
  config->fd_count = 0;
  if (!take(json, '[')) fail(json);
  while (!take(json, ']') && json->at < json->end) {
    uint64_t fd = read_number(json);
    if (config->fd_count == HWR__MAX_FDS || fd > INT32_MAX) fail(json);
    else config->fds[config->fd_count++] = (int) fd;
    take(json, ',');
  }
}

static void read_object(json_t *json, hwr__start_config_t *config, int depth);

static void
read_member(json_t *json, hwr__start_config_t *config, const char *key, int depth) {
  if (!strcmp(key, "fds")) read_fds(json, config);
  else if (!strcmp(key, "spin")) config->spin_us = read_number(json);
  else if (!strcmp(key, "maxMessageBytes")) config->max_message_bytes = read_number(json);
  else if (!strcmp(key, "bytes")) config->high_water_bytes = read_number(json);
  else if (!strcmp(key, "messages")) config->high_water_messages = read_number(json);
  else if (!strcmp(key, "highWaterMark") && depth < MAX_DEPTH) read_object(json, config, depth + 1);
  else skip_value(json);
}

static void
read_object(json_t *json, hwr__start_config_t *config, int depth) {
  char key[KEY_BYTES];
  if (!take(json, '{')) fail(json);
  while (!take(json, '}') && json->at < json->end) {
    read_string(json, key);
    if (!take(json, ':')) fail(json);
    read_member(json, config, key, depth);
    take(json, ',');
  }
}

int
hwr__start_config_read(hwr__start_config_t *config, const char *text) {
  json_t json = {text, text + strlen(text)};
  *config = (hwr__start_config_t){
      .max_message_bytes = HWR_MAX_MESSAGE_BYTES,
      .high_water_bytes = 1 << 20,
      .high_water_messages = 1 << 16,
  };
  read_object(&json, config, 0);
  bool counted = config->fd_count == 1 || config->fd_count == HWR__MAX_FDS;
  if (!counted || config->max_message_bytes > HWR_MAX_MESSAGE_BYTES) return HWR_ENOHOST;
  return 0;
}
