"""Tiny scans and a model that was trained on them: made once, only read by the tests."""

import shutil

import pytest
from tiny_scans import make_scans, tiny_settings


@pytest.fixture(scope="session")
def scans(tmp_path_factory):
    return make_scans(tmp_path_factory.mktemp("scans"))


@pytest.fixture(scope="session")
def prepared(scans):
    from pipeline.stages.preprocess import preprocess

    out = scans.folder / "prepared"
    preprocess(scans.dataset, scans.findings, out, (2.0, 1.0), workers=1)
    return out


@pytest.fixture(scope="session")
def trained(scans, prepared, tmp_path_factory):
    """The model folder of a run that learned for a few seconds."""
    from pipeline.stages.train import train

    run = tmp_path_factory.mktemp("runs") / "tiny"
    return train(scans.dataset, prepared, run, tiny_settings(steps=320), "cpu")


@pytest.fixture
def untrained(run, tmp_path):
    """A copy of the run of a file of tests, as it was before anything was learned."""
    return shutil.copytree(run, tmp_path / "r", ignore=shutil.ignore_patterns("model", "resume"))
