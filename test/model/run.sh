#!/bin/sh
# Checks the model of the doorbell with Spin, and that the check finds each known defect.
#
#   test/model/run.sh
#
# Prints one line per model; exits with 1 when one is wrong, with 77 when spin is not installed.
set -u
model=$(cd "$(dirname "$0")" && pwd)/doorbell.pml
if ! command -v spin > /dev/null; then
  echo "spin is not installed (Debian: apt-get install spin); the model was not checked"
  exit 77
fi
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failed=0

# check DEFECT: prints "clean" or "found", or why there is no verdict
check() {
  spin -a -DDEFECT="$1" "$model" > spin.log 2>&1 || { cat spin.log; return; }
  ${CC:-cc} -O2 -w -DSAFETY -DCOLLAPSE -o pan pan.c || return
  ./pan -m1000000 > pan.log 2>&1
  if grep -q 'max search depth too small' pan.log; then echo "search cut short"
  elif grep -q 'errors: 0' pan.log; then echo clean
  elif grep -q 'pan:1: \(invalid end state\|assertion violated\)' pan.log; then echo found
  else cat pan.log
  fi
}

expect() {
  verdict=$(check "$1")
  if [ "$verdict" = "$2" ]; then echo "ok - $3"
  else
    echo "not ok - $3: $verdict"
    failed=1
  fi
}

expect 0 clean "no wake-up is lost and no index leaves its bounds"
expect 1 found "a consumer that does not look again is found out"
expect 2 found "a producer that does not look again is found out"
expect 3 found "a producer that looks before it publishes is found out"
expect 4 found "a consumer that looks before it releases is found out"
expect 5 found "a sleeper that forgets the room it waits for is found out"
exit $failed
