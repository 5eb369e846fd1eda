"""Two programs in one folder: the second waits for the first and then finds its work done."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from filelock import FileLock

from pipeline.data.claim import LOCK, claimed_folder
from pipeline.errors import DataError

HOLD = (
    "import sys, time; from pathlib import Path; from pipeline.data.claim import claimed_folder\n"
    "with claimed_folder(Path(sys.argv[1])): print('in', flush=True); time.sleep(float(sys.argv[2]))"
)


def hold(folder, seconds):
    process = subprocess.Popen([sys.executable, "-c", HOLD, folder, str(seconds)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "in\n"
    return process


def test_the_second_waits_and_says_so(tmp_path, capsys):
    first, start = hold(tmp_path, 1.5), time.monotonic()
    with claimed_folder(tmp_path):
        waited = time.monotonic() - start
    assert first.wait() == 0 and waited > 1 and "waiting for it" in capsys.readouterr().err


def test_a_process_that_was_killed_lets_go(tmp_path):
    first = hold(tmp_path, 60)
    first.kill()
    first.wait()
    with claimed_folder(tmp_path):
        pass


def test_a_lock_of_another_account_says_whose_it_is(tmp_path, monkeypatch):
    def closed(*_, **__):
        raise PermissionError(13, "Permission denied", str(tmp_path / LOCK))

    (tmp_path / LOCK).touch()
    monkeypatch.setattr(FileLock, "acquire", closed)
    for owner in (Path.owner, unknown):
        monkeypatch.setattr(Path, "owner", owner)
        whose = Path.owner(tmp_path) if owner is not unknown else f"user {os.geteuid()}"
        with pytest.raises(DataError, match=rf"\.lock: is {whose}'s, .*chmod -R g\+rwX"), claimed_folder(tmp_path):
            pass


def unknown(path):
    raise KeyError("getpwuid(): uid not found")
