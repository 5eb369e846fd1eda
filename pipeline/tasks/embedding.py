"""The embedding task: a vector for an image, near to those of other images of the same identity and far from others.

Whose an image is, is the subject of its case; identities of training, validation and test are apart.
Letters: B batch, F features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from pipeline.data.store import LevelArray
from pipeline.losses.identity import contrastive, cosine_margin, triplet
from pipeline.metrics.verification import identification, pair_distances, squared_distances, verification
from pipeline.networks.heads import Head
from pipeline.networks.network import PatchNetwork
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.ask import said_of_both_sides, said_of_whole
from pipeline.tasks.asked import Asked
from pipeline.tasks.settings import EmbeddingSettings
from pipeline.tasks.truth import Truth

LOSSES = {"contrastive": contrastive, "triplet": triplet, "cosine_margin": cosine_margin}


@dataclass(frozen=True, eq=False)
class EmbeddingFound:
    """A vector of length 1, from one network or several."""

    vector: Float[np.ndarray, " F"]

    def beside(self, vector: Float[np.ndarray, " G"]) -> EmbeddingFound:
        """With the vector of a further network."""
        before = len(self.vector) // len(vector)
        return EmbeddingFound(np.concatenate([np.sqrt(before) * self.vector, vector]) / np.sqrt(before + 1))


@dataclass(frozen=True)
class EmbeddingTask:
    """How vectors are taught and made.

    Args:
        settings: Loss and size.
    """

    settings: EmbeddingSettings = field(default_factory=EmbeddingSettings)

    @classmethod
    def new(cls, asked: Asked, settings: Any) -> EmbeddingTask:
        return cls(settings.embedding)

    @classmethod
    def of_content(cls, content: Mapping[str, Any]) -> EmbeddingTask:
        return cls(EmbeddingSettings(**content["embedding"]))

    def content(self) -> dict[str, Any]:
        return {"embedding": asdict(self.settings)}

    @property
    def names(self) -> tuple[str, ...]:
        return ()

    def heads(self, dims: int, number: int) -> dict[str, Head]:
        """One vector an image."""
        return {"vector": Head(self.settings.size, whole=True, places=self.settings.places, centred=True)}

    def parts(self, number: int) -> dict[str, float]:
        """None: there is one loss."""
        return {}

    def at(self, patches: Sequence[float], stride: int, number: int) -> EmbeddingTask:
        """The task of one of several levels: all are taught alike."""
        return self

    def losses(
        self, network: PatchNetwork, image: Tensor, outputs: dict[str, Tensor], truth: Truth
    ) -> dict[str, Tensor]:
        """The loss that was chosen."""
        vectors = functional.normalize(outputs["vector"], dim=1)
        margin = {} if self.settings.margin is None else {"margin": self.settings.margin}
        loss = LOSSES[self.settings.loss](vectors, truth.values[IDENTITY][:, 0].long(), **margin)
        return {self.settings.loss: loss, "total": loss}

    @torch.no_grad()
    def locate(
        self,
        network: PatchNetwork,
        level: LevelArray,
        prior: EmbeddingFound | None = None,
        search: float = np.inf,
        blend: float = 0.0,
        least: float = 0.0,
    ) -> EmbeddingFound:
        """The vector of one image; of several levels theirs side by side, since what a number means differs from
        network to network: so distances are the mean of theirs."""
        ask = said_of_both_sides if self.settings.mirrored else said_of_whole
        said = functional.normalize(ask(network, level)["vector"], dim=1)
        said = functional.normalize(said.sum(0, keepdim=True), dim=1)
        vector = said[0].double().cpu().numpy()
        return EmbeddingFound(vector) if prior is None else prior.beside(vector)

    def measure(self, cases: Sequence[Any], found: Mapping[str, EmbeddingFound]) -> dict[str, float]:
        """Verification of all pairs, identification from one image a person; "error" weighs the equal error rate and
        what both are short of perfect, which moves where the rate does not any more."""
        vectors = np.stack([found[c.id].vector for c in cases])
        who = [str(int(c.values[IDENTITY][0])) for c in cases]
        numbers = verification(*pair_distances(squared_distances(vectors, vectors), who)) | identification(vectors, who)
        return {"error": (numbers["eer"] + 1 - numbers["auc"] + (1 - numbers["rank1"]) / 4) / 2, **numbers}
