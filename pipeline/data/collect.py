"""From a user's folder to a data set: scans and landmarks brought together, and every mismatch said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import cast

from pipeline.data.annotations import Annotations, read_annotations
from pipeline.data.csv_rows import some
from pipeline.data.datalist import find_datalist
from pipeline.data.dataset import Case, Dataset, Position
from pipeline.data.findings import SEVERITIES, Finding, summarize
from pipeline.data.grouping import splits_of, subjects_of, with_one_spelling
from pipeline.data.landmark_names import typos
from pipeline.data.long_lists import SHOWN, cut
from pipeline.data.observers import Readings
from pipeline.data.point_files import SUBJECT
from pipeline.data.readers import read_frame, unit_of
from pipeline.data.scan_files import find_scans, parts_of
from pipeline.errors import DataError

LEAST = 3  # subjects: one each to train, to choose the best model and to test


def collect(
    source: Path,
    name: str,
    frame: str | None = None,
    missing: str = "unannotated",
    images: str | None = None,
    series: Sequence[str] = (),
    unlisted: str = "left_out",
    keep: bool = False,
) -> tuple[Dataset, list[Finding]]:
    """Read a folder of scans and landmarks.

    Args:
        source: `images/` (or `images_*`, or the folder itself) with scans; `landmarks.csv`, `landmarks.json`, or
            `CASE.mrk.json`, `CASE.fcsv` or `CASE.mps` files; nnLandmark's or BIDS's layout, or a data list of MONAI;
            optional `subjects.csv` (case,subject) and `split.csv` (case,split).
        name: Name of the data set.
        frame: "LPS" or "RAS", for landmark files that do not say.
        missing: What a landmark means that other cases have and this one lacks: "unannotated" or "absent".
        images: Which folder holds the scans, where there are several.
        series: UIDs of the DICOM series to take, where a folder holds several.
        unlisted: What becomes of scans of which no landmark file speaks: "left_out", or all is "absent" from them.
        keep: Scans without landmarks stay, and theirs are not annotated: something else may be known of them.

    Returns:
        The cases without an error, and all findings. Cases with an error are only in the findings.

    Raises:
        DataError: No folder, no scans, no landmarks, an open frame, or fewer than three subjects and no split given.
    """
    source = Path(source)
    if missing not in ("unannotated", "absent"):
        raise DataError(f"missing = {missing!r}; use unannotated or absent.")
    listed = find_datalist(source, series) if source.is_dir() and images is None else None
    scans, findings = (listed.scans, listed.findings) if listed else find_scans(source, images, series)
    doubled = {f.case: f.message for f in findings if f.rule == "duplicate-case"}
    told = {f.case for f in findings if f.case is not None and f.rule in ("duplicate-case", "unread-scan")}
    try:
        found = read_annotations(source, scans, frame, listed.labels if listed else None)
    except DataError as error:
        if not doubled:
            raise
        raise DataError(_doubled(source, doubled, "" if not scans else f"\n{error}")) from error
    bare = _match(found, scans, told, unlisted == "absent", keep)
    for finding in typos({case: points for case, points in found.cases.items()}):
        found.error(finding.rule, cast("str", finding.case), finding.message, finding.advice)
    names = _names(found.cases)
    if (found.cases or keep) and not names:
        raise DataError(_unmatched(source, scans, found))
    subjects = subjects_of(source, scans, findings)
    splits = (listed.parts if listed else parts_of(scans)) | splits_of(source, scans, findings)
    landmarks: dict[str, dict[str, Position]] = {case: {} for case in bare if keep}
    landmarks |= {
        case: _in_order(points, names, missing if points else "absent", found.observers.get(case, {}))
        for case, points in found.cases.items()
    }
    cases = with_one_spelling(
        Case(
            id=case,
            subject=subjects.get(case, subject(case)),
            image=scans[case].relative_to(source).as_posix(),
            landmarks=points,
            split=splits.get(case),
            observers=found.observers.get(case, {}),
        )
        for case, points in sorted(landmarks.items())
    )
    findings += found.findings
    require_enough(source, cases, findings)
    unit = unit_of(scans[cases[0].id])
    return Dataset(name, source.resolve(), names, cases, unit), findings


def subject(case: str) -> str:
    """Names of BIDS say whose a scan is; others are a subject each, unless subjects.csv says more."""
    match = SUBJECT.match(case)
    return match[1] if match else case


def _match(found: Annotations, scans: dict[str, Path], known: set[str], empty: bool, keep: bool) -> list[str]:
    """Pair scans and points; fit points to the axes of their scan. `known`: cases of whose scans something was told;
    `empty`: a scan without points shows nothing. Returns the scans without points, which are told: kept or left
    out."""
    bare = []
    told = {f.case for f in found.findings if f.severity == "error"} | known
    for case in sorted(set(found.cases) - set(scans)):
        if case not in told:
            file = f"{some(map(str, found.files[case]))}: " if case in found.files else ""
            near = some(scan for scan in sorted(scans) if scan.startswith(f"{case}_"))
            text = f"{file}landmarks, but no scan of this id{f'; {near} begin so' if near else ''}."
            found.findings.append(Finding("no-scan", "warning", case, text, "Add the scan, or rename it to this id."))
        del found.cases[case]
    for case in sorted(set(scans) - told):
        if empty and case not in found.cases:
            found.cases[case] = {}
        elif not found.cases.get(case):
            found.findings.append(_without_landmarks(case, scans[case], keep))
            found.cases.pop(case, None)
            bare.append(case)
        else:
            _fit_axes(found, case, scans[case])
    return bare


def _without_landmarks(case: str, scan: Path, keep: bool) -> Finding:
    advice = "Annotate it, or name the landmarks so."
    if keep:
        return Finding("no-landmarks", "note", case, f"{scan.name} has no landmarks: taken as not annotated.", advice)
    return Finding("no-landmarks", "warning", case, f"{scan.name} has no landmarks: left out.", advice)


def _doubled(source: Path, doubled: Mapping[str | None, str], more: str) -> str:
    """Scans that share an id are left out, and the landmarks beside them: said before what follows of it."""
    case, message = next(iter(doubled.items()))
    others = f" {len(doubled) - 1} more ids are shared so." if len(doubled) > 1 else ""
    return (
        f"{source}: '{case}': {message}{others} They are left out, since an id is the name of its file. Give each"
        f" scan a name of its own, and its landmarks the same.{more}"
    )


def _unmatched(source: Path, scans: dict[str, Path], found: Annotations) -> str:
    """Why no scan has a landmark."""
    spoken = [f.case for f in found.findings if f.rule == "no-scan"]
    why = f" Landmarks are of {spoken[0]}; scans are called {min(scans)}." if spoken else ""
    return f"{source}: none of {len(scans)} scans has a landmark.{why} Name the landmarks as their scans are."


def _fit_axes(found: Annotations, case: str, scan: Path) -> None:
    """Slicer writes three coordinates always; an image with fewer axes needs only the first ones."""
    try:
        dims = read_frame(scan).dims
    except DataError:
        return  # the check stage reads the scan and says what is wrong with it
    for name, point in found.cases[case].items():
        if point is not None and len(point) < dims:
            text = f"landmark '{name}' has {len(point)} coordinates, its scan {dims} axes."
            found.error("bad-annotation", case, text, "Add the missing coordinates.")
            return
    for points in (found.cases[case], *found.observers.get(case, {}).values()):
        points.update({n: None if p is None else p[:dims] for n, p in points.items()})


def _names(cases: dict[str, dict[str, Position]]) -> tuple[str, ...]:
    """All landmark names: in the order of the case that has most, then by first appearance."""
    ordered = sorted(cases, key=lambda c: (-len(cases[c]), c))
    return tuple(dict.fromkeys(n for c in ordered for n in cases[c]))


def _in_order(
    points: dict[str, Position], names: tuple[str, ...], missing: str, observers: Readings
) -> dict[str, Position]:
    """Of what observers do not agree on nobody knows: it is not missing."""
    told = {n for said in observers.values() for n in said}
    return {n: points.get(n) for n in names if n in points or (missing == "absent" and n not in told)}


class TooFewError(DataError):
    """Too few subjects are left, and `left_out` says why, case by case; of many, the message says each reason once."""

    def __init__(self, message: str, left_out: Sequence[Finding]) -> None:
        self.left_out = tuple(left_out)
        super().__init__("\n".join([f"{message} Left out:" if left_out else message, *cut(_reasons(left_out))]))


def _reasons(left_out: Sequence[Finding]) -> list[str]:
    """A line each, or of many a line for all that say the same; errors first."""
    if len(left_out) > SHOWN:
        return [f"  {rule}, {cases}: {told}" for _, rule, cases, told, _ in summarize(left_out, most=SHOWN)]
    ordered = sorted(left_out, key=lambda f: (SEVERITIES.index(f.severity), f.rule, str(f.case)))
    return [f"  {f.rule}, {f.case}: {f.message}" for f in ordered]


def require_enough(source: Path, cases: tuple[Case, ...], findings: list[Finding]) -> None:
    """A subject for each part where the split is still to be made, one where every case has its part.

    Raises:
        TooFewError: There are fewer.
    """
    subjects = {c.subject for c in cases}
    if len(subjects) < (1 if all(c.split for c in cases) else LEAST):
        kept = {c.id for c in cases}
        raise TooFewError(
            f"{source}: {len(cases)} usable cases of {len(subjects)} subjects; at least {LEAST} subjects are needed:"
            " one each to train, to validate and to test.",
            [f for f in findings if f.case is not None and f.case not in kept and f.severity != "note"],
        )
