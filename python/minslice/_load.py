"""Loads the compiled part. Its OpenMP threads sleep while they wait: by default they would turn on the spot for some
milliseconds after every call, which costs a process more than a bootstrap of 840 pairs. What the user has set is left as it
is, and the environment is as before once the part is loaded."""

import os

_POLICY = "OMP_WAIT_POLICY"

if _POLICY in os.environ or "GOMP_SPINCOUNT" in os.environ:
    from . import _core as _core
else:
    os.environ[_POLICY] = "PASSIVE"  # libgomp reads it once, when it is loaded
    try:
        from . import _core as _core
    finally:
        del os.environ[_POLICY]
