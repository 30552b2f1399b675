#!/bin/sh
# The shards of both sides joined, strictly, and gated; the exit code is the gate's.
#   gate.sh POLICY FOLDER INCUMBENT CANDIDATE OUT
# MINSLICE_STORE: a store for the verdict (docs/scale.md).
set -eu
policy=$1 folder=$2 incumbent=$3 candidate=$4 out=$5
for target in "$incumbent" "$candidate"; do
  rm -f "$folder/$target.jsonl"  # made by an earlier try of this job, from the same shards
  minslice log merge "$folder/$target".*-of-*.jsonl -o "$folder/$target.jsonl"
done
exec minslice gate "$policy" --incumbent "$folder/$incumbent.jsonl" --candidate "$folder/$candidate.jsonl" --out "$out" \
  ${MINSLICE_STORE:+--store "$MINSLICE_STORE"}
