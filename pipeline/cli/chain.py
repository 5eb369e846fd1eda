"""Verbs in a row: `run` from a folder to a report, `demo` from nothing to answers. Stages do not know each other."""

from __future__ import annotations

import os
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.cli.actions import STAGES
from pipeline.cli.ahead import require_ahead
from pipeline.cli.build import build_networks, require_fitting
from pipeline.cli.given import source_of
from pipeline.cli.left_out import tell_left_out
from pipeline.cli.order import require_checked, require_earlier
from pipeline.cli.outcome import Outcome
from pipeline.cli.record import RECORD, is_run, is_trained
from pipeline.cli.run_folder import claimed, leaving_none, writable
from pipeline.cli.same_data import require_same_scans
from pipeline.cli.settings import Settings
from pipeline.cli.streams import onto_output
from pipeline.cli.verbs import CHAIN, Verb, verb_named
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.own_output import PREPARED, PRIVATE
from pipeline.data.run_report import REPORT, is_report
from pipeline.errors import ConfigError

RECOGNISING = ("enroll", "identify", "verify")
SHOWN_AT_THE_END = ("evaluate", "report")
OF_RUN = ("", "model", "resume", PREPARED, PRIVATE, "suspects")  # its folders; those of answers are called after parts
NEW_SCAN_SEED = 1_000_003  # far from the seeds of any training phantoms


def act(verb: Verb, settings: Settings) -> int:
    """Do what the verb says and print what came out; 0 if every case came through, else 1."""
    if verb.name == "demo":
        outcome = demo(settings)
    elif verb.name == "run":
        outcome = run(settings)
    else:
        outcome = single(verb, settings)
    show(outcome.shown)
    for line in outcome.told():
        print(line, file=sys.stderr)
    return 1 if outcome.failed else 0


def single(verb: Verb, settings: Settings) -> Outcome:
    """One stage. A verb that works in a run folder holds it meanwhile."""
    if verb.name == "import":
        source_of(settings)
    with leaving_none(settings.predict.output), ExitStack() as held:
        if verb.name in ("simulate", "align", "overlay", *RECOGNISING) or (
            verb.name == "predict" and settings.predict.input
        ):
            if verb.name == "enroll" and settings.gallery:  # a lock cannot tell a folder that is closed from a held one
                writable(Path(os.path.realpath(settings.gallery)).parent, "gallery")
        elif not (verb.name == "evaluate" and settings.evaluate.predictions and settings.evaluate.dataset):
            require_earlier(verb, settings)
            if verb.name == "predict" and settings.predict.part:  # others answer other parts meanwhile
                with claimed(verb, settings):
                    pass
            elif not _only_reads(verb, settings):
                held.enter_context(claimed(verb, settings))
        _require_writable(verb, settings)
        require_checked(verb, settings)
        tell_left_out(verb, settings)
        return STAGES[verb.name](settings)


def _only_reads(verb: Verb, settings: Settings) -> bool:
    """Whether what comes out goes elsewhere, and the run folder is one that can only be read: nobody need hold it."""
    run, (evaluate, report) = settings.run, (settings.evaluate.output, settings.report.output)
    apart = {"predict": settings.predict.output, "evaluate": evaluate, "report": report}.get(verb.name)
    return bool(apart and run and run.is_dir() and not os.access(run, os.W_OK))


def _require_writable(verb: Verb, settings: Settings) -> None:
    """Refuse now what could not be written apart from the run in the end."""
    apart: dict[str, tuple[str, Path | None]] = {
        "simulate": ("out", settings.simulate.out),
        "evaluate": ("evaluate.output", settings.evaluate.output),
    } | dict.fromkeys(("predict", "align", "overlay", "identify", "verify"), ("-o", settings.predict.output))
    key, folder = apart.get(verb.name, ("", None))
    if folder:
        writable(folder, key)
        if key == "-o":
            _refuse_own(folder, settings, verb)
    if verb.name in ("report", "run") and (page := settings.report.output):
        if page.is_dir():
            raise ConfigError(f"report.output={page}: is a folder. Name the file that the page becomes.")
        writable(page.parent, "report.output", "FILE")
        _refuse_page(page)


