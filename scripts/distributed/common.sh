# Sourced by the scripts beside it, which set `name` and say how to `install` and `check` first.
# Exit 77 with a line "SKIP: ..." where the engine is not here. The default prefix is shared by all checkouts:
# ${MINSLICE_ENGINES:-${XDG_CACHE_HOME:-~/.cache}/minslice/engines}.

skip() { echo "SKIP: $name: $1"; exit 77; }
usage() { sed -n '2,/^set -/p' "$0" | sed -n 's/^# \{0,1\}//p'; exit 2; }

prefix=${MINSLICE_ENGINES:-${XDG_CACHE_HOME:-$HOME/.cache}/minslice/engines}/$name
[ $# -gt 0 ] || usage
command -v python3 > /dev/null || skip "python3 is not installed"

# A package of PyPI in a venv of its own.
install_package() {
  mkdir -p "$prefix"
  exec 9> "$prefix/install.lock"
  flock 9
  if [ ! -f "$prefix/$2.installed" ]; then
    if ! { python3 -m venv "$prefix" && "$prefix/bin/pip" install -q "$1==$2"; } > "$prefix/install.log" 2>&1; then
      tail -n 5 "$prefix/install.log" >&2
      skip "pip could not install $1==$2"
    fi
    touch "$prefix/$2.installed"
  fi
  exec 9>&-
}
