"""Real data sets, where they are: tests are skipped, saying so, elsewhere."""

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("PATCHVOTE_DATA", Path(__file__).parents[1] / "../shared/data"))


def real_data(name):
    """A folder of the real data sets; skips the test where there is none."""
    if not (FOLDER / name).is_dir():
        pytest.skip(f"no real data at {FOLDER / name}; set PATCHVOTE_DATA")
    return FOLDER / name
