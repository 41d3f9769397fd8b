/* SPDX-License-Identifier: MIT
 *
 * doorbell.pml - no wake-up is lost: docs/protocol.md P7.4, src/core/ring.c.
 *
 * Two processes, two rings. Each produces into one and consumes the other; each has one doorbell
 * (a counter that stands for the bytes in a pipe), rung by the other both for data and for room,
 * and sleeps only after both of its looks. Publishing and releasing are as in ring.c: store the
 * index, then look at the other's flag. Sleeping: store the flag, then look at the index again.
 *
 * Every statement is one step of one total order: that is what seq_cst gives the four accesses the
 * proof needs. Weaker orders are what the defects below stand for.
 *
 * Checked: no deadlock before all bytes are across (an invalid end state), and the indices stay in
 * bounds (assertions). Defects that the check must find, chosen with -DDEFECT=n:
 *   1  the consumer does not look again after it set `waiting`
 *   2  the producer does not look again after it set `starving`
 *   3  the producer looks at `waiting` before it publishes
 *   4  the consumer looks at `starving` before it releases
 *   5  a process that sleeps for data forgets that it waits for room as well
 */
#ifndef DEFECT
#define DEFECT 0
#endif
#ifndef TOTAL
#define TOTAL 4 /* units to be sent in each direction */
#endif
#define SIZE 2 /* units that a ring holds */

byte tail[2], head[2];         /* of ring i: produced by process i, consumed by 1 - i */
bit waiting[2], starving[2];   /* of ring i */
byte bell[2];                  /* rings that process i has not heard */

inline ring_bell(other) {
  if
  :: bell[other] < 3 -> bell[other]++ /* a full pipe has been rung */
  :: else
  fi
}

/* Exchange to 0: only one of several who saw the flag rings. */
inline ring_if(flag, other) {
  bit was;
  atomic { was = flag; flag = 0 }
  if
  :: was -> ring_bell(other)
  :: else
  fi
}

inline produce() {
  assert(my_tail - seen_head < SIZE);
  my_tail++;
#if DEFECT == 3
  saw = waiting[me];
  tail[me] = my_tail;
#else
  tail[me] = my_tail;
  saw = waiting[me];
#endif
  if
  :: saw -> ring_if(waiting[me], other)
  :: else
  fi
}

inline consume() {
  assert(seen_tail - my_head <= SIZE && seen_tail > my_head);
  if /* one unit, or all that was seen, as one release */
  :: my_head++
  :: my_head = seen_tail
  fi;
#if DEFECT == 4
  saw = starving[other];
  head[other] = my_head;
#else
  head[other] = my_head;
  saw = starving[other];
#endif
  if
  :: saw -> ring_if(starving[other], other)
  :: else
  fi
}

/* True in `asleep` when the room is still wanted. */
inline arm_room() {
  starving[me] = 1;
#if DEFECT != 2
  seen_head = head[me];
#endif
  asleep = (my_tail - seen_head == SIZE);
  if
  :: !asleep -> starving[me] = 0
  :: else
  fi
}

inline arm_data() {
  waiting[other] = 1;
#if DEFECT != 1
  seen_tail = tail[other];
#endif
  if
  :: seen_tail != my_head -> waiting[other] = 0; asleep = 0
  :: else
  fi
}

/* Sleep only when there is nothing to read, and no room for what is still to be sent. */
inline sleep() {
  asleep = 1;
  if
  :: my_tail < TOTAL && DEFECT != 5 -> arm_room()
  :: else
  fi;
  if
  :: asleep -> arm_data()
  :: else
  fi;
  if
  :: asleep ->
     bell[me] > 0 -> bell[me] = 0; /* hears all rings at once */
     waiting[other] = 0
  :: else
  fi
}

proctype side(bit me) {
  bit other = 1 - me;
  byte my_tail = 0, my_head = 0, seen_head = 0, seen_tail = 0;
  bit saw = 0, asleep = 0;
  do
  :: my_tail == TOTAL && my_head == TOTAL -> break
  :: else ->
     seen_head = head[me];
     assert(seen_head <= my_tail && my_tail - seen_head <= SIZE);
     if
     :: my_tail < TOTAL && my_tail - seen_head < SIZE -> produce()
     :: my_tail < TOTAL && my_tail - seen_head < SIZE -> skip /* busy with something else */
     :: else
     fi;
     seen_tail = tail[other];
     assert(seen_tail >= my_head && seen_tail - my_head <= SIZE);
     if
     :: seen_tail > my_head -> consume()
     :: seen_tail > my_head -> skip
     :: else
     fi;
     if
     :: (my_tail == TOTAL || my_tail - seen_head == SIZE) && seen_tail == my_head &&
        !(my_tail == TOTAL && my_head == TOTAL) -> sleep()
     :: else
     fi
  od
}

init {
  atomic { run side(0); run side(1) }
}
