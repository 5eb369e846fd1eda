"""The patches that believe most, of thousands. Letters: K landmarks, N patches, M of them."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor


def largest(rows: Float[Tensor, "K N"], most: int) -> Int[Tensor, "K M"]:
    """Where the `most` largest numbers of each row are, in no order.

    They lie in as many groups of columns, at most: those whose own largest numbers are the largest. So most columns are
    never partitioned, and the groups are spread over the row, where their largest numbers are found fastest.
    """
    size = int((rows.shape[1] / most) ** 0.5)
    if size < 2:
        return _partitioned(rows, most)
    groups = torch.nn.functional.pad(rows, (0, -rows.shape[1] % size), value=-torch.inf).unflatten(1, (size, -1))
    chosen = _partitioned(groups.amax(1), most)
    some = groups.gather(2, chosen[:, None].expand(-1, size, -1)).flatten(1)
    place = _partitioned(some, most)
    return chosen.gather(1, place % most) + groups.shape[2] * (place // most)


def _partitioned(rows: Float[Tensor, "K N"], most: int) -> Int[Tensor, "K M"]:
    return torch.from_numpy(np.argpartition(rows.numpy(), -most)[:, -most:])  # twice as fast as topk
