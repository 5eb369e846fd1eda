"""What the verbs after a prediction do: measure, show, lay something on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.cli.apart import require_apart
from pipeline.cli.given import answers_of, kind_of, quarantined, run_of, said_in
from pipeline.cli.nearest import did_you_mean
from pipeline.cli.order import require_answered_scans, require_own_answers
from pipeline.cli.outcome import Outcome, counted, table_from
from pipeline.cli.settings import Settings
from pipeline.data.answer_fields import read_answered
from pipeline.data.run_report import REPORT
from pipeline.errors import ConfigError


def evaluate(settings: Settings) -> Outcome:
    path = _predictions(settings)
    content = said_in(path, settings.task, read_answered)
    if settings.evaluate.predictions is None:
        require_apart(run_of(settings), settings.evaluate.part)
        require_own_answers(content, path, settings)
        if settings.evaluate.dataset is None:
            require_answered_scans(settings, quarantined(run_of(settings)))
    answers = kind_of(content, path)
    others = {"boxes": _evaluate_boxes, "values": _evaluate_values, "vectors": _evaluate_vectors}
    if answers in others:
        return others[answers](settings)
    from pipeline.report.paper import paper_errors
    from pipeline.report.terminal import agreement_table, summary_table
    from pipeline.stages.evaluate import evaluate as stage

    wanted = settings.evaluate
    predictions, dataset, out = _places(settings)
    summary = stage(
        predictions,
        dataset,
        out,
        part=wanted.part,
        radii=wanted.radii,
        wrong_beyond=wanted.wrong_beyond,
        exclude=quarantined(dataset.parent),
        normalise=wanted.normalise,
        distances=wanted.distances,
    )
    paper = paper_errors(summary["landmarks"], summary["unit"])
    tables = [summary_table(summary, paper)]
    if summary.get("distances"):
        tables.append(agreement_table(summary))
    tables += _beside(summary)
    note = f"{_found(summary)}, {counted(summary['cases'], 'case')}"
    return Outcome(note, tuple(tables), dict(summary["failures"]), (out / "summary.json",))


def _found(summary: dict[str, Any]) -> str:
    """How far off the landmarks are, and how many were found."""
    if not summary["n_present"]:
        return "no landmark to find"
    mean = "" if summary["mean"] is None else f"mean error {summary['mean']:.3g} {summary['unit']}, "
    return f"{mean}{summary['n']} of {summary['n_present']} landmarks found"


def _beside(summary: dict[str, Any]) -> list[Any]:
    """Tables of what the network was asked beside landmarks, as on the page."""
    from pipeline.report.box_listing import box_listing
    from pipeline.report.value_listing import value_listing

    listings = value_listing(summary.get("values", {})), box_listing(summary.get("boxes", {}))
    return [table_from(listing.columns, listing.rows) for listing in listings if listing.rows]


def _predictions(settings: Settings) -> Path:
    return settings.evaluate.predictions or answers_of(settings) / "predictions.json"


def _places(settings: Settings) -> tuple[Path, Path, Path]:
    """The predictions, the data set with the truth, and the folder for what is measured."""
    wanted, predictions = settings.evaluate, _predictions(settings)
    return predictions, wanted.dataset or run_of(settings) / "dataset.json", wanted.output or predictions.parent


def _evaluate_values(settings: Settings) -> Outcome:
    from pipeline.stages.evaluate_values import evaluate_values as stage

    wanted = settings.evaluate
    predictions, dataset, out = _places(settings)
    summary = stage(predictions, dataset, out, part=wanted.part, exclude=quarantined(dataset.parent))
    rows = [
        (name, key, f"{value:.4g}", _short(numbers["without_looking"].get(f"always_{key}")))
        for name, numbers in summary["values"].items()
        for key, value in numbers.items()
        if isinstance(value, float)
    ]
    table = table_from(("value", "number", "this model", "without looking"), rows)
    note = ", ".join(f"{name} {value:.4g}" for name, value in summary["metrics"].items()) or "nothing to measure"
    return Outcome(note, (table, note), dict(summary["failures"]), (out / "summary.json",))


def _short(number: float | None) -> str:
    return "–" if number is None else f"{number:.4g}"


def _evaluate_vectors(settings: Settings) -> Outcome:
    from pipeline.stages.evaluate_vectors import evaluate_vectors as stage

    wanted = settings.evaluate
    predictions, dataset, out = _places(settings)
    kept_out = quarantined(dataset.parent)
    summary = stage(predictions, dataset, out, part=wanted.part, exclude=kept_out, pairs=wanted.pairs)
    rows = [(name.replace("_", " "), f"{value:.4f}") for name, value in summary["metrics"].items()]
    metrics = summary["metrics"]
    note = f"equal error rate {metrics['eer']:.1%}, rank 1 {metrics['rank1']:.1%}, {counted(summary['cases'], 'case')}"
    return Outcome(
        note, (table_from(("number", "value"), rows), note), dict(summary["failures"]), (out / "summary.json",)
    )


def _evaluate_boxes(settings: Settings) -> Outcome:
    from pipeline.stages.evaluate_boxes import evaluate_boxes as stage

    wanted = settings.evaluate
    predictions, dataset, out = _places(settings)
    summary = stage(predictions, dataset, out, part=wanted.part, exclude=quarantined(dataset.parent))
    rows = [
        (name, *(f"{v:.3f}" if isinstance(v, float) else str(v if v is not None else "–") for v in numbers.values()))
        for name, numbers in (*summary["classes"].items(), ("all classes", summary["overall"]))
    ]
    table = table_from(("class", *(n.replace("_", " ") for n in summary["overall"])), rows)
    note = f"{_of_boxes(summary)}, {counted(summary['cases'], 'case')}"
    return Outcome(note, (table, note), dict(summary["failures"]), (out / "summary.json",))


def _of_boxes(summary: Mapping[str, Any]) -> str:
    """The numbers that a task of boxes is measured by; None where no picture shows a box."""
    metrics = summary["metrics"]
    if summary["task"] == "one_object":
        return f"accuracy {metrics['accuracy']:.3f}, mean_iou of all things {_short(metrics['mean_iou'])}"
    return "no box to find" if metrics["ap50"] is None else f"AP50 {metrics['ap50']:.3f}"


def report(settings: Settings) -> Outcome:
    from pipeline.stages.report import report as of_points
    from pipeline.stages.report_boxes import report_boxes
    from pipeline.stages.report_values import report_values
    from pipeline.stages.report_vectors import report_vectors

    wanted, run = settings.report, run_of(settings)
    require_apart(run, settings.evaluate.part)
    measured = answers_of(settings) / "summary.json"
    content = said_in(measured, settings.task)
    require_own_answers(content, measured, settings)
    if measured.is_file():
        require_answered_scans(settings, content.get("excluded", ()))
    stage = {"points": of_points, "boxes": report_boxes, "values": report_values, "vectors": report_vectors}
    page = stage[kind_of(content, measured)](run, wanted.output, wanted.title, settings.evaluate.part)
    return Outcome(f"{page}", (f"Report: {page.resolve()}",))


def overlay(settings: Settings) -> Outcome:
    from pipeline.report.overlay import own_filters
    from pipeline.stages.overlay import overlay as stage

    wanted, inputs, out = settings.overlay, settings.predict.input, settings.predict.output
    if not inputs or out is None or wanted.predictions is None:
        raise ConfigError("overlay: -i PICTURES, -o FOLDER and predictions=FILE are all needed")
    worn = own_filters().get(str(wanted.filter), Path(wanted.filter))
    if not worn.exists():
        close, known = did_you_mean(str(wanted.filter), own_filters()), ", ".join(own_filters())
        raise ConfigError(f"filter={wanted.filter}: no such filter, and no such file.{close} There are {known}.")
    written, failed = stage(wanted.predictions, inputs, worn, out, wanted.names)
    note = f"{counted(written, 'picture')} in {out}"
    return Outcome(note, (note,), failed, (out / REPORT,))


def align(settings: Settings) -> Outcome:
    from pipeline.stages.align import align as stage

    wanted, asked, data = settings.align, settings.predict, settings.data
    if asked.output is None:
        raise ConfigError("align: -o FOLDER is needed, for the aligned images")
    facts = (settings.source, asked.model, asked.input or (), wanted.template, wanted.landmarks)
    how = (settings.device, data.frame, data.images, data.series_uid, settings.threads)
    written, failed = stage(asked.output, *facts, wanted.spacing, wanted.margin, *how)
    note = f"{counted(written, 'image')} in {asked.output}"
    return Outcome(note, (note,), failed, (asked.output / REPORT,))
