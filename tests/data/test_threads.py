"""A process keeps to its share of the threads."""

import os

import pytest

from pipeline.data import threads as module
from pipeline.data.pool import run_each
from pipeline.data.threads import limit_threads, threads


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


def test_the_limit_holds_for_blas_too():
    from threadpoolctl import threadpool_info

    limit_threads(1)
    assert threads() == 1
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}


def test_a_new_process_of_the_pool_is_held_before_it_loads_blas():
    """Sixteen processes of sixteen threads once took twenty times as long as sixteen of one."""
    assert list(run_each(blas_threads, {"job": ()}, 1)) == [("job", (False, {1}))]
