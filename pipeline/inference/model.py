"""The model folder: `model.json` (data, never code) and one safetensors file a level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from pipeline import __version__
from pipeline.data.atomic import read_sealed, sha256_of, write_bytes, write_sealed
from pipeline.data.frames import written_frame
from pipeline.data.inputs import Inputs, inputs_of
from pipeline.data.intensity import Normalisation
from pipeline.data.store import Spacing
from pipeline.errors import CheckpointError, ConfigError, PatchvoteError
from pipeline.inference.coarseness import Coarseness
from pipeline.inference.radius import Radius
from pipeline.networks.folding import fold_norms
from pipeline.networks.network import PatchNetwork
from pipeline.tasks.built import network_for
from pipeline.tasks.table import name_of, task_class
from pipeline.tasks.task import Task


@dataclass(frozen=True)
class ModelLevel:
    """What predicting needs to know of one level; `crop` as of its network."""

    spacing: Spacing
    network: str
    parameters: dict[str, Any]
    search: float
    blend: float = 0.0
    crop: int | None = None


@dataclass(frozen=True)
class Calibration:
    """What the validation cases taught about belief and error.

    Args:
        threshold: A landmark is found if its belief is at least this.
        radius: How far an answer may be off; None where validation was too small to promise anything.
        cases: Validation cases behind both.
        subjects: Whom these show; None = not known.
        margins: Of numbers asked of a whole image, by name: standard deviations within which they lie with probability
            0.95; none where validation was too small.
        boxes: The threshold of boxes, where a model is asked about landmarks, too.
        coarsest: Of the scans that were learned from; of coarser ones no radius is promised. None = not known.
        largest: Longest side of these, mm; scans that are many times as large are odd. None = not known, or pictures.
        radius_inputs: What was known beside the image of every case behind the radius: without, none is promised.
        margin_inputs: The same of each margin.
        confused: Of vectors, pairs of cases of two identities that lie so near that the threshold recognises nobody.
    """

    threshold: float = 0.5
    radius: Radius | None = None
    cases: int = 0
    margins: Mapping[str, float] = field(default_factory=dict)
    boxes: float | None = None
    coarsest: Coarseness | None = None
    largest: float | None = None
    radius_inputs: tuple[str, ...] = ()
    margin_inputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    confused: tuple[tuple[str, str], ...] = ()
    subjects: int | None = None


@dataclass(frozen=True, eq=False)
class Model:
    """Everything that turns an image into answers; `inputs` is what is known beside the image, as it was fitted, and
    `stems` are what reads it; `sha256` of its model.json, of one that was loaded."""

    name: str
    dims: int
    unit: str
    normalisation: Normalisation
    task: Task
    levels: tuple[ModelLevel, ...]
    networks: tuple[PatchNetwork, ...]
    calibration: Calibration
    edges: tuple[tuple[str, str], ...] = ()
    inputs: Inputs = field(default_factory=Inputs)
    sha256: str | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Of what is answered: landmarks, classes, values."""
        return self.task.names


def save_model(model: Model, folder: Path, training: Mapping[str, Any]) -> None:
    """Write the folder; `model.json` comes last and holds the sha256 of the weights.

    Args:
        training: What made it, for the reader: data fingerprint, minutes, seed, threads.
    """
    from safetensors.torch import save

    sums = []
    for number, network in enumerate(model.networks):
        path = folder / f"level{number}.safetensors"
        write_bytes(path, save({k: v.contiguous().cpu() for k, v in network.state_dict().items()}))
        sums.append(sha256_of(path))
    content = {
        "version": 1,
        "patchvote": __version__,
        "name": model.name,
        "frame": written_frame(model.unit),
        "unit": model.unit,
        "dims": model.dims,
        "task": name_of(model.task),
        **model.task.content(),
        "edges": [list(edge) for edge in model.edges],
        "normalisation": asdict(model.normalisation),
        "levels": [asdict(level) | {"sha256": s} for level, s in zip(model.levels, sums, strict=True)],
        "calibration": asdict(model.calibration),
        "training": dict(training),
    }
    if model.inputs != Inputs():
        content["inputs"] = model.inputs.content()
    write_sealed(folder / "model.json", content)


def strangers(folder: Path, model: Model) -> list[str]:
    """Files in a model folder that are no part of the model: never opened, and listed so that somebody wonders."""
    own = {"model.json", *(f"level{number}.safetensors" for number in range(len(model.levels)))}
    files = (p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file())
    return sorted(name for name in files if name not in own)


