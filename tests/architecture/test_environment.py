"""scripts/environment goes on where an earlier try to make .venv ended."""

import os
import subprocess
import sys
from pathlib import Path

ENVIRONMENT = Path(__file__).parents[2] / "scripts" / "environment"
# Makes virtual environments as Debian's does: without pip as long as python3-venv (a file `ensurepip`) is missing.
DEBIANS_PYTHON = f"""#!/bin/sh
case "$*" in
  *"-m venv"*)
    mkdir -p .venv/bin && cp "$0" .venv/bin/python
    case "$*" in *--without-pip*) exit 0 ;; esac
    [ -e ensurepip ] && touch .venv/pip ;;
  *ensurepip*) [ -e ensurepip ] && touch .venv/pip ;;
  *"-m pip"*) [ -e .venv/pip ] ;;
  *) exec {sys.executable} "$@" ;;
esac
"""


def set_up(folder: Path) -> subprocess.CompletedProcess[str]:
    where = os.environ | {"PYTHON": str(folder / "python")}
    call = ["bash", "-c", f"set -euo pipefail; source '{ENVIRONMENT}'; set_up"]
    return subprocess.run(call, cwd=folder, env=where, capture_output=True, text=True, timeout=60)


def test_an_environment_without_pip_is_mended_once_python_can(tmp_path):
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "python").write_text(DEBIANS_PYTHON)
    (tmp_path / "python").chmod(0o755)
    for _ in range(2):
        done = set_up(tmp_path)
        assert done.returncode == 1 and "sudo apt install python3-venv" in done.stderr
    (tmp_path / "ensurepip").touch()
    done = set_up(tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / ".venv" / ".installed-program").is_file()
