"""predict: from a model and scans to points, with how sure the program is of each."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from pipeline.data.atomic import fingerprint, sweep
from pipeline.data.box_predictions import BoxPredictions
from pipeline.data.claim import claimed_folder
from pipeline.data.dataset import Part
from pipeline.data.findings import Finding
from pipeline.data.image import Image
from pipeline.data.kept_answers import AnswerFiles, KeptAnswers
from pipeline.data.own_output import PRIVATE
from pipeline.data.predictions import Answer, Predictions
from pipeline.data.progress_bar import progress_bar
from pipeline.data.read_ahead import read_ahead
from pipeline.data.read_apart import read_safely
from pipeline.data.readers import files_of, place_of, unit_of
from pipeline.data.run_report import write_report
from pipeline.data.scan_facts import stamp_of
from pipeline.data.scan_files import asked_scans, require_one_scan
from pipeline.data.scan_remarks import remarks_on, warn
from pipeline.data.value_predictions import ValuePredictions
from pipeline.data.vector_predictions import VectorPredictions
from pipeline.data.write_behind import WriteBehind
from pipeline.data.write_boxes import FORMATS
from pipeline.errors import ConfigError, DataError, in_words
from pipeline.inference.answering import Answering, Content, answering
from pipeline.inference.beside import Beside, beside_dataset, beside_scans, under_codes
from pipeline.inference.formats import check_formats
from pipeline.inference.model import Model
from pipeline.inference.program import program_sum
from pipeline.inference.ready_model import facts_of, ready_model
from pipeline.report.answer_planes import cut_answers
from pipeline.tasks.multi import MultiTask
from pipeline.tasks.table import TASKS, name_of


def predict(
    model: Path,
    out: Path,
    inputs: Sequence[Path] = (),
    dataset: Path | None = None,
    part: Part | None = None,
    exclude: Sequence[str] = (),
    device: str = "auto",
    threads: int = 0,
    series: Sequence[str] = (),
    formats: Sequence[str] | None = None,
    pseudonyms: bool = False,
    table: Path | None = None,
) -> Predictions | BoxPredictions | ValuePredictions | VectorPredictions:
    """Write `predictions.json`, `run_report.json` and what `formats` asks for into `out`.

    A scan that was answered before, by this model, is not computed again. A scan that cannot be read is listed
    under `failures`; the others are answered all the same. Answers of earlier calls to other `inputs` stay.

    Args:
        model: Model folder of a run.
        inputs: Scans or folders of scans; the case id is the file name without its extension.
        dataset: Instead of inputs: the cases of a `dataset.json`, of one `part` if given.
        exclude: Ids of cases left out, such as those that check quarantined; of second images, too.
        formats: See `PredictSettings`; None = an `ID.mrk.json` a scan, `ID.points.json` and a drawn `ID.png` a picture.
        series: UIDs of the DICOM series to take from inputs that hold several.
        pseudonyms: Call inputs by codes; `private/` in `out` knows whose they are.
        table: Of inputs, for a model that reads values beside the images.

    Raises:
        ConfigError: A format that cannot be written of these answers and scans; a file would be replaced that no
            earlier call wrote, or that is read; or `out` holds names where codes are asked for, or the other way
            round.
        DataError: No scan, or two scans of the same name; or a report that names the patient, with `pseudonyms`.
        CheckpointError: The model folder is damaged.
    """
    if pseudonyms and "dicom-sr" in (formats or ()):
        raise DataError("predict.formats=dicom-sr: a report names its patient. Leave it out, or data.pseudonyms=false.")
    loaded = ready_model(model, device, threads)
    if dataset:
        scans, beside = beside_dataset(dataset, part, exclude)
    else:
        scans, beside = beside_scans(asked_scans(inputs, out, series), loaded.inputs, table)
    check_formats(TASKS[name_of(loaded.task)].answers, loaded.unit, formats, scans)
    kept = KeptAnswers(out)
    with claimed_folder(out):
        if not dataset:
            _require_alike(kept, scans, pseudonyms)
        if pseudonyms:
            scans, beside = under_codes(scans, beside, out / PRIVATE)
        images = [*scans.values(), *(path for known in beside.values() for path in known.views.values())]
        read = [*(file for path in images for file in files_of(path)), *([table] if table else [])]
        kept.require_free(_files(loaded, formats), scans, read)
        return _predict(loaded, model, scans, beside, kept, formats, not dataset)


def _files(loaded: Model, formats: Sequence[str] | None) -> AnswerFiles:
    """What will be written."""
    chosen: Sequence[str] = getattr(answering(loaded, formats), "formats", ())
    kind, multi = TASKS[name_of(loaded.task)].answers, isinstance(loaded.task, MultiTask)
    boxes = FORMATS[loaded.unit][0] if multi else None
    return AnswerFiles(kind, tuple(chosen), boxes, multi or kind == "values")


def _predict(
    loaded: Model,
    model: Path,
    scans: dict[str, Path],
    beside: dict[str, Beside],
    kept: KeptAnswers,
    formats: Sequence[str] | None,
    goes_on: bool,
) -> Predictions | BoxPredictions | ValuePredictions | VectorPredictions:
    out = kept.out
    sweep(out, out / "cases", out / "boxes")
    started = time.time()
    asked = answering(loaded, formats)
    files, by = _files(loaded, formats), fingerprint([program_sum(), loaded.sha256])
    cases, unanswered, unwritten, seconds = _answer_all(asked, scans, beside, kept, files, by)
    failures = unanswered | unwritten
    for name in unanswered:  # where only writing fails, as on a full disk, what is there stays
        kept.remove(name, files.of_case(name))
    warn(Finding(**remark) for content in cases.values() for remark in content["remarks"])
    if goes_on:
        cases, scans = _with_earlier(kept, cases, scans, by)
    predictions = asked.write_all(out, cases, scans, failures)
    remarks = [remark for content in cases.values() for remark in content["remarks"]]
    facts = {**facts_of(loaded, model), "seconds_per_case": seconds, "remarks": remarks}
    write_report(out, "predict", started, failures, facts)
    return predictions


def _require_alike(kept: KeptAnswers, scans: dict[str, Path], pseudonyms: bool) -> None:
    """One folder holds names or codes, and one scan of a name: or answers would stay that nobody expects, or go."""
    if kept.begun() and (kept.out / PRIVATE).is_dir() != pseudonyms:
        there = "codes" if not pseudonyms else "the names of their files"
        raise ConfigError(
            f"{kept.out}: holds answers under {there}, data.pseudonyms={str(pseudonyms).lower()} asks for others."
            " Choose another -o FOLDER."
        )
    for name, path in {} if pseudonyms else scans.items():
        if (other := kept.scan_of(kept.read(name))) is not None:
            require_one_scan(name, path, other)


def _with_earlier(
    kept: KeptAnswers, cases: dict[str, Content], scans: dict[str, Path], by: str
) -> tuple[dict[str, Content], dict[str, Path]]:
    """With the answers of earlier calls to other scans, as if all had been given at once; what is left out is said."""
    earlier = kept.others(scans)
    asked = {place_of(path) for path in scans.values()} if earlier else set()
    there = {name: kept.scan_of(content) if content.get("by") == by else None for name, content in earlier.items()}
    known = {name: scan for name, scan in there.items() if scan is not None and place_of(scan) not in asked}
    if left := sorted(there.keys() - known.keys()):
        print(
            f"{kept.out}: not in predictions.json any more, for they are of another model or program, or their scans"
            f" changed, are gone or have another id now: {', '.join(left)}",
            file=sys.stderr,
        )
    all_cases = cases | {name: earlier[name] for name in known}
    return (dict(sorted(all_cases.items())) if known else cases), scans | known


def _answer_all(
    asked: Answering,
    scans: dict[str, Path],
    beside: dict[str, Beside],
    kept: KeptAnswers,
    files: AnswerFiles,
    by: str,
) -> tuple[dict[str, Content], dict[str, str], dict[str, str], dict[str, float]]:
    """Answers, why scans have none, why answers could not be written, and how long each took."""
    stamps = {name: stamp_of(path) for name, path in scans.items()}  # before anything is read
    made_of = {name: _made_of(by, path, stamps[name], beside[name]) for name, path in scans.items()}
    drawn = {name for name, path in scans.items() if "png" in files.formats and unit_of(path) == "mm"}
    said: dict[str, Content] = {}
    unanswered: dict[str, str] = {}
    unwritten: dict[str, str] = {}
    seconds: dict[str, float] = {}

    def cut(name: str, image: Image) -> Callable[[], None]:
        try:
            return cut_answers(kept.out, name, image, {n: Answer(**a) for n, a in said[name]["answers"].items()})
        except Exception as error:  # told where the picture would be written: the answer itself is none the worse
            return partial(_raise, error)

    def write(name: str, draw: Callable[[], None] | None = None) -> None:
        content = {**said[name], "made_of": made_of[name], "by": by, "stamp": stamps[name]}
        kept.write(name, content, scans[name], [*files.of_case(name), *files.tables()])
        asked.write_case(kept.out, name, said[name], scans[name])
        if name in drawn:  # the planes of a new answer were cut while its scan was in memory
            (draw or cut(name, read_safely(scans[name])))()

    for name in scans:
        if (content := kept.read(name)).get("made_of") == made_of[name]:
            said[name] = content
            try:
                write(name)
            except Exception as error:  # as below: a format that this scan cannot be written in costs it alone
                unwritten[name] = in_words(error, scans[name], "answering")
    new = {name: path for name, path in scans.items() if name not in said}
    start = time.perf_counter()
    with WriteBehind() as behind:
        for name, image in progress_bar(read_ahead(new), "predict", len(scans), initial=len(said), file=sys.stderr):
            try:
                said[name] = _answer(asked, name, image.result(), beside[name])
                seconds[name] = round(time.perf_counter() - start, 3)
                draw = cut(name, image.result()) if name in drawn else None
                behind.write(name, partial(write, name, draw))
            except Exception as error:  # a fault of a library, or too little memory, must not cost the other scans
                unanswered[name] = in_words(error, scans[name], "answering")
            start = time.perf_counter()
    unwritten |= {name: in_words(error, scans[name], "answering") for name, error in behind.failures.items()}
    lost = unanswered.keys() | unwritten.keys()
    cases = {name: said[name] for name in scans if name in said and name not in lost}
    return cases, unanswered, unwritten, seconds


def _raise(error: Exception) -> None:
    raise error


def _answer(asked: Answering, name: str, image: Image, beside: Beside) -> Content:
    return {**asked.answer(image, beside), "remarks": [asdict(remark) for remark in remarks_on(name, image)]}


def _made_of(by: str, path: Path, stamp: str, beside: Beside) -> str:
    views = [[view, str(p), stamp_of(p)] for view, p in beside.views.items()]
    return fingerprint([by, os.path.realpath(path), stamp, [dict(beside.values), views, beside.problem]])
