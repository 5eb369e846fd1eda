"""`python -m pipeline` and the command `patchvote`."""

from __future__ import annotations

import os
import sys

# Waiting threads sleep instead of spinning: with another process on the machine (or our own thread that makes the
# batches) a training step took 2130 ms spinning and 320 ms sleeping on 2 busy cores. Must be set before torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from pipeline.cli.door import main

if __name__ == "__main__":
    sys.exit(main())
