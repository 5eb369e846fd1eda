"""Stage check: read every scan whole, test the data against the rules, write `findings.json`.

Neither torch nor MONAI is imported. A scan that cannot be used is quarantined and listed, the rest go on.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path

from pipeline.data.box_rules import check_boxes
from pipeline.data.dataset import PARTS, Dataset, picture_id, read_dataset
from pipeline.data.findings import FROM_IMPORT, Finding, Findings, read_findings, summarize, write_findings
from pipeline.data.long_lists import cut
from pipeline.data.patient_rules import check_patients
from pipeline.data.placement import check_placement
from pipeline.data.pool import run_each
from pipeline.data.progress_bar import progress_bar
from pipeline.data.reachable import require_any
from pipeline.data.said import said_of
from pipeline.data.scan_facts import VERSION, Facts, frame_of, inspect_scan, unchanged
from pipeline.data.set_rules import check_set
from pipeline.data.shape_rules import check_shape
from pipeline.errors import DataError

LEAST = 3  # cases that must remain of more
PARTIAL = "findings.partial.json"  # beside them: facts of a check that has not ended, which no other stage reads
SECONDS = 30.0  # a check that is killed loses no more than it looked at in them


def check(dataset: Path, out: Path, strict: bool = False, workers: int = 2) -> list[Finding]:
    """Look at every scan and landmark of a data set; a rerun reads only scans that changed, or that a check which was
    interrupted did not come to.

    Args:
        dataset: `dataset.json`; the findings of import beside it are taken over.
        out: Where `findings.json` goes, with the facts of each scan.
        strict: Any quarantined case is an error of the whole, and a scan that states two positions is one.
        workers: Processes that read; 0 reads in this one.

    Returns:
        All findings; cases with an error are quarantined.

    Raises:
        ConfigError: Not one scan is there; what was found before stays.
        DataError: An error concerns the whole set, or too few cases remain (with `strict`: one is missing).
            `findings.json` is written before.
    """
    data = read_dataset(dataset)
    manifest = data.with_pictures()
    require_any(map(manifest.image_path, manifest.cases), dataset)
    findings = _imported(Path(dataset).parent / FROM_IMPORT)
    partial = Path(out).with_name(PARTIAL)
    looked = _inspect(manifest, _known(out) | _known(partial), workers, partial)
    facts = {case: f for case, f in looked.items() if "rule" not in f}
    for case, result in looked.items():
        if "rule" in result:
            advice = "It is left out; export it again and rerun."
            findings.append(Finding(result["rule"], "error", case, result["message"], advice))
    findings += check_placement(manifest, {case: frame_of(f) for case, f in facts.items()})
    findings += check_boxes(manifest, {case: frame_of(f) for case, f in facts.items()})
    findings += check_patients(manifest, facts.keys() - {f.case for f in findings if f.severity == "error"})
    findings += check_shape(manifest.with_cases(tuple(c for c in manifest.cases if c.id in facts)))
    findings += check_set(manifest, facts, strict)
    complete = Findings(tuple(findings), facts, said_of(data))
    write_findings(complete, out)
    partial.unlink(missing_ok=True)
    _require_usable(data, complete, out, strict)
    return findings


def _imported(path: Path) -> list[Finding]:
    return list(read_findings(path).items) if path.is_file() else []


def _known(out: Path) -> dict[str, Facts]:
    """Facts of an earlier run; a damaged file, or one of an earlier version, only costs the time to look again."""
    try:
        return {case: facts for case, facts in read_findings(out).facts.items() if facts.get("version") == VERSION}
    except DataError:
        return {}


def _inspect(manifest: Dataset, known: dict[str, Facts], workers: int, partial: Path) -> dict[str, Facts]:
    """Facts or the reason why there are none, in the order of the cases; kept in `partial` as they come."""
    paths = {c.id: manifest.image_path(c) for c in manifest.cases}
    results = {case: known[case] for case, path in paths.items() if case in known and unchanged(path, known[case])}
    jobs = {case: (str(path), known.get(case)) for case, path in paths.items() if case not in results}
    kept = time.monotonic()
    with progress_bar(
        total=len(paths), initial=len(results), desc="check", unit="scan", file=sys.stderr, disable=not jobs
    ) as bar:
        try:
            for case, facts in run_each(inspect_scan, jobs, workers):
                results[case] = facts if isinstance(facts, dict) else _lost(paths[case], facts)
                bar.update()
                if time.monotonic() - kept >= SECONDS:
                    _keep(results, partial)
                    kept = time.monotonic()
        finally:  # also where Ctrl-C ends it
            if jobs:
                _keep(results, partial)
    return {case: results[case] for case in paths}


def _keep(looked: Mapping[str, Facts], partial: Path) -> None:
    write_findings(Findings((), {case: facts for case, facts in looked.items() if "rule" not in facts}), partial, None)


def _lost(path: Path, error: Exception) -> Facts:
    return {"rule": "crash", "message": f"{path}: reading it failed: {error}."}


def _require_usable(manifest: Dataset, findings: Findings, out: Path, strict: bool) -> None:
    """Of the cases themselves: where the first image cannot be used, the others do not help."""
    whole = [f for f in findings.items if f.severity == "error" and f.case is None]
    if whole:
        listed = "\n".join(f"  {f.message} {f.advice}" for f in whole)
        besides = _left_out(findings)
        raise DataError(f"dataset {manifest.name}: wrong as a whole:\n{listed}{besides}\nDetails in {out}.")
    least = min(LEAST, len(manifest.cases))  # fewer may be given only to measure a model on
    whose = {picture_id(c.id, view): c.id for c in manifest.cases for view in c.pictures} if strict else {}
    bad = {whose.get(case, case) for case in findings.quarantined}  # also those that import left out
    left = [c for c in manifest.cases if c.id not in bad]
    needed = f"all {len(left) + len(bad)}" if strict else str(least)
    if len(left) < least or (strict and bad):
        listed = "\n".join(cut([f"  {f.case}: {f.message}" for f in findings.items if f.severity == "error"]))
        raise DataError(
            f"dataset {manifest.name}: {len(left)} usable cases, {needed} are needed:\n{listed}\nSee {out}."
        )
    for part in PARTS:
        if manifest.part(part) and not any(c.split == part for c in left):
            lost = {c.id for c in manifest.part(part)}
            first = next(f for f in findings.items if f.severity == "error" and f.case in lost)
            raise DataError(
                f"dataset {manifest.name}: every case of the {part} part is quarantined, see {out}; {first.case}:"
                f" {first.message} {first.advice} Mend them, or import with another data.split_seed, a trained run"
                " into a new folder."
            )


def _left_out(findings: Findings) -> str:
    """Which cases are left out, and why: what is wrong as a whole does not hide scans that cannot be read."""
    if not findings.quarantined:
        return ""
    rows = summarize(f for f in findings.items if f.severity == "error" and f.case is not None)
    lines = "".join(f"\n  {rule}, {cases}: {message} {advice}" for _, rule, cases, message, advice in rows)
    return f"\nCases that are left out, {len(findings.quarantined)} in all:{lines}"