def _refuse_own(folder: Path, settings: Settings, verb: Verb) -> None:
    """Answers among the files of a run, or of a model, would be taken for its own; and a run that is held they would
    wait for. Into one of another run that earlier calls wrote into they go on."""
    model = settings.predict.model
    beside = model.parent if model and (model.parent / RECORD).is_file() else None  # else it was copied there
    own = [run / name for run in (settings.run, beside) if run for name in OF_RUN] + ([model] if model else [])
    whose = "the run's" if any(place.exists() and folder.samefile(place) for place in own) else ""
    if not whose and _is_of_a_run(Path(os.path.realpath(folder))) and not is_report(folder / REPORT):
        whose = "a run's or a model's"
    if whose:
        needed = verb.name != "predict" or settings.predict.input
        advice = "Choose another" if needed else "Leave it out, or choose another"
        raise ConfigError(f"-o {folder}: is {whose} own folder. {advice} with -o FOLDER.")


def _is_of_a_run(folder: Path) -> bool:
    """Whether it is a run, one of the folders that a run makes, or a model."""
    within = folder.name in OF_RUN and is_run(folder.parent)
    return within or is_run(folder) or (folder / "model.json").is_file()


def _refuse_page(page: Path) -> None:
    from pipeline.report.page import is_page

    refuse_overwriting([page], (), is_page, "report.output=FILE")


def run(settings: Settings) -> Outcome:
    """All stages from the user's folder to the report; each does only what is missing."""
    verb = verb_named("run")
    assert verb is not None
    source_of(settings)
    shown: list[Any] = []
    promised: tuple[Any, ...] = ()
    failed: dict[str, str] = {}
    kept: tuple[Path, ...] = ()
    with claimed(verb, settings) as folder:
        _require_writable(verb, settings)
        if not settings.quiet:
            print(f"run folder {folder}", file=sys.stderr)
        require_fitting(settings)
        build_networks(settings)
        for number, name in enumerate(CHAIN, 1):
            how = {"same": True} if name == "import" and is_trained(folder) else {}
            outcome = _timed(f"[{number}/{len(CHAIN)}] {name}", name, settings, **how)
            kept += outcome.kept if outcome.failed.keys() - failed.keys() else ()
            failed = outcome.failed | failed
            if name == "import":
                require_ahead(settings)
            elif name in SHOWN_AT_THE_END:
                shown += outcome.shown
            elif name == "train":
                promised = outcome.shown[1:]  # after where the model is
            elif name == "check":
                if len(outcome.shown) > 1:
                    show(outcome.shown[:-1], sys.stderr)
                require_same_scans(folder)
    return Outcome(f"{folder}", (*shown[:-1], *promised, *shown[-1:]), failed, kept)


def demo(settings: Settings) -> Outcome:
    """Phantoms, a run on them, and the answers to one scan that nobody has seen."""
    out = settings.demo.out
    writable(out, "out")
    phantoms, new = out / "phantoms", out / "new_scan"
    settings = replace(settings, source=phantoms, run=out / "run")
    _timed("phantoms", "simulate", _simulating(settings, phantoms, settings.simulate.cases, settings.seed))
    whole = run(settings)
    _timed("new scan", "simulate", _simulating(settings, new, 1, settings.seed + NEW_SCAN_SEED))
    asked = replace(settings.predict, model=out / "run" / "model", input=(new / "images",), output=new / "answers")
    answers = _timed("predict", "predict", replace(settings, predict=asked))
    lines = (
        f"Phantoms: {phantoms.resolve()}",
        f"Model:    {(out / 'run' / 'model').resolve()}",
        f"New scan: {(new / 'images').resolve()}",
        f"Answers:  {(new / 'answers').resolve()}  (ID.mrk.json opens over the scan in 3D Slicer)",
    )
    table, *rest = whole.shown
    kept = whole.kept + (answers.kept if answers.failed else ())
    return Outcome(f"{out}", (table, *lines, *rest), whole.failed | answers.failed, kept)


def _simulating(settings: Settings, out: Path, cases: int, seed: int) -> Settings:
    return replace(settings, seed=seed, simulate=replace(settings.simulate, out=out, cases=cases))


def _timed(label: str, name: str, settings: Settings, **how: bool) -> Outcome:
    """Call a stage and say on stderr what it did and how long it took, unless that is not wanted."""
    start = time.monotonic()
    outcome = STAGES[name](settings, **how)
    if not settings.quiet:
        print(f"{label:<18} {time.monotonic() - start:7.1f} s  {outcome.note}", file=sys.stderr, flush=True)
    return outcome


def show(things: tuple[Any, ...], file: Any = None) -> None:
    """Print texts as they are, tables through rich. Without a terminal a table gets the width it needs."""
    with onto_output():
        for thing in things:
            if isinstance(thing, str):
                print(thing, file=file or sys.stdout, flush=True)
            else:
                from rich.console import Console

                width = None if (file or sys.stdout).isatty() else 140
                Console(file=file or sys.stdout, width=width, emoji=False).print(thing)  # a name may have colons
