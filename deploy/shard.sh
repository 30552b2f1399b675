#!/bin/sh
# One shard of a run, as a scheduler starts it, and starts it again: what is answered is not asked again.
#   shard.sh SUITE FOLDER TARGET...      i and K come from SLURM_ARRAY_* or from JOB_COMPLETION_INDEX and JOB_COMPLETIONS
# Exit 0: done. 1: worth another try. 2: no try will help (wrong flags, a refused key, the budget is spent).
# Further flags of minslice run: MINSLICE_RUN_FLAGS, split at spaces.
set -u
suite=$1 folder=$2
shift 2
for target in "$@"; do set -- "$@" --target "$target"; shift; done
mkdir -p "$folder"
# shellcheck disable=SC2086
minslice run "$suite" "$@" --shard auto --resume -o "$folder/{target}.{shard}.jsonl" ${MINSLICE_RUN_FLAGS:-}
code=$?
# Nobody answered at the gateway's address: exit 2 of the command, but the gateway may come back.
if [ "$code" = 2 ]; then
  if [ -n "${JOB_COMPLETION_INDEX:-}" ]; then
    i=$((JOB_COMPLETION_INDEX + 1)) k=${JOB_COMPLETIONS:-0}
  else
    i=$(((SLURM_ARRAY_TASK_ID - SLURM_ARRAY_TASK_MIN) / ${SLURM_ARRAY_TASK_STEP:-1} + 1)) k=$SLURM_ARRAY_TASK_COUNT
  fi
  for log in "$folder"/*."$(printf "%0${#k}d" "$i")-of-$k.jsonl"; do
    if [ -f "$log" ] && tail -n 1 "$log" | grep -q '^{"record":"stop","reason":"unreachable"'; then code=1; fi
  done
fi
exit "$code"
