/* SPDX-License-Identifier: MIT
 *
 * status.h - every status code, once: name, number and text come from one table.
 *
 * Functions return 0 (or a count) on success and one of these on failure. They start below
 * libuv's lowest code, so that one int carries either. At or below HWR_FATAL the session is
 * over: only destroy is legal.
 */
#ifndef HAWSER_STATUS_H
#define HAWSER_STATUS_H

#define HWR_FATAL (-10900)

#define HWR_STATUS_MAP(X)                                                                          \
  X(EAGAIN, -10001, "no room or credit now, try again later")                                      \
  X(ETOOBIG, -10002, "larger than the limit")                                                      \
  X(EOVERLOAD, -10003, "the queue is full")                                                        \
  X(ECLOSED, -10004, "the channel is closed")                                                      \
  X(EUNSUPPORTED, -10005, "not available on this system")                                          \
  X(EBADARG, -10006, "an argument is out of its range, or not allowed here")                       \
  X(EBUSY, -10007, "the worker has another host")                                                  \
  X(ETOKEN, -10008, "the worker does not know the token")                                          \
  X(EUSER, -10009, "the other end runs as another user")                                           \
  X(ENOHOST, -10010, "this process was not started by a host")                                     \
  X(EUNKNOWN, -10011, "nobody serves a message of that type")                                      \
  X(EREMOTE, -10012, "the other end answered with an error")                                       \
  X(ETIMEOUT, -10013, "no answer came in time")                                                    \
  X(EMALFORMED, -10014, "the bytes are no value")                                                  \
  X(EKIND, -10015, "a value of another kind")                                                      \
  X(EREFUSED, -10016, "the worker has refused to start")                                           \
  X(EPROTO, -10901, "the peer broke a rule of the protocol")                                       \
  X(EVERSION, -10902, "the peer speaks another version of the protocol")                           \
  X(ETRUNCATED, -10903, "the peer's bytes end inside a frame or a message")                        \
  X(ESTRIKES, -10904, "the peer used up its strikes")                                              \
  X(ENOMEM, -10905, "out of memory")

#ifdef __cplusplus
extern "C" {
#endif

enum hwr_status {
#define X(name, code, text) HWR_##name = (code),
  HWR_STATUS_MAP(X)
#undef X
};

/* Name ("HWR_EPROTO") and text of a status; "HWR_UNKNOWN" and "unknown status" for others.
 * Returned borrowed for ever. Thread: any. */
const char *hwr_status_name(int status);
const char *hwr_status_text(int status);

#ifdef __cplusplus
}
#endif

#endif
