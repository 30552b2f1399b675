#!/usr/bin/env bash
# The statistics' digits on arm64 against this machine: cross-compiles src/stats and digits.cc, runs the program under qemu and compares
# line by line. Lines marked "~" go through the C library and may differ in the last bits: they are compared to 12 digits.
# Needs g++-aarch64-linux-gnu and qemu-user-static; exit 77 without them.
set -euo pipefail
top=$(cd "$(dirname "$0")/../.." && pwd)
for tool in aarch64-linux-gnu-g++ qemu-aarch64-static; do
  command -v "$tool" >/dev/null || { echo "SKIP: $tool is not installed (g++-aarch64-linux-gnu, qemu-user-static)"; exit 77; }
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The header-only libraries, without the rest of the machine's own headers.
mkdir "$work/headers"
for name in boost eigen3 Random123 tl; do [ -e "/usr/include/$name" ] && ln -s "/usr/include/$name" "$work/headers/$name"; done
flags=(-std=c++20 -O2 -ffp-contract=off -fopenmp -Wno-psabi -I"$top/include" -I"$top/src" -isystem "$work/headers" -isystem "$work/headers/eigen3")
build() {  # build COMPILER NAME LINK...
  local compiler=$1 name=$2 objects=()
  shift 2
  for source in "$top"/src/stats/*.cc "$top"/src/rng/*.cc "$top/tests/portability/digits.cc"; do
    local object="$work/$name-$(basename "$(dirname "$source")")-$(basename "$source").o"
    objects+=("$object")
    while [ "$(jobs -rp | wc -l)" -ge "$(nproc)" ]; do wait -n; done
    "$compiler" "${flags[@]}" -c "$source" -o "$object" &
  done
  wait
  "$compiler" -fopenmp "${objects[@]}" "$@" -o "$work/$name"
}
build g++ here
build aarch64-linux-gnu-g++ arm64 -static
"$work/here" >"$work/here.txt"
qemu-aarch64-static "$work/arm64" >"$work/arm64.txt"
python3 - "$work/here.txt" "$work/arm64.txt" <<'PYTHON'
import sys
here, arm = ([line.split() for line in open(path)] for path in sys.argv[1:])
exact = sum(a == b for a, b in zip(here, arm))
off = [(a, b) for a, b in zip(here, arm) if (a[0] != b[0]) or (a[2] != b[2] if a[0].startswith("~") else a != b)]
print(f"{len(here)} figures on x86-64, {len(arm)} on arm64: {exact} equal to the bit, {len(off)} off")
for a, b in off:
    print("  here ", *a, "\n  arm64", *b)
sys.exit(bool(off) or len(here) != len(arm) or not here)
PYTHON
