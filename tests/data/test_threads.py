"""A process keeps to its share of the threads."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.data import threads as module
from pipeline.data.pool import run_each
from pipeline.data.threads import cores, limit_threads, threads

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def _as_before(monkeypatch):
    for name in module.ASKED_BY_BLAS:
        monkeypatch.setenv(name, "4")  # what BLAS would take by itself; given back when the test is over
    before = threads()
    yield
    limit_threads(before)


def blas_threads():
    """Of a process that loads NumPy and SciPy only now."""
    import sys

    early = "numpy" in sys.modules
    import scipy.linalg  # noqa: F401
    from threadpoolctl import threadpool_info

    return early, {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_all_cores_unless_said_otherwise():
    assert module.threads() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("limit", "expected"),
    [
        ("max 100000", 6),
        ("200000 100000", 2),
        ("150000 100000", 2),
        ("5000 100000", 1),
        ("900000 100000", 6),
        ("", 6),
        (None, 6),
    ],
)
def test_a_container_leaves_fewer_cores_than_the_machine_has(monkeypatch, tmp_path, limit, expected):
    monkeypatch.setattr(module.os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    monkeypatch.setattr(module, "CPU_MAX", tmp_path / "cpu.max")
    if limit is not None:
        (tmp_path / "cpu.max").write_text(f"{limit}\n")
    assert cores() == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not hold processes to cores")
def test_one_core_that_is_allowed_gives_one_process_and_one_thread():
    """A job of two cores on a node of 64 would begin 64 processes, each with a whole scan."""
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "from pipeline.cli.given import workers; from pipeline.cli.settings import Settings\n"
        "from pipeline.data.threads import threads\n"
        "print(workers(Settings()), threads())"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["1", "1"], done.stderr


def test_the_limit_holds_for_blas_too():
    from threadpoolctl import threadpool_info

    limit_threads(1)
    assert threads() == 1
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}


def test_a_new_process_of_the_pool_is_held_before_it_loads_blas():
    """Sixteen processes of sixteen threads once took twenty times as long as sixteen of one."""
    assert list(run_each(blas_threads, {"job": ()}, 1)) == [("job", (False, {1}))]
