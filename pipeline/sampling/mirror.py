"""Mirror a crop, and its names with it: the left eye of the image is the right eye of its mirror image."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Float, Int

from pipeline.data.csv_rows import some
from pipeline.data.encoders import Encoder
from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.sides import alike, other_side, says_side
from pipeline.sampling.source import Source


@dataclass(frozen=True)
class Twins:
    """Of what has a name, the number of that which takes its place in a mirror.

    Args:
        points: Of each landmark; none = each keeps its own name.
        classes: Of each class of boxes; none = likewise.
        words: Of each class or label of a value, by the name of the value; those that are not named keep theirs.
        lone: Names that keep theirs though left or right is in a word of them.
    """

    points: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()
    words: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    lone: tuple[str, ...] = ()


def exchanged(
    landmarks: Sequence[str], augment: AugmentSettings, classes: Sequence[str] = (), columns: Iterable[Encoder] = ()
) -> Twins | None:
    """What changes names where samples are mirrored; None where they are not.

    Args:
        landmarks: That are asked for.
        classes: Of boxes that are asked for. Those without a side keep their name, and so do words.
        columns: Whose values are asked for, or given.

    Raises:
        ConfigError: As `twins`; a class or word says a side and there is none for the other; or the two of a pair are
            not asked for together.
    """
    if not augment.mirror:
        return None
    words = {c.column.name: c.words for c in columns if c.column.kind in ("class", "labels")}
    columns_of = {f"column '{name}'": known for name, known in words.items()}
    _require_together(augment.pairs, {"landmarks": landmarks, "classes": classes} | columns_of)
    points = tuple(twins(landmarks, _within(augment.pairs, landmarks)).tolist()) if landmarks else ()
    opposites = {name: _opposites(known, augment.pairs) for name, known in words.items()}
    changed = {name: numbers for name, numbers in opposites.items() if numbers != tuple(range(len(numbers)))}
    of_classes = _opposites(classes, augment.pairs)
    each = [(landmarks, points), (classes, of_classes), *((known, opposites[name]) for name, known in words.items())]
    lone = [name for names, numbers in each for name in _lone(names, numbers, augment.pairs)]
    return Twins(points, of_classes, changed, tuple(dict.fromkeys(lone)))


def _lone(names: Sequence[str], numbers: Sequence[int], pairs: Mapping[str, str]) -> list[str]:
    return [name for n, name in enumerate(names) if numbers[n] == n and name not in pairs and says_side(name)]


def _require_together(pairs: Mapping[str, str], known: Mapping[str, Sequence[str]]) -> None:
    """One that is misspelt would be dropped without a word, and mirror images taught with the wrong names."""
    for one, other in pairs.items():
        if not any({one, other} <= set(names) for names in known.values()):
            there = "; ".join(f"{kind} {some(names)}" for kind, names in known.items() if names)
            raise ConfigError(
                f"training.augment.pairs: '{one}' and '{other}' are not both landmarks, both classes of boxes,"
                f" or both words of one column; this task has {there or 'none'}. Correct the pair, or leave it out."
            )


def _within(pairs: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {one: other for one, other in pairs.items() if {one, other} <= set(names)}


def twins(names: Sequence[str], pairs: Mapping[str, str]) -> Int[np.ndarray, " K"]:
    """For each landmark the number of the one that takes its place in a mirror; its own where there is none.

    Args:
        names: Of the landmarks. A word "left" (l) has its twin where the same name says "right" (r), and "left" in a
            word where there is such a name.
        pairs: Twins among them whose names do not say it; one that is its own twin lies in the middle.

    Raises:
        ConfigError: Two have one twin; a name says a side and there is none for the other, two that keep their names
            differ in l and r, or no landmark has a twin, so that a mirrored image would be taught with the wrong names.

    Examples:
        >>> twins(["left_eye", "right_eye", "nose"], {}).tolist()
        [1, 0, 2]
        >>> twins(["L1", "L2"], {"L1": "L1"}).tolist()
        [0, 1]
    """
    numbers = _opposites(names, pairs)
    if len(names) > 1 and not pairs and numbers == tuple(range(len(names))):
        raise ConfigError(
            "training.augment.mirror: no landmark name says left or right, so a mirrored image would get wrong names; "
            "give training.augment.pairs={LEFT: RIGHT, ...}, or {NAME: NAME} if all lie in the middle, or mirror=0"
        )
    return np.array(numbers)


def _opposites(names: Sequence[str], pairs: Mapping[str, str]) -> tuple[int, ...]:
    """For each name the number of the one for the other side; its own where it says none."""
    mine = _within(pairs, names)
    both = mine | {other: one for one, other in mine.items()}
    twin = {name: both.get(name) or other_side(name, names) for name in names}
    _require_pairs(twin)
    _require_unlike([name for name in names if twin[name] == name and name not in both], pairs)
    return tuple(names.index(twin[name]) for name in names)


def _require_pairs(twin: Mapping[str, str]) -> None:
    for name, other in twin.items():
        if other not in twin:
            raise ConfigError(
                f"training.augment.mirror: '{name}' says its side, and there is no '{other}', so a mirrored image "
                f"would get a wrong name; give its twin in training.augment.pairs, {{{name}: {name}}} if it lies in "
                "the middle or says no side, or training.augment.mirror=0"
            )
        if twin[other] != name:
            raise ConfigError(
                f"training.augment.pairs: '{other}' would be the twin of '{name}' and of '{twin[other]}'; name each "
                "in one pair at most, and with it the one whose name says the other side"
            )


def _require_unlike(kept: Sequence[str], pairs: Mapping[str, str]) -> None:
    """Whether L1 and R1 are two sides or a vertebra and a rib, nobody but the user knows. The advice has what was
    said before in it, or the next answer would take its place."""
    if found := alike(kept):
        _require_one_each(found, pairs)
        one, other = found[0]
        raise ConfigError(
            f"training.augment.mirror: '{one}' and '{other}' differ only in left and right, and a mirrored image would"
            f" keep both names; give training.augment.pairs={_typed(pairs, found)} if they are the two sides,"
            f" {_typed(pairs, [(one, one)])} if they say no side, or training.augment.mirror=0"
        )


def _require_one_each(found: Sequence[tuple[str, str]], pairs: Mapping[str, str]) -> None:
    """LL may be the other side of RL or of LR: a mapping names each in one pair at most."""
    for name in dict.fromkeys(name for pair in found for name in pair):
        others = [a if b == name else b for a, b in found if name in (a, b)]
        if len(others) > 1:
            ways = " or ".join(_typed(pairs, [(name, other)]) for other in others)
            raise ConfigError(
                f"training.augment.mirror: '{name}' differs only in left and right from each of {some(others)}, and a"
                f" mirrored image would keep these names; give training.augment.pairs={ways}, whichever is its other"
                f" side, {_typed(pairs, [(name, name)])} if it says no side, or training.augment.mirror=0"
            )


def _typed(pairs: Mapping[str, str], more: Sequence[tuple[str, str]]) -> str:
    return f"{{{', '.join(f'{one}: {other}' for one, other in [*pairs.items(), *more])}}}"


def mirrored(drawn: Source, twins: Twins) -> Source:
    """A crop with left and right exchanged, other images of the case too, everything that has a name under that of its
    twin. Left and right are the world's x, which is the last axis of a level."""
    order = np.array(twins.points if twins.points else range(len(drawn.points)), int)
    last = drawn.voxels.shape[-1] - 1
    points, corners, labels = _turned(drawn.points[order], last), drawn.corners, drawn.labels
    corners = None if corners is None else _turned(corners, last)
    if labels is not None and twins.classes:  # below 0: no box, or nobody knows of any
        labels = np.where(labels < 0, labels, np.array(twins.classes)[labels.clip(0)])
    values, given = (_of_mirror(told, twins.words) for told in (drawn.values, drawn.given))
    turned = replace(drawn, voxels=_flipped(drawn.voxels), values=values, given=given)
    return replace(turned, points=points, known=drawn.known[order], labels=labels, corners=corners)


def _of_mirror(told: Mapping[str, np.ndarray], words: Mapping[str, Sequence[int]]) -> dict[str, np.ndarray]:
    """Values whose words change places, and images, turned; these may be called as a column is."""
    images = {name: _flipped(part) for name, part in told.items() if part.ndim > 1}
    known = [name for name in words if name in told and name not in images]
    return {**told, **images, **{name: _of_twins(told[name], words[name]) for name in known}}


def _flipped(image: Float[np.ndarray, " C *S"]) -> Float[np.ndarray, " C *S"]:
    return np.ascontiguousarray(image[..., ::-1])


def _of_twins(value: Float[np.ndarray, " W"], twins: Sequence[int]) -> Float[np.ndarray, " W"]:
    """The number of a class, or 0 or 1 for each label, as the mirror image has it; NaN stays NaN."""
    if len(value) > 1:
        return value[list(twins)]
    return value if np.isnan(value[0]) else np.array([twins[int(value[0])]], value.dtype)


def _turned(places: Float[np.ndarray, "P D"], last: int) -> Float[np.ndarray, "P D"]:
    """Positions with their last coordinate counted from the other end."""
    result = places.copy()
    result[:, -1] = last - result[:, -1]
    return result
