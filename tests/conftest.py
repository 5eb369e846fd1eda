"""One thread, the same random examples in every run, and signatures that are held to the shapes they promise."""

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")

import jaxtyping
import pytest
from hypothesis import settings
from shapes import jaxtyped_in_short

# Without metrics, which refuses wrong shapes itself and is tested to do so.
LOWER = ("geometry", "data", "phantoms", "grid", "networks", "sampling", "losses")
UPPER = ("tasks", "training", "inference")
jaxtyping.jaxtyped = jaxtyped_in_short
jaxtyping.install_import_hook([f"pipeline.{room}" for room in LOWER + UPPER], "shapes.check_shapes")
settings.register_profile("patchvote", deadline=None, max_examples=20, derandomize=True, database=None)
settings.load_profile("patchvote")


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory):
    """What the tests find fastest is not what a user's training should believe; all processes of a session share it."""
    base = tmp_path_factory.getbasetemp()
    os.environ["XDG_CACHE_HOME"] = str(base.parent if "PYTEST_XDIST_WORKER" in os.environ else base)


@pytest.fixture(autouse=True)
def one_thread():
    """A stage that was run takes all cores for the rest of its process; two processes of tests would fight for them."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)
