#!/usr/bin/env bash
# Splits a folder of people in two: hold_out.sh DATA OUT N links all but the last N people (by name) of DATA into OUT/people, to train
# on, and writes OUT/pairs.csv: those pairs of DATA/pairs.csv whose people are both among the last N, in each fold as many of one
# person as of two.
set -euo pipefail
[ $# -eq 3 ] || { sed -n '2,4s/^# //p' "$0"; exit 2; }
data=$(realpath "$1") out=$2 n=$3
[ -e "$data/pairs.csv" ] || { echo "hold_out: $data/pairs.csv: no such file" >&2; exit 2; }
rm -rf "$out"
mkdir -p "$out/people"
people=$(find "$data" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | LC_ALL=C sort)
head -n -"$n" <<<"$people" | while read -r person; do ln -s "$data/$person" "$out/people/$person"; done
tail -n "$n" <<<"$people" | awk -F, -v data="$data" '
  function flush(  i, count) {
    count = same < different ? same : different
    for (i = 0; i < count; ++i) print s[i]
    for (i = 0; i < count; ++i) print d[i]
    same = different = 0
  }
  NR == FNR { unseen[$1] = 1; next }
  FNR == 1 { print; next }
  {
    if ($3 == 1 && was == 0) flush()  # a fold begins with its same pairs
    was = $3
    split($1, a, "/"); split($2, b, "/")
    if (!unseen[a[1]] || !unseen[b[1]]) next
    line = data "/" $1 "," data "/" $2 "," $3
    if ($3 == 1) s[same++] = line; else d[different++] = line
  }
  END { flush() }' - "$data/pairs.csv" > "$out/pairs.csv"
echo "$(ls "$out/people" | wc -l) people to train on, $(($(wc -l < "$out/pairs.csv") - 1)) pairs of the other $n"
