"""`python -m pipeline` and the command `patchvote`."""

from __future__ import annotations

import sys

from pipeline.cli.door import main

if __name__ == "__main__":
    sys.exit(main())
