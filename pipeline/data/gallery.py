"""A gallery: vectors of people who agreed to be recognised, in one safetensors file. Nothing in it is executed.

Letters: N vectors, F features.
"""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from jaxtyping import Float

from pipeline.data.atomic import write_bytes
from pipeline.data.columns import BETWEEN
from pipeline.errors import DataError

VERSION = "1"
UNSEEN = ("Cc", "Cf")  # categories of Unicode: control and format characters, such as a blank without width
NOBODY = "not recognised"  # the answer about an image that shows nobody of the gallery; no person is called so


@dataclass(frozen=True, eq=False)
class Gallery:
    """Who was enrolled, with vectors of one model.

    Args:
        model: sha256 of the model.json that made them: vectors of two models cannot be compared.
        people: Whose each vector is; one person may have several.
        images: Name of the image that each was made from.
        vectors: Of length 1.
    """

    model: str
    people: tuple[str, ...]
    images: tuple[str, ...]
    vectors: Float[np.ndarray, "N F"]

    def with_person(self, name: str, image: str, vector: Float[np.ndarray, " F"]) -> Gallery:
        """With one more vector.

        Raises:
            DataError: Nobody can be called so.
        """
        name = self.person_called(name)
        row = np.asarray(vector, np.float32)[None]
        vectors = np.concatenate([self.vectors, row]) if len(self.people) else row
        return replace(self, people=(*self.people, name), images=(*self.images, image), vectors=vectors)

    def person_called(self, name: str) -> str:
        """The name under which somebody is enrolled; whoever is there already keeps theirs.

        Raises:
            DataError: Nobody can be called so.
        """
        name = called(name)
        if name.casefold() in ("", NOBODY):
            raise DataError(f"name='{name}': give a name or number that tells whom you mean.")
        if BETWEEN in name and name not in self.people:
            raise DataError(f"name='{name}': leave out the '{BETWEEN}', which stands between names in tables.")
        return name

    def without(self, name: str) -> Gallery:
        """Without a person.

        Raises:
            DataError: Nobody is called so.
        """
        name = called(name)
        kept = [row for row, person in enumerate(self.people) if person != name]
        if len(kept) == len(self.people):
            raise DataError(f"nobody in the gallery is called '{name}'; {len(set(self.people))} people are enrolled.")
        people, images = ([names[row] for row in kept] for names in (self.people, self.images))
        return replace(self, people=tuple(people), images=tuple(images), vectors=self.vectors[kept])

    def nearest(self, vector: Float[np.ndarray, " F"], beyond: float = 0.0) -> list[tuple[str, float]]:
        """Who is nearest, and whoever is at most so much farther, by looking at all vectors; each person once, with the
        squared distance to their nearest vector.

        However many vectors of one person lie there, others who are as near are not pushed out by them.
        """
        distance = np.clip(2 - 2 * (self.vectors @ np.asarray(vector, np.float32)), 0, 4)
        some = np.flatnonzero(distance <= distance.min() + beyond)
        found: dict[str, float] = {}
        for row in some[np.argsort(distance[some], kind="stable")]:
            found.setdefault(self.people[row], float(distance[row]))
        return list(found.items())

    def distance_to(self, name: str, vector: Float[np.ndarray, " F"]) -> float:
        """To the nearest vector of one person.

        Raises:
            DataError: Nobody is called so.
        """
        name = called(name)
        rows = [row for row, person in enumerate(self.people) if person == name]
        if not rows:
            raise DataError(f"nobody in the gallery is called '{name}'; enroll an image of them first.")
        return float(np.clip(2 - 2 * (self.vectors[rows] @ np.asarray(vector, np.float32)), 0, 4).min())


def called(name: str) -> str:
    """The one way to write what looks alike: without blanks around it and signs that nobody sees, any space in it (also
    a line break) one blank, an accent and its letter one sign.

    Examples:
        >>> called("Jose\\u0301 \\u00a0 Paz\\u200b ") == called("Jos\\u00e9 Paz")
        True
    """
    seen = "".join(sign for sign in name if sign.isspace() or unicodedata.category(sign) not in UNSEEN)
    return " ".join(unicodedata.normalize("NFC", seen).split())


def write_gallery(gallery: Gallery, path: Path) -> None:
    """Write the file; all of it, or nothing. Of a link, what it leads to: who is removed is removed there. A new one is
    for its owner alone."""
    from safetensors.numpy import save

    vectors = np.ascontiguousarray(gallery.vectors, np.float32)
    lists = {"people": json.dumps(gallery.people), "images": json.dumps(gallery.images)}
    facts = {"version": VERSION, "model": gallery.model} | lists
    place = Path(os.path.realpath(path))
    write_bytes(place, save({"vectors": vectors}, facts | {"sha256": _sum(facts, vectors)}), 0o600)


def read_gallery(path: Path, model: str) -> Gallery:
    """Read the file.

    Args:
        model: sha256 of the model.json that asks.

    Raises:
        DataError: Not a gallery, damaged, or made by another model.
    """
    from safetensors import SafetensorError, safe_open

    if path.is_dir():
        raise DataError(f"{path}: is a folder. A gallery is one file: name it, such as gallery={path / 'people'}.")
    try:
        with safe_open(path, "numpy") as file:
            facts, vectors = file.metadata() or {}, file.get_tensor("vectors")
        stated, maker = facts.pop("sha256"), facts["model"]
        people, images = (tuple(json.loads(facts[name])) for name in ("people", "images"))
    except (OSError, SafetensorError, KeyError, ValueError, TypeError) as error:
        raise DataError(f"{path}: not a gallery: {error}. Make it with `patchvote enroll`.") from error
    if facts.get("version") != VERSION or stated != _sum(facts, vectors):
        raise DataError(f"{path}: damaged, or of another version. Enroll the people again.")
    if maker != model:
        raise DataError(
            f"{path}: its vectors are another model's ({maker[:12]}, this one is {model[:12]}) and cannot be"
            " compared with this one's. Use that model, or enroll the people again into a new gallery."
        )
    return Gallery(model, tuple(map(called, people)), images, vectors)  # early files have names as they were typed


def _sum(facts: Mapping[str, str], vectors: Float[np.ndarray, "N F"]) -> str:
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode() + vectors.tobytes()).hexdigest()
