"""The same program on a GPU: what it learns there is asked there and on the CPU alike. Skipped where there is none."""

import json

import numpy as np
import pytest
import torch

from pipeline.cli.door import main

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch sees")
BRIEF = ("training.minutes=null", "training.steps=40", "device=cuda", "threads=2")


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """Folder of blobs and what was learned from them on the GPU."""
    folder = tmp_path_factory.mktemp("gpu")
    assert main(["simulate", f"out={folder}/scans", "cases=10", "kind=blobs", "fov_mm=48", "spacing_mm=2"]) == 0
    words = ("experiment=my_landmarks", f"source={folder}/scans", f"run={folder}/run", *BRIEF)
    assert main(["run", *words]) == 0
    return folder


def asked(folder, device, out):
    words = ("predict", f"model={folder}/run/model", "-i", f"{folder}/scans/images", "-o", str(out))
    assert main([*words, f"device={device}"]) == 0
    return json.loads((out / "predictions.json").read_text())["cases"]


def test_both_devices_answer_alike(learned, tmp_path):
    on_gpu, on_cpu = (asked(learned, device, tmp_path / device) for device in ("cuda", "cpu"))
    assert on_gpu.keys() == on_cpu.keys()
    for case, landmarks in on_gpu.items():
        for name, said in landmarks.items():
            other = on_cpu[case][name]
            assert said["belief"] == pytest.approx(other["belief"], abs=0.01), (case, name)
            where = [np.array(s.get("position") or s["guess"]) for s in (said, other)]
            assert np.linalg.norm(where[0] - where[1]) < 0.1, (case, name)


def test_the_model_says_that_a_gpu_made_it(learned):
    told = json.loads((learned / "run" / "model" / "model.json").read_text())["training"]
    assert told["device"] == "cuda:0"
