"""Within-class covariance normalisation: numbers of a vector that vary among images of one identity count less.

Letters: N images, F numbers of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from pipeline.data.progress_bar import watched
from pipeline.networks.folding import fold
from pipeline.networks.network import PatchNetwork
from pipeline.sampling.batches import IDENTITY, Batch
from pipeline.tasks.ask import said_of_both_sides, said_of_whole
from pipeline.tasks.embedding import EmbeddingTask
from pipeline.training.levels import TrainingCase
from pipeline.training.loop import network_inputs

BATCHES = 8  # of changed images beside those as they are, which are learned by heart and vary little
SHRUNK = 0.1  # share of the covariance that is taken for the same in all directions


@torch.no_grad()
def normalise_within(
    network: PatchNetwork, task: EmbeddingTask, cases: Sequence[TrainingCase], number: int, stream: Iterator[Batch]
) -> None:
    """Multiply vectors by the inverse square root of their covariance within the identities of training (Hatch et al.
    2006, Interspeech), and take off what all images have in common.

    Args:
        network: Changed in place.
        task: How it is asked.
        cases: Of training.
        number: Of the level.
        stream: Batches that it was taught with.
    """
    network.eval()
    ask = said_of_both_sides if task.settings.mirrored else said_of_whole
    said = [ask(network, case.levels[number])["vector"].double().cpu().numpy() for case in watched(cases, "normalise")]
    vectors, who = np.concatenate(said), np.repeat([c.values[IDENTITY][0] for c in cases], [len(s) for s in said])
    covariance = within(vectors, who)
    for batch in islice(stream, BATCHES):
        changed = network(network_inputs(network, batch))["vector"].double().cpu().numpy()
        covariance += within(changed, batch.values[IDENTITY][:, 0]) / BATCHES
    values, axes = np.linalg.eigh(covariance)
    if values.mean() <= 0:
        return  # one image of each identity says nothing of what varies
    matrix = axes * ((1 - SHRUNK) * values.clip(0) + SHRUNK * values.mean()) ** -0.5
    device = next(network.parameters()).device
    shift, matrix = (torch.from_numpy(array).to(device) for array in (vectors.mean(0), matrix))
    head = network.get_submodule("vector")
    assert isinstance(head, nn.Sequential)
    fold(head, shift, matrix)


def within(vectors: Float[np.ndarray, "N F"], who: Float[np.ndarray, " N"]) -> Float[np.ndarray, "F F"]:
    """Mean outer product of what is left of each vector when the mean of its identity is taken off.

    Examples:
        >>> within(np.array([[0.0, 5.0], [2.0, 5.0], [7.0, 7.0]]), np.array([0.0, 0.0, 1.0])).tolist()
        [[0.6666666666666666, 0.0], [0.0, 0.0]]
    """
    _, person = np.unique(who, return_inverse=True)
    sums = np.zeros((person.max() + 1, vectors.shape[1]))
    np.add.at(sums, person, vectors)
    left = vectors - (sums / np.bincount(person)[:, None])[person]
    covariance: np.ndarray = left.T @ left / len(left)
    return covariance
