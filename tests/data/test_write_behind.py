"""Files are written in order beside the work, all of them, and what fails is said by name."""

import threading

import pytest

from pipeline.data import write_behind
from pipeline.data.write_behind import WAITING, WriteBehind


@pytest.mark.parametrize("cores", [1, 2])
def test_all_is_written_in_order_when_the_block_ends(monkeypatch, cores):
    monkeypatch.setattr(write_behind, "threads", lambda: cores)
    written = []
    with WriteBehind() as files:
        for number in range(3 * WAITING):
            files.write(str(number), lambda n=number: written.append(n))
    assert written == list(range(3 * WAITING)) and files.failures == {}


@pytest.mark.parametrize("cores", [1, 2])
def test_one_that_fails_costs_itself_alone(monkeypatch, cores):
    monkeypatch.setattr(write_behind, "threads", lambda: cores)
    written = []

    def fail():
        raise OSError("disk full")

    with WriteBehind() as files:
        files.write("a", lambda: written.append("a"))
        files.write("b", fail)
        files.write("c", lambda: written.append("c"))
    assert written == ["a", "c"] and list(files.failures) == ["b"]
    assert "disk full" in str(files.failures["b"])


def test_the_work_goes_on_meanwhile_but_not_far_ahead(monkeypatch):
    monkeypatch.setattr(write_behind, "threads", lambda: 2)
    go, given = threading.Event(), []
    with WriteBehind() as files:

        def give():
            for number in range(WAITING + 2):
                files.write(str(number), go.wait)
                given.append(number)

        giving = threading.Thread(target=give)
        giving.start()
        giving.join(0.5)
        assert len(given) == WAITING  # the next one waits for the first
        go.set()
        giving.join()
    assert len(given) == WAITING + 2


def test_a_process_of_one_thread_starts_none(monkeypatch):
    monkeypatch.setattr(write_behind, "threads", lambda: 1)
    with WriteBehind() as files:
        files.write("a", lambda: None)
        assert files._pool is None
