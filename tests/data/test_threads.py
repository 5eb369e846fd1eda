"""A process keeps to its share of the threads."""

import os

import pytest

from pipeline.data import threads as module
from pipeline.data.threads import limit_threads, threads


@pytest.fixture(autouse=True)
def _as_before():
    before = threads()
    yield
    limit_threads(before)


def test_all_cores_unless_said_otherwise():
    assert module.threads() <= (os.cpu_count() or 1)


def test_the_limit_holds_for_blas_too():
    from threadpoolctl import threadpool_info

    limit_threads(1)
    assert threads() == 1
    assert {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"} == {1}
