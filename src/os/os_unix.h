/* SPDX-License-Identifier: MIT
 *
 * os_unix.h - what the files of Unix share. Nobody else's.
 */
#ifndef HWR_OS_OS_UNIX_H
#define HWR_OS_OS_UNIX_H

/* Non-blocking, close-on-exec, never a signal: 0 or a negative errno. */
int hwr__os_prepare(int fd);

#endif
