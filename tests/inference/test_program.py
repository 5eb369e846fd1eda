"""Another program is told from this one by its code."""

import shutil
from pathlib import Path

import pytest

import pipeline
from pipeline.inference import program
from pipeline.inference.program import program_sum

PACKAGE = Path(pipeline.__file__).parent


def copied(folder):
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def test_a_copy_is_the_same_program(tmp_path):
    assert program_sum(copied(tmp_path / "copy")) == program_sum()


@pytest.mark.parametrize(
    "changed", ["tasks/landmarks.py", "data/resample.py", "grid/decode.py", "losses/displacement.py"]
)
def test_a_changed_rule_makes_another(changed, tmp_path):
    other = copied(tmp_path / "copy")
    (other / changed).write_text((other / changed).read_text() + "CHANGED = True\n")
    assert program_sum(other) != program_sum()


def test_what_does_not_answer_may_change(tmp_path):
    other = copied(tmp_path / "copy")
    (other / "report" / "page.py").write_text("")
    assert program_sum(other) == program_sum()


def test_another_version_is_another(monkeypatch, tmp_path):
    monkeypatch.setattr(program, "__version__", "another")
    assert program_sum(copied(tmp_path / "copy")) != program_sum()
