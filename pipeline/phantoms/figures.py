"""Articulated stick figures in pictures whose joints are known exactly: pose, with what a limb hides.

Landmarks are the 14 joints below, pixels, x to the right and y down. The left limbs are warm in colour and the right
ones cool, so that a figure seen from behind is told from one seen from the front. Limbs are drawn from the farthest to
the nearest; a joint that a nearer part covers, or that lies outside the picture, is absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from pipeline.geometry import ImageFrame
from pipeline.phantoms.phantom import Phantom, stream

EDGES = (
    ("head", "neck"),
    *((f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (("shoulder", "elbow"), ("elbow", "hand"))),
    *((f"{s}_{a}", f"{s}_{b}") for s in ("left", "right") for a, b in (("hip", "knee"), ("knee", "foot"))),
    ("left_shoulder", "right_shoulder"),
    ("left_hip", "right_hip"),
)
LIMBS = {"arm": ("shoulder", "elbow", "hand"), "leg": ("hip", "knee", "foot")}
JOINTS = ("head", "neck", *(f"{s}_{j}" for s in ("left", "right") for joints in LIMBS.values() for j in joints))
SIZE = 128  # pixels


@dataclass(frozen=True, eq=False)
class Part:
    """A stroke through joints.

    Args:
        joints: Names, in the order of the stroke.
        radius: Half of its width, pixels.
        colour: 0 to 255, three numbers.
    """

    joints: tuple[str, ...]
    radius: float
    colour: Float[np.ndarray, " 3"]


def simulate_figure(seed: int, size: int = SIZE) -> Phantom:
    """Draw one figure; everything follows from the arguments.

    Args:
        seed: Number of the case.
        size: Pixels along both edges.
    """
    places = _pose(stream(seed, "pose"), size)
    parts = _parts(stream(seed, "parts"), size)
    ground, noise = stream(seed, "ground"), stream(seed, "noise")
    picture, owner = _ground(ground, size), np.full((size, size), -1)
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1).astype(float)
    for number, part in enumerate(parts):
        cover = np.clip(part.radius - _distance(grid, places, part) + 0.5, 0, 1)
        picture += cover[..., None] * (part.colour - picture)
        owner[cover > 0.5] = number
    picture += noise.normal(0, noise.uniform(2, 14), picture.shape)
    frame = ImageFrame((size, size), np.eye(3), "px")
    seen = {name: _seen(places[name], owner, parts, name) for name in JOINTS}
    landmarks = {n: tuple(float(v) for v in places[n]) if seen[n] else None for n in JOINTS}
    voxels = np.clip(picture.round(), 0, 255).astype(np.uint8)
    return Phantom(frame, voxels, landmarks, {"seed": seed, "absent": [n for n in JOINTS if not seen[n]]})


def _pose(rng: np.random.Generator, size: int) -> dict[str, np.ndarray]:
    """Joint positions: a trunk that leans, limbs that bend; the figure may turn its side to us, or its back."""
    unit = size * rng.uniform(0.075, 0.105)
    lean, turned = rng.normal(0, 0.15), rng.uniform(-1, 1)
    down = np.array([np.sin(lean), np.cos(lean)])
    across = np.array([np.cos(lean), -np.sin(lean)]) * (1 if turned > -0.25 else -1) * max(abs(turned), 0.25)
    neck = size * np.array([rng.uniform(0.35, 0.65), rng.uniform(0.22, 0.34)])
    places = {"neck": neck, "head": neck - down * unit * 1.1 + rng.normal(0, 0.15, 2) * unit}
    middle = neck + down * unit * 3.0
    for side, sign in (("left", 1.0), ("right", -1.0)):
        places[f"{side}_shoulder"] = neck + across * sign * unit * 1.1 + down * unit * 0.25
        places[f"{side}_hip"] = middle + across * sign * unit * 0.6
        for joints, length, spread in ((LIMBS["arm"], 1.45, 0.9), (LIMBS["leg"], 1.75, 0.45)):
            angle = lean + rng.normal(0.25 * sign * np.sign(across[0]), spread)
            for before, joint in pairwise(joints):
                step = unit * length * np.array([np.sin(angle), np.cos(angle)])
                places[f"{side}_{joint}"] = places[f"{side}_{before}"] + step
                angle += rng.normal(0, spread)
    return places


def _parts(rng: np.random.Generator, size: int) -> list[Part]:
    """From the farthest to the nearest: one side, the trunk, the other side. The head lies over the trunk."""
    width, sides = size * rng.uniform(0.018, 0.03), ["left", "right"]
    if rng.random() < 0.5:
        sides.reverse()
    grey = rng.uniform(60, 200, 3)
    warm, cool = np.array([215.0, 90, 50]), np.array([50.0, 110, 215])
    colours = {"left": warm + rng.normal(0, 18, 3), "right": cool + rng.normal(0, 18, 3)}
    trunk = Part(("neck", "left_shoulder", "left_hip", "right_hip", "right_shoulder", "neck"), 1.3 * width, grey)
    limbs = {s: [Part(tuple(f"{s}_{j}" for j in LIMBS[k]), width, colours[s]) for k in LIMBS] for s in sides}
    return [*limbs[sides[0]], trunk, Part(("neck", "head"), 1.2 * width, grey), *limbs[sides[1]]]


def _ground(rng: np.random.Generator, size: int) -> Float[np.ndarray, "S S 3"]:
    """A smooth change of colour, and a few plain strokes that belong to nobody."""
    corners = rng.uniform(20, 235, (2, 2, 3))
    t = np.linspace(0, 1, size)
    weights = np.stack([1 - t, t], -1)
    picture = np.einsum("xa,yb,abc->xyc", weights, weights, corners)
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"), -1).astype(float)
    for _ in range(int(rng.integers(0, 5))):
        ends = dict(zip("ab", rng.uniform(0, size, (2, 2)), strict=True))
        stroke = Part(("a", "b"), size * rng.uniform(0.01, 0.02), rng.uniform(20, 235, 3))
        picture += np.clip(stroke.radius - _distance(grid, ends, stroke) + 0.5, 0, 1)[..., None] * (
            stroke.colour - picture
        )
    return picture


def _distance(grid: Float[np.ndarray, "S S 2"], places: dict[str, np.ndarray], part: Part) -> Float[np.ndarray, "S S"]:
    """Of every pixel from the stroke."""
    nearest = np.full(grid.shape[:2], np.inf)
    for one, other in pairwise(part.joints):
        step = places[other] - places[one]
        along = np.clip((grid - places[one]) @ step / max(float(step @ step), 1e-9), 0, 1)
        nearest = np.minimum(nearest, np.linalg.norm(grid - places[one] - along[..., None] * step, axis=-1))
    return nearest


def _seen(place: np.ndarray, owner: np.ndarray, parts: list[Part], name: str) -> bool:
    """Whether a joint lies in the picture, and the part on top of it is one that it belongs to."""
    pixel = np.floor(place + 0.5).astype(int)
    if ((pixel < 0) | (pixel >= owner.shape)).any():
        return False
    top = owner[tuple(pixel)]
    return top < 0 or name in parts[top].joints
