"""What predict needs of each kind of question: the answers of one image as data, and what is written of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from pipeline.data.box_predictions import BoxPredictions, answers_only, write_box_predictions
from pipeline.data.encoders import Encoder
from pipeline.data.findings import Finding
from pipeline.data.image import Image
from pipeline.data.predictions import Predictions, write_predictions
from pipeline.data.value_predictions import (
    Answers,
    ValuePredictions,
    answers_content,
    answers_of,
    write_value_predictions,
)
from pipeline.data.values_csv import write_values_csv
from pipeline.data.vector_predictions import VectorPredictions, write_vector_predictions
from pipeline.data.write_answers import USUAL, write_all, write_case
from pipeline.data.write_boxes import FORMATS, write_box_case, write_box_sets
from pipeline.errors import SMALLER, MisfitError, is_lack_of_memory
from pipeline.inference.beside import Beside, given_to
from pipeline.inference.cascade import answers, image_levels, locate
from pipeline.inference.coarseness import is_coarser
from pipeline.inference.content import Content, beyond_of, boxes_content, boxes_in, landmarks_in
from pipeline.inference.model import Model
from pipeline.inference.promises import Given, lacks, promising, tell_withheld
from pipeline.tasks.boxes_found import BoxesFound
from pipeline.tasks.embedding import EmbeddingFound
from pipeline.tasks.multi import MultiTask
from pipeline.tasks.table import TASKS, name_of
from pipeline.tasks.values_found import ValuesFound


class Answering(Protocol):
    """One kind of question."""

    model: Model

    def answer(self, image: Image, beside: Beside) -> Content:
        """The answers of one image."""

    def write_case(self, out: Path, case: str, content: Content, scan: Path) -> list[Finding]:
        """One file an image, for each format that has one; returns what one of them lacks."""

    def write_all(
        self, out: Path, cases: Mapping[str, Content], scans: Mapping[str, Path], failures: dict[str, str]
    ) -> Any:
        """`predictions.json` and what holds all images; returns the predictions."""


def answering(model: Model, formats: Sequence[str] | None) -> Answering:
    """How a model is asked, and what is written; `formats` None = what is usual for its kind."""
    answers = TASKS[name_of(model.task)].answers
    if answers == "points":
        return LandmarkAnswering(model, tuple(USUAL[model.unit] if formats is None else formats))
    if answers == "boxes":
        return BoxAnswering(model, tuple(FORMATS[model.unit][:1] if formats is None else formats))
    return ValueAnswering(model) if answers == "values" else VectorAnswering(model)


def looked(model: Model, image: Image, beside: Beside, least: float = 0.0) -> tuple[Any, Given]:
    """What the model says of an image, and what it was given beside it; `least` as in `locate`.

    Raises:
        MisfitError: As `image_levels`, or it needs more memory than there is.
    """
    try:
        given = given_to(model, beside)
        return locate(model, image_levels(image, model, given), least), given
    except (MemoryError, RuntimeError) as error:
        if not is_lack_of_memory(error):
            raise
        size = " x ".join(map(str, image.frame.shape))
        raise MisfitError(f"an image of {size} needs more memory to answer than there is. {SMALLER}") from error


class LandmarkAnswering:
    """Named points."""

    def __init__(self, model: Model, formats: Sequence[str]) -> None:
        self.model, self.formats = model, formats

    def answer(self, image: Image, beside: Beside) -> Content:
        found, given = looked(self.model, image, beside, self.model.calibration.threshold)
        model = promising(self.model, given)
        said = answers(model, found, image.frame)
        content: Content = {"answers": {name: vars(a) for name, a in said.items()}, "presence": found.presence}
        content |= {"coarser": is_coarser(image.frame.spacing, model.calibration.coarsest)}
        content |= {"lacks": lacks(self.model, given)}
        task = self.model.task
        if not isinstance(task, MultiTask):
            return content
        values = value_answers(task.attributes.outputs, task.values_of(found), model.calibration.margins)
        content |= {"values": answers_content(values)}
        if found.boxes is None:
            return content
        least = 0.5 if self.model.calibration.boxes is None else self.model.calibration.boxes
        return content | {"boxes": boxes_content(found.boxes, task.boxes.classes, least, image.frame)}

    def write_case(self, out: Path, case: str, content: Content, scan: Path) -> list[Finding]:
        beyond = beyond_of(content)
        with ExitStack() as each:  # is written though another fails
            if "boxes" in content and isinstance(self.model.task, MultiTask):
                usual, classes = FORMATS[self.model.unit][:1], self.model.task.boxes.classes
                each.callback(write_box_case, out / "boxes", case, boxes_in(content), scan, usual, classes, beyond)
            asked = self.formats, self.model.name, self.model.edges
            lacking = write_case(out, case, landmarks_in(content), scan, *asked, beyond)
        return lacking

    def write_all(
        self, out: Path, cases: Mapping[str, Content], scans: Mapping[str, Path], failures: dict[str, str]
    ) -> Predictions:
        told = {case: landmarks_in(content) for case, content in cases.items()}
        tell_withheld(self.model, cases)
        beyond = {case: beyond_of(content) for case, content in cases.items()}
        write_all(out, told, scans, self.formats, self.model.unit, beyond)
        shown = {case: content["presence"] for case, content in cases.items() if content["presence"] is not None}
        task = self.model.task
        columns = tuple(o.column for o in task.attributes.outputs) if isinstance(task, MultiTask) else ()
        values = {case: answers_of(content["values"], columns) for case, content in cases.items()} if columns else {}
        if columns:
            write_values_csv(out / "values.csv", values, columns)
        boxes = {case: boxes_in(content) for case, content in cases.items() if "boxes" in content}
        more = (failures, shown, values, columns, boxes, self.model.sha256)
        predictions = Predictions(self.model.name, told, self.model.unit, *more)
        write_predictions(predictions, out / "predictions.json")
        return predictions


class BoxAnswering:
    """Boxes of classes."""

    def __init__(self, model: Model, formats: Sequence[str]) -> None:
        self.model, self.formats = model, formats

    def answer(self, image: Image, beside: Beside) -> Content:
        found, _ = looked(self.model, image, beside)
        assert isinstance(found, BoxesFound)
        return {"boxes": boxes_content(found, self.model.names, self.model.calibration.threshold, image.frame)}

    def write_case(self, out: Path, case: str, content: Content, scan: Path) -> list[Finding]:
        write_box_case(out, case, boxes_in(content), scan, self.formats, self.model.names, beyond_of(content))
        return []

    def write_all(
        self, out: Path, cases: Mapping[str, Content], scans: Mapping[str, Path], failures: dict[str, str]
    ) -> BoxPredictions:
        told = {case: boxes_in(content) for case, content in cases.items()}
        write_box_sets(
            out, {case: answers_only(boxes) for case, boxes in told.items()}, scans, self.formats, self.model.names
        )
        facts = (self.model.name, told, self.model.names, self.model.unit)
        predictions = BoxPredictions(*facts, name_of(self.model.task), failures, self.model.sha256)
        write_box_predictions(predictions, out / "predictions.json")
        return predictions


class ValueAnswering:
    """Values of an image as a whole."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def answer(self, image: Image, beside: Beside) -> Content:
        found, given = looked(self.model, image, beside)
        assert isinstance(found, ValuesFound)
        margins = promising(self.model, given).calibration.margins
        said = answers_content(value_answers(self._outputs, found, margins))
        return {"values": said, "lacks": lacks(self.model, given)}

    @property
    def _outputs(self) -> tuple[Encoder, ...]:
        return self.model.task.outputs  # type: ignore[attr-defined]

    def write_case(self, out: Path, case: str, content: Content, scan: Path) -> list[Finding]:
        return []  # there is nothing to write of one image alone

    def write_all(
        self, out: Path, cases: Mapping[str, Content], scans: Mapping[str, Path], failures: dict[str, str]
    ) -> ValuePredictions:
        columns = tuple(output.column for output in self._outputs)
        told = {case: answers_of(content["values"], columns) for case, content in cases.items()}
        facts = (columns, self.model.unit, name_of(self.model.task), failures, self.model.sha256)
        tell_withheld(self.model, cases)
        predictions = ValuePredictions(self.model.name, told, *facts)
        write_value_predictions(predictions, out / "predictions.json")
        write_values_csv(out / "values.csv", told, columns)
        return predictions


class VectorAnswering:
    """A vector of each image."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def answer(self, image: Image, beside: Beside) -> Content:
        found, _ = looked(self.model, image, beside)
        assert isinstance(found, EmbeddingFound)
        return {"vector": found.vector.tolist()}

    def write_case(self, out: Path, case: str, content: Content, scan: Path) -> list[Finding]:
        return []  # there is nothing to write of one image alone

    def write_all(
        self, out: Path, cases: Mapping[str, Content], scans: Mapping[str, Path], failures: dict[str, str]
    ) -> VectorPredictions:
        vectors = {case: np.array(content["vector"]) for case, content in cases.items()}
        facts = (self.model.calibration.threshold, self.model.unit, failures, self.model.sha256)
        predictions = VectorPredictions(self.model.name, vectors, *facts)
        write_vector_predictions(predictions, out / "predictions.json")
        return predictions


def value_answers(outputs: Sequence[Encoder], found: ValuesFound, margins: Mapping[str, float]) -> Answers:
    """What was said, as values, numbers with the range that their margin promises."""
    names = [(output.column.name, output) for output in outputs]
    return {name: output.answer(found.said[name], margins.get(name)) for name, output in names}
