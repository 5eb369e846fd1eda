"""People who were never photographed: the upper part of one person's images above the lower part of another's.

Letters: B batch, I channels, C voxels of the crop.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

SEAM = (0.35, 0.65)  # of the first axis, from its start, which is the top of a picture
SOFT = 0.03  # of the axis, over which one becomes the other


def composed(
    rng: np.random.Generator, image: Float[np.ndarray, "B I *C"], who: Float[np.ndarray, " B"], share: float
) -> tuple[Float[np.ndarray, "B I *C"], Float[np.ndarray, " B"]]:
    """Identities of a batch put together from two, for a share of those there are.

    A few dozen people are learned by heart. Of each two, all images of the one get what lies above or below a seam from
    images of the other, and are of somebody who is neither: whoever looks at half of a face takes them for one of both.

    Args:
        rng: Chooses who, with whom, and where the seam lies.
        image: All showing their thing in the same place, as faces cut to size do.
        who: Identities, 0 and above.

    Returns:
        Images, and identities; those put together are below 0.
    """
    people = np.unique(who)
    made, identity = image.copy(), who.copy()
    along = np.linspace(0, 1, image.shape[2]).reshape(-1, *[1] * (image.ndim - 3))
    for one, other in zip(people, rng.permutation(people), strict=True):
        if one == other or rng.random() >= share:
            continue
        rows, others = np.flatnonzero(who == one), np.flatnonzero(who == other)
        kept = 1 / (1 + np.exp((along - rng.uniform(*SEAM)) * rng.choice([-1.0, 1.0]) / SOFT))
        kept = kept.astype(image.dtype)
        made[rows] = kept * image[rows] + (1 - kept) * image[rng.choice(others, len(rows))]
        identity[rows] = -1 - one
    return made, identity
