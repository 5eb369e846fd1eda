"""predict: from a model and scans to points, with how sure the program is of each."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pipeline import __version__
from pipeline.data.atomic import fingerprint, read_sealed, sha256_of, sweep, write_json, write_sealed
from pipeline.data.claim import claimed_folder
from pipeline.data.dataset import Part, read_dataset
from pipeline.data.file_names import file_stem
from pipeline.data.image import Image
from pipeline.data.predictions import Answer, Predictions, write_predictions
from pipeline.data.pseudonyms import PRIVATE, coded_scans
from pipeline.data.read_ahead import read_ahead
from pipeline.data.readers import files_of, find_images, folder_and_series, pick_series
from pipeline.data.scan_files import scan_ids
from pipeline.data.threads import limit_threads
from pipeline.data.write_answers import USUAL, write_all, write_case
from pipeline.errors import DataError, PatchvoteError
from pipeline.inference.model import Model, load_model, pick_device, strangers

Said = tuple[dict[str, Answer], float | None]  # answers by landmark, and whether the image shows any


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
) -> Predictions:
    """Write `predictions.json`, `run_report.json` and what `formats` asks for into `out`.

    A scan that was answered before, by this model, is not computed again. A scan that cannot be read is listed
    under `failures`; the others are answered all the same.

    Args:
        model: Model folder of a run.
        inputs: Scans or folders of scans; the case id is the file name without its extension.
        dataset: Instead of inputs: the cases of a `dataset.json`, of one `part` if given.
        exclude: Ids of cases left out, such as those that check quarantined.
        formats: See `PredictSettings`; None = one `ID.mrk.json` a scan, `ID.json` and a drawn `ID.png` a picture.
        series: UIDs of the DICOM series to take from inputs that hold several.
        pseudonyms: Call inputs by codes; `private/` in `out` knows whose they are.

    Raises:
        DataError: No scan, or two scans of the same name; or a report that names the patient, with `pseudonyms`.
        CheckpointError: The model folder is damaged.
    """
    import torch

    if pseudonyms and "dicom-sr" in (formats or ()):
        raise DataError("predict.formats=dicom-sr: a report names its patient. Leave it out, or data.pseudonyms=false.")
    torch.set_num_threads(threads or os.cpu_count() or 1)
    limit_threads(torch.get_num_threads())
    scans = _of_dataset(dataset, part, exclude) if dataset else _of_inputs(inputs, series)
    target = pick_device(device)
    loaded = load_model(model, target)
    ignored = strangers(model, loaded)
    if ignored:
        print(f"{model}: not part of the model, ignored: {', '.join(ignored)}", file=sys.stderr)
    with claimed_folder(out):
        scans = coded_scans(scans, out / PRIVATE) if pseudonyms else scans
        return _predict(loaded, model, scans, out, formats or USUAL[loaded.unit], ignored, target)


def _predict(
    loaded: Model,
    model: Path,
    scans: dict[str, Path],
    out: Path,
    formats: Sequence[str],
    ignored: list[str],
    target: str,
) -> Predictions:
    import torch

    sweep(out, out / "cases")
    started = time.time()
    cases, presence, failures, seconds = _answer_all(loaded, scans, out, sha256_of(model / "model.json"), formats)
    write_all(out, cases, scans, formats, loaded.unit)
    predictions = Predictions(loaded.name, cases, loaded.unit, failures, presence)
    write_predictions(predictions, out / "predictions.json")
    versions = {"patchvote": __version__, "torch": torch.__version__, "python": sys.version.split()[0]}
    report = {
        "version": 1,
        "versions": versions,
        "model": loaded.name,
        "device": target,
        "threads": torch.get_num_threads(),
        "seconds": round(time.time() - started, 3),
        "seconds_per_case": seconds,
        "failures": failures,
        "ignored_in_model": ignored,
    }
    write_json(out / "run_report.json", report)
    return predictions


def _of_dataset(dataset: Path, part: Part | None, exclude: Sequence[str]) -> dict[str, Path]:
    data = read_dataset(dataset)
    cases = [c for c in (data.part(part) if part else data.cases) if c.id not in exclude]
    if not cases:
        raise DataError(f"{dataset}: no case in part '{part}'")
    return {c.id: data.image_path(c) for c in cases}


def _of_inputs(inputs: Sequence[Path], series: Sequence[str]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for given in inputs:
        if not given.exists() and folder_and_series(given)[1] is None:
            raise DataError(f"{given}: no such file or folder")
        paths = find_images(given) if given.is_dir() else [given]
        for name, same in scan_ids(pick_series(paths, series), given).items():
            for path in same:
                if name in found and found[name] != path:
                    raise DataError(
                        f"{path}: another scan is called '{name}' too: {found[name]}; predict them into two folders"
                    )
                found[name] = path
    if not found:
        raise DataError(f"{', '.join(map(str, inputs)) or 'no input'}: no scan there; give -i SCAN_OR_FOLDER")
    return found


def _answer_all(
    model: Model, scans: dict[str, Path], out: Path, model_sum: str, formats: Sequence[str]
) -> tuple[dict[str, dict[str, Answer]], dict[str, float], dict[str, str], dict[str, float]]:
    from tqdm import tqdm

    marks = {
        name: (out / "cases" / f"{file_stem(name)}.json", _made_of(model_sum, path)) for name, path in scans.items()
    }
    said = {name: kept for name, mark in marks.items() if (kept := _kept(*mark)) is not None}
    failures, seconds = {}, {}
    new = {name: path for name, path in scans.items() if name not in said}
    for name, (answers, _) in said.items():
        write_case(out, name, answers, scans[name], formats, model.name)
    start = time.perf_counter()
    for name, image in tqdm(read_ahead(new), "predict", len(scans), initial=len(said), file=sys.stderr):
        try:
            said[name] = _answer(model, image.result(), *marks[name])
            write_case(out, name, said[name][0], scans[name], formats, model.name)
            seconds[name] = round(time.perf_counter() - start, 3)
        except PatchvoteError as error:
            failures[name] = str(error)
        except Exception as error:  # a fault of a library, or too little memory, must not cost the other scans
            failures[name] = f"{scans[name]}: answering failed: {error!r}"
        start = time.perf_counter()
    cases = {name: said[name][0] for name in scans if name in said}
    presence = {name: shown for name in cases if (shown := said[name][1]) is not None}
    return cases, presence, failures, seconds


def _answer(model: Model, image: Image, done: Path, made_of: str) -> Said:
    from pipeline.inference.cascade import answers, image_levels, locate

    found = locate(model, image_levels(image, model), model.calibration.threshold)
    result = answers(model, found, image.frame)
    content = {"made_of": made_of, "answers": {n: asdict(a) for n, a in result.items()}, "presence": found.presence}
    write_sealed(done, content)
    return result, found.presence


def _made_of(model_sum: str, path: Path) -> str:
    return fingerprint([model_sum, str(path.resolve()), _stamp(path)])


def _kept(done: Path, made_of: str) -> Said | None:
    """The answers of an earlier run, if they are of this scan and model; a damaged file is as none."""
    try:
        content = read_sealed(done)
        answers = {n: Answer(**a) for n, a in content["answers"].items()}
        return (answers, content["presence"]) if content["made_of"] == made_of else None
    except (DataError, KeyError, TypeError, AttributeError):
        return None


def _stamp(path: Path) -> list[int]:
    return [number for p in files_of(path) if p.exists() for number in (p.stat().st_size, p.stat().st_mtime_ns)]
