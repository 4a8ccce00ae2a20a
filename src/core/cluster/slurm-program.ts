/**
 * The script below its `#SBATCH` lines. Places `@@NAME@@` are filled with words that are quoted already.
 *
 * SIGTERM comes to this script and to moe-loom (scancel, requeue, preemption): it is passed on as SIGHUP, because a second
 * signal of the same kind would end moe-loom at once. SIGUSR2 comes to this script alone, before the time limit.
 */
export const SLURM_PROGRAM = `
# dash and others do not know $'…'.
[ -n "\${BASH_VERSION-}" ] || exec bash "$0" "$@"
set -euo pipefail

PLAN=@@PLAN@@
OUT=@@OUT@@
LOGS=@@LOGS@@
LOOM=(@@START@@)
# An error that a retry cannot change ends with this code.
export MOE_LOOM_FINAL_EXIT=@@FINALEXIT@@

submit() {
  case $0 in /*) self=$0 ;; *) self=$PWD/$0 ;; esac
  mkdir -p "$LOGS"
  parts=$(sbatch --parsable --array=@@ARRAY@@ --output=@@PATTERN@@/part-%a.%A.log "$self" part)
  parts=\${parts%%;*}
  join=$(sbatch --parsable --dependency="afterok:$parts" --kill-on-invalid-dep=yes --output=@@PATTERN@@/join.%j.log "$self" join) || {
    echo "The parts are job $parts, but the join could not be submitted. Run this script again once they have ended." >&2
    exit 1
  }
  echo "Submitted @@PARTS@@ parts as job $parts and their join as job \${join%%;*}; logs are in $LOGS."
}

child= again= stopped= limit=
trap 'again=1 stopped=1; [ -z "$child" ] || kill -HUP "$child" 2>/dev/null || :' TERM
trap 'again=1 stopped=1 limit=1; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null || :' USR2
trap 'again=1; [ -z "$child" ] || kill -USR1 "$child" 2>/dev/null || :' USR1

prepare() {
  # A repo org/name is not taken for a folder of that name here.
  cd /
  mkdir -p "$OUT"
  @@MODULES@@@@SCRATCH@@return 0
}

# Queues this job again, unless it was started again so often already.
retry() {
  [ "\${SLURM_RESTART_COUNT:-0}" -lt "$1" ] || return 0
  echo "$2: the job is queued again. Finished shards are kept." >&2
  scontrol requeue "$SLURM_JOB_ID"
}

# Waits for the end of a command in the background; the shell could not act on signals while one runs in the foreground.
finish() {
  child=$!
  while :; do
    again= code=0
    wait "$child" || code=$?
    [ -n "$again" ] || break
  done
  child=
  [ "$code" -ne 0 ] || exit 0
  if [ -n "$limit" ]; then
    retry @@RESTARTS@@ "The time limit is near"
  elif [ -z "$stopped" ]; then
    case $code in @@FINAL@@) ;; *) retry @@RETRIES@@ "moe-loom ended with $code" ;; esac
  fi
  exit "$code"
}

case \${1-submit} in
  submit) submit ;;
  part)
    prepare
    [ -z "$stopped" ] || exit 2
    "\${LOOM[@]}" convert --plan="$PLAN" --part="$SLURM_ARRAY_TASK_ID/@@PARTS@@" --out="$OUT"@@CONVERT@@ &
    finish
    ;;
  join)
    prepare
    [ -z "$stopped" ] || exit 2
    "\${LOOM[@]}" join "$PLAN" "$OUT"@@JOIN@@ &
    finish
    ;;
  *)
    echo "Usage: bash $0 [submit|part|join]" >&2
    exit 2
    ;;
esac
`;
