"""Stage import: a user's folder becomes `dataset.json`, and what was wrong with it `import.json` beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from pipeline.data.box_rules import readable_frames, usable_boxes
from pipeline.data.boxes_around import with_boxes_around
from pipeline.data.collect import TooFewError, collect, require_enough
from pipeline.data.collect_boxes import collect_boxes, with_boxes_of_folder
from pipeline.data.collect_values import Columns, collect_images, with_values
from pipeline.data.dataset import Dataset, write_dataset
from pipeline.data.findings import FROM_IMPORT, Finding, Findings, write_findings
from pipeline.data.landmark_names import require_landmarks
from pipeline.data.long_lists import SHOWN
from pipeline.data.own_output import PRIVATE
from pipeline.data.pseudonyms import coded
from pipeline.data.spellings import check_spellings
from pipeline.data.split import USUAL, Fractions, split_by_subject
from pipeline.data.split_folders import with_parts
from pipeline.errors import ConfigError, DataError
from pipeline.tasks.table import TASKS


def import_folder(
    source: Path,
    out: Path,
    name: str,
    frame: str | None = None,
    missing: str = "unannotated",
    images: str | None = None,
    series: Sequence[str] = (),
    unlisted: str = "left_out",
    fractions: Fractions = USUAL,
    seed: int = 0,
    pseudonyms: bool = False,
    edges: Sequence[tuple[str, str]] = (),
    task: str = "landmarks",
    columns: Columns | None = None,
    boxes_around: Mapping[str, Sequence[str]] | None = None,
    margin: float = 0.0,
    allowed: Callable[[Dataset], None] = lambda _: None,
) -> Dataset:
    """Collect, split and write; the same folder gives the same bytes (of codes, with the same key).

    Args:
        source: The user's folder; `pipeline.data.collect` says what it may look like.
        out: Where `dataset.json` goes; `import.json` is written into the same folder.
        name: Name of the data set.
        frame: "LPS" or "RAS", for landmark files that do not say.
        missing: Whether a landmark that a case lacks is "unannotated" or "absent".
        images: Which folder of `source` holds the scans.
        series: UIDs of the DICOM series to take, where a folder holds several.
        unlisted: Whether scans of which no landmark file speaks are "left_out", or all is "absent" from them; of a task
            with more than landmarks none is left out that more is known of.
        fractions: Shares of train, validation and test subjects.
        seed: Of the split.
        edges: Pairs of landmarks that are drawn as lines.
        task: Its answers are looked for in the folder: landmarks, boxes, or values alone.
        boxes_around: Boxes of a task that answers boxes, or boxes and landmarks, are made around landmarks: {CLASS:
            [LANDMARK, ...]}.
        margin: Of such a box on every side, mm or px.
        columns: What a table says of the cases, and how their images are called.
        pseudonyms: Call cases and subjects by codes; `private/` beside `out` knows whose they are.
        allowed: Is asked with what would be written, before anything is; what it raises ends the call.

    Raises:
        ConfigError: An edge, or a box around landmarks, names no landmark.
        DataError: The folder cannot be used as a whole.
    """
    how = frame, missing, images, series, unlisted, task, columns or Columns(), boxes_around, margin
    try:
        dataset, findings = _collected(Path(source), name, *how)
    except TooFewError as refused:
        raise DataError(_refusal(refused, Path(out), pseudonyms)) from refused
    require_landmarks("data.edges", [name for edge in edges for name in edge], dataset.landmarks)
    findings += check_spellings(dataset)
    followed = with_parts(dataset, told := list(findings))
    split = partial(_split, fractions=fractions, seed=seed, edges=edges)
    write = partial(_write, source=Path(source), out=Path(out), pseudonyms=pseudonyms, allowed=allowed)
    try:
        return write(split(followed, told), told)
    except ConfigError as refused:
        if followed is dataset:
            raise
        with suppress(ConfigError):  # a run of an early version, which did not follow the names of folders, goes on
            return write(split(dataset, findings), findings)
        raise refused


def _collected(
    source: Path,
    name: str,
    frame: str | None,
    missing: str,
    images: str | None,
    series: Sequence[str],
    unlisted: str,
    task: str,
    columns: Columns,
    boxes_around: Mapping[str, Sequence[str]] | None,
    margin: float,
) -> tuple[Dataset, list[Finding]]:
    """What the folder has of the answers of a task, and what is wrong with it."""
    answers = TASKS[task].answers
    multi = task == "multi"  # what is not known of a case masks that part alone
    if answers in ("values", "vectors"):
        dataset, findings = collect_images(source, name, images, columns.views, answers == "vectors", series)
    elif answers == "boxes" and boxes_around:
        dataset, findings = collect(source, name, frame, missing, images, series, unlisted)
        dataset = with_boxes_around(dataset, boxes_around, margin)
    elif answers == "boxes":
        dataset, findings = collect_boxes(source, name, images, unlisted, series)
    else:
        dataset, findings = collect(source, name, frame, missing, images, series, unlisted, multi)
    if task == "one_object":
        dataset = _of_one_thing(dataset, findings, source)
    if multi:
        if boxes_around:
            dataset = with_boxes_around(dataset, boxes_around, margin, beside=True)
        else:
            dataset = with_boxes_of_folder(dataset, findings, images, series)
    dataset = with_values(dataset, findings, columns.inputs, columns.outputs, columns.table, images, series, multi)
    if multi:
        dataset = _known_in_part(dataset, findings, source)
    return dataset, findings


def _refusal(refused: TooFewError, out: Path, pseudonyms: bool) -> str:
    """The reasons, and of many where all are listed. A file of them does not stand beside an earlier `dataset.json`,
    which is of other findings, nor where names are kept out of the run."""
    listed = f"All of them are listed in {out.parent / FROM_IMPORT}."
    if out.exists() or pseudonyms:
        openly = " with data.pseudonyms=false" if pseudonyms else ""
        listed = f"An import into a new run=FOLDER{openly} lists all of them."
    elif refused.left_out:
        write_findings(Findings(refused.left_out), out.parent / FROM_IMPORT)
    return f"{refused}\n{listed}" if len(refused.left_out) > SHOWN else str(refused)


def _write(
    dataset: Dataset,
    findings: list[Finding],
    source: Path,
    out: Path,
    pseudonyms: bool,
    allowed: Callable[[Dataset], None],
) -> Dataset:
    if pseudonyms:
        dataset, findings = coded(dataset, findings, out.resolve().parent / PRIVATE, source, allowed)
    else:
        allowed(dataset)
    write_findings(Findings(tuple(findings)), out.parent / FROM_IMPORT)
    # links go where the run goes
    write_dataset(replace(dataset, root=Path(PRIVATE)) if pseudonyms else dataset, out)
    return dataset


def _split(
    dataset: Dataset, findings: list[Finding], fractions: Fractions, seed: int, edges: Sequence[tuple[str, str]]
) -> Dataset:
    findings += _unread(dataset, fractions, seed)
    return replace(split_by_subject(dataset, fractions, seed), edges=tuple(edges))


def _unread(dataset: Dataset, fractions: Fractions, seed: int) -> list[Finding]:
    """A note where a split is asked for in numbers, and the folder names every case's part: all have one where some are
    for validation."""
    if not dataset.part("validation") or (tuple(fractions) == USUAL and not seed):
        return []
    told = "the folder says which part each case is in, so data.fractions and data.split_seed change nothing."
    return [Finding("split-given", "note", None, told, "Take its split away to have one made.")]


def _of_one_thing(dataset: Dataset, findings: list[Finding], source: Path) -> Dataset:
    """The cases without those that show several things; boxes that are left out, or drawn twice, are no other things.

    Raises:
        DataError: Most show several, so it is another task.
    """
    several = [c for c in dataset.cases if len(c.boxes or ()) > 1]
    frames = zip(several, readable_frames(dataset, several), strict=True)
    count = {c.id: len(usable_boxes(c.boxes or (), frame)) for c, frame in frames}
    crowded = {case: things for case, things in count.items() if things > 1}
    if 2 * len(crowded) > len(dataset.cases):
        raise DataError(f"{source}: {len(crowded)} cases show several things, the first {min(crowded)}: use task=boxes")
    for case, things in crowded.items():
        text, advice = f"{things} boxes; one is needed.", "Keep one of them, or use task=boxes if many are so."
        findings.append(Finding("several-things", "error", case, text, advice))
    kept = tuple(case for case in dataset.cases if case.id not in crowded)
    require_enough(source, kept, findings)
    return dataset.with_cases(kept)


def _known_in_part(dataset: Dataset, findings: list[Finding], source: Path) -> Dataset:
    """The cases of which landmarks, boxes or values are known, or at least that there are none; others are told."""
    if not dataset.outputs and not dataset.classes:
        raise DataError(
            f"{source}: task=multi, but there is nothing beside the landmarks: name columns of a table, such as"
            " outputs.numbers=[age], or boxes, by files or data.boxes_around."
        )
    known, asked = [], {column.name for column in dataset.outputs}
    for case in dataset.cases:
        if case.landmarks or case.boxes is not None or asked & case.values.keys():
            known.append(case)
            continue
        text = f"{Path(case.image).name} has no landmarks, boxes or values: left out."
        findings.append(Finding("nothing-known", "warning", case.id, text, "Annotate it, or call what is known so."))
    require_enough(dataset.root, tuple(known), findings)
    return dataset.with_cases(tuple(known))