def load_model(folder: Path, device: str = "cpu", learning: bool = False) -> Model:
    """Read a model folder; nothing in it is executed, other files in it are ignored.

    Args:
        learning: Whether its networks are to learn on; otherwise they are folded, which saves a fifth of their time.

    Raises:
        CheckpointError: A file is missing, damaged, or of another version.
    """
    path = Path(folder) / "model.json"
    try:
        content = read_sealed(path)
        if content["version"] != 1:
            raise CheckpointError(f"{path}: version {content['version']}; this program reads version 1")
        task = task_class(content.get("task", "landmarks")).of_content(content)  # no task: an early model of landmarks
        levels = [{k: v for k, v in level.items() if k != "sha256"} for level in content["levels"]]
        normalisation = Normalisation(**content["normalisation"])
        dims, channels = content["dims"], normalisation.channels
        inputs = inputs_of(content["inputs"]) if "inputs" in content else Inputs()
        built = [
            network_for(level["network"], dims, channels, task.heads(dims, number), inputs, level["parameters"])
            for number, level in enumerate(levels)
        ]
        for number, (network, level) in enumerate(zip(built, content["levels"], strict=True)):
            network.crop = level.get("crop")
            _load_weights(network, Path(folder) / f"level{number}.safetensors", level["sha256"])
        return Model(
            content["name"],
            content["dims"],
            content["unit"],
            normalisation,
            task,
            tuple(ModelLevel(**level) for level in levels),
            tuple(_ready(network, device, learning) for network in built),
            _calibration(content["calibration"]),
            tuple((str(one), str(other)) for one, other in content.get("edges", ())),
            inputs,
            sha256_of(path),
        )
    except CheckpointError:
        raise
    except (PatchvoteError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointError(
            f"{path}: not a model of this program: {error}. Give the folder `model` of a run."
        ) from error


def _ready(network: PatchNetwork, device: str, learning: bool) -> PatchNetwork:
    """On its device; on a CPU with channels last, where a dilated convolution in float32 takes a third of the time."""
    network.eval()
    if not learning:
        fold_norms(network.trunk)
    if device == "cpu":
        network.arrange("float32_channels_last")
    return network.to(device)


def _calibration(content: Mapping[str, Any]) -> Calibration:
    radius = content["radius"]
    lists = radius and {k: tuple(v) if isinstance(v, list) else v for k, v in radius.items()}
    made = Radius(**lists) if lists else None
    known, needed = content.get("coarsest"), content.get("margin_inputs", {})
    return Calibration(
        threshold=content["threshold"],
        radius=made,
        cases=content["cases"],
        margins=content.get("margins", {}),
        boxes=content.get("boxes"),
        coarsest=None if known is None else (known[0], known[1]),
        largest=content.get("largest"),
        radius_inputs=tuple(content.get("radius_inputs", ())),  # none: an early model promises whatever is missing
        margin_inputs={name: tuple(inputs) for name, inputs in needed.items()},
        confused=tuple((one, other) for one, other in content.get("confused", ())),
        subjects=content.get("subjects"),
    )


def _load_weights(network: PatchNetwork, path: Path, expected: str) -> None:
    from safetensors.torch import load

    try:
        content = path.read_bytes()
    except OSError as error:
        raise CheckpointError(f"{path}: {error.strerror}; the model folder is incomplete, copy it whole") from error
    if sha256_of(path) != expected:
        raise CheckpointError(
            f"{path}: bytes differ from what model.json says; the file is damaged or from another model"
        )
    try:
        network.load_state_dict(load(content))
    except (RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path}: weights do not fit the network that model.json names: {error}") from error


def pick_device(wanted: str) -> str:
    """ "auto" = the first GPU if there is one, else the CPU.

    Raises:
        ConfigError: A GPU is named that this machine, or the installed torch, has not got.
    """
    if wanted == "cpu" or (wanted == "auto" and not torch.cuda.is_available()):
        return "cpu"
    number, count = int(wanted.partition(":")[2] or 0), torch.cuda.device_count()
    if number >= count:
        seen = f"torch {torch.__version__} sees {'no GPU' if not count else f'cuda:0 to cuda:{count - 1}'} here"
        raise ConfigError(f"device={wanted}: {seen}. Give device=auto or device=cpu, or install a torch with CUDA.")
    return f"cuda:{number}"
