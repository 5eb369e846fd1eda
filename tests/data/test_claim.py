"""Two programs in one folder: the second waits for the first and then finds its work done."""

import subprocess
import sys
import time

from pipeline.data.claim import claimed_folder

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
