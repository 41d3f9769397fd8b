/* SPDX-License-Identifier: MIT
 *
 * program.h - what the programs of this suite are made of: routes to handlers, and a loop of their
 * own that turns and has timers, as that of a JavaScript worker.
 *
 * Thread  Handlers hold the program's lock while they run, callbacks take it; routes that are
 *         ROUTE_FREE do not, and block only where program_has_threads().
 */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <hawser/worker.h>

enum { ROUTE_STREAM = 1, ROUTE_FREE = 2 };

typedef struct route_s {
  const char *type;
  hwr_handler_cb handler;
  unsigned how; /* of the above */
} route_t;

typedef struct program_s {
  const route_t *routes;
  size_t route_count;
  const char *serializer;               /* or NULL */
  void (*set_up)(hwr_worker_t *worker); /* or NULL; before it is open */
  void (*on_signal)(void *context);     /* or NULL: when SIGUSR2 has come, as a timer */
} program_t;

typedef void (*later_cb)(void *context);

/* Serve until the worker is over. `argv` may have --max-concurrency=N; HAWSER_TEST_THREADS is the
 * number of threads. Returns the exit code. */
int program_run(const program_t *program, int argc, char **argv);
/* Call back behind the next turn of the loop, or the first one that many milliseconds later; on the
 * thread of the loop, with the lock. [any] */
void program_later(later_cb run, void *context);
void program_after(int ms, later_cb run, void *context);
/* End when all is answered, with that exit code. [any] */
void program_stop(hwr_worker_t *worker, int code);
bool program_has_threads(void);

/* May be taken again by who has it. */
void program_lock(void);
void program_unlock(void);

/* End the process with a word about it, if the status is a failure. */
void must(int status);
/* Memory, or the same. */
void *need(size_t bytes);

/* Whatever is pushed, in order. All zero is empty. */
typedef struct list_s {
  intptr_t *items;
  size_t count, capacity;
} list_t;

void list_push(list_t *list, intptr_t item);
static inline void
list_push_pointer(list_t *list, void *item) {
  list_push(list, (intptr_t) item);
}

#endif
