/* SPDX-License-Identifier: MIT
 *
 * check.h - the harness of the C tests: a program prints one `ok` or `not ok` line per test.
 *
 *   TEST(credit_never_shrinks) { CHECK_INT(hwr_flow_grant(&f, 1), 0); }
 *   int main(void) { RUN(credit_never_shrinks); return check_exit_code(); }
 *
 * A failed check prints its place and values, marks the running test and lets it go on; REQUIRE
 * also ends the program, for what the rest of a test would crash on. NDEBUG changes nothing.
 * Thread  [any] for CHECK*; main only for RUN and REQUIRE.
 */
#ifndef HAWSER_TEST_CHECK_H
#define HAWSER_TEST_CHECK_H

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Atomic int check_failures; /* of the running test */
static int check_ran, check_bad;

#define TEST(name) static void name(void)
#define RUN(name) check_run(#name, name)

#define CHECK(cond) ((cond) ? (void) 0 : check_fail(__FILE__, __LINE__, "%s", #cond))
#define REQUIRE(cond) ((cond) ? (void) 0 : (check_fail(__FILE__, __LINE__, "%s", #cond), exit(2)))
#define CHECK_INT(got, want)                                                                       \
  check_int(__FILE__, __LINE__, #got, (long long) (got), (long long) (want))
#define CHECK_STR(got, want) check_str(__FILE__, __LINE__, #got, (got), (want))
#define CHECK_MEM(got, want, size) check_mem(__FILE__, __LINE__, #got, (got), (want), (size))

/* Only the first ten of a test are printed: a check may stand in a loop of a million. */
#define check_fail(file, line, format, ...)                                                        \
  (atomic_fetch_add(&check_failures, 1) < 10                                                       \
       ? (void) printf("# %s:%d: " format "\n", (file), (line), __VA_ARGS__)                       \
       : (void) 0)

static inline void
check_int(const char *file, int line, const char *text, long long got, long long want) {
  if (got != want)
    check_fail(file, line, "%s is %lld (0x%llx), expected %lld", text, got,
               (unsigned long long) got, want);
}

static inline void
check_str(const char *file, int line, const char *text, const char *got, const char *want) {
  if (!got || strcmp(got, want) != 0)
    check_fail(file, line, "%s is \"%s\", expected \"%s\"", text, got ? got : "(null)", want);
}

static inline void
check_mem(const char *file, int line, const char *text, const void *got, const void *want,
          size_t size) {
  const unsigned char *a = got, *b = want;
  for (size_t i = 0; i < size; i++)
    if (a[i] != b[i]) {
      check_fail(file, line, "%s[%zu] is 0x%02x, expected 0x%02x", text, i, a[i], b[i]);
      return;
    }
}

static inline void
check_run(const char *name, void (*test)(void)) {
  if (check_ran == 0)
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* so that a crash does not eat the reason */
  atomic_store(&check_failures, 0);
  test();
  int failed = atomic_load(&check_failures) > 0;
  printf("%s %d - %s\n", failed ? "not ok" : "ok", ++check_ran, name);
  check_bad += failed;
}

/* A program without tests has failed too. */
static inline int
check_exit_code(void) {
  return check_ran == 0 || check_bad > 0;
}

#endif
