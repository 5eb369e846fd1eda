"""Stage: a run of values -> one self-contained `report.html`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.data.atomic import read_json, write_text
from pipeline.data.dataset import Dataset, read_dataset
from pipeline.errors import DataError, PatchvoteError
from pipeline.report.box_figure import side_by_side
from pipeline.report.curves import minutes, training_curve
from pipeline.report.facts import UNKNOWN, levels, parts
from pipeline.report.page import Listing, Page, Picture, render
from pipeline.report.run_files import details, findings, read_rows
from pipeline.report.scatter import scatter
from pipeline.report.value_listing import value_listing


def report_values(run: Path, out: Path | None = None, title: str | None = None) -> Path:
    """Write the page of a run. What the run does not have, the page says is missing.

    Args:
        run: Folder of the run.
        out: File to write; `report.html` in the run if None.
        title: Heading; the run's name if None.

    Returns:
        The file written.

    Raises:
        DataError: The run has nothing to report, or one of its files is damaged.
    """
    run, out = Path(run), Path(out or Path(run) / "report.html")
    if not (run / "test" / "summary.json").is_file():
        raise DataError(f"{run}: nothing to report: it has no test/summary.json. Make it with `patchvote evaluate`.")
    data, summary = read_dataset(run / "dataset.json"), read_json(run / "test" / "summary.json")
    history, rows = read_rows(run / "history.csv"), read_rows(run / "test" / "values_errors.csv")
    failed = summary["failures"]
    page = Page(
        title=title or f"Report on values: {run.resolve().name}",
        facts=_facts(run, data, history),
        summary=None,
        error_curve=scatter(_numbers_of(rows, summary)),
        training_curve=training_curve(history, "of the values, 0 = perfect"),
        pictures=tuple(_pictures(data, rows, summary)),
        findings=findings(run),
        failures=Listing(("case", "why"), tuple(failed.items()), "" if failed else "Every case was answered."),
        details=details(run),
        measured=value_listing(summary["values"]),
        curve_note="Answers over references, one point an image; on the dotted line they agree.",
        order_note="Of each value the images in the order of its error; of words, by how much the answer was believed.",
        numbers=tuple((name, f"{value:.4g}", "") for name, value in summary["metrics"].items()),
    )
    write_text(out, render(page))
    return out


def _facts(run: Path, data: Dataset, history: list[dict[str, str]]) -> tuple[tuple[str, str], ...]:
    spent, model = minutes(history), run / "model" / "model.json"
    given = ", ".join([*list(data.views)[1:], *(c.name for c in data.inputs)])
    return (
        ("run", run.resolve().name),
        ("data set", data.name),
        ("cases", parts(c.split for c in data.cases)),
        ("values", ", ".join(f"{c.name} ({c.kind})" for c in data.outputs)),
        ("beside the image", given or "nothing"),
        (f"voxel sizes, {data.unit}", levels(read_json(model) if model.is_file() else None)),
        ("training", UNKNOWN if spent is None else f"{spent:.1f} minutes"),
    )


def _numbers_of(rows: Sequence[dict[str, str]], summary: dict[str, Any]) -> dict[str, list[tuple[float, float]]]:
    """Reference and answer of each number."""
    names = [name for name, numbers in summary["values"].items() if "mae" in numbers]
    pairs = {name: [r for r in rows if r["value"] == name and r["reference"]] for name in names}
    return {name: [(float(r["reference"]), float(r["answer"])) for r in each] for name, each in pairs.items()}


def _pictures(data: Dataset, rows: Sequence[dict[str, str]], summary: dict[str, Any]) -> Iterator[Picture]:
    """Of each value the best, the median and the worst image."""
    from pipeline.data.readers import read_image

    for name in summary["values"]:
        mine = sorted((r for r in rows if r["value"] == name and r["reference"]), key=_worse)
        places = {"Best": 0, "Median": len(mine) // 2, "Worst": len(mine) - 1} if mine else {}
        for word, place in places.items():
            row = mine[place]
            caption = f"{row['case']}: {row['reference']}, answered {row['answer']}"
            try:
                image = read_image(data.image_path(data.case(row["case"])))
                drawn = side_by_side([image]) if data.unit == "px" else None
                yield Picture(f"{name}: {word.lower()}", caption, drawn, "" if drawn else "Scans are not shown here.")
            except (PatchvoteError, OSError) as error:
                yield Picture(f"{name}: {word.lower()}", caption, None, f"The picture cannot be shown: {error}")


def _worse(row: dict[str, str]) -> tuple[float, float]:
    """Numbers by their error; words by whether they are right, and then by belief."""
    belief = float(row["belief"]) if row["belief"] else 0.0
    try:
        return abs(float(row["answer"]) - float(row["reference"])), 0.0
    except ValueError:
        wrong = set(row["answer"].split("|")) ^ set(row["reference"].split("|"))
        return float(len(wrong)), belief if wrong else -belief
