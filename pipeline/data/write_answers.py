"""Answers in the formats that other programs read. Only a found landmark has a position; no guess is written as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

from pipeline.data.fcsv import write_fcsv
from pipeline.data.file_names import file_stem
from pipeline.data.findings import Finding
from pipeline.data.markups import write_markups
from pipeline.data.nnlandmark import NAME as NNLANDMARK
from pipeline.data.nnlandmark import counted_frame, write_nnlandmark
from pipeline.data.points_csv import write_points_csv
from pipeline.data.points_file import SUFFIX as POINTS
from pipeline.data.points_file import write_points_file
from pipeline.data.predictions import Answer
from pipeline.data.readers import unit_of
from pipeline.data.report_tags import gone_remark
from pipeline.data.write_picture import write_picture

TABLE = "points.csv"
USUAL = {"mm": ("mrk.json",), "px": ("points.json", "png")}  # formats of scans and of pictures where none is asked for
SMALL = 0.1  # below it a radius is told by two digits: that of a scan with voxels of some micrometres
Answers = Mapping[str, Answer]


def write_case(
    out: Path,
    case: str,
    answers: Answers,
    scan: Path,
    formats: Sequence[str],
    model: str,
    edges: Sequence[tuple[str, str]] = (),
    beyond: Sequence[float] = (),
) -> list[Finding]:
    """One file a scan, for each format that has one. What one raises is raised when the others are written.

    Args:
        out: Folder.
        case: Id.
        answers: By landmark.
        scan: What was answered.
        formats: Of `PredictSettings`.
        model: Name of the model, for formats that say who answered.
        edges: Pairs of landmarks that are drawn as lines.
        beyond: Coordinates that the answers to an image of fewer than three axes lack, as in `Image`.

    Returns:
        What one of them lacks.
    """
    there = {n: a.position for n, a in answers.items() if a.found}
    in_space = {n: at and (*at, *beyond) for n, at in there.items()}
    unit = unit_of(scan)
    px = "; position in px" if unit == "px" else ""  # of which the formats of Slicer know nothing
    words = {n: how_sure(a, unit) + px for n, a in answers.items()}
    stem = out / file_stem(case)
    with ExitStack() as each:  # is written though another fails
        if "nnlandmark" in formats:  # `write_all` leaves out what cannot be counted in voxels: it is told with its case
            each.callback(counted_frame, scan)
        if "mrk.json" in formats:
            each.callback(write_markups, Path(f"{stem}.mrk.json"), in_space, words)
        if "fcsv" in formats:
            each.callback(write_fcsv, Path(f"{stem}.fcsv"), in_space, words)
        if "points.json" in formats:
            more = {n: {"belief": a.belief, "spread": a.spread, "radius95": a.radius95} for n, a in answers.items()}
            each.callback(write_points_file, Path(f"{stem}{POINTS}"), dict.fromkeys(answers) | there, more)
        if "png" in formats and unit == "px":  # of scans `predict` draws planes
            each.callback(write_picture, Path(f"{stem}.png"), scan, answers, edges)
        if "dicom-sr" in formats:
            from pipeline.data.write_sr import write_sr

            return gone_remark(case, write_sr(Path(f"{stem}.sr.dcm"), answers, scan, model))
    return []


def write_all(
    out: Path,
    cases: Mapping[str, Answers],
    scans: Mapping[str, Path],
    formats: Sequence[str],
    unit: str,
    beyond: Mapping[str, Sequence[float]] | None = None,
) -> None:
    """The files that hold all scans; `beyond` as in `write_case`, by case."""
    if "csv" in formats:
        more = beyond or {}
        rows = (_row(case, n, a, more.get(case, ())) for case, answers in cases.items() for n, a in answers.items())
        write_points_csv(out / TABLE, rows, unit)
    if "nnlandmark" in formats:
        there = {c: {n: a.position for n, a in answers.items() if a.found} for c, answers in cases.items()}
        write_nnlandmark(out / NNLANDMARK, there, scans)


def _row(case: str, name: str, answer: Answer, beyond: Sequence[float]) -> dict[str, object]:
    return {
        "case": case,
        "landmark": name,
        "position": (*answer.position, *beyond) if answer.found and answer.position else None,
        "belief": round(answer.belief, 4),
        "spread": answer.spread,
        "radius95": answer.radius95,
    }


def how_sure(answer: Answer, unit: str) -> str:
    """In words."""
    radius = answer.radius95
    within = f", within {radius:{'.1f' if radius >= SMALL else '.2g'}} {unit} in 95%" if radius else ""
    return f"belief {answer.belief:.2f}{within}"
