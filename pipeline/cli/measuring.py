"""What the verbs after a prediction do: measure, show, lay something on it."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.given import quarantined, run_of
from pipeline.cli.outcome import Outcome, counted, table_from
from pipeline.cli.settings import Settings
from pipeline.errors import ConfigError


def evaluate(settings: Settings) -> Outcome:
    if settings.task != "landmarks":
        return _evaluate_boxes(settings)
    from pipeline.report.paper import paper_errors
    from pipeline.report.terminal import summary_table
    from pipeline.stages.evaluate import evaluate as stage

    wanted = settings.evaluate
    predictions = wanted.predictions or run_of(settings) / "test" / "predictions.json"
    dataset = wanted.dataset or run_of(settings) / "dataset.json"
    out = wanted.output or predictions.parent
    summary = stage(
        predictions,
        dataset,
        out,
        part=wanted.part,
        radii=wanted.radii,
        wrong_beyond=wanted.wrong_beyond,
        exclude=quarantined(dataset.parent),
        normalise=wanted.normalise,
    )
    mean = "nothing to measure" if summary["mean"] is None else f"mean error {summary['mean']:.3g} {summary['unit']}"
    paper = paper_errors(summary["landmarks"], summary["unit"])
    return Outcome(
        f"{mean}, {counted(summary['cases'], 'case')}", (summary_table(summary, paper),), dict(summary["failures"])
    )


def _evaluate_boxes(settings: Settings) -> Outcome:
    from pipeline.stages.evaluate_boxes import evaluate_boxes as stage

    wanted = settings.evaluate
    predictions = wanted.predictions or run_of(settings) / "test" / "predictions.json"
    dataset = wanted.dataset or run_of(settings) / "dataset.json"
    out = wanted.output or predictions.parent
    summary = stage(predictions, dataset, out, part=wanted.part, exclude=quarantined(dataset.parent))
    rows = [
        (name, *(f"{v:.3f}" if isinstance(v, float) else str(v if v is not None else "–") for v in numbers.values()))
        for name, numbers in (*summary["classes"].items(), ("all classes", summary["overall"]))
    ]
    table = table_from(("class", *(n.replace("_", " ") for n in summary["overall"])), rows)
    note = f"AP50 {summary['metrics']['ap50']:.3f}, {counted(summary['cases'], 'case')}"
    return Outcome(note, (table, note), dict(summary["failures"]))


def report(settings: Settings) -> Outcome:
    if settings.task != "landmarks":
        from pipeline.stages.report_boxes import report_boxes as stage
    else:
        from pipeline.stages.report import report as stage

    wanted = settings.report
    page = stage(run_of(settings), wanted.output, wanted.title)
    return Outcome(f"{page}", (f"Report: {page.resolve()}",))


def overlay(settings: Settings) -> Outcome:
    from pipeline.report.overlay import own_filters
    from pipeline.stages.overlay import overlay as stage

    wanted, inputs, out = settings.overlay, settings.predict.input, settings.predict.output
    if not inputs or out is None or wanted.predictions is None:
        raise ConfigError("overlay: -i PICTURES, -o FOLDER and predictions=FILE are all needed")
    worn = own_filters().get(wanted.filter, Path(wanted.filter))
    written, failed = stage(wanted.predictions, inputs, worn, out, wanted.names)
    note = f"{counted(written, 'picture')} in {out}"
    return Outcome(note, (note,), failed)
