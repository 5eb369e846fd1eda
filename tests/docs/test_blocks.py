"""The commands that README and docs print are run as they stand, page by page, in an empty folder.

A block is run if `<!-- run -->` stands on the line above it; `<!-- run: slow -->` only with the slow tests.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from one_core import keep_to_one_core

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^<!-- run(?P<slow>: slow)? -->\n```bash\n(?P<code>.*?)^```", re.MULTILINE | re.DOTALL)
ROWS = re.compile(r"^\|.*\n(?P<second>.*\n)(?:\|.*\n)*", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")


def blocks(page: Path) -> list[re.Match[str]]:
    return list(BLOCK.finditer(page.read_text(encoding="utf-8")))


def marked(page: Path) -> object:
    slow = any(block["slow"] for block in blocks(page))
    return pytest.param(page, marks=[pytest.mark.slow] if slow else [], id=page.relative_to(ROOT).as_posix())


@pytest.fixture
def shell(tmp_path):
    """A shell in an empty folder where `patchvote` is the program of this tree."""
    command = tmp_path / "bin" / "patchvote"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pipeline "$@"\n')
    command.chmod(0o755)
    work = tmp_path / "work"
    work.mkdir()
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}

    def run(code: str) -> subprocess.CompletedProcess[str]:
        words = ["bash", "-euo", "pipefail", "-c", code]
        how = {"cwd": work, "env": environment, "preexec_fn": keep_to_one_core}
        return subprocess.run(words, **how, capture_output=True, text=True, timeout=900)

    return run


@pytest.mark.parametrize("page", [marked(page) for page in PAGES if blocks(page)])
def test_the_commands_of_a_page_run_as_printed(page, shell):
    for block in blocks(page):
        done = shell(block["code"])
        assert done.returncode == 0, f"{block['code']}\n{done.stdout[-2000:]}\n{done.stderr[-4000:]}"


@pytest.mark.parametrize("page", ["README.md", "docs/tutorials/first_model.md"])
def test_the_first_pages_say_where_the_command_is_before_they_use_it(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    assert 0 < text.find("\n. .venv/bin/activate") < text.find("\npatchvote ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_between_pages_lead_somewhere(page):
    missing = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_row_belongs_to_a_table_with_a_heading(page):
    tables = ROWS.finditer(page.read_text(encoding="utf-8"))
    assert [t[0] for t in tables if not re.fullmatch(r"\|[-:| ]+\|\n", t["second"])] == []


def test_a_command_that_fails_would_be_noticed(shell):
    assert shell("patchvote trian").returncode == 2


@pytest.mark.parametrize("page", ["README.md", "docs/tutorials/first_model.md", "docs/howto/pictures.md"])
def test_pages_that_a_newcomer_reads_first_have_commands_that_are_run(page):
    assert blocks(ROOT / page)
