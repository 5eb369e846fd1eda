"""Stage: a run of vectors -> one self-contained `report.html`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.atomic import write_text
from pipeline.data.dataset import Case, Dataset, Part
from pipeline.data.vector_predictions import VectorPredictions, read_vector_predictions
from pipeline.errors import PatchvoteError
from pipeline.metrics.verification import pair_distances, squared_distances
from pipeline.report.box_figure import side_by_side
from pipeline.report.distances import distances
from pipeline.report.middle_slice import middle_slice
from pipeline.report.page import Listing, Picture, render
from pipeline.report.run_files import Cells, is_number_or_empty, is_there, read_rows, require_cells
from pipeline.report.run_page import measured_run, page_file, page_of

MOST = 20  # identities in the table
SHOWN = 4  # pairs of pictures of each kind
THERE = dict.fromkeys(("case", "identity", "nearest_other", "distance_same"), is_there)
CELLS: Cells = {**THERE, "distance_other": is_number_or_empty}
OF_FARTHEST: Cells = {"farthest_same": is_there, "distance_farthest": is_number_or_empty}  # early tables have none
MEANING = {
    "eer": "equal error rate: as many pairs of one identity are refused as pairs of two are taken for one",
    "auc": "area under the curve: a pair of one identity is nearer than a pair of two",
    "tar_at_far1": "pairs of one identity that are told, where 1% of the others are taken for one",
    "tar_at_far01": "... and where 0.1% are",
    "rank1": "images whose nearest of a gallery with one image a person is the right one",
    "dir_at_fa5": "images named rightly where half of the people are not enrolled, at 5% false alarms",
    "accuracy": "right answers about pairs at the threshold that validation chose, both kinds weighed alike",
    "tar": "pairs of one identity that are told at that threshold",
    "far": "pairs of two identities that are taken for one there",
}


def report_vectors(run: Path, out: Path | None = None, title: str | None = None, part: Part = "test") -> Path:
    """Write the page of a run. What the run does not have, the page says is missing.

    Args:
        run: Folder of the run.
        out: File to write; if None, `report.html` in the run, or in the folder of another part than test.
        title: Heading; the run's name if None.
        part: Of the split, whose answers are shown.

    Returns:
        The file written.

    Raises:
        DataError: The run has nothing to report, or one of its files is damaged.
    """
    found, out = measured_run(Path(run), part), page_file(Path(run), part, out)
    run, data, summary = found.run, found.data, found.summary
    answers = read_vector_predictions(found.answers / "predictions.json")
    metrics, threshold = summary["metrics"], f"{summary['threshold']:.3f}"
    identities = str(len({c.subject for c in data.cases}))
    page = page_of(
        found,
        title or f"Report on identities: {run.resolve().name}",
        (("identities", identities), ("threshold, squared distance", threshold)),
        "0 = perfect",
        error_curve=_curve(data, answers, summary["split"]),
        pictures=tuple(_pictures(data, _rows(found.answers / "pairs.csv"))),
        measured=Listing(
            ("number", "value", "meaning"),
            tuple((name, f"{value:.4f}", MEANING.get(name, "")) for name, value in metrics.items()),
            f"{summary['pairs']['same']} pairs of one identity, {summary['pairs']['other']} of two, of"
            f" {summary['identities']} identities{'' if part == 'train' else ' of which no image was trained on'}."
            f"{_left_out(summary)}",
        ),
        curve_note="Left: how far pairs lie apart, and the distance up to which they count as one. Right: pairs of one"
        " identity that are told, over pairs of two that are taken for one.",
        each=_each(summary.get("by_identity", {})),
        order_note="Images that lie nearest to one of somebody else; then, of the identities of which two images lie"
        f" farthest apart, these two.{'' if data.unit == 'px' else ' Of a scan the axial plane through its middle.'}",
        numbers=tuple((name, f"{metrics[name]:.1%}", MEANING[name]) for name in ("eer", "rank1", "dir_at_fa5")),
    )
    write_text(out, render(page))
    return out


def _curve(data: Dataset, answers: VectorPredictions, part: str) -> str | None:
    cases = [c for c in data.cases if c.split == part and c.id in answers.cases]
    vectors = np.stack([answers.cases[c.id] for c in cases])
    same, other = pair_distances(squared_distances(vectors, vectors), [c.subject for c in cases])
    return distances(same, other, answers.threshold)


def _left_out(summary: dict[str, Any]) -> str:
    failed = len(summary["failures"])
    return f" Without a vector, and in none of these numbers: {failed} of {summary['cases']} images." if failed else ""


def _each(identities: dict[str, dict[str, int]]) -> Listing:
    """The identities, the worst told first."""
    header = ("identity", "images", "pairs of it told", "pairs with others taken for one")
    rows = [
        (name, str(n["images"]), f"{n['told']} of {n['pairs']}", str(n["mistaken"])) for name, n in identities.items()
    ]
    return Listing(header, tuple(rows[:MOST]), f"The {MOST} worst of {len(rows)}." if len(rows) > MOST else "")


def _rows(path: Path) -> list[dict[str, str]]:
    """The lines of the table."""
    rows = read_rows(path, CELLS)
    require_cells(path, [row for row in rows if "distance_farthest" in row], OF_FARTHEST)
    return rows


def _pictures(data: Dataset, rows: Sequence[dict[str, str]]) -> Iterator[Picture]:
    """Images that lie nearest to one of somebody else, beside it, and the farthest of each of a few identities."""
    told = {frozenset((r["case"], r["nearest_other"])): r for r in rows if r["distance_other"]}
    for row in sorted(told.values(), key=lambda r: float(r["distance_other"]))[:SHOWN]:
        pair = [data.case(row[name]) for name in ("case", "nearest_other")]
        heading = f"{pair[0].subject} and {pair[1].subject}: distance {row['distance_other']}"
        yield _beside(data, pair, heading, f"; the nearest other image of {pair[0].subject}: {row['distance_same']}")
    apart: dict[str, dict[str, str]] = {}
    known = [row for row in rows if row.get("distance_farthest")]
    for row in sorted(known, key=lambda r: -float(r["distance_farthest"])):
        apart.setdefault(row["identity"], row)
    for row in list(apart.values())[:SHOWN]:
        pair = [data.case(row[name]) for name in ("case", "farthest_same")]
        yield _beside(data, pair, f"{row['identity']}, the farthest of its images: distance {row['distance_farthest']}")


def _beside(data: Dataset, pair: Sequence[Case], heading: str, more: str = "") -> Picture:
    from pipeline.data.readers import read_image

    caption = f"{pair[0].id}, {pair[1].id}{more}"
    try:
        shown = [middle_slice(read_image(data.image_path(case))) for case in pair]
        return Picture(heading, caption, side_by_side(shown))
    except (PatchvoteError, OSError) as error:
        return Picture(heading, caption, None, f"The picture cannot be shown: {error}")
