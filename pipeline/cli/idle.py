"""A setting that is typed and would change nothing is refused: whoever typed it expects something of it.

What an experiment says is not looked at, since it may serve several verbs and tasks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pipeline.cli.given import kind_of, said_in
from pipeline.cli.record import is_trained, read_record, recorded
from pipeline.cli.schema import at
from pipeline.cli.settings import Settings
from pipeline.cli.validate import plain
from pipeline.cli.verbs import Verb
from pipeline.data.answer_fields import read_answered
from pipeline.errors import ConfigError
from pipeline.tasks.table import TASKS

SCANS = ("cta", "blobs")  # phantoms that have a size in mm
MEASURES = {  # settings of evaluate that measure one kind of answers alone
    "radii": ("points", "landmarks"),
    "wrong_beyond": ("points", "landmarks"),
    "normalise": ("points", "landmarks"),
    "distances": ("points", "landmarks"),
    "pairs": ("vectors", "vectors that tell who it is"),
}
OF_IMPORT = {  # settings of predict that scans of -i alone have; what the cases of a run have in their place
    "predict.table": "columns that import read",
    "data.pseudonyms": "names or codes that import gave them",
    "data.series_uid": "series that import chose",
}
READ_BY = {  # settings of training that some tasks alone read
    "loss": ("landmarks", "multi"),
    "decode": ("landmarks", "multi"),
    "coarse.cut": ("landmarks", "multi"),
    "fine.cut": ("landmarks", "multi"),
    "boxes": ("boxes", "multi"),
    "one_object": ("one_object",),
    "attributes.places": ("attributes",),
    "embedding": ("embedding",),
}
IMPORTED_BY = {  # settings of how a folder is read that some tasks alone read
    "boxes_around": ("boxes", "one_object", "multi"),
    "margin": ("boxes", "one_object", "multi"),
    "unlisted": ("landmarks", "boxes", "one_object", "multi"),
    "missing": ("landmarks", "boxes", "one_object", "multi"),
    "frame": ("landmarks", "boxes", "one_object", "multi"),
}


def refuse_idle(verb: Verb, keys: Iterable[str], settings: Settings) -> None:
    """Refuse keys that were typed and change nothing beside the other settings.

    Raises:
        ConfigError: Says why, for each.
    """
    idle = _idle(verb, settings)
    why = {key: said for key in keys for known, said in idle.items() if f"{key}.".startswith(f"{known}.")}
    if wrong := [f"{key}: {said}. Leave it out." for key, said in why.items()]:
        raise ConfigError("\n".join(wrong))


def _idle(verb: Verb, settings: Settings) -> dict[str, str]:
    """{key or section: why it changes nothing here}; of two that fit a key, the last is said."""
    idle = _of_check(verb, settings) | (_of_other_tasks(settings) if verb.reads("training") else {})
    idle |= _of_other_folders(settings) if verb.name in ("import", "run") else {}
    if verb.name in ("simulate", "demo") and settings.simulate.kind not in SCANS:
        why = f"kind={settings.simulate.kind} draws pictures, which have a size of their own"
        idle |= dict.fromkeys(("simulate.fov_mm", "simulate.spacing_mm"), why)
    if verb.name in ("run", "demo"):  # others take what was imported
        idle |= _not_begun_with(_of_inputs(settings), settings)
    if verb.name in ("run", "evaluate"):
        idle |= _of_other_answers(verb, settings)
    if verb.calls:
        idle |= _of_places(verb)
    if verb.name == "predict":
        idle |= _of_scans(settings)
    if verb.name == "demo":
        why = "demo works in OUT/run, on OUT/phantoms: out=FOLDER chooses them"
        idle |= dict.fromkeys(("run", "source", "simulate.out"), why)
    return idle


def _of_other_answers(verb: Verb, settings: Settings) -> dict[str, str]:
    """The same of how answers of other kinds are measured than the task's, or those of the file that is named."""
    file, whose = settings.evaluate.predictions, f"task={settings.task}"
    kind: str = TASKS[settings.task].answers
    if verb.name == "evaluate" and file is not None:
        if not file.is_file():
            return {}
        kind, whose = kind_of(said_in(file, settings.task, read_answered), file), str(file)
    others = {key: word for key, (measured, word) in MEASURES.items() if measured != kind}
    return {f"evaluate.{key}": f"it is for {word}, and {whose} answers {kind}" for key, word in others.items()}


