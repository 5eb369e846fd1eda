"""What is known of a case beside its image, on the way from files to a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from pipeline.data.collect_values import by_view
from pipeline.data.columns import Column, Value
from pipeline.data.dataset import Case, Dataset
from pipeline.data.inputs import Inputs
from pipeline.data.readers import read_image
from pipeline.data.store import make_level
from pipeline.data.values_csv import header_of, read_values
from pipeline.errors import DataError
from pipeline.inference.model import Model


@dataclass(frozen=True)
class Beside:
    """Values by column, and files of other images by what they show; what is missing is not listed."""

    values: Mapping[str, Value] = field(default_factory=dict)
    views: Mapping[str, Path] = field(default_factory=dict)


def given_to(model: Model, beside: Beside) -> dict[str, np.ndarray]:
    """What a model reads beside the image; NaN where it is missing.

    Raises:
        DataError: An image cannot be read.
    """
    spacing, grey = model.levels[0].spacing, model.normalisation
    wanted = {view: beside.views[view] for view in model.inputs.others if view in beside.views}
    views = {view: make_level(read_image(path), spacing, grey).voxels for view, path in wanted.items()}
    return model.inputs.given(beside.values, views, (grey.channels, *[1] * model.dims))


def beside_cases(data: Dataset, cases: Iterable[Case]) -> dict[str, Beside]:
    """Of cases of a data set, by id."""
    return {c.id: Beside(c.values, {view: data.root / path for view, path in c.pictures.items()}) for c in cases}


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
        DataError: The table cannot be read, has a bad cell, or has none of the columns.
    """
    main, others = by_view(scans, inputs.views)
    rows = _rows(table, [encoder.column for encoder in inputs.columns]) if table else {}
    known = {case: rows.get(case) or rows.get(path.name) or {} for case, path in main.items()}
    return main, {case: Beside(known[case], others.get(case, {})) for case in main}


def _rows(table: Path, columns: list[Column]) -> dict[str, dict[str, Value]]:
    there = [column for column in columns if column.name in header_of(table)]
    if not there:
        names = ", ".join(column.name for column in columns) or "none"
        raise DataError(f"{table}: has no column that the model reads; it reads {names}.")
    read = read_values(table, there)
    if read.problems:
        raise DataError(" ".join(next(iter(read.problems.values()))))
    return read.rows
