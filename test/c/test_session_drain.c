/* SPDX-License-Identifier: MIT */
#include "session_pair.h"

static end_t end;
static frames_t frames;
static uint8_t big[4096];

/* Start a lone host whose peer granted these windows. */
static void
open_granted(const settings_t *settings, uint64_t window_bytes, uint64_t window_messages) {
  end_open(&end, HWR_HOST, settings);
  put_hello_limits(&frames, HWR_WORKER, window_bytes, window_messages);
  PUT(&frames, .type = HWR_METHODS);
  PUT(&frames, .type = HWR_READY);
  REQUIRE(feed_frames(&end, &frames) == 0);
  end_flush(&end);
  lone_drain(&end);
}

static void
grant(uint64_t bytes, uint64_t messages) {
  put_credit(&frames, bytes, messages);
  CHECK_INT(feed_frames(&end, &frames), 0);
}

TEST(a_drain_waits_for_the_mark_of_messages_too) {
  settings_t low = DEFAULTS;
  low.high_water_messages = 4;
  open_granted(&low, 1 << 20, 0);
  for (uint32_t i = 0; i < 5; i++) end_post(&end, "x", 1);
  hwr_session_want_drain(end.session, HWR_DRAIN_ALL);
  end_flush(&end);
  CHECK(!hwr_session_drain_due(end.session));
  grant(1 << 20, 2);
  end_flush(&end);
  CHECK(!hwr_session_drain_due(end.session));
  grant(1 << 20, 3);
  end_flush(&end);
  CHECK(hwr_session_drain_due(end.session));
  hwr_session_tick(end.session, 0);
  hwr_session_tick(end.session, 0);
  end_take(&end);
  CHECK_INT(end_count(&end, HWR_EV_DRAIN), 1);
  end_close(&end);
}

TEST(a_mark_of_one_message_drains_when_none_waits) {
  settings_t low = DEFAULTS;
  low.high_water_messages = 1;
  open_granted(&low, 1 << 20, 0);
  end_post(&end, "x", 1);
  hwr_session_want_drain(end.session, HWR_DRAIN_ALL);
  end_flush(&end);
  CHECK(!hwr_session_drain_due(end.session));
  grant(1 << 20, 1);
  end_flush(&end);
  CHECK(hwr_session_drain_due(end.session));
  lone_drain(&end);
  end_close(&end);
}

/* P5.8: what answers wait for drains though requests wait, and the other does not. */
TEST(the_lane_drains_though_requests_wait_for_message_credit) {
  settings_t low = DEFAULTS;
  low.high_water_bytes = 1000;
  open_granted(&low, 1 << 20, 1);
  for (uint32_t slot = 1; slot <= 3; slot++) end_call(&end, slot, 1, big, 4000);
  CHECK_INT(end_flush(&end), 0);
  CHECK_INT(hwr_session_held_records(end.session), 2);
  hwr_session_want_drain(end.session, HWR_DRAIN_ALL);
  CHECK(!hwr_session_drain_due(end.session));
  hwr_session_want_drain(end.session, HWR_DRAIN_LANE);
  CHECK(hwr_session_drain_due(end.session));
  end.log_count = 0;
  hwr_session_tick(end.session, 0);
  end_take(&end);
  CHECK_INT(end_last(&end)->value, HWR_DRAIN_LANE);
  CHECK(!hwr_session_drain_due(end.session));
  hwr_session_abandon(end.session, 2, 1);
  hwr_session_abandon(end.session, 3, 1);
  put_credit(&frames, 1 << 20, 3);
  CHECK_INT(feed_frames(&end, &frames), 0);
  CHECK_INT(end_flush(&end), 0);
  hwr_session_tick(end.session, 0);
  end_take(&end);
  CHECK_INT(end.log_count, 2);
  CHECK_INT(end_last(&end)->value, HWR_DRAIN_ALL);
  end_close(&end);
}

int
main(void) {
  RUN(a_drain_waits_for_the_mark_of_messages_too);
  RUN(a_mark_of_one_message_drains_when_none_waits);
  RUN(the_lane_drains_though_requests_wait_for_message_credit);
  frames_free(&frames);
  return check_exit_code();
}
