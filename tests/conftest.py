"""One thread and the same random examples in every run, so that a test that fails once fails always."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from hypothesis import settings

settings.register_profile("patchvote", deadline=None, max_examples=20, derandomize=True, database=None)
settings.load_profile("patchvote")
