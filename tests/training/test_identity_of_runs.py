"""A run goes on with the data that it was begun with, also as earlier versions saw them."""

import unicodedata
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from pipeline.data.atomic import fingerprint, sha256_of, write_sealed
from pipeline.data.columns import Column
from pipeline.data.dataset import Box, Case, Dataset
from pipeline.errors import CheckpointError
from pipeline.training.identity import identity_of
from pipeline.training.settings import TrainingSettings

SETTINGS, KEYS = TrainingSettings(), {"c0": ("key",), "c1": ("key",)}


def apart(word):
    return unicodedata.normalize("NFD", word)


def of_words(words, spell=str):
    """A case a word, which is the class of a box, a class and a label."""
    cases = [
        Case(f"c{n}", f"c{n}", "c.png", {}, "train", {}, (Box(word, (0.0,), (1.0,)),), {"sex": word, "signs": (word,)})
        for n, word in enumerate(map(spell, words))
    ]
    return Dataset(
        "few", Path("few"), (), tuple(cases), "px", (), (), (Column("sex", "class"), Column("signs", "labels"))
    )


def begun(run, words):
    """As a level of an early version that learned from words with their accents apart; the fingerprint of then."""
    plain = asdict(of_words(words, apart)) | {"root": ""}
    identity = fingerprint([asdict(SETTINGS), plain, KEYS, "multi"])
    write_sealed(run / "resume" / "level0.json", {"settings": identity})
    return identity


def identity(run, words):
    return identity_of(run, SETTINGS, of_words(words), KEYS, "multi")[0]


def test_a_run_that_learned_from_words_with_their_accents_apart_goes_on(tmp_path):
    met = begun(tmp_path, ("mâle", "fémin"))
    assert identity(tmp_path, ("mâle", "fémin")) == met
    with pytest.raises(CheckpointError, match="was saved under other settings or data"):
        identity(tmp_path, ("mâle", "femme"))


def test_a_network_that_is_half_trained_does_not_where_its_words_have_other_numbers_now(tmp_path):
    met, model = begun(tmp_path, ("âgé", "bébé")), tmp_path / "model"
    with pytest.raises(CheckpointError, match="was saved under other settings or data"):
        identity(tmp_path, ("âgé", "bébé"))
    model.mkdir()
    (model / "level0.safetensors").write_bytes(b"weights")
    levels = [{"sha256": sha256_of(model / "level0.safetensors")}]
    write_sealed(model / "model.json", {"levels": levels, "training": {"identity": met}})
    assert identity(tmp_path, ("âgé", "bébé")) == met


def test_a_run_from_before_the_rate_was_held_goes_on_with_a_rate_that_is_not(tmp_path):
    of_then = replace(SETTINGS, hold=None)
    said = {name: value for name, value in asdict(of_then).items() if name != "hold"}
    data = of_words(("a", "b"))
    met = fingerprint([said, asdict(data) | {"root": ""}, KEYS, "multi"])
    write_sealed(tmp_path / "resume" / "level0.json", {"settings": met})
    assert identity_of(tmp_path, of_then, data, KEYS, "multi")[0] == met
    with pytest.raises(CheckpointError, match="was saved under other settings or data"):
        identity_of(tmp_path, SETTINGS, data, KEYS, "multi")
