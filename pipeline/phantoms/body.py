"""Everything around the heart: skin, fat, chest wall, ribs, sternum, spine, lungs with their vessels, liver.

Body mm: origin where an average heart has the middle of its aortic annulus; x left, y posterior, z superior.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipeline.phantoms.contrast import mottle
from pipeline.phantoms.render import Layer, Texture
from pipeline.phantoms.shapes import Common, Ellipsoid, Grown, HalfSpace, Pieces, Shape, Tube, Union, bundle

ENDLESS = 1e4  # semi-axis of what runs through the whole scan
FAT, MUSCLE, LUNG, DISC, MARROW, CORTEX = -100.0, 50.0, -850.0, 75.0, 190.0, 620.0


@dataclass(frozen=True)
class Build:
    """Size of one patient's chest, mm."""

    half_width: float
    half_depth: float
    fat: float
    wall: float


def body_layers(rng: np.random.Generator) -> list[Layer]:
    """The chest of one patient from the skin inwards, up to the fat in which the heart lies."""
    build = Build(rng.uniform(128, 150), rng.uniform(86, 98), float(rng.gamma(4, 3) + 4), rng.uniform(12, 17))
    ribcage = _around(build, 0)
    marrow = mottle(rng, MARROW, 25, 9)
    wall = _around(build, build.wall)
    layers = [
        Layer(_around(build, build.wall + build.fat), FAT, "body"),
        Layer(wall, mottle(rng, MUSCLE, 12, 14), "body"),
        *_back(build),
        Layer(ribcage, mottle(rng, LUNG, 18, 30), "body"),
        Layer(_lung_vessels(rng), 30.0, "body"),
        Layer(_middle(build), FAT + 10, "body"),
        *_belly(rng, ribcage),
        Layer(Tube(np.array([[6.0, 62, 150], [6, 66, 40], [16, 60, -120]]), np.array([7.0, 7, 8])), 40.0, "body"),
    ]
    airway = Tube(np.array([[-2.0, 36, 150], [0, 42, 66]]), np.array([9.0, 8.5]))
    bronchi = Union(
        (
            airway,
            Tube(np.array([[0.0, 42, 66], [-30, 42, 44]]), np.array([7.0, 6])),
            Tube(np.array([[0.0, 42, 66], [36, 46, 40]]), np.array([6.5, 5])),
        )
    )
    layers += [Layer(Grown(bronchi, 1.5), 30.0, "body"), Layer(bronchi, -980.0, "body")]
    return [*layers, *_ribs(build, marrow), *_sternum(build, marrow), *_spine(marrow)]


def _around(build: Build, by: float) -> Shape:
    return Ellipsoid(np.array([0.0, 32, 0]), np.array([build.half_width + by, build.half_depth + by, ENDLESS]))


def _middle(build: Build) -> Shape:
    """The mediastinum between the lungs: wide at the spine and behind the sternum, a waist in between."""
    front = Ellipsoid(np.array([4.0, -46, 0]), np.array([15.0, 34, ENDLESS]))
    back = Ellipsoid(np.array([8.0, 78, 0]), np.array([29.0, 40, ENDLESS]))
    centre = Ellipsoid(np.array([-2.0, 18, 40]), np.array([37.0, 36, 90]))
    return Common((Union((front, back, centre), 20.0), _around(build, 0)))


def _back(build: Build) -> list[Layer]:
    """Muscles beside the spine, with fat between them."""
    rear = 32 + build.half_depth
    muscles = Union(tuple(Ellipsoid(np.array([s * 30.0, rear - 2, 0]), np.array([24.0, 15, ENDLESS])) for s in (-1, 1)))
    return [Layer(Grown(muscles, 2.5), FAT, "body"), Layer(muscles, MUSCLE, "body")]


def _belly(rng: np.random.Generator, ribcage: Shape) -> list[Layer]:
    """Below the diaphragm: fat, the liver under the right dome, stomach and spleen under the left."""
    top = rng.uniform(-84, -72)
    floor = Ellipsoid(np.array([0.0, 30, top - 130]), np.array([190.0, 140, 115]))
    liver = Ellipsoid(np.array([-46.0, 24, top - 82]), np.array([88.0, 84, 80]))
    stomach = Ellipsoid(np.array([62.0, 34, top - 92]), np.array([64.0, 66, 82]))
    whole = Common((Union((floor, Grown(liver, 3), Grown(stomach, 3)), 12.0), ribcage))
    inside = [(liver, mottle(rng, rng.uniform(70, 115), 4, 20)), (stomach, mottle(rng, 45, 10, 25))]
    return [Layer(whole, FAT, "body"), *(Layer(Common((s, ribcage)), value, "body") for s, value in inside)]


