"""What the patches of a grid say about the landmarks of one part of an image.

Letters: K landmarks, D dimensions, S voxels along the axes, N cells asked; A is K, or 1 where all landmarks are asked
of the same cells.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from pipeline.data.store import LevelArray
from pipeline.grid.largest import largest
from pipeline.grid.patch_grid import PatchGrid
from pipeline.networks.network import PatchNetwork
from pipeline.networks.receptive_field import at_least, pad_to_stride
from pipeline.tasks.regions import Region


@dataclass(frozen=True)
class Said:
    """What was said, still unjudged.

    Args:
        logits: Of belief.
        every: What all cells that may vote believe together, those left out, too, as the logit of one.
        displacement: As the network says it, from the cell's centre.
        allowed: Whether the cell may vote.
        centres: Of the cells, voxels of the whole image.
    """

    logits: Float[Tensor, "K N"]
    every: Float[Tensor, " K"]
    displacement: Float[Tensor, "K D N"]
    allowed: Bool[Tensor, "K N"]
    centres: Float[Tensor, "A D N"]


@dataclass(frozen=True)
class Seen:
    """The trunk's features of a part of an image, the grid they lie on, and where that begins in the whole image."""

    features: Float[Tensor, "C ..."]
    grid: PatchGrid
    origin: Float[Tensor, " D"]


def grid_over(network: PatchNetwork, shape: tuple[int, ...]) -> PatchGrid:
    """The patches over an image of `shape` voxels."""
    cells = network.cells
    return PatchGrid(tuple(cells.cells(n) for n in shape), cells.stride, cells.first)


def look(
    network: PatchNetwork,
    box: Float[Tensor, " C *S"],
    region: Region,
    margin: np.ndarray,
    given: Mapping[str, np.ndarray],
) -> Seen:
    """Run the trunk over a region, on the grid that begins `margin` voxels before it.

    Args:
        box: The region's voxels.
        margin: Voxels for each axis, above 0 so that cells around the border exist.
        given: What is known beside the image.
    """
    padded = pad_to_stride(box, network.cells.stride, margin, 0.0)
    device = next(network.parameters()).device
    features = network.features(padded[None].to(device), _on(device, given))[0]
    return Seen(features, grid_over(network, tuple(padded.shape[1:])), torch.from_numpy(region.start - margin).float())


def ask_all(
    network: PatchNetwork, level: LevelArray, margin: int, prefix: str = ""
) -> tuple[Seen, dict[str, Float[Tensor, "K P N"]]]:
    """What every head says at every cell of a whole image.

    Args:
        margin: Voxels before the image, along each axis.
        prefix: Only heads whose names begin so are asked; answers are called by the rest.
    """
    frame = level.frame
    whole = Region.of(frame.shape)
    voxels = torch.from_numpy(np.asarray(level.voxels[whole.slices], np.float32))
    seen = look(network, voxels, whole, np.full(frame.dims, margin), level.given)
    heads = {name: head for name, head in network.heads.items() if name.startswith(prefix)}
    said = {name: network.ask(name, seen.features, range(head.count)).cpu() for name, head in heads.items()}
    return seen, {name.removeprefix(prefix): numbers for name, numbers in said.items()}


def said_of_whole(network: PatchNetwork, level: LevelArray) -> dict[str, Tensor]:
    """What every head says of an image as a whole, (1, ...)."""
    device = next(network.parameters()).device
    image = _whole_image(network, level)
    return network({"image": image[None].to(device)} | _on(device, level.given))


def said_of_both_sides(network: PatchNetwork, level: LevelArray) -> dict[str, Tensor]:
    """The same of an image and of its mirror image, (2, ...)."""
    device = next(network.parameters()).device
    image = _whole_image(network, level).to(device)
    given = {name: part.expand(2, *part.shape[1:]) for name, part in _on(device, level.given).items()}
    return network({"image": torch.stack([image, image.flip(-1)])} | given)


def _whole_image(network: PatchNetwork, level: LevelArray) -> Float[Tensor, " C *S"]:
    """The voxels of an image; one shorter than a patch lies in the middle of one, as on the canvas of a training."""
    image = torch.from_numpy(np.asarray(level.voxels[Region.of(level.frame.shape).slices], np.float32))
    return at_least(network.cells.stride, image, level.frame.dims)


def _on(device: torch.device, given: Mapping[str, np.ndarray]) -> dict[str, Tensor]:
    return {name: torch.from_numpy(np.asarray(part, np.float32))[None].to(device) for name, part in given.items()}


def said_as_a_whole(network: PatchNetwork, seen: Seen) -> dict[str, Float[Tensor, " W"]]:
    """What the heads say that are asked of an image as a whole."""
    asked = [name for name, head in network.heads.items() if head.whole]
    return {name: network.ask_whole(name, seen.features).cpu() for name in asked}


def ask(
    network: PatchNetwork,
    seen: Seen,
    landmarks: Sequence[int],
    prior: Float[np.ndarray, "K D"] | None,
    search: float,
    most: int | None,
) -> Said:
    """Ask the cells of one grid.

    Args:
        landmarks: Which, by number.
        prior: Where the landmarks of the image are looked for, voxels of the whole image; None = everywhere.
        search: Voxels around the prior within which cells may vote.
        most: How many cells may vote without a prior, the most believing ones; None = all.
    """
    grid = seen.grid
    if prior is None:
        logits = network.ask("belief", seen.features, landmarks)[:, 0].cpu()
        cells, allowed, centres = None, torch.ones(1, 1, dtype=torch.bool), grid.centres()[None]
        every = logits.logsumexp(1)
        if most is not None and most < logits.shape[1]:
            cells = largest(logits, most)
            logits, centres = logits.gather(1, cells), centres[0].T[cells].transpose(1, 2)
    else:
        near = torch.from_numpy(prior[list(landmarks)]).float() - seen.origin
        cells, allowed, centres = _near(grid, near, search)
        logits = network.ask("belief", seen.features, landmarks, cells)[:, 0].cpu()
        every = logits.masked_fill(~allowed, -torch.inf).logsumexp(1)
    displacement = network.ask("displacement", seen.features, landmarks, cells).cpu()
    return Said(logits, every, displacement, allowed.expand_as(logits), centres + seen.origin[:, None])


def reach(grid: PatchGrid, search: float) -> int:
    """Cells to each side of that which holds a prior that may lie within `search` voxels of the prior."""
    return int(min(max(search, grid.stride) / grid.stride + 0.5, max(grid.shape)))


def _near(grid: PatchGrid, points: Float[Tensor, "K D"], search: float) -> tuple[Tensor, Tensor, Tensor]:
    cells, on_grid, centres = grid.around(points, reach(grid, search))
    allowed = on_grid & ((centres - points[:, None]).abs() <= max(search, grid.stride)).all(-1)
    return cells, allowed, centres.transpose(1, 2)


def pooled(parts: Sequence[Said]) -> Said:
    """All cells of several grids, as if of one. Of a small grid all cells may vote for every landmark, while each
    landmark has its own of a larger one."""
    if len(parts) == 1:
        return parts[0]
    most = max(len(part.centres) for part in parts)
    parts = [replace(part, centres=part.centres.expand(most, -1, -1)) for part in parts]
    logits, _, *others = (torch.cat([getattr(part, f.name) for part in parts], -1) for f in fields(Said))
    return Said(logits, torch.stack([part.every for part in parts]).logsumexp(0), *others)
