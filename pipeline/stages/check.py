"""Stage check: read every scan whole, test the data against the rules, write `findings.json`.

Neither torch nor MONAI is imported. A scan that cannot be used is quarantined and listed, the rest go on.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from pipeline.data.dataset import PARTS, Dataset, read_dataset
from pipeline.data.findings import FROM_IMPORT, Finding, Findings, read_findings, write_findings
from pipeline.data.placement import check_placement
from pipeline.data.scan_facts import Facts, frame_of, inspect_scan, unchanged
from pipeline.data.set_rules import check_set
from pipeline.errors import DataError

LEAST = 3  # cases that must remain
Job = tuple[str, Facts | None]  # arguments of inspect_scan


def check(dataset: Path, out: Path, strict: bool = False, workers: int = 2) -> list[Finding]:
    """Look at every scan and landmark of a data set; a rerun reads only scans that changed.

    Args:
        dataset: `dataset.json`; the findings of import beside it are taken over.
        out: Where `findings.json` goes, with the facts of each scan.
        strict: Any quarantined case is an error of the whole.
        workers: Processes that read; 0 reads in this one.

    Returns:
        All findings; cases with an error are quarantined.

    Raises:
        DataError: An error concerns the whole set, or too few cases remain (with `strict`: one is missing).
            `findings.json` is written before.
    """
    manifest = read_dataset(dataset)
    findings = _imported(Path(dataset).parent / FROM_IMPORT)
    looked = _inspect(manifest, _known(out), workers)
    facts = {case: f for case, f in looked.items() if "rule" not in f}
    for case, result in looked.items():
        if "rule" in result:
            advice = "It is left out; export it again and rerun."
            findings.append(Finding(result["rule"], "error", case, result["message"], advice))
    findings += check_placement(manifest, {case: frame_of(f) for case, f in facts.items()})
    findings += check_set(manifest, facts)
    complete = Findings(tuple(findings), facts)
    write_findings(complete, out)
    _require_usable(manifest, complete, out, strict)
    return findings


def _imported(path: Path) -> list[Finding]:
    return list(read_findings(path).items) if path.is_file() else []


def _known(out: Path) -> dict[str, Facts]:
    """Facts of an earlier run; a damaged file only costs the time to look again."""
    try:
        return read_findings(out).facts
    except DataError:
        return {}


def _inspect(manifest: Dataset, known: dict[str, Facts], workers: int) -> dict[str, Facts]:
    """Facts or the reason why there are none, in the order of the cases."""
    paths = {c.id: manifest.image_path(c) for c in manifest.cases}
    results = {case: known[case] for case, path in paths.items() if case in known and unchanged(path, known[case])}
    jobs = {case: (str(path), known.get(case)) for case, path in paths.items() if case not in results}
    with tqdm(total=len(paths), initial=len(results), desc="check", unit="scan", file=sys.stderr, disable=None) as bar:
        for case, facts in _run(jobs, workers if jobs else 0):
            results[case] = facts
            bar.update()
    return {case: results[case] for case in paths}


def _run(jobs: dict[str, Job], workers: int) -> Iterator[tuple[str, Facts]]:
    """Results as they come. A worker that dies takes its pool with it; then one worker goes on, and since it works
    in order, the first scan without a result is the suspect and gets a process of its own."""
    if workers < 1:
        yield from ((case, inspect_scan(*job)) for case, job in jobs.items())
        return
    left, count = dict(jobs), min(workers, len(jobs))
    while left:
        try:
            for case, facts in _in_pool(left, count):
                del left[case]
                yield case, facts
        except BrokenProcessPool:
            if count == 1:
                suspect = next(iter(left))
                yield suspect, _alone(left.pop(suspect))
            count = 1


def _alone(job: Job) -> Facts:
    try:
        return next(_in_pool({"": job}, 1))[1]
    except BrokenProcessPool:
        text = f"{job[0]}: the process that read it died (out of memory, or a fault in a library)."
        return {"rule": "crash", "message": text}


def _in_pool(jobs: dict[str, Job], workers: int) -> Iterator[tuple[str, Facts]]:
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        futures: dict[Future[Facts], str] = {pool.submit(inspect_scan, *job): case for case, job in jobs.items()}
        for future in as_completed(futures):
            yield futures[future], future.result()


def _require_usable(manifest: Dataset, findings: Findings, out: Path, strict: bool) -> None:
    whole = [f for f in findings.items if f.severity == "error" and f.case is None]
    if whole:
        listed = "\n".join(f"  {f.message} {f.advice}" for f in whole)
        raise DataError(f"dataset {manifest.name}: wrong as a whole:\n{listed}\nDetails in {out}.")
    needed = f"all {len(manifest.cases)}" if strict else str(LEAST)
    bad = set(findings.quarantined)
    left = [c for c in manifest.cases if c.id not in bad]
    if len(left) < LEAST or (strict and bad):
        listed = "\n".join(f"  {f.case}: {f.message}" for f in findings.items if f.severity == "error")
        raise DataError(
            f"dataset {manifest.name}: {len(left)} usable cases, {needed} are needed:\n{listed}\nSee {out}."
        )
    for part in PARTS:
        if manifest.part(part) and not any(c.split == part for c in left):
            raise DataError(
                f"dataset {manifest.name}: every case of the {part} part is quarantined, see {out}."
                " Mend them, or import again with another seed."
            )
