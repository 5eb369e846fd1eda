"""Squares that show nothing: cut anew as often as one likes, and never at the cost of a table of the user's."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import PIL.Image

SCRIPT = Path(__file__).parents[2] / "scripts" / "cut_squares.py"


def test_a_table_of_other_subjects_is_not_replaced(tmp_path):
    (tmp_path / "pictures").mkdir()
    PIL.Image.fromarray(np.eye(40, dtype=np.uint8) * 255).save(tmp_path / "pictures" / "a.png")
    words = [sys.executable, SCRIPT, "--out", tmp_path / "nothing", "--count", "2", tmp_path / "pictures"]
    table = tmp_path / "subjects.csv"
    for _ in range(2):
        subprocess.run(words, check=True)
        assert table.read_text() == "case,subject\nsquare_00000,pictures_a\nsquare_00001,pictures_a\n"
    table.write_text("case,subject\na,ann\n")
    done = subprocess.run(words, capture_output=True, text=True)
    assert done.returncode == 2 and "subjects.csv: speaks of other images" in done.stderr
    assert table.read_text() == "case,subject\na,ann\n"
