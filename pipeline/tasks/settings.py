"""What can be chosen about the question itself: loss and decoding."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class LossSettings:
    """How truth becomes a loss.

    Args:
        name: "softmax": the patches and one "absent" entry compete; displacement counts near the landmark.
            "noothout2018": independent sigmoids, and every patch's displacement counts alike. "noothout2020": the
            same with the displacement's logarithm, and the belief weighted by the number of landmarks.
        sigma: Width of the belief's target in strides, 0.4 to 1 (softmax).
        beta: Where the displacement's loss turns from square to absolute, in strides (softmax).
        balance: Weight of a positive patch (papers).
        displacement: Weight of the displacement's loss beside the belief's.
        presence: Weight of the loss of a head that says whether the image shows any of the landmarks; 0 = no such head.
            For images that may show something else altogether: a face or none.
    """

    name: Literal["softmax", "noothout2018", "noothout2020"] = "softmax"
    sigma: float = 0.6
    beta: float = 0.1
    balance: float = 1.0
    displacement: float = 1.0
    presence: float = 0.0


@dataclass(frozen=True)
class DecodeSettings:
    """How votes become a position.

    Args:
        name: "weighted": votes weighted by belief (2020). "average": patches that believe vote alike (2018).
        share: A patch votes if it believes at least this share of what the most believing patch does.
        threshold: ... and at least this much (the papers' positive patches: 0.5).
        near: ... and if its vote lies within this many strides of one place, that for which most belief speaks: two
            places that look alike are not averaged. null = anywhere (the papers).
        agree: The belief of an answer is that of the patches whose votes lie within this many strides of it: where they
            lie around it, as about something that is not there, they do not know. null = of all patches (the papers).
        between: Patches between these vote, too. true: of 2^D grids, those half a stride further along the axes: a few
            per cent less error for so many times the work, which matters little where scans are small. A number: of so
            many grids at most, each half a stride further along all axes at once than the one before; the third says
            what the first said, but where an hourglass takes two patches for one, whose fifth does.
        shape: After the last level, answers are drawn towards the shape of the training cases, by as much as the
            validation cases show to help, and by a patch at most.
    """

    name: Literal["weighted", "average"] = "weighted"
    share: float = 0.1
    threshold: float = 0.0
    near: float | None = 2.0
    agree: float | None = 1.0
    between: bool | int = False
    shape: bool = True


@dataclass(frozen=True)
class BoxSettings:
    """How boxes are taught, and which are answered.

    Args:
        sigma: How far around its middle patches learn of a box, strides.
        place: Weight of the loss of middle and size beside the belief's.
        kind: Weight of the loss of the class.
        cells: Of several voxel sizes, each speaks of boxes up to so many of its patches long, and the next coarser one
            of larger ones.
        overlap: Of two boxes of a class that overlap by more (intersection over union) the less believed goes.
        least: Belief below which a box is not looked at.
        most: Patches that may speak of a class, the most believing ones.
    """

    sigma: float = 0.7
    place: float = 1.0
    kind: float = 0.5
    cells: float = 10.0
    overlap: float = 0.5
    least: float = 0.03
    most: int = 500


@dataclass(frozen=True)
class ObjectSettings:
    """How the one thing of an image is taught.

    Args:
        loss: "entropy_and_overlap": cross-entropy over background and classes, and the overlap of the boxes.
            "gated_squares": squared differences of [p, box, classes] where a thing is there, of p alone where none is.
    """

    loss: Literal["entropy_and_overlap", "gated_squares"] = "entropy_and_overlap"


@dataclass(frozen=True)
class AttributeSettings:
    """How values of an image as a whole are taught.

    Args:
        weights: Weight of a value's loss against the others, by name, and of "landmarks" where there are any; those
            that are not named have 1.
        places: Cells along each axis that an image's patches are gathered into, each with weights of its own: for
            images that show their thing always in the same place. 1 = a plain mean over all patches. null = four means,
            in each of which a patch has the share that it claims by what it sees; task=multi has no other.
        balance: fixed: these weights. uncertainty: each part by a precision that is learned. gradnorm: so that all
            parts pull alike at the features they share. Weights that are given multiply those that are found.
            history.csv tells the weights, and how the parts divide loss and gradient.
    """

    weights: dict[str, float] = field(default_factory=dict)
    places: int | None = None
    balance: Literal["fixed", "uncertainty", "gradnorm"] = "fixed"


@dataclass(frozen=True)
class EmbeddingSettings:
    """How vectors of identities are taught and made.

    Args:
        loss: "cosine_margin": each image must be nearer to the mean of its identity than to those of others in the
            batch, by a margin; "triplet": nearer to each image of its identity than to one of another (semi-hard);
            "contrastive": pairs, near or farther than the margin.
        margin: null = 0.2 of cosine_margin and triplet, 1 of contrastive.
        size: Numbers of a vector.
        together: Images of one identity in a batch.
        mirrored: A vector is the mean of those of the image and its mirror image. For faces; not where left and right
            tell two apart.
        places: Cells along each axis that an image's patches are gathered into, each with weights of its own: for
            images that show their thing always in the same place, as faces cut to size do. 1 = a mean over all patches.
        within: After training, numbers that vary among images of one identity are made to count less (within-class
            covariance normalisation, WCCN). For identities with several images each; two say too little.
        far: Share of pairs of two identities that may be taken for one, which chooses the threshold on validation.
    """

    loss: Literal["cosine_margin", "triplet", "contrastive"] = "cosine_margin"
    margin: float | None = None
    size: int = 128
    together: int = 4
    mirrored: bool = False
    places: int = 1
    within: bool = False
    far: float = 0.01
