"""A job that dies, hangs or fails costs itself and nothing else."""

import os
import signal
import time

import pytest

from pipeline.data import pool
from pipeline.data.pool import LostJob, run_each
from pipeline.errors import PatchvoteError


def work(kind, marker=None):
    if kind == "dies once" and not os.path.exists(marker):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    if kind == "dies":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "hangs":
        time.sleep(60)
    if kind == "fails":
        raise ValueError("seven")
    return f"did {kind}"


def test_each_job_has_its_own_fate(tmp_path):
    kinds = ["a", "dies", "b", "dies once", "hangs", "fails", "c"]
    jobs = {kind: (kind, str(tmp_path / "marker")) for kind in kinds}
    done = dict(run_each(work, jobs, workers=2, seconds=6))
    assert set(done) == set(kinds)
    assert all(done[kind] == f"did {kind}" for kind in ("a", "b", "c", "dies once"))
    assert isinstance(done["fails"], ValueError) and "seven" in str(done["fails"])
    assert isinstance(done["dies"], LostJob) and "died" in str(done["dies"])
    assert isinstance(done["hangs"], LostJob) and "6 s" in str(done["hangs"])


@pytest.mark.parametrize("workers", [0, 2])
def test_no_jobs_are_no_work(workers):
    assert list(run_each(work, {}, workers)) == []


def test_in_this_process_an_exception_costs_one_job():
    done = dict(run_each(work, {"fails": ("fails",), "a": ("a",)}, workers=0))
    assert isinstance(done["fails"], ValueError) and done["a"] == "did a"


def die_at_first(_):
    if not os.path.exists(marker := os.environ["MARKER"]):
        open(marker, "w").close()
        os.kill(os.getpid(), signal.SIGKILL)


def test_jobs_of_a_process_that_dies_before_it_takes_one_are_tried_again(tmp_path, monkeypatch):
    monkeypatch.setenv("MARKER", str(tmp_path / "marker"))
    monkeypatch.setattr(pool, "limit_threads", die_at_first)
    done = dict(run_each(work, {"a": ("a",), "b": ("b",)}, workers=1))
    assert done == {"a": "did a", "b": "did b"}
    assert (tmp_path / "marker").exists()


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), RuntimeError()], ids=repr)
def test_where_no_process_can_be_started_that_is_said(monkeypatch, error):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("pebble.pool.process.PoolManager.start", fail)
    with pytest.raises(PatchvoteError, match="no process can be started"):
        list(run_each(work, {"a": ("a",)}, workers=1))
