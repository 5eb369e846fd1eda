"""What is known of a case beside its image, on the way from files to a network."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from pipeline.data.collect_values import by_view, unused
from pipeline.data.columns import NUMBERS, Value
from pipeline.data.csv_rows import headings, some
from pipeline.data.dataset import Case, Dataset, Part, picture_id, read_dataset
from pipeline.data.encoders import UNKNOWN, Encoder
from pipeline.data.fit_encoders import unheard
from pipeline.data.inputs import Inputs
from pipeline.data.landmark_names import by_known_names
from pipeline.data.pseudonyms import coded_scans
from pipeline.data.read_apart import read_safely
from pipeline.data.scan_ids import ids_by_file
from pipeline.data.store import make_level
from pipeline.data.values_csv import ValuesTable, read_values
from pipeline.errors import DataError
from pipeline.inference.model import Model

UNTOLD = "its row of the table cannot be used; what was printed when it was read says why"


@dataclass(frozen=True)
class Beside:
    """Values by column, and files of other images by what they show; what is missing is not listed. `problem`: why they
    cannot be used."""

    values: Mapping[str, Value] = field(default_factory=dict)
    views: Mapping[str, Path] = field(default_factory=dict)
    problem: str = ""


def given_to(model: Model, beside: Beside) -> dict[str, np.ndarray]:
    """What a model reads beside the image; NaN where it is missing.

    Raises:
        DataError: An image cannot be read, or there is a problem.
    """
    if beside.problem:
        raise DataError(beside.problem)
    spacing, grey = model.levels[0].spacing, model.normalisation
    wanted = {view: beside.views[view] for view in model.inputs.others if view in beside.views}
    views = {view: make_level(read_safely(path), spacing, grey).voxels for view, path in wanted.items()}
    return model.inputs.given(beside.values, views, (grey.channels, *[1] * model.dims))


def beside_dataset(
    dataset: Path, part: Part | None, exclude: Collection[str], columns: Sequence[Encoder] = ()
) -> tuple[dict[str, Path], dict[str, Beside]]:
    """The first image of each case of a data set, or of one part of it, and what is known beside it; what training had
    nothing like is told on stderr.

    Args:
        exclude: Ids of cases, and of second images, that check kept out; such an image is missing, as in training.
        columns: That the model reads.

    Raises:
        DataError: There is no case, or none is left.
    """
    data = read_dataset(dataset)
    asked = data.part(part) if part else data.cases
    cases = [c for c in asked if c.id not in exclude]
    if not cases:
        without = f", but for those that are left out: {some([c.id for c in asked])}" if asked else ""
        raise DataError(f"{dataset}: no case in part '{part}'{without}")
    names = [encoder.column.name for encoder in columns]
    values = {c.id: by_known_names(c.values, names, f"{dataset}: case {c.id}: values") for c in cases}
    for encoder in columns:
        _tell_strange(dataset, encoder, _of_column(encoder, values))
    beside = {c.id: Beside(values[c.id], _views(data, c, exclude)) for c in cases}
    return {c.id: data.image_path(c) for c in cases}, beside


def _views(data: Dataset, case: Case, exclude: Collection[str]) -> dict[str, Path]:
    kept = {view: path for view, path in case.pictures.items() if picture_id(case.id, view) not in exclude}
    return {view: data.root / path for view, path in kept.items()}


def beside_scans(
    scans: Mapping[str, Path], inputs: Inputs, table: Path | None
) -> tuple[dict[str, Path], dict[str, Beside]]:
    """Of files: the images of each case by how they are called, and its row of a table.

    Args:
        scans: By the id that their files say.
        inputs: Of the model.
        table: A CSV with some of the model's columns; None = all values are missing.

    Returns:
        The first image of each case, and what is known beside it.

    Raises:
        DataError: The table cannot be read, has none of the columns, or has no row of an image. A bad cell is a problem
            of its case.
    """
    main, others = by_view(scans, inputs.views)
    if left := unused(scans, main, others):
        print(f"not looked at, for they are of no case with a first image: {some(sorted(left))}", file=sys.stderr)
    said = _said(table, inputs.columns, main) if table else ValuesTable()
    why = {case: " ".join(messages) for case, messages in said.problems.items()}
    return main, {c: Beside(said.rows.get(c, {}), others.get(c, {}), why.get(c, "")) for c in main}


def under_codes(
    scans: Mapping[str, Path], beside: Mapping[str, Beside], folder: Path
) -> tuple[dict[str, Path], dict[str, Beside]]:
    """The same by codes, all images of a case reached through links in `folder`.

    What is wrong with a row of a table may quote any of its cells: it is told on stderr alone.

    Raises:
        DataError: See `coded_scans`.
    """
    pictures = {picture_id(c, view): path for c, known in beside.items() for view, path in known.views.items()}
    named = {**scans, **pictures}
    links = dict(zip(named, coded_scans(named, folder).items(), strict=True))
    coded: dict[str, Beside] = {}
    for case, known in beside.items():
        code, views = links[case][0], {view: links[picture_id(case, view)][1] for view in known.views}
        if known.problem:
            print(f"{code}: {known.problem}", file=sys.stderr)
        coded[code] = replace(known, views=views, problem=known.problem and UNTOLD)
    return {links[case][0]: links[case][1] for case in scans}, coded


def _said(path: Path, columns: Sequence[Encoder], scans: Mapping[str, Path]) -> ValuesTable:
    """The rows of a table by case, and on stderr what it does not say."""
    names = [encoder.column.name for encoder in columns]
    header = headings(path, names)
    there = [encoder for encoder in columns if encoder.column.name in header]
    if not there:
        raise DataError(f"{path}: has no column that the model reads; it reads {', '.join(names) or 'none'}.")
    whole = {case: scan.absolute() for case, scan in scans.items()}
    ids = ids_by_file(whole, Path(os.path.commonpath([scan.parent for scan in whole.values()])).parent)
    table = read_values(path, [encoder.column for encoder in there], ids)
    if not table.rows:
        raise DataError(f"{path}: has headings and no row. Write a row for each image, such as '{min(scans)}'.")
    met = scans.keys() & table.rows.keys()
    if not met:
        raise DataError(f"{path}: no row is of an image: rows are of {some(table.rows)}, images {some(scans)}.")
    _tell(path, "no row for", scans.keys() - met)
    _tell(path, "no column", set(names) - set(header))
    for encoder in there:
        said = _of_column(encoder, {case: table.rows[case] for case in met})
        _tell_strange(path, encoder, said)
        for case, value in said.items():
            if why := _unreadable(encoder, value):
                table.problem(case, f"{path}: row of '{case}': {why}")
    return table


def _of_column(encoder: Encoder, rows: Mapping[str, Mapping[str, Value]]) -> dict[str, Value]:
    name = encoder.column.name
    return {case: row[name] for case, row in rows.items() if name in row}


def _unreadable(encoder: Encoder, value: Value) -> str:
    try:
        encoder.encode(value)
    except DataError as error:
        return str(error)
    return ""


def _tell_strange(path: Path, encoder: Encoder, said: Mapping[str, Value]) -> None:
    """What training had nothing like, by case."""
    name, kind = encoder.column.name, encoder.column.kind
    if kind in NUMBERS:
        read = {case: (value, encoder.read_as(value)) for case, value in said.items() if isinstance(value, float)}
        far = [f"{case}: {value:g}, taken as {held:g}" for case, (value, held) in read.items() if held != value]
        _tell(path, f"{name} far from those of all training cases:", far, "")
    elif kind == "text":
        texts = {case: text for case, text in said.items() if isinstance(text, str)}
        strange = [case for case, text in texts.items() if encoder.encode(text).max() <= UNKNOWN]
        _tell(path, f"{name} without a word that is known:", strange, "; each is taken as an unknown one")
    else:
        _tell(path, f"{name} that no training case had:", unheard(encoder, list(said.values())))


def _tell(path: Path, what: str, names: Iterable[object], taken: str = "; taken as not known") -> None:
    if listed := sorted(map(str, names)):
        print(f"{path}: {what} {some(listed)}{taken}", file=sys.stderr)
