"""What each verb does with its settings: one call of one stage, and what came out of it in words.

A stage is imported when its verb is called, so that no verb pays for another's libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.cli.apart import require_apart, require_split
from pipeline.cli.build import build_networks, require_one_size
from pipeline.cli.given import answers_of, columns_of_settings, quarantined, run_of, source_of, workers
from pipeline.cli.measuring import align, evaluate, overlay, report
from pipeline.cli.outcome import Outcome, counted, errors_of, table_from, table_of, what_was_said
from pipeline.cli.promise import promise
from pipeline.cli.recognising import enroll, identify, verify
from pipeline.cli.same_data import require_same_data, require_same_scans
from pipeline.cli.settings import Settings
from pipeline.data.dataset import Dataset, read_dataset
from pipeline.data.findings import FROM_IMPORT, read_findings
from pipeline.data.share import Share
from pipeline.errors import ConfigError
from pipeline.tasks.table import TASKS


def simulate(settings: Settings) -> Outcome:
    from pipeline.stages.simulate import simulate as stage

    wanted = settings.simulate
    stage(
        wanted.out,
        wanted.cases,
        seed=settings.seed,
        kind=wanted.kind,
        fov_mm=wanted.fov_mm,
        spacing_mm=wanted.spacing_mm,
        workers=workers(settings),
        scans=wanted.scans,
    )
    return Outcome(f"{counted(wanted.cases * wanted.scans, 'phantom')} in {wanted.out}", (f"{wanted.out}",))


def import_data(settings: Settings, same: bool = False) -> Outcome:
    """`same`: The model of the run goes on, so it must be the data that it was made of."""
    from pipeline.stages.import_data import import_folder

    run, data = run_of(settings), settings.data

    def allowed(found: Dataset) -> None:
        if same:
            require_same_data(run, found)
        require_split(run, found)

    dataset = import_folder(
        source_of(settings),
        run / "dataset.json",
        data.name or settings.experiment or run.name,
        frame=data.frame,
        missing=data.missing,
        images=data.images,
        series=data.series_uid,
        unlisted=data.unlisted,
        fractions=data.fractions,
        seed=data.split_seed,
        pseudonyms=data.pseudonyms,
        edges=data.edges,
        task=settings.task,
        columns=columns_of_settings(settings),
        boxes_around=data.boxes_around,
        margin=data.margin,
        allowed=allowed,
    )
    parts = ", ".join(f"{len(dataset.part(part))} {part}" for part in ("train", "validation", "test"))
    note = f"{counted(len(dataset.cases), 'case')} ({parts}), {_learned(dataset)}"
    found = read_findings(run / FROM_IMPORT)
    return Outcome(note, (note, *table_of(found.items)), errors_of(found.items), (run / FROM_IMPORT,))


def _learned(dataset: Dataset) -> str:
    """What there is to learn, in words."""
    of = {"class": dataset.classes, "landmark": dataset.landmarks, "value": dataset.outputs}
    return ", ".join(counted(len(names), word) for word, names in of.items() if names) or "no answers"


def check(settings: Settings) -> Outcome:
    from pipeline.stages.check import check as stage

    run = run_of(settings)
    if settings.check.with_model:
        _require_judge(settings)
        build_networks(settings)
    if of_model := settings.check.same_patient:
        from pipeline.stages.check_identity import UNCOMPARED, check_identity, require_comparable

        require_comparable(of_model, settings.device, run / "dataset.json")  # before the scans are looked at
    findings = list(
        stage(run / "dataset.json", run / "findings.json", strict=settings.data.strict, workers=workers(settings))
    )
    failed = errors_of(findings)
    uncompared: dict[str, str] = {}
    if of_model:
        how = settings.device, settings.threads
        named = check_identity(run / "dataset.json", run / "findings.json", of_model, *how)
        uncompared = {f.case: f.message for f in named if f.rule == UNCOMPARED and f.case is not None}
        findings += named
    found = f"{counted(len(findings), 'finding')}, {counted(len(failed), 'case')} left out"
    judged = settings.check.with_model
    note = found if findings else "no rule found anything" if judged else "nothing found"  # the networks speak next
    suspects = _suspects(settings) if judged else ()
    return Outcome(note, (*table_of(findings), note, *suspects), failed | uncompared, (run / "findings.json",))


def _require_judge(settings: Settings) -> None:
    run = run_of(settings)
    if TASKS[settings.task].answers != "points":
        raise ConfigError(f"check --with-model: judges landmarks, and {run} is of task={settings.task}. Leave it out.")
    if not (run / "prepared" / "index.json").is_file():
        raise ConfigError(f"check --with-model: {run} is not prepared yet. Run patchvote preprocess run={run} first.")


def _suspects(settings: Settings) -> tuple[Any, ...]:
    from pipeline.stages.suspects import SHOWN, find_suspects

    run = run_of(settings)
    ranked = find_suspects(
        run / "dataset.json",
        run / "findings.json",
        run / "prepared",
        run / "suspects",
        settings.training,
        settings.check.folds,
        settings.device,
    )
    rows = [(s.case, ", ".join(s.landmarks[:3]), f"{s.error:.1f}", f"{s.score:.0f}", s.reason) for s in ranked[:SHOWN]]
    off = f"{read_dataset(run / 'dataset.json').unit} off"
    table = table_from(("case", "landmarks", off, "times usual", "look at"), rows)
    if not any(s.landmarks for s in ranked):
        unsure = "No network believed an answer, so no annotation could be judged by one: give more training.minutes."
        return (table, unsure) if ranked else (unsure,)
    return (table, f"all {len(ranked)} cases in order, and pictures of the first: {run / 'suspects'}")


def preprocess(settings: Settings) -> Outcome:
    from pipeline.stages.preprocess import preprocess as stage

    require_one_size(settings)
    run = run_of(settings)
    require_same_scans(run)
    places = run / "dataset.json", run / "findings.json", run / "prepared"
    store = stage(*places, settings.levels, workers=workers(settings), whole=TASKS[settings.task].whole)
    sizes = " -> ".join("original" if s is None else f"{s:g}" for s in store.spacings)
    how = "given" if settings.levels else "derived from the scans"
    grey = store.normalisation
    scale = f"values {grey.low:g} to {grey.high:g}" if grey.kind == "window" else "each scan by its own percentiles"
    note = f"{counted(len(store.keys), 'case')} at {sizes} {store.unit} ({how}); {scale}"
    return Outcome(note, (note,))


def train(settings: Settings) -> Outcome:
    from pipeline.stages.train import train as stage

    run = run_of(settings)
    build_networks(settings)
    require_same_data(run, read_dataset(run / "dataset.json"))
    require_same_scans(run)
    model = stage(
        run / "dataset.json", run / "prepared", run, settings.training, device=settings.device, question=settings.task
    )
    return Outcome(f"model in {model}", (f"{model}", *promise(model)))


def predict(settings: Settings) -> Outcome:
    wanted = settings.predict
    if wanted.input and wanted.model is None and settings.run is None:
        raise ConfigError("predict: say which model answers: model=RUN/model, or run=RUN for the model of that run")
    model = wanted.model or run_of(settings) / "model"
    if wanted.input and wanted.output is None:
        raise ConfigError("predict: say where the answers go: -o FOLDER")
    out = wanted.output or answers_of(settings)
    if wanted.input:
        which: dict[str, Any] = {"inputs": list(wanted.input), "series": settings.data.series_uid}
        which |= {"pseudonyms": settings.data.pseudonyms}
        which |= {"table": wanted.table}
    else:
        run = run_of(settings)
        if wanted.model is None:
            require_apart(run, settings.evaluate.part)
        which = {"dataset": run / "dataset.json", "part": settings.evaluate.part, "exclude": quarantined(run)}
    which |= {"share": Share.parse(wanted.part)} if wanted.part else {}
    from pipeline.data.kept_answers import FAILURES
    from pipeline.stages.predict import predict as stage

    answers = stage(model, out, device=settings.device, threads=settings.threads, formats=wanted.formats, **which)
    note = f"{counted(len(answers.cases), 'scan')}, {what_was_said(answers)}: {out / 'predictions.json'}"
    return Outcome(note, (note,), dict(answers.failures), (out / FAILURES,))


STAGES: dict[str, Callable[..., Outcome]] = {
    "simulate": simulate,
    "import": import_data,
    "check": check,
    "preprocess": preprocess,
    "train": train,
    "predict": predict,
    "evaluate": evaluate,
    "enroll": enroll,
    "identify": identify,
    "verify": verify,
    "align": align,
    "overlay": overlay,
    "report": report,
}
