"""`python -m pipeline` and the command `patchvote`."""

from __future__ import annotations

import os
import sys

# A thread that waits for the others at the end of a layer spins for a fifth of a millisecond at most and sleeps then.
# Where it sleeps at once, waking it costs a third of a training step; where it goes on spinning, what else the machine
# does makes a step many times as long: 1,925 ms for 96 beside two busy processes. Must be set before torch loads.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "4000")

from pipeline.cli.door import main

if __name__ == "__main__":
    sys.exit(main())
