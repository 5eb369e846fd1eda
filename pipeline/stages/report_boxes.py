"""Stage: a run of boxes -> one self-contained `report.html`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.data.atomic import write_text
from pipeline.data.box_predictions import BoxPredictions, read_box_predictions
from pipeline.data.box_rules import usable_boxes
from pipeline.data.dataset import Dataset, Part
from pipeline.errors import PatchvoteError
from pipeline.report.box_figure import draw_boxes
from pipeline.report.box_listing import box_listing, box_number
from pipeline.report.box_planes import draw_box_planes
from pipeline.report.cases import three_of
from pipeline.report.columns import counted
from pipeline.report.page import Picture, render
from pipeline.report.run_files import Cells, is_count, is_there, read_rows
from pipeline.report.run_page import measured_run, page_file, page_of

CELLS: Cells = {"case": is_there, "boxes": is_count, "answers": is_count, "right": is_count}


def report_boxes(run: Path, out: Path | None = None, title: str | None = None, part: Part = "test") -> Path:
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
    answers = read_box_predictions(found.answers / "predictions.json")
    page = page_of(
        found,
        title or f"Report on boxes: {run.resolve().name}",
        (("classes", ", ".join(data.classes)),),
        "2 - accuracy - mean_iou" if summary["task"] == "one_object" else "1 - AP50",
        pictures=tuple(_pictures(found.answers, data, answers)),
        measured=box_listing(summary),
        numbers=_numbers(summary),
        order_note="Cases in the order of the share of boxes and answers that are right. White: the reference; in"
        f" colour: the answers.{'' if data.unit == 'px' else ' Planes run through the middle of one box.'}",
    )
    write_text(out, render(page))
    return out


def _numbers(summary: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    metrics, overall = summary["metrics"], summary["overall"]
    return (
        *_of_one_object(summary),
        ("average precision", box_number(metrics["ap50"]), "at an overlap of a half, mean over classes"),
        ("COCO's AP", box_number(metrics["ap"]), "over overlaps from 0.50 to 0.95"),
        ("found", box_number(overall["recall"]), f"of {overall['boxes']} boxes"),
        ("right", box_number(overall["precision"]), f"of {overall['answers']} answers"),
    )


def _of_one_object(summary: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    """The two numbers of that task; none of another."""
    if summary["task"] != "one_object":
        return ()
    metrics = summary["metrics"]
    return (
        ("accuracy", box_number(metrics["accuracy"]), f"of {summary['cases']} images: class, or none"),
        ("mean_iou", box_number(metrics["mean_iou"]), "of all things; in the table, of those found"),
    )


def _pictures(answered: Path, data: Dataset, answers: BoxPredictions) -> Iterator[Picture]:
    """The best, the median and the worst image, by the balance of what is missed and what is wrong."""
    from pipeline.data.readers import read_image

    table = read_rows(answered / "boxes_errors.csv", CELLS)
    rows = [r for r in table if int(r["boxes"]) + int(r["answers"])]
    rows.sort(key=lambda r: -2 * int(r["right"]) / (int(r["boxes"]) + int(r["answers"])))
    for word, row in three_of(rows):
        heading = f"{word.capitalize()} case: {row['case']}"
        case = data.case(row["case"])
        there, said = counted(int(row["boxes"]), "box"), counted(int(row["answers"]), "answer")
        caption = f"{row['right']} right of {said}; {there} in the reference"
        try:
            image = read_image(data.image_path(case))
            found = [box for box in answers.cases.get(case.id, ()) if box.found]
            reference = usable_boxes(case.boxes or (), image.frame)
            draw = draw_boxes if image.frame.unit == "px" else draw_box_planes
            yield Picture(heading, caption, draw(image, reference, found, answers.classes))
        except (PatchvoteError, OSError) as error:
            yield Picture(heading, caption, None, f"The picture cannot be shown: {error}")