def _of_check(verb: Verb, settings: Settings) -> dict[str, str]:
    """The same of what check reads to train networks that judge; `run` and `demo` train another one besides."""
    if settings.check.with_model or "check" not in (verb.name, *verb.calls):
        return {}
    keys = ("check.folds", "training") if verb.name == "check" else ("check.folds",)
    return dict.fromkeys(keys, "it is for check --with-model, which is not asked for")


def _of_places(verb: Verb) -> dict[str, str]:
    """The same of places that a chain of verbs chooses itself, since each verb finds there what the one before left."""
    own = f"{verb.name} measures its own answers, in the folder that its report reads; `patchvote evaluate` takes it"
    asked = f"{verb.name} answers its own cases by its own model, in its own folder; `patchvote predict` takes it"
    judged = f"{verb.name} checks before anything is prepared for networks to judge; `patchvote check` takes it then"
    return (
        dict.fromkeys(("evaluate.predictions", "evaluate.dataset", "evaluate.output"), own)
        | dict.fromkeys((f"predict.{key}" for key in ("model", "input", "output", "table", "part")), asked)
        | dict.fromkeys(("check.with_model", "check.folds"), judged)
    )


def _of_scans(settings: Settings) -> dict[str, str]:
    """The same of predict, which answers the scans of -i, or else a part of a run."""
    if settings.predict.input:
        return {"evaluate.part": "it is a part of a run, and the scans of -i are of none"}
    return {key: f"the cases of a run have the {what}; with -i SCANS it is read" for key, what in OF_IMPORT.items()}


def _of_other_tasks(settings: Settings) -> dict[str, str]:
    """The same of the training's settings: those of other tasks, and those of another loss of landmarks."""
    task, loss = settings.task, settings.training.loss.name
    idle = _read_by_others("training", READ_BY, task)
    unread = ("balance",) if loss == "softmax" else ("sigma", "beta")
    if TASKS[task].by_size:
        own = f"with task={task} each voxel size speaks of things of its own sizes: levels= names them"
        idle |= {"training.gain": f"{own}, and none is left out"}
        idle |= {"training.looks": own} if (settings.training.looks or 1) > 1 else {}
    if not settings.training.augment.mirror:
        idle |= {"training.augment.pairs": "without training.augment.mirror no sample is mirrored"}
    why = f"training.loss.name={loss} does not read it"
    return _not_begun_with(dict.fromkeys((f"training.loss.{key}" for key in unread), why) | idle, settings)


def _not_begun_with(idle: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """Without what a run was begun with, by an earlier version: it goes on with nothing else."""
    if settings.run is None or not is_trained(settings.run):
        return dict(idle)
    begun, now = read_record(settings.run), plain(settings)
    return {key: why for key, why in idle.items() if recorded(begun, key) != at(now, key)}


def _of_inputs(settings: Settings) -> dict[str, str]:
    """The same of how what is known beside the image is read, where nothing is."""
    if any(vars(settings.inputs).values()) or len(settings.data.views) > 1:
        return {}
    keys = ("training.fusion", "training.coarse.missing", "training.fine.missing")
    return dict.fromkeys(keys, "neither inputs nor data.views name anything beside the image")


def _of_other_folders(settings: Settings) -> dict[str, str]:
    """The same of how a folder is read."""
    task, data = settings.task, settings.data
    around = ("margin", *(("missing", "frame") if TASKS[task].answers == "boxes" else ()))
    idle = {} if data.boxes_around else {f"data.{key}": "without data.boxes_around nothing reads it" for key in around}
    columns = [names for section in (settings.inputs, settings.outputs) for names in vars(section).values()]
    idle |= {} if any(columns) else {"data.table": "neither inputs nor outputs name a column of it"}
    return idle | _read_by_others("data", IMPORTED_BY, task)


def _read_by_others(section: str, readers: Mapping[str, Sequence[str]], task: str) -> dict[str, str]:
    of_others = {key: tasks for key, tasks in readers.items() if task not in tasks}
    return {f"{section}.{key}": f"it is for task={' or '.join(tasks)}, not {task}" for key, tasks in of_others.items()}
