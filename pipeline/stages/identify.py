"""Stages enroll, identify and verify: images and a gallery -> who it is, or that nobody is recognised."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.data.atomic import sha256_of, swept_folder, write_text
from pipeline.data.columns import BETWEEN
from pipeline.data.csv_rows import some
from pipeline.data.find_images import find_images, skipping
from pipeline.data.gallery import NOBODY, Gallery, called, read_gallery, write_gallery
from pipeline.data.overwriting import refuse_overwriting
from pipeline.data.own_output import MEANT, about_drawings
from pipeline.data.points_csv import csv_line
from pipeline.data.read_apart import read_safely
from pipeline.data.run_report import REPORT, is_report, require_free_report, write_report
from pipeline.errors import CheckpointError, ConfigError, DataError, in_words
from pipeline.inference.answering import VectorAnswering, answering
from pipeline.inference.beside import Beside
from pipeline.inference.ready_model import facts_of, ready_model
from pipeline.metrics.verification import SAME

TABLE = "identities.csv"


@dataclass(frozen=True)
class Recognised:
    """One image.

    Args:
        image: Its file.
        name: Who it is; None = not recognised, which is the answer unless somebody is near enough.
        distance: Squared, to the nearest of the gallery; where somebody is claimed, to them, however near others are.
        nearest: Who of the gallery is nearest; a guess, never an answer. Who is claimed, if nobody is nearer.
        as_near: Other people who are as near as that.
    """

    image: Path
    name: str | None
    distance: float
    nearest: str
    as_near: tuple[str, ...] = ()


class Asked:
    """A model with its gallery."""

    def __init__(
        self, model: Path, gallery: Path, threshold: float | None = None, device: str = "auto", threads: int = 0
    ) -> None:
        """Raises ConfigError if the model makes no vectors."""
        loaded = ready_model(model, device, threads)
        made = answering(loaded, None)
        if not isinstance(made, VectorAnswering):
            raise ConfigError(f"{model}: does not tell who it is; train one with task=embedding.")
        self._answering, self._file = made, gallery
        self.sum = _sum_of(model)
        self.facts = facts_of(loaded, model)
        self.unit = loaded.unit
        self.threshold = loaded.calibration.threshold if threshold is None else threshold

    def gallery(self, may_be_new: bool = False) -> Gallery:
        """What is enrolled."""
        if may_be_new and not self._file.exists():
            return Gallery(self.sum, (), (), np.empty((0, 0), np.float32))
        return read_gallery(self._file, self.sum)

    def vector(self, image: Path) -> np.ndarray:
        """Of one image."""
        return np.array(self._answering.answer(read_safely(image), Beside())["vector"])


def enroll(
    model: Path, gallery: Path, images: Sequence[Path], name: str, device: str = "auto", threads: int = 0
) -> int:
    """Add images of one person to a gallery, which is made if it is not there; returns how many people it has.

    Raises:
        DataError: An image cannot be read, and then none is added; nobody can be called so, or the gallery is another
            model's.
    """
    with swept_folder(Path(os.path.realpath(gallery)).parent):
        asked = Asked(model, gallery, None, device, threads)
        people = asked.gallery(may_be_new=True)
        person = people.person_called(name)
        for image, vector in _vectors(asked, _files(images, asked.unit)):
            near = people.nearest(vector, SAME) if people.people else []
            if twins := _others([who for who, far in near if far <= SAME], person):
                print(_doubled(image, person, twins), file=sys.stderr)
            people = people.with_person(person, image.name, vector)
        write_gallery(people, gallery)
    return len(set(people.people))


def _vectors(asked: Asked, images: Sequence[Path]) -> list[tuple[Path, np.ndarray]]:
    """The vector of each image; DataError if one has none: of a person enrolled by half of the images, the next call
    for all of them would add that half again."""
    found, failed = [], []
    for image in images:
        try:
            found.append((image, asked.vector(image)))
        except Exception as error:  # all are told at once, as `identify` tells them
            failed.append(f"\n  {in_words(error, image, 'answering')}")
    if failed:
        what = "Mend or convert these images, or take them away, and enroll again:"
        raise DataError(f"nobody was enrolled, for not every image could be answered. {what}{''.join(failed)}")
    return found


def _others(near: Iterable[str], name: str) -> tuple[str, ...]:
    return tuple(sorted({*near} - {name}))


def _doubled(image: Path, name: str, twins: Sequence[str]) -> str:
    return (
        f"{image}: enrolled as '{name}', and as near to {some(twins)} of the gallery as the same image,"
        " so that nothing tells whose it is. Whoever is enrolled wrongly can be taken out: remove=NAME."
    )


def remove(model: Path, gallery: Path, name: str) -> int:
    """Take a person out; returns how many are left.

    Raises:
        DataError: Nobody is called so.
        CheckpointError: There is no such model.
    """
    with swept_folder(Path(os.path.realpath(gallery)).parent):
        people = read_gallery(gallery, _sum_of(model)).without(name)
        write_gallery(people, gallery)
    return len(set(people.people))


def identify(
    model: Path,
    gallery: Path,
    images: Sequence[Path],
    out: Path | None = None,
    claimed: str | None = None,
    threshold: float | None = None,
    device: str = "auto",
    threads: int = 0,
) -> tuple[list[Recognised], dict[str, str]]:
    """Who each image shows: the nearest of the gallery, if it is near enough, else nobody.

    Args:
        out: Folder for `identities.csv` and `run_report.json`; None = nothing is written.
        claimed: Only this person is asked for: is it they?
        threshold: Largest squared distance that counts as near; None = as validation chose.

    Returns:
        The answers, and by file why an image has none.

    Raises:
        ConfigError: A file of the user's, or the report of `predict`, would be replaced.
        DataError: No image, nobody is enrolled, or the gallery is another model's.
    """
    started, verb = time.time(), "identify" if claimed is None else "verify"
    if out is not None:
        _require_free(out, verb, gallery)
    asked = Asked(model, gallery, threshold, device, threads)
    people, answers, failures = asked.gallery(), [], {}
    if not people.people:
        raise DataError(f"{gallery}: nobody is enrolled.")
    for image in _files(images, asked.unit):
        try:
            vector = asked.vector(image)
        except Exception as error:  # a fault of a library, or too little memory, must not cost the other images
            failures[str(image)] = in_words(error, image, "answering")
            continue
        answers.append(_recognised(image, people, vector, claimed, asked.threshold))
    if out is not None:
        with swept_folder(out):
            # The report first: where this call is killed, the next knows whose the table is.
            write_report(out, verb, started, failures, asked.facts)
            write_text(out / TABLE, _table(answers))
    return answers, failures


def _recognised(image: Path, people: Gallery, vector: np.ndarray, claimed: str | None, threshold: float) -> Recognised:
    """The whole gallery is looked at for a claim, too: who is as near as the person may be shown as well as they."""
    near = dict(people.nearest(vector, SAME))
    asked = next(iter(near)) if claimed is None else called(claimed)
    nearest = asked if asked in near else next(iter(near))
    distance = near[asked] if claimed is None else people.distance_to(asked, vector)
    return Recognised(image, asked if distance <= threshold else None, distance, nearest, _others(near, nearest))


def _require_free(out: Path, verb: str, gallery: Path) -> None:
    """Make sure that no file of the user's would be replaced: a table is of an earlier call where its report is."""
    require_free_report(out, verb)
    ours = any(is_report(out / REPORT, one) for one in ("identify", "verify"))
    refuse_overwriting([out / TABLE], [gallery], lambda _: ours)


