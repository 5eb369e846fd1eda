"""One thread, the same random examples in every run, and signatures that are held to the shapes they promise."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

ROOT, OFTEN = Path(__file__).parents[1], ("__init__", "shapes")

# Without metrics, which refuses wrong shapes itself and is tested to do so, and phantoms.shapes, which is called so
# often that a phantom would take three times as long.
PHANTOMS = tuple(f"phantoms.{p.stem}" for p in sorted(ROOT.glob("pipeline/phantoms/*.py")) if p.stem not in OFTEN)
LOWER = ("geometry", "data", *PHANTOMS, "grid", "networks", "sampling", "losses")
UPPER = ("tasks", "training", "inference")
install_import_hook([f"pipeline.{room}" for room in LOWER + UPPER], "shapes.check_shapes")
settings.register_profile("patchvote", deadline=None, max_examples=20, derandomize=True, database=None)
settings.load_profile("patchvote")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What the tests find fastest is not what a user's training should believe."""
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("cache"))
