"""Vectors after training: what varies within identities is made to count as much in every direction."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from pipeline.data.store import LevelArray
from pipeline.geometry import ImageFrame
from pipeline.networks.network import build_network
from pipeline.sampling.batches import IDENTITY
from pipeline.tasks.ask import said_of_whole
from pipeline.tasks.embedding import EmbeddingTask
from pipeline.tasks.settings import EmbeddingSettings
from pipeline.training.levels import TrainingCase
from pipeline.training.within import SHRUNK, normalise_within, within


def case(number: int, person: int, pixels: np.ndarray) -> TrainingCase:
    level = LevelArray(ImageFrame(pixels.shape, np.eye(3), "px"), pixels[None].astype(np.float16))
    return TrainingCase(
        str(number), (level,), np.zeros((0, 2)), np.zeros(0, bool), values={IDENTITY: np.array([person], np.float32)}
    )


@pytest.fixture
def people() -> list[TrainingCase]:
    """Twelve people by four pictures, each with noise of its own."""
    rng = np.random.default_rng(0)
    patterns = [rng.normal(0, 1, (24, 24)) for _ in range(12)]
    return [case(n, n // 4, patterns[n // 4] + rng.normal(0, 0.5, (24, 24))) for n in range(48)]


@pytest.fixture
def network(people):
    torch.manual_seed(0)
    heads = EmbeddingTask(EmbeddingSettings(size=5)).heads(2, 0)
    built = build_network("fcn", 2, 1, heads, stride=4, width=8, growth=8, depth=1)
    images = torch.stack([torch.from_numpy(c.levels[0].voxels).float() for c in people])
    for _ in range(20):
        built({"image": images})
    return built.eval()


def vectors_of(network, people) -> np.ndarray:
    with torch.no_grad():
        return np.concatenate([said_of_whole(network, c.levels[0])["vector"].double().numpy() for c in people])


def test_no_direction_varies_more_within_people_than_another(network, people):
    who = np.array([c.values[IDENTITY][0] for c in people])
    before = np.linalg.eigvalsh(within(vectors_of(network, people), who))
    normalise_within(network, EmbeddingTask(), people, 0, iter(()))
    vectors = vectors_of(network, people)
    after = np.linalg.eigvalsh(within(vectors, who))
    expected = before / ((1 - SHRUNK) * before + SHRUNK * before.mean())
    assert before.max() / before.min() > 5
    assert np.allclose(np.sort(after), np.sort(expected), rtol=1e-3)
    assert np.abs(vectors.mean(0)).max() < 1e-3


def test_one_picture_of_each_person_changes_nothing(network, people):
    alone = [replace(c, values={IDENTITY: np.array([n], np.float32)}) for n, c in enumerate(people)]
    before = vectors_of(network, people)
    normalise_within(network, EmbeddingTask(), alone, 0, iter(()))
    assert np.array_equal(vectors_of(network, people), before)
