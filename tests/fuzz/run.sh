#!/bin/sh
# Runs fuzz programs of this folder, one on each core at a time, and ends with an error where one has found something: run.sh SECONDS TARGET...
set -eu
export seconds=$1
shift
# shellcheck disable=SC2016  # expanded for each target
printf '%s\n' "$@" | xargs -P "$(nproc)" -I '{}' sh -c '
  mkdir -p "found/$0"
  if "./fuzz_$0" -max_total_time="$seconds" -rss_limit_mb=1024 -max_len=65536 -verbosity=0 -print_final_stats=1 -artifact_prefix="found/$0_" \
      "found/$0" "corpus/$0" >"found/$0.log" 2>&1; then
    printf "%-18s %s inputs, nothing found\n" "$0" "$(sed -n "s/^stat::number_of_executed_units: *//p" "found/$0.log")"
  else
    cat "found/$0.log"
    exit 1
  fi' '{}'
