"""What takes whose name in a mirror: the left eye of the image is the right eye of its mirror image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int

from pipeline.data.columns import OF_WORDS
from pipeline.data.csv_rows import some
from pipeline.data.encoders import Encoder
from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.sides import alike, other_side, says_side


@dataclass(frozen=True)
class Twins:
    """Of what has a name, the number of that which takes its place in a mirror.

    Args:
        points: Of each landmark; none = each keeps its own name.
        classes: Of each class of boxes; none = likewise.
        words: Of each class or label of a value, by the name of the value; those that are not named keep theirs.
        lone: Names that keep theirs though left or right is in a word of them.
        columns: Of each value that becomes that of another column, the encoders of that one and of its own.
    """

    points: tuple[int, ...] = ()
    classes: tuple[int, ...] = ()
    words: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    lone: tuple[str, ...] = ()
    columns: Mapping[str, tuple[Encoder, Encoder]] = field(default_factory=dict)


def exchanged(
    landmarks: Sequence[str],
    augment: AugmentSettings,
    classes: Sequence[str] = (),
    asked: Sequence[Encoder] = (),
    given: Sequence[Encoder] = (),
    views: Sequence[str] = (),
) -> Twins | None:
    """What changes names where samples are mirrored; None where they are not.

    Args:
        landmarks: That are asked for.
        classes: Of boxes that are asked for. Those without a side keep their name, and so do words and columns.
        asked: Columns whose values are asked for.
        given: Columns whose values are known beside the image.
        views: What the images of a case show.

    Raises:
        ConfigError: As `twins`; a class, a column, a view or a word says a side and there is none for the other; the
            two of a pair are not asked for together; or two columns or views would change places and cannot.
    """
    if not augment.mirror:
        return None
    pairs = augment.pairs
    outputs, inputs = ([c.column.name for c in columns] for columns in (asked, given))
    words = {c.column.name: c.words for c in (*asked, *given) if c.column.kind in OF_WORDS}
    named = {"landmarks": landmarks, "classes": classes, "outputs": outputs, "inputs": inputs, "views": views}
    named |= {_of_words(name): known for name, known in words.items()}
    _require_together(pairs, named)
    numbers = {"landmarks": tuple(twins(landmarks, _within(pairs, landmarks)).tolist()) if landmarks else ()}
    numbers |= {kind: _opposites(names, pairs) for kind, names in named.items() if kind not in numbers}
    _require_no_other_view(views, numbers["views"], pairs)
    columns = _moved(asked, numbers["outputs"], pairs) | _moved(given, numbers["inputs"], pairs)
    opposites = {name: numbers[_of_words(name)] for name in words}
    changed = {name: order for name, order in opposites.items() if order != tuple(range(len(order)))}
    lone = [name for kind, names in named.items() for name in _lone(names, numbers[kind], pairs)]
    return Twins(numbers["landmarks"], numbers["classes"], changed, tuple(dict.fromkeys(lone)), columns)


def _of_words(column: str) -> str:
    return f"column '{column}'"


def _moved(
    columns: Sequence[Encoder], numbers: Sequence[int], pairs: Mapping[str, str]
) -> dict[str, tuple[Encoder, Encoder]]:
    """Columns that have the values of another one in a mirror, with the encoders of that one and of their own."""
    both = [(columns[number], own) for own, number in zip(columns, numbers, strict=True)]
    moved = {own.column.name: (other, own) for other, own in both if other is not own}
    for name, (other, own) in moved.items():
        if other.column.kind != own.column.kind or own.column.kind == "text":
            twin = other.column.name
            raise ConfigError(
                f"training.augment.mirror: columns '{name}' ({own.column.kind}) and '{twin}' ({other.column.kind})"
                " would exchange their values in a mirrored image, and only two of one kind can, and no texts. Name"
                f" both as one kind, give training.augment.pairs={_sideless(pairs, name, twin)} if they say no side, or"
                " training.augment.mirror=0"
            )
    return moved


def _require_no_other_view(views: Sequence[str], numbers: Sequence[int], pairs: Mapping[str, str]) -> None:
    """Each view is read by a part of the network of its own; a right one, mirrored, is no left one of the patient."""
    for view, number in zip(views, numbers, strict=True):
        if view != (other := views[number]):
            raise ConfigError(
                f"training.augment.mirror: the images data.views.{view} and data.views.{other} would exchange their"
                " places in a mirrored case, which is not done. Give training.augment.mirror=0, or"
                f" training.augment.pairs={_sideless(pairs, view, other)} if their names say no side"
            )


def _lone(names: Sequence[str], numbers: Sequence[int], pairs: Mapping[str, str]) -> list[str]:
    return [name for n, name in enumerate(names) if numbers[n] == n and name not in pairs and says_side(name)]


def _require_together(pairs: Mapping[str, str], known: Mapping[str, Sequence[str]]) -> None:
    """One that is misspelt would be dropped without a word, and mirror images taught with the wrong names."""
    for one, other in pairs.items():
        if not any({one, other} <= set(names) for names in known.values()):
            there = "; ".join(f"{kind} {some(names)}" for kind, names in known.items() if names)
            raise ConfigError(
                f"training.augment.pairs: '{one}' and '{other}' are not both landmarks, both classes of boxes,"
                f" both outputs, both inputs, both views, or both words of one column; this task"
                f" has {there or 'none'}. Correct the pair, or leave it out."
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
    _require_pairs(twin, pairs)
    _require_unlike([name for name in names if twin[name] == name and name not in both], pairs)
    return tuple(names.index(twin[name]) for name in names)


def _require_pairs(twin: Mapping[str, str], pairs: Mapping[str, str]) -> None:
    """The advice names all that lack a twin, with what was said before, in the place of which it is typed."""
    if lone := {name: other for name, other in twin.items() if other not in twin}:
        (name, other), *more = lone.items()
        rest = f" (nor the other side of {some(name for name, _ in more)})" if more else ""
        raise ConfigError(
            f"training.augment.mirror: '{name}' says its side, and there is no '{other}'{rest}, so a mirrored image "
            f"would get a wrong name; give each its twin in training.augment.pairs, such as"
            f" {_typed(pairs, [(name, name) for name in lone])} of those that lie in the middle or say no side, or"
            " training.augment.mirror=0"
        )
    for name, other in twin.items():
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


def _sideless(pairs: Mapping[str, str], one: str, other: str) -> str:
    rest = {name: twin for name, twin in pairs.items() if not {name, twin} & {one, other}}
    return _typed(rest, [(one, one), (other, other)])
