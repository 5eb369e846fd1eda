"""predict: from a model and scans to points, with how sure the program is of each."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline.data.atomic import fingerprint, sweep
from pipeline.data.box_predictions import BoxPredictions
from pipeline.data.claim import claimed_folder, held
from pipeline.data.dataset import Part
from pipeline.data.findings import Finding
from pipeline.data.kept_answers import AnswerFiles, KeptAnswers, holding
from pipeline.data.own_output import PRIVATE
from pipeline.data.predictions import Predictions
from pipeline.data.reachable import is_there, require_any
from pipeline.data.readers import files_of, place_of
from pipeline.data.run_report import write_report
from pipeline.data.scan_files import asked_scans, require_one_scan
from pipeline.data.scan_remarks import warn
from pipeline.data.share import LOCKS, Share
from pipeline.data.value_predictions import ValuePredictions
from pipeline.data.vector_predictions import VectorPredictions
from pipeline.data.write_boxes import FORMATS
from pipeline.errors import ConfigError
from pipeline.inference.answer_scans import Said, ScanQuestions
from pipeline.inference.answering import answering
from pipeline.inference.beside import beside_dataset, beside_scans, under_codes
from pipeline.inference.content import Content
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
    share: Share | None = None,
) -> Predictions | BoxPredictions | ValuePredictions | VectorPredictions:
    """Write `predictions.json`, `run_report.json` and what `formats` asks for into `out`.

    A scan that was answered before, by this model, is not computed again. A scan that cannot be read is listed
    under `failures`; the others are answered all the same. Answers of earlier calls to other `inputs` stay, and so
    do those to scans that are gone.

    Args:
        model: Model folder of a run.
        inputs: Scans or folders of scans; the case id is the file name without its extension.
        dataset: Instead of inputs: the cases of a `dataset.json`, of one `part` if given.
        exclude: Ids of cases left out, such as those that check quarantined; of second images, too.
        formats: See `PredictSettings`; None = an `ID.mrk.json` a scan, `ID.points.json` and a drawn `ID.png` a picture.
        series: UIDs of the DICOM series to take from inputs that hold several.
        pseudonyms: Call inputs by codes; `private/` in `out` knows whose they are.
        table: Of inputs, for a model that reads values beside the images.
        share: Which of the scans are answered now; other calls answer the others into the same folder, at the same time
            if they like. Whoever ends last leaves what one call for all scans would have left.

    Raises:
        ConfigError: A format that cannot be written of these answers and scans; a file would be replaced that no
            earlier call wrote, or that is read; `out` holds names where codes are asked for, or the other way round;
            not one scan of the data set is there; or a report that names the patient, with `pseudonyms`.
        DataError: No scan, or two scans of the same name.
        CheckpointError: The model folder is damaged.
    """
    if pseudonyms and "dicom-sr" in (formats or ()):
        why = "a report names its patient. Leave it out, or data.pseudonyms=false."
        raise ConfigError(f"predict.formats=dicom-sr: {why}")
    loaded = ready_model(model, device, threads)
    if dataset:
        scans, beside = beside_dataset(dataset, part, exclude, loaded.inputs.columns)
        require_any(scans.values(), dataset)
    else:
        scans, beside = beside_scans(asked_scans(inputs, out, series, loaded.unit), loaded.inputs, table)
    check_formats(TASKS[name_of(loaded.task)].answers, loaded.unit, formats, scans)
    kept = KeptAnswers(out)
    with claimed_folder(out):
        started = time.time()
        if not dataset:
            _require_alike(kept, scans, pseudonyms)
        if pseudonyms:
            scans, beside = under_codes(scans, beside, out / PRIVATE)
        images = [*scans.values(), *(path for known in beside.values() for path in known.views.values())]
        read = [*(file for path in images for file in files_of(path)), *([table] if table else [])]
        by = fingerprint([program_sum(), loaded.sha256])
        formats = _with_tables(kept, by, loaded, formats)
        kept.require_free(files := _files(loaded, formats), scans, read)
        questions = ScanQuestions(
            answering(loaded, formats), by, scans, beside, kept, files, cut_answers, dataset is not None
        )
        if not held(out / "cases", LOCKS):
            sweep(out, out / "cases", out / "boxes")
        if share is None:
            said = questions.answer(scans)
            return _gather(questions, said, loaded, model, started, not dataset)
    with claimed_folder(out / "cases", share.lock):
        said = questions.answer(share.taken(scans))
        with claimed_folder(out):
            return _gather(questions, said, loaded, model, started, not dataset, share)


def _with_tables(kept: KeptAnswers, by: str, loaded: Model, formats: Sequence[str] | None) -> tuple[str, ...]:
    """What is asked for, and the tables of earlier calls: or these would hold other cases than `predictions.json`."""
    chosen, there = _chosen(loaded, formats), kept.tables(by)
    earlier = [key for key, names in holding(TASKS[name_of(loaded.task)].answers).items() if there & {*names}]
    return tuple(dict.fromkeys([*chosen, *earlier]))


def _chosen(loaded: Model, formats: Sequence[str] | None) -> tuple[str, ...]:
    return tuple(getattr(answering(loaded, formats), "formats", ()))


def _files(loaded: Model, formats: Sequence[str]) -> AnswerFiles:
    """What will be written."""
    kind, multi = TASKS[name_of(loaded.task)].answers, isinstance(loaded.task, MultiTask)
    boxes = FORMATS[loaded.unit][0] if multi else None
    return AnswerFiles(kind, _chosen(loaded, formats), boxes, multi or kind == "values")


def _gather(
    questions: ScanQuestions,
    said: Said,
    loaded: Model,
    model: Path,
    started: float,
    goes_on: bool,
    share: Share | None = None,
) -> Predictions | BoxPredictions | ValuePredictions | VectorPredictions:
    """Write what holds all scans: those of this call, of other shares, and of earlier calls to other inputs."""
    kept, cases, failures = questions.kept, said.cases, said.failures
    for name in said.unanswered:  # where only writing fails, what is there stays
        if is_there(questions.scans[name]):  # a drive that is not connected says nothing about a scan
            kept.remove(name, questions.files.of_case(name))
    warn([*said.lacking, *(Finding(**remark) for content in cases.values() for remark in content["remarks"])])
    if share:
        cases, failures = _with_shares(questions, cases, failures, share)
    failures = dict(sorted(failures.items()))  # whatever failed first, here or in another share
    scans = dict(questions.scans)
    if goes_on:
        cases, scans = _with_earlier(kept, cases, scans, questions.by)
    predictions = questions.asked.write_all(kept.out, cases, scans, failures)
    kept.remove_tables(questions.files.tables())
    kept.write_failures(failures, scans)
    remarks = [remark for content in cases.values() for remark in content["remarks"]] + list(map(asdict, said.lacking))
    facts = {**facts_of(loaded, model), "seconds_per_case": said.seconds, "remarks": remarks}
    if share:
        facts["part"] = f"{share}"
    write_report(kept.out, "predict", started, failures, facts)
    return predictions


def _with_shares(
    questions: ScanQuestions, cases: dict[str, Content], failures: dict[str, str], share: Share
) -> tuple[dict[str, Content], dict[str, str]]:
    """With what other shares said so far of the same scans."""
    others = questions.scans.keys() - share.taken(questions.scans).keys()
    failed = {name: why for name, why in questions.kept.failures().items() if name in others}
    known = cases | questions.known(others)  # also of what failed to be written
    return {name: known[name] for name in questions.scans if name in known}, failed | failures


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
