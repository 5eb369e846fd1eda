"""The how-to page of a task of one's own is followed to the letter, on a copy of the program."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from one_core import keep_to_one_core

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "howto" / "new_task.md"
BLOCK = re.compile(r"^```\w+ (?P<what>file|line|run)=?(?P<where>\S*)\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
MINUTE, STEPS = "training.minutes=1", "training.minutes=null training.steps=100"


def blocks() -> list[re.Match[str]]:
    return list(BLOCK.finditer(PAGE.read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def followed(tmp_path_factory):
    """The folder of a checkout in which the page was followed, with steps in the place of its minute."""
    home = tmp_path_factory.mktemp("checkout")
    for folder in ("pipeline", "configs"):
        shutil.copytree(ROOT / folder, home / folder, ignore=shutil.ignore_patterns("__pycache__"))
    program = home / "bin" / "patchvote"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipeline "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join([str(program.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(home)}
    for block in blocks():
        place = home / block["where"]
        if block["what"] == "file":
            place.write_text(block["code"])
        elif block["what"] == "line":
            text = place.read_text()
            assert text.count("\n}\n") == 1
            place.write_text(text.replace("\n}\n", f"\n{block['code']}}}\n"))
        else:
            code = block["code"]
            assert MINUTE in code
            words = ["bash", "-euo", "pipefail", "-c", code.replace(MINUTE, STEPS)]
            how = {"cwd": home, "env": environment, "preexec_fn": keep_to_one_core}
            done = subprocess.run(words, **how, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, done.stderr[-4000:]
    return home


def test_the_page_has_one_file_one_config_and_one_line():
    kinds = [(b["what"], b["where"]) for b in blocks()]
    assert [w for what, w in kinds if what == "file" and "tasks" in w] == ["pipeline/tasks/star_tips.py"]
    assert [w for what, w in kinds if what == "file" and "configs" in w] == ["configs/experiment/star_tips.yaml"]
    (line,) = [b["code"] for b in blocks() if b["what"] == "line"]
    assert len(line.splitlines()) == 1


def test_the_task_learns_to_count(followed):
    """Better by far than always saying the same number, which errs by 1.7 tips."""
    metrics = json.loads((followed / "runs" / "stars" / "test" / "summary.json").read_text())["values"]["tips"]
    assert metrics["mae"] < 0.5 * metrics["without_looking"]["always_mae"]
    assert (followed / "runs" / "stars" / "report.html").is_file()


def test_the_model_answers_new_pictures(followed):
    command = [sys.executable, "-m", "pipeline", "predict", "model=runs/stars/model", "-i", "stars/images", "-o", "new"]
    done = subprocess.run(
        command, cwd=followed, env=os.environ | {"PYTHONPATH": str(followed)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    rows = (followed / "new" / "values.csv").read_text().splitlines()
    assert rows[0] == "image,tips" and len(rows) == 241