def _ribs(build: Build, marrow: Texture) -> list[Layer]:
    """Ten pairs, each a hoop that falls towards the front."""
    hoops = []
    for level in np.arange(-150, 160, 25.0):
        for side in (-1.0, 1.0):
            angle = np.deg2rad(np.linspace(12, 148, 30))
            x = side * (build.half_width + 5) * np.sin(angle)
            y = 32 + (build.half_depth + 5) * np.cos(angle)
            z = level + 30 - 62 * (angle / np.pi)
            hoops.append(Tube(np.stack([x, y, z], axis=1), np.full(30, 4.6)))
    ribs = bundle(hoops, 6.0)
    return [Layer(ribs, CORTEX, "body"), Layer(Grown(ribs, -2.0), marrow, "body")]


def _sternum(build: Build, marrow: Texture) -> list[Layer]:
    front = 32 - build.half_depth - 6
    plate = Ellipsoid(np.array([0.0, front, 20]), np.array([18.0, 6.5, 95]))
    return [Layer(plate, CORTEX - 120, "body"), Layer(Grown(plate, -2.2), marrow, "body")]


def _spine(marrow: Texture) -> list[Layer]:
    """Vertebrae of 24 mm with discs of 5 mm between them, arch, canal and processes."""
    layers = []
    column = Ellipsoid(np.array([0.0, 94, 0]), np.array([17.0, 14.5, ENDLESS]))
    canal = Ellipsoid(np.array([0.0, 117, 0]), np.array([9.0, 8, ENDLESS]))
    layers.append(Layer(Grown(column, -0.5), DISC, "body"))
    for level in np.arange(-160, 175, 29.0):
        slab = (
            HalfSpace(np.array([0, 0, level + 12.0]), np.array([0, 0, 1.0])),
            HalfSpace(np.array([0, 0, level - 12.0]), np.array([0, 0, -1.0])),
        )
        vertebra = Common((column, *slab))
        wings = [
            Tube(np.array([[s * 8.0, 112, level], [s * 34, 124, level + 3]]), np.array([6.0, 4.5])) for s in (-1, 1)
        ]
        spike = Tube(np.array([[0.0, 127, level - 2], [0, 148, level - 22]]), np.array([5.0, 3.5]))
        arch = Union((Common((Grown(canal, 6), *slab)), *wings, spike), 2.0)
        layers += [
            Layer(Union((arch, vertebra)), CORTEX - 150, "body"),
            Layer(Union((Grown(vertebra, -1.6), Grown(arch, -1.8))), marrow, "body"),
        ]
    return [*layers, Layer(canal, 25.0, "body")]


def _lung_vessels(rng: np.random.Generator) -> Shape:
    """Trees that grow from each hilum outwards, forking as they thin."""
    tubes: list[Pieces] = []
    for side in (-1.0, 1.0):
        for _ in range(20):
            way = rng.normal(0, 1, 3) * np.array([0.6, 1.0, 1.1]) + np.array([side * 0.9, 0.1, -0.2])
            _grow(rng, tubes, np.array([side * 46.0, 34, 22]), way / np.linalg.norm(way), rng.uniform(2.2, 3.8), 5)
    return bundle(tubes, 3.0)


def _grow(
    rng: np.random.Generator, tubes: list[Pieces], start: np.ndarray, way: np.ndarray, radius: float, left: int
) -> None:
    end = start + way * rng.uniform(14, 28)
    middle = (start + end) / 2 + rng.normal(0, 1.5, 3)
    tubes.append(Tube(np.stack([start, middle, end]), radius * np.array([1, 0.9, 0.78])))
    if left > 1:
        for _ in range(2):
            turned = way + rng.normal(0, 0.42, 3)
            _grow(rng, tubes, end, turned / np.linalg.norm(turned), 0.72 * radius, left - 1)
