"""Stage: everything a run left behind -> one self-contained `report.html`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.data.atomic import read_json, write_text
from pipeline.data.dataset import Dataset, Part, read_dataset
from pipeline.data.predictions import Predictions, read_predictions
from pipeline.data.write_picture import drawn_picture
from pipeline.errors import DataError, PatchvoteError
from pipeline.metrics import STATUSES
from pipeline.report.between_landmarks import agreement_curves, agreement_listing
from pipeline.report.box_figure import drawn_address
from pipeline.report.box_listing import box_listing
from pipeline.report.cases import CaseErrors, best_median_worst, by_case, typical_and_worst
from pipeline.report.columns import number
from pipeline.report.curves import error_curve, training_curve
from pipeline.report.facts import UNKNOWN, budget_given, levels, look_up, look_up_setting, nothing_found, parts
from pipeline.report.page import Listing, Page, Picture, render
from pipeline.report.planes import draw_planes
from pipeline.report.run_files import (
    AGAIN,
    Cells,
    details,
    findings,
    is_number_or_empty,
    is_there,
    read_rows,
    read_text,
)
from pipeline.report.run_page import measure, page_file, read_summary, require_measured
from pipeline.report.value_listing import value_listing

CELLS: Cells = {
    "case": is_there,
    "subject": is_there,
    "landmark": is_there,
    "status": STATUSES.__contains__,
    "error": is_number_or_empty,
}


def report(run: Path, out: Path | None = None, title: str | None = None, part: Part = "test") -> Path:
    """Write the page of a run. What the run does not have, the page says is missing.

    Args:
        run: Folder of the run.
        out: File to write; if None, `report.html` in the run, or in the folder of another part than test.
        title: Heading; the run's name if None.
        part: Of the split, whose answers are shown.

    Returns:
        The file written.

    Raises:
        DataError: The run is no folder or has nothing to report, or one of its files is damaged.
    """
    run, answered, out = Path(run), Path(run) / part, page_file(Path(run), part, out)
    wanted = ("dataset.json", "history.csv", f"{part}/summary.json")
    if not any((run / name).is_file() for name in wanted):
        raise DataError(f"{run}: nothing to report: it has none of {', '.join(wanted)}. Name the folder of a run.")
    data = _read(run / "dataset.json", read_dataset)
    answers = _read(answered / "predictions.json", read_predictions)
    summary = _read(answered / "summary.json", read_summary)
    if summary:
        require_measured(summary, answered / "predictions.json", run / "dataset.json")
    model, history = _read(run / "model" / "model.json", read_json), read_rows(run / "history.csv")
    names = list(summary["landmarks"]) if summary else []
    cases = by_case(read_rows(answered / "errors.csv", CELLS), names)
    unit = summary["unit"] if summary else data.unit if data else "mm"
    page = Page(
        title=title or f"Landmark report: {run.resolve().name}",
        facts=_facts(run, answered, data, summary, model),
        summary=summary,
        cases=tuple(cases),
        error_curve=_error_curve(cases, names, summary) if summary else None,
        training_curve=training_curve(history, unit),
        pictures=tuple(_pictures(answered, cases, names, data, answers)),
        findings=findings(run),
        failures=_failures(summary),
        details=details(run, part),
        values=value_listing((summary or {}).get("values", {})),
        boxes=box_listing((summary or {}).get("boxes", {})),
        agreement=agreement_listing(summary or {}),
        agreement_curves=agreement_curves(summary or {}),
        part=part,
        measure=measure(run, part),
        warning=nothing_found(model),
    )
    write_text(out, render(page))
    return out


def _read(path: Path, reader: Any) -> Any:
    """What `reader` makes of the file; None if there is none."""
    return reader(path) if path.is_file() else None


def _facts(
    run: Path, answered: Path, data: Dataset | None, summary: dict[str, Any] | None, model: Any
) -> tuple[tuple[str, str], ...]:
    config = read_text(run / "config.yaml") if (run / "config.yaml").is_file() else ""
    measured = answered / "summary.json"
    unit = data.unit if data else "mm"
    known = levels(model)
    return (
        ("run", run.resolve().name),
        ("measured", f"{datetime.fromtimestamp(measured.stat().st_mtime):%Y-%m-%d %H:%M}" if summary else "not yet"),
        ("data set", data.name if data else (summary or {}).get("dataset", UNKNOWN)),
        ("cases", parts(c.split for c in data.cases) if data else UNKNOWN),
        (f"voxel sizes, {unit}", known),
        ("training", budget_given(model)),
        ("seed", str(_recorded(model, config, "seed"))),
        ("threads", str(_recorded(model, config, "threads")).strip("[]")),
    )


def _recorded(model: Any, config: str, key: str) -> Any:
    found = look_up(model, key)
    return found if found is not None else look_up_setting(config, key) or UNKNOWN


def _error_curve(cases: Sequence[CaseErrors], names: Sequence[str], summary: dict[str, Any]) -> str | None:
    if not cases:
        return None
    missed = [sum(case.status[k] == "missed" for case in cases) for k in range(len(names))]
    radii = [float(r) for r in summary["success"]]
    return error_curve(np.stack([case.error for case in cases]), missed, names, radii, summary["unit"])


def _pictures(
    answered: Path, cases: Sequence[CaseErrors], names: Sequence[str], data: Dataset | None, answers: Predictions | None
) -> Iterator[Picture]:
    if data is None or answers is None:
        return
    for word, chosen in best_median_worst(cases):
        mean = number(float(chosen.measured.mean()))
        heading = f"{word.capitalize()} case: {chosen.id} (mean error {mean} {data.unit})"
        yield from _pictures_of(answered, chosen, heading, names, data, answers)


def _pictures_of(
    answered: Path, chosen: CaseErrors, heading: str, names: Sequence[str], data: Dataset, answers: Predictions
) -> Iterator[Picture]:
    from pipeline.data.readers import read_image

    case = data.case(chosen.id)
    try:
        image = read_image(data.image_path(case))
    except (PatchvoteError, OSError) as error:
        yield Picture(heading, "", None, f"The scan cannot be shown: {error}")
        return
    if data.unit == "px":
        said = answers.cases.get(case.id, {})
        yield Picture(heading, "all answers", drawn_address(drawn_picture(image, said, data.edges, names=False)))
    for word, k in typical_and_worst(chosen):
        reference, answer = case.landmarks.get(names[k]), answers.cases.get(case.id, {}).get(names[k])
        if reference is None or answer is None or answer.position is None:
            where = f"{answered / 'errors.csv'}: case '{case.id}': {names[k]}"
            raise DataError(f"{where}: an error, but no answer or no reference. {AGAIN}")
        caption = f"{names[k]} ({word}): error {number(float(chosen.error[k]))} {data.unit}, belief {answer.belief:.2f}"
        yield Picture(heading, caption, draw_planes(image, reference, answer.position))


def _failures(summary: dict[str, Any] | None) -> Listing:
    if summary is None:
        return Listing(note="Nothing was measured yet.")
    rows = tuple((case, why) for case, why in summary.get("failures", {}).items())
    out = summary.get("excluded") or []
    kept_out = f"Kept out by the check and not counted: {', '.join(out)}." if out else ""
    return Listing(("case", "why"), rows, kept_out or ("" if rows else "Every case was answered."))
