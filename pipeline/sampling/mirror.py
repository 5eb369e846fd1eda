"""Mirror a crop, and its names with it: the left eye of the image is the right eye of its mirror image."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from pipeline.errors import ConfigError
from pipeline.sampling.augment import AugmentSettings
from pipeline.sampling.source import Source

SIDES = {"left": "right", "l": "r", "links": "rechts", "gauche": "droite", "sinister": "dexter", "sin": "dex"}
OTHER = SIDES | {other: one for one, other in SIDES.items()}


def exchanged(names: Sequence[str], augment: AugmentSettings) -> tuple[int, ...] | None:
    """The twins of landmarks where samples are mirrored; None where they are not."""
    if not augment.mirror:
        return None
    return tuple(twins(names, augment.pairs).tolist()) if names else ()


def twins(names: Sequence[str], pairs: Mapping[str, str]) -> Int[np.ndarray, " K"]:
    """For each landmark the number of the one that takes its place in a mirror; its own where there is none.

    Args:
        names: Of the landmarks. A word "left" (l) has its twin where the same name says "right" (r).
        pairs: Twins whose names do not say it; one that is its own twin lies in the middle.

    Raises:
        ConfigError: A pair names no landmark; two have one twin; a name says a side and there is none for the other,
            or no landmark has a twin, so that a mirrored image would be taught with the wrong names.

    Examples:
        >>> twins(["left_eye", "right_eye", "nose"], {}).tolist()
        [1, 0, 2]
        >>> twins(["L1", "L2"], {"L1": "L1"}).tolist()
        [0, 1]
    """
    unknown = [n for pair in pairs.items() for n in pair if n not in names]
    if unknown:
        raise ConfigError(f"training.augment.pairs: no landmark '{unknown[0]}'; there are {', '.join(names)}")
    both = dict(pairs) | {other: one for one, other in pairs.items()}
    twin = {name: both.get(name) or _other_side(name) for name in names}
    _require_pairs(twin)
    if len(names) > 1 and not pairs and all(name == other for name, other in twin.items()):
        raise ConfigError(
            "training.augment.mirror: no landmark name says left or right, so a mirrored image would get wrong names; "
            "give training.augment.pairs={LEFT: RIGHT, ...}, or {NAME: NAME} if all lie in the middle, or mirror=0"
        )
    return np.array([names.index(twin[name]) for name in names])


def _require_pairs(twin: Mapping[str, str]) -> None:
    for name, other in twin.items():
        if other not in twin:
            raise ConfigError(
                f"training.augment.mirror: '{name}' says its side, and there is no '{other}', so a mirrored image "
                f"would get a wrong name; give its twin in training.augment.pairs, {{{name}: {name}}} if it lies in "
                "the middle, or mirror=0"
            )
        if twin[other] != name:
            raise ConfigError(
                f"training.augment.pairs: '{other}' would be the twin of '{name}' and of '{twin[other]}'; name each "
                "landmark in one pair at most, and with it the one whose name says the other side"
            )


def mirrored(drawn: Source, twins: Sequence[int]) -> Source:
    """A crop with left and right exchanged, each landmark under the name of its twin (none: under its own). Left and
    right are the world's x, which is the last axis of a level."""
    order = np.array(twins if len(twins) else range(len(drawn.points)), int)
    turned = np.ascontiguousarray(drawn.voxels[..., ::-1])
    last = drawn.voxels.shape[-1] - 1
    points, corners = _turned(drawn.points[order], last), drawn.corners
    corners = None if corners is None else _turned(corners, last)
    return replace(drawn, voxels=turned, points=points, corners=corners, known=drawn.known[order])


def _turned(places: Float[np.ndarray, "P D"], last: int) -> Float[np.ndarray, "P D"]:
    """Positions with their last coordinate counted from the other end."""
    result = places.copy()
    result[:, -1] = last - result[:, -1]
    return result


def _other_side(name: str) -> str:
    """The name with its word for one side put in place of the other; the name itself without one.

    >>> _other_side("Ostium_L"), _other_side("leftEye"), _other_side("lateral")
    ('Ostium_R', 'rightEye', 'lateral')
    """
    words = re.split(r"([\s_.-]+|(?<=[a-z])(?=[A-Z]))", name)
    return "".join(_like(OTHER[w.lower()], w) if w and w.lower() in OTHER else w for w in words)


def _like(word: str, model: str) -> str:
    if model.isupper():
        return word.upper()
    return word.capitalize() if model[0].isupper() else word