def _sum_of(model: Path) -> str:
    """What tells a model from others."""
    path = model / "model.json"
    try:
        return sha256_of(path)
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}. Give the folder `model` of a run.") from error


def _files(images: Iterable[Path], unit: str) -> list[Path]:
    """The images that are given, and those of folders, of the kind that the model reads; those of formats that are not
    read, too, to fail as each does alone."""
    skipped: list[Path] = []
    unread: list[Path] = []
    found: list[Path] = []
    for given in images:
        found += find_images(given, None, skipped, unread, unit) if given.is_dir() else [given]
    found += unread
    if skipped:
        print(skipping(skipped), file=sys.stderr)
    if drawings := about_drawings(found):
        print(drawings, MEANT, file=sys.stderr)
    if not found:
        raise DataError(f"{', '.join(map(str, images)) or 'no input'}: no image there; give -i IMAGE_OR_FOLDER")
    return found


def _table(answers: Sequence[Recognised]) -> str:
    lines = [csv_line(("image", "answer", "distance", "nearest", "as_near"))]
    for a in answers:
        cells = (str(a.image), a.name or NOBODY, f"{a.distance:.4f}", a.nearest, BETWEEN.join(a.as_near))
        lines.append(csv_line(cells))
    return "\n".join(lines) + "\n"
