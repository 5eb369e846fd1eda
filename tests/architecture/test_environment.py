"""scripts/environment goes on where an earlier try to make .venv ended, and begins anew where it lies elsewhere."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ENVIRONMENT = Path(__file__).parents[2] / "scripts" / "environment"
# Makes virtual environments as Debian's does: without pip as long as python3-venv (a file `ensurepip`) is missing.
# What is installed is found where it was installed from.
DEBIANS_PYTHON = f"""#!/bin/sh
case "$*" in
  *"-m venv"*)
    mkdir -p .venv/bin && cp "$0" .venv/bin/python
    case "$*" in *--without-pip*) exit 0 ;; esac
    [ -e ensurepip ] && touch .venv/pip ;;
  *ensurepip*) [ -e ensurepip ] && touch .venv/pip ;;
  *"-m pip install"*) [ -e .venv/pip ] && pwd >.venv/from ;;
  *"-m pip"*) [ -e .venv/pip ] ;;
  "-Ic "*) PYTHONPATH="$(cat .venv/from)" exec {sys.executable} -Pc "$2" ;;
  *) exec {sys.executable} "$@" ;;
esac
"""


@pytest.fixture
def clone(tmp_path):
    """A clone on which nothing was run yet, of a program without code."""
    made = tmp_path / "clone of mine"
    (made / "pipeline").mkdir(parents=True)
    (made / "pipeline" / "__init__.py").touch()
    (made / "pyproject.toml").touch()
    (made / "python").write_text(DEBIANS_PYTHON)
    (made / "python").chmod(0o755)
    return made


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    where = os.environ | {"PYTHON": str(folder / "python")}
    call = ["bash", "-c", f"set -euo pipefail; source '{ENVIRONMENT}'; set_up"]
    return subprocess.run(call, cwd=folder, env=where, capture_output=True, text=True, timeout=60)


def test_an_environment_without_pip_is_mended_once_python_can(clone):
    for _ in range(2):
        done = set_up(clone)
        assert done.returncode == 1 and "sudo apt install python3-venv" in done.stderr
    (clone / "ensurepip").touch()
    done = set_up(clone)
    assert done.returncode == 0, done.stderr
    assert (clone / ".venv" / ".installed-program").is_file()


@pytest.mark.parametrize("put", [shutil.copytree, shutil.move])
def test_a_clone_that_was_copied_or_moved_gets_an_environment_of_its_own(clone, tmp_path, put):
    """Programs in .venv name its Python by its path, and the code is read where it was installed from."""
    (clone / "ensurepip").touch()
    assert set_up(clone).returncode == 0
    assert set_up(clone).stderr == ""  # all is there
    other = Path(put(clone, tmp_path / "other"))
    done = set_up(other)
    assert done.returncode == 0 and "Setting up .venv" in done.stderr
    assert (other / ".venv" / "from").read_text() == f"{other}\n"
    assert set_up(other).stderr == ""
