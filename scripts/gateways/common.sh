# Sourced by the scripts beside it, which set `name` and `process` (a word of the server's command line) first.
#   $script [start] [--port P] [--prefix DIR] ...   installs if needed, starts, prints its URL
#   $script stop --port P [--prefix DIR]
#   $script install [--prefix DIR]
# Exit 77 with a line "SKIP: ..." where the gateway cannot be had here. The default prefix is shared by all
# checkouts: ${MINSLICE_GATEWAYS:-${XDG_CACHE_HOME:-~/.cache}/minslice/gateways}/NAME.

skip() { echo "SKIP: $name: $1"; exit 77; }
usage() { sed -n '2,/^set -/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 2; }

prefix=${MINSLICE_GATEWAYS:-${XDG_CACHE_HOME:-$HOME/.cache}/minslice/gateways}/$name
port=
action=start
upstream=
key=${MINSLICE_UPSTREAM_KEY:-sk-mock}

read_arguments() {
  while [ $# -gt 0 ]; do
    case $1 in
      start | stop | install) action=$1 ;;
      --port) port=${2:-}; shift ;;
      --prefix) prefix=${2:-}; shift ;;
      --upstream) upstream=${2:-}; shift ;;
      *) usage ;;
    esac
    shift || usage
  done
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

stop() {
  [ -n "$port" ] || usage
  local file=$prefix/$port.pid pid
  [ -f "$file" ] || { echo "$name: nothing was started on port $port"; return 0; }
  pid=$(cat "$file")
  rm -rf "$file" "$prefix/$port".*
  # The number may belong to another process by now.
  tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -q -- "$process" || return 0
  kill "$pid" 2> /dev/null || true
  for _ in $(seq 50); do
    kill -0 "$pid" 2> /dev/null || return 0
    sleep 0.1
  done
  kill -9 "$pid" 2> /dev/null || true
}

# await PID PATH SECONDS: until the server answers there; then prints its URL.
await() {
  echo "$1" > "$prefix/$port.pid"
  local log=$prefix/$port.log
  for _ in $(seq $((2 * $3))); do
    if curl -sf --max-time 5 --noproxy '*' "http://127.0.0.1:$port$2" > /dev/null 2>&1; then
      echo "http://127.0.0.1:$port/v1"
      exit 0
    fi
    if ! kill -0 "$1" 2> /dev/null; then
      tail -n 5 "$log" >&2
      echo "$name: the gateway ended while it started" >&2
      exit 1
    fi
    sleep 0.5
  done
  tail -n 5 "$log" >&2
  stop
  echo "$name: no answer on port $port after $3 s" >&2
  exit 1
}
