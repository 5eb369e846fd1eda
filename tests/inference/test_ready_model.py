"""A model that is asked keeps to its share of the threads, whichever verb asks it."""

import numpy as np
import PIL.Image
import pytest
import torch

from pipeline.cli.door import main
from pipeline.data.dataset import Dataset, write_dataset
from pipeline.data.template import Template, write_template
from pipeline.data.threads import limit_threads, threads
from pipeline.errors import CheckpointError
from pipeline.inference import ready_model


@pytest.fixture(autouse=True)
def two_threads():
    before = torch.get_num_threads(), threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before[0])
    limit_threads(before[1])


@pytest.mark.parametrize("given", [["threads=1"], []])
@pytest.mark.parametrize(
    "words",
    [
        "predict model={0} -i {0}/a.png -o {0}/out",
        "enroll model={0} gallery={0}/people -i {0}/a.png name=ann",
        "identify model={0} gallery={0}/people -i {0}/a.png",
        "verify model={0} gallery={0}/people -i {0}/a.png name=ann",
        "align model={0} -i {0}/a.png -o {0}/out align.template={0}/t.json",
        "check run={0} check.same_patient={0}",
    ],
)
def test_a_model_is_asked_on_no_more_threads_than_are_given_or_left(words, given, tmp_path, monkeypatch, capsys):
    def load(*_):
        raise CheckpointError(f"torch on {torch.get_num_threads()}, the rest on {threads()}")

    monkeypatch.setattr(ready_model, "load_model", load)
    monkeypatch.setattr(
        "pipeline.stages.check_identity.require_comparable", lambda *_: None
    )  # which asks nothing of it
    monkeypatch.setattr(ready_model, "cores", lambda: 2 if given else 1)  # that a container leaves
    PIL.Image.new("L", (8, 8)).save(tmp_path / "a.png")
    write_template(Template(("eye", "nose"), np.eye(2), 1.0, 1.0, "px"), tmp_path / "t.json")
    write_dataset(Dataset("none", tmp_path, (), (), "px"), tmp_path / "dataset.json")
    assert main([*words.format(tmp_path).split(), *given]) == 1
    assert "torch on 1, the rest on 1" in capsys.readouterr().err
