"""A network that knows the answer: shared by the tests of tasks, training and inference."""

import numpy as np
import torch
from torch import nn

from pipeline.networks.network import PatchNetwork
from pipeline.networks.receptive_field import CellGeometry
from pipeline.tasks.landmarks import LandmarksTask


def heads_of(landmarks, dims):
    """What a network for landmarks is asked."""
    return LandmarksTask(names=tuple(map(str, range(landmarks)))).heads(dims, 0)


class Oracle(PatchNetwork):
    """Answers like a network that was trained without end, for one image.

    The image must be `addresses(shape)`: its first voxel that is not zero tells the oracle which part it is shown.

    Args:
        points: (K, D) true positions in voxels of the whole image.
        liars: Cells further than this many voxels (along any axis) from the truth believe firmly in a wrong place.
    """

    def __init__(self, shape, points, stride=8, reach=38, liars=np.inf):
        nn.Module.__init__(self)  # no trunk, no heads
        self.weight = nn.Parameter(torch.zeros(1))
        self.shape, self.landmarks, self.dims, self.liars = shape, len(points), len(shape), liars
        self.points = torch.tensor(np.asarray(points), dtype=torch.float64)
        self.heads = heads_of(self.landmarks, self.dims)
        self.geometry = CellGeometry(stride, (stride - 1) / 2, reach, ((stride, stride, 0),), stride)
        self.looked_at, self.starts = [], []
        self.crop = None

    @property
    def cells(self):
        return self.geometry

    def forward(self, inputs):
        image = inputs["image"][0, 0].numpy()
        shown = np.argwhere(image)
        first = np.array(np.unravel_index(int(image[tuple(shown[0])]) - 1, self.shape))
        self.looked_at.append((tuple(first), tuple(shown[-1] - shown[0] + 1)))
        self.starts.append(first - shown[0])  # where the padded part begins, voxels of the whole image
        axes = [
            torch.arange(self.cells.cells(n)) * self.cells.stride + self.cells.first + float(f - s)
            for n, f, s in zip(image.shape, first, shown[0], strict=True)
        ]
        centres = torch.stack(torch.meshgrid(*axes, indexing="ij")).double()
        truth = self.points.reshape(self.landmarks, self.dims, *[1] * self.dims)
        displacement = (truth - centres) / self.cells.stride
        belief = 12 - displacement.square().sum(1) * 2
        lying = ((centres - truth).abs() > self.liars).any(1)
        belief = torch.where(lying, 30.0, belief)
        displacement = torch.where(lying[:, None], displacement + 5, displacement)
        return {"belief": belief[None].float(), "displacement": displacement[None].float()}

    def features(self, image, given=None):
        said = self.forward({"image": image})
        return torch.cat([said["belief"], said["displacement"].flatten(1, 2)], 1)

    def ask(self, head, features, landmarks, cells=None):
        flat, each = features.flatten(1), {"belief": 1, "displacement": self.dims}[head]
        mine = flat[: self.landmarks] if head == "belief" else flat[self.landmarks :]
        said = mine.reshape(self.landmarks, each, -1)[list(landmarks)]
        return said if cells is None else torch.gather(said, 2, cells[:, None].expand(-1, each, -1))


def addresses(shape):
    """An image of one channel whose voxels hold their own C-order number, from 1 on."""
    return np.arange(1, int(np.prod(shape)) + 1, dtype=np.float32).reshape(1, *shape)
