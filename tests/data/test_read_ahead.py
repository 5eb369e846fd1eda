"""The next scan is read while this one is worked on."""

import threading

import pytest

from pipeline.data import read_ahead as module
from pipeline.data.read_ahead import read_ahead
from pipeline.errors import DataError


def test_the_next_is_read_ahead_and_no_further(monkeypatch):
    asked, second = [], threading.Event()

    def read(path):
        asked.append(path)
        if path == "2":
            second.set()
        return path * 2

    monkeypatch.setattr(module, "read_safely", read)
    monkeypatch.setattr(module, "threads", lambda: 2)
    scans = read_ahead({"a": "1", "b": "2", "c": "3", "d": "4"})
    name, image = next(scans)
    assert (name, image.result()) == ("a", "11")
    assert second.wait(5)
    assert asked == ["1", "2"]
    assert [(n, i.result()) for n, i in scans] == [("b", "22"), ("c", "33"), ("d", "44")]


def test_one_thread_reads_one_scan_after_the_other(monkeypatch):
    asked = []
    monkeypatch.setattr(module, "read_safely", lambda path: asked.append(path) or path)
    monkeypatch.setattr(module, "threads", lambda: 1)
    scans = read_ahead({"a": "1", "b": "2"})
    assert next(scans)[1].result() == "1"
    assert asked == ["1"]
    assert next(scans)[1].result() == "2"


def test_a_scan_that_cannot_be_read_does_not_stop_the_others(monkeypatch):
    def read(path):
        if path == "2":
            raise DataError("2: damaged")
        return path

    monkeypatch.setattr(module, "read_safely", read)
    images = dict(read_ahead({"a": "1", "b": "2", "c": "3"}))
    with pytest.raises(DataError, match="damaged"):
        images["b"].result()
    assert images["c"].result() == "3"


def test_nothing_to_read():
    assert list(read_ahead({})) == []
