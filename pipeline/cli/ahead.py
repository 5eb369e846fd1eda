"""What `run` asks of the data as soon as they are imported, since later verbs would ask it after the work."""

from __future__ import annotations

from pathlib import Path

from pipeline.cli.given import run_of
from pipeline.cli.record import is_trained
from pipeline.cli.settings import Settings
from pipeline.data.dataset import Case, Dataset, read_dataset
from pipeline.data.fit_encoders import fit_asked, fit_encoders
from pipeline.data.pairs_txt import listed_ids, read_pairs
from pipeline.errors import DataError
from pipeline.tasks.table import TASKS


def require_ahead(settings: Settings) -> None:
    """Refuse now what train would refuse after all scans were read, and predict and evaluate in the end, whatever is
    learned; columns, too, of which train could learn nothing from these cases, nor from the fewer that check leaves.

    Raises:
        DataError: No case to answer, or nothing of it that evaluate could measure; a column that no training case has,
            or one that is asked for and the same in all of them.
        ConfigError: A format that the answers cannot be written in, names that mirrored images would get wrong, or a
            landmark that evaluate is to measure by and that there is not.
    """
    from pipeline.inference.formats import check_formats
    from pipeline.training.mirrored_names import require_mirrored_names

    path, part = run_of(settings) / "dataset.json", settings.evaluate.part
    data = read_dataset(path)
    cases = data.part(part)
    if not cases:
        raise DataError(
            f"{path}: no case in part '{part}', so nothing could be answered and measured. Give it a share"
            " (data.fractions, or split.csv where that or folders say the parts), or measure another part, such as"
            " evaluate.part=validation. If none is wanted, go verb by verb, from import to train: they need none."
        )
    scans = {case.id: data.image_path(case) for case in cases}
    check_formats(TASKS[settings.task].answers, data.unit, settings.predict.formats, scans)
    if not is_trained(run_of(settings)):  # one that an early version began goes on
        require_mirrored_names(data, settings.task, settings.training.augment)
    _require_measurable(settings, data, cases, path)
    taught = [case.values for case in data.part("train")]
    fit_encoders(data.inputs, taught)
    fit_asked(data.outputs, taught)


def _require_measurable(settings: Settings, data: Dataset, cases: tuple[Case, ...], path: Path) -> None:
    from pipeline.metrics.between_landmarks import require_ends
    from pipeline.stages.evaluate_vectors import require_pairs

    wanted, answers = settings.evaluate, TASKS[settings.task].answers
    where = f"{path}, part '{wanted.part}'"
    if answers == "points":
        require_ends(data, wanted.normalise, wanted.distances)
    if answers == "boxes" and all(case.boxes is None for case in cases):
        raise DataError(f"{where}: of no case are the boxes known, so nothing could be measured. Annotate some.")
    if answers == "vectors":
        require_pairs([case.subject for case in cases], where)
        if wanted.pairs is not None:
            listed_ids(read_pairs(wanted.pairs), data, {case.id for case in cases}, wanted.pairs, path)
