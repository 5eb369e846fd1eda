"""Progress is for people: a terminal is redrawn often, a log is told seldom."""

import io
import subprocess
import sys

from pipeline.data.progress_bar import SECONDS, progress_bar, show_progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_is_redrawn_as_often_as_asked():
    with progress_bar(total=1, file=Terminal(), mininterval=0.5) as bar:
        assert bar.mininterval == 0.5


def test_a_log_of_thousands_of_jobs_has_a_few_lines_and_the_last_is_whole():
    log = io.StringIO()
    with progress_bar(total=5000, desc="preprocess", file=log) as bar:
        assert bar.mininterval == SECONDS
        for _ in range(5000):
            bar.update()
    lines = log.getvalue().split("\r")
    assert len(lines) < 5
    assert "preprocess: 100%" in lines[-1] and "5000/5000" in lines[-1]


def test_whoever_wants_no_bar_sees_none_and_all_is_done():
    log = Terminal()
    show_progress(False)
    try:
        with progress_bar(total=2, file=log) as bar:
            bar.set_postfix_str("step 1", refresh=False)
            bar.update()
        assert list(progress_bar("ab", "letters", file=log)) == ["a", "b"]
    finally:
        show_progress(True)
    assert log.getvalue() == ""


def test_no_semaphore_is_held_which_a_stopped_process_would_leak():
    program = """
import io
from pipeline.data.progress_bar import progress_bar
list(progress_bar(range(3), file=io.StringIO()))
from tqdm.std import TqdmDefaultWriteLock
print(hasattr(TqdmDefaultWriteLock, "mp_lock"))
"""
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True).stdout == "False\n"
