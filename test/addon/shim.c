/* SPDX-License-Identifier: MIT
 *
 * shim.c - preloaded into Node: makes system calls and allocations of the addon fail.
 *
 * HAWSER_SHIM is "name=errno" or "alloc=n", comma-separated. A call by that name fails when it is
 * made from the addon; of the addon's allocations, the n-th (from 1) does.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))
#define CALLER __builtin_return_address(0)

/* Where the addon's code is; found when it is loaded, because asking for the owner of an address
 * takes a walk over all symbols of Node. */
static uintptr_t addon_begin, addon_end;

static int
find_addon(struct dl_phdr_info *info, size_t size, void *context) {
  (void) size, (void) context;
  if (!strstr(info->dlpi_name, "hawser.node")) return 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || !(part->p_flags & PF_X)) continue;
    addon_begin = info->dlpi_addr + part->p_vaddr;
    addon_end = addon_begin + part->p_memsz;
  }
  return 1;
}

void *
dlopen(const char *file, int mode) {
  void *library = NEXT(dlopen)(file, mode);
  if (file && strstr(file, "hawser.node")) dl_iterate_phdr(find_addon, NULL);
  return library;
}

static bool
from_addon(void *caller) {
  return (uintptr_t) caller >= addon_begin && (uintptr_t) caller < addon_end;
}

/* The number behind "name=" in HAWSER_SHIM, or 0. */
static int
setting(const char *name) {
  const char *text = getenv("HAWSER_SHIM");
  size_t length = strlen(name);
  for (; text; text = strchr(text, ',')) {
    if (*text == ',') text++;
    if (strncmp(text, name, length) == 0 && text[length] == '=') return atoi(text + length + 1);
  }
  return 0;
}

static bool
fails(const char *name, void *caller) {
  int code = setting(name);
  if (!code || !from_addon(caller)) return false;
  errno = code;
  return true;
}

static bool
allocation_fails(void *caller) {
  static int count;
  if (!from_addon(caller)) return false;
  int nth = setting("alloc");
  if (nth == 0 || __sync_add_and_fetch(&count, 1) != nth) return false;
  errno = ENOMEM;
  return true;
}

int
memfd_create(const char *name, unsigned flags) {
  return fails("memfd_create", CALLER) ? -1 : NEXT(memfd_create)(name, flags);
}

int
ftruncate64(int fd, off64_t bytes) {
  return fails("ftruncate", CALLER) ? -1 : NEXT(ftruncate64)(fd, bytes);
}

int
fallocate64(int fd, int mode, off64_t from, off64_t bytes) {
  return fails("fallocate", CALLER) ? -1 : NEXT(fallocate64)(fd, mode, from, bytes);
}

void *
mmap64(void *address, size_t bytes, int protection, int flags, int fd, off64_t offset) {
  if (fd >= 0 && fails("mmap", CALLER)) return MAP_FAILED;
  return NEXT(mmap64)(address, bytes, protection, flags, fd, offset);
}

int
socketpair(int domain, int type, int protocol, int fds[2]) {
  return fails("socketpair", CALLER) ? -1 : NEXT(socketpair)(domain, type, protocol, fds);
}

int
pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
               void *argument) {
  if (fails("pthread_create", CALLER)) return errno;
  return NEXT(pthread_create)(thread, attributes, start, argument);
}

int
fcntl64(int fd, int command, ...) {
  va_list arguments;
  va_start(arguments, command);
  void *argument = va_arg(arguments, void *);
  va_end(arguments);
  if (command == F_ADD_SEALS && fails("F_ADD_SEALS", CALLER)) return -1;
  if (command == F_GET_SEALS && fails("F_GET_SEALS", CALLER)) return -1;
  return NEXT(fcntl64)(fd, command, argument);
}

extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t bytes);
extern void *__libc_realloc(void *block, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);

void *
malloc(size_t bytes) {
  return allocation_fails(CALLER) ? NULL : __libc_malloc(bytes);
}

void *
calloc(size_t count, size_t bytes) {
  return allocation_fails(CALLER) ? NULL : __libc_calloc(count, bytes);
}

void *
realloc(void *block, size_t bytes) {
  return allocation_fails(CALLER) ? NULL : __libc_realloc(block, bytes);
}

void *
aligned_alloc(size_t alignment, size_t bytes) {
  return allocation_fails(CALLER) ? NULL : __libc_memalign(alignment, bytes);
}
