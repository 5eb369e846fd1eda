"""What the pages of landmarks and of boxes show alike of the files in a run folder."""

from __future__ import annotations

import csv
from pathlib import Path

from pipeline.data.findings import read_findings, summarize
from pipeline.report.page import Listing

SHOWN = ("config.yaml", "model/model.json")


def read_rows(path: Path) -> list[dict[str, str]]:
    """A table's rows by column; none where there is no file."""
    if not path.is_file():
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def findings(run: Path) -> Listing:
    """What check found, and which cases it kept out.

    Raises:
        DataError: `findings.json` is damaged.
    """
    path = run / "findings.json"
    if not path.is_file():
        return Listing(note="There is no findings.json in the run: the data were not checked.")
    found = read_findings(path)
    out = found.quarantined
    note = f"Kept out ({len(out)}): {', '.join(out)}." if out else "No case was kept out."
    return Listing(("severity", "rule", "cases", "what was met", "what to do"), tuple(summarize(found.items)), note)


def details(run: Path, part: str) -> tuple[tuple[str, str], ...]:
    """Files to show as they are, folded away: of the run, and of the answers to a part of the split."""
    names = (*SHOWN, f"{part}/run_report.json")
    return tuple((name, (run / name).read_text(encoding="utf-8")) for name in names if (run / name).is_file())
