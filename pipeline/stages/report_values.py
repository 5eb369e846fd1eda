"""Stage: a run of values -> one self-contained `report.html`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.data.atomic import write_text
from pipeline.data.columns import BETWEEN
from pipeline.data.dataset import Dataset, Part
from pipeline.errors import PatchvoteError
from pipeline.report.box_figure import side_by_side
from pipeline.report.cases import three_of
from pipeline.report.page import Picture, render
from pipeline.report.run_files import Cells, is_number, is_number_or_empty, is_there, read_rows, require_cells
from pipeline.report.run_page import measured_run, page_file, page_of
from pipeline.report.scatter import scatter
from pipeline.report.value_listing import value_listing

WORDS = dict.fromkeys(("case", "value", "reference", "answer"), is_there)
CELLS: Cells = {**WORDS, "belief": is_number_or_empty}
OF_NUMBERS: Cells = {"reference": is_number_or_empty, "answer": is_number}


def report_values(run: Path, out: Path | None = None, title: str | None = None, part: Part = "test") -> Path:
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
    rows = _rows(found.answers / "values_errors.csv", summary)
    given = ", ".join([*list(data.views)[1:], *(c.name for c in data.inputs)])
    asked = ", ".join(f"{c.name} ({c.kind})" for c in data.outputs)
    page = page_of(
        found,
        title or f"Report on values: {run.resolve().name}",
        (("values", asked), ("beside the image", given or "nothing")),
        "of the values, 0 = perfect",
        error_curve=scatter(_numbers_of(rows, summary)),
        pictures=tuple(_pictures(data, rows, summary)),
        measured=value_listing(summary["values"]),
        curve_note="Answers over references, one point an image; on the dotted line they agree.",
        order_note="Of each value the images in the order of its error; of words, by how much the answer was believed.",
        numbers=tuple((name, f"{value:.4g}", "") for name, value in summary["metrics"].items()),
    )
    write_text(out, render(page))
    return out


def _rows(path: Path, summary: dict[str, Any]) -> list[dict[str, str]]:
    """The lines of the table, those of numbers made sure to hold such."""
    rows = read_rows(path, CELLS)
    require_cells(path, [r for r in rows if r["value"] in _numbers_in(summary)], OF_NUMBERS)
    return rows


def _numbers_in(summary: dict[str, Any]) -> list[str]:
    return [name for name, numbers in summary["values"].items() if "mae" in numbers]


def _numbers_of(rows: Sequence[dict[str, str]], summary: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    """Reference and answer of each number."""
    pairs = {name: [r for r in rows if r["value"] == name and r["reference"]] for name in _numbers_in(summary)}
    return {name: [(float(r["reference"]), float(r["answer"])) for r in each] for name, each in pairs.items()}


def _pictures(data: Dataset, rows: Sequence[dict[str, str]], summary: dict[str, Any]) -> Iterator[Picture]:
    """Of each value the best, the median and the worst image."""
    from pipeline.data.readers import read_image

    for name, numbers in summary["values"].items():
        worse = _error if "mae" in numbers else _doubt
        mine = sorted((r for r in rows if r["value"] == name and r["reference"]), key=worse)
        for word, row in three_of(mine):
            answer = _rounded(row["answer"]) if "mae" in numbers else _read(row["answer"])
            caption = f"{row['case']}: {_read(row['reference'])}, answered {answer}"
            try:
                image = read_image(data.image_path(data.case(row["case"])))
                drawn = side_by_side([image]) if data.unit == "px" else None
                yield Picture(f"{name}: {word}", caption, drawn, "" if drawn else "Scans are not shown here.")
            except (PatchvoteError, OSError) as error:
                yield Picture(f"{name}: {word}", caption, None, f"The picture cannot be shown: {error}")


def _rounded(cell: str) -> str:
    """A number that was answered, without the digits that nobody reads."""
    value = float(cell)
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def _read(cell: str) -> str:
    """A cell as people read it; early versions left it empty where no label was answered."""
    return cell if _words(cell) else "no label"


def _words(cell: str) -> set[str]:
    return {*cell.split(BETWEEN)} - {""}


def _error(row: dict[str, str]) -> tuple[float, float]:
    """Of a number."""
    return abs(float(row["answer"]) - float(row["reference"])), 0.0


def _doubt(row: dict[str, str]) -> tuple[float, float]:
    """Of words, which may be called by numbers: whether they are right, and then by belief."""
    belief = float(row["belief"]) if row["belief"] else 0.0
    wrong = _words(row["answer"]) ^ _words(row["reference"])
    return float(len(wrong)), belief if wrong else -belief
