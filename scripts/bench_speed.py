"""How long a prediction takes beside reading the file; its cost in landmarks, voxels, scans.

Run:  python scripts/bench_speed.py runs/NAME/model RUN          # all parts; RUN = a run folder with prepared arrays
      python scripts/bench_speed.py runs/NAME/model RUN --parts read landmarks sizes scans header

`read`: a phantom of 512 x 512 x 400 voxels (.nii.gz, noisy), predicted after imports, against nibabel reading the
same file in the same process, median of 5; peak memory of a process of its own. `landmarks`: the same with 6 to 600
random heads, which believe in no place, or send the finer levels to random ones. `sizes`: the same for smaller and
larger scans. `scans`: predict of 1 to 64 and preprocess of 2 to 24 scans, and two processes against one. `header`: the
pre-flight beside reading the file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from pathlib import Path

SHAPE = (512, 512, 400)
SIZES = ((128, 128, 100), (256, 256, 200), (512, 512, 200), SHAPE, (512, 512, 800))
SCANS = {"upright": 2002, "oblique": 2001}  # seeds of the phantoms


def big_scan(folder: Path, seed: int, shape: tuple[int, ...] = SHAPE) -> Path:
    """A phantom of 200 mm stretched to `shape`, with noise of 15 HU on top; written once."""
    import numpy as np
    from scipy.ndimage import zoom

    from pipeline.data.image import Image
    from pipeline.data.write_nifti import write_nifti
    from pipeline.geometry import ImageFrame
    from pipeline.phantoms.cta import simulate_cta
    from pipeline.phantoms.phantom import PhantomSize

    path = folder / "big" / f"{seed}_{'x'.join(map(str, shape))}.nii.gz"
    if not path.exists():
        phantom = simulate_cta(seed, PhantomSize(200.0, 1.0))
        factors = np.array(shape) / phantom.voxels.shape
        voxels = zoom(phantom.voxels.astype(np.float32), factors, order=1, grid_mode=True, mode="nearest")
        voxels += np.random.default_rng(0).normal(0, 15, shape).astype(np.float32)
        affine = phantom.frame.affine @ np.diag([*(1 / factors), 1])
        affine[:3, 3] = phantom.frame.voxel_to_world((1 / factors - 1)[None] / 2)[0]
        write_nifti(Image(ImageFrame(shape, affine), voxels.round().astype(np.int16)), path)
    return path


def timed(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def peak() -> float:
    """Most memory that this process has held, MB. (`getrusage` would count what its parent held.)"""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


def predict_fresh(model: Path, scan: Path, out: Path) -> None:
    """Predict without finding an earlier answer."""
    from pipeline.stages.predict import predict

    shutil.rmtree(out, ignore_errors=True)
    if predict(model, out, [scan]).failures:
        sys.exit(f"{scan} could not be predicted")


def read_part(model: Path, scan: Path, out: Path) -> dict[str, float]:
    """Runs in a process of its own: reading and predicting take turns, five times each."""
    import nibabel
    import numpy as np

    predict_fresh(model, scan, out)  # what is imported or warmed up once
    reads, predictions = [], []
    for _ in range(5):
        reads.append(timed(lambda: np.asarray(nibabel.load(scan).dataobj)))
        predictions.append(timed(lambda: predict_fresh(model, scan, out)))
    read, predict = statistics.median(reads), statistics.median(predictions)
    return {"read_s": read, "predict_s": predict, "ratio": predict / read}


def memory_part(model: Path, scan: Path, out: Path) -> dict[str, float]:
    """Runs in a process of its own: the peak of one prediction, with and without what the imports take."""
    import nibabel
    import torch

    from pipeline.inference.model import load_model

    load_model(model)
    torch.nn.functional.conv3d(torch.zeros(1, 1, 8, 8, 8), torch.zeros(1, 1, 3, 3, 3))
    before = peak()
    predict_fresh(model, scan, out)
    array = nibabel.load(scan).header.get_data_shape()
    size = 2 * array[0] * array[1] * array[2] / 2**20
    return {"array_MB": size, "peak_MB": peak(), "imports_MB": before, "x_array": peak() / size,
            "x_array_without_imports": (peak() - before) / size}  # fmt: skip


def with_heads(model: Path, count: int, believed: bool, out: Path) -> Path:
    """A copy of the model with `count` landmarks and random heads: either no place is believed in, or every landmark is
    looked for more finely, at a random place of the scan."""
    import numpy as np
    import torch

    from pipeline.inference.model import Calibration, load_model, save_model
    from pipeline.networks.network import build_network
    from pipeline.tasks.constellation import fit_constellation

    loaded = load_model(model, learning=True)
    torch.manual_seed(0)
    built = []
    names = tuple(f"p{k:03d}" for k in range(count))
    task = replace(loaded.task, names=names, veto=1e30 if believed else 1.0)
    for level, old in zip(loaded.levels, loaded.networks, strict=True):
        new = build_network(level.network, loaded.dims, 1, task.heads(loaded.dims, 1), **level.parameters)
        new.trunk.load_state_dict(old.trunk.state_dict())
        built.append(new)
    places = np.random.default_rng(0).normal(0, 20, (20, count, loaded.dims))
    task = replace(task, constellation=fit_constellation(places, 1.0))
    bare = replace(loaded, networks=tuple(built), task=task, calibration=Calibration())
    shutil.rmtree(out, ignore_errors=True)
    save_model(bare, out, {})
    return out


def header_part(scan: Path, out: Path) -> None:
    """The pre-flight, which is all that `read_frame` does, against reading the voxels, for each kind of file."""
    import SimpleITK

    from pipeline.data.readers import read_frame, read_image

    image = SimpleITK.ReadImage(str(scan))
    for suffix in (".nii", ".nii.gz", ".nrrd", ".mha"):
        path = out / f"header{suffix}"
        if not path.exists():
            SimpleITK.WriteImage(image, str(path), useCompression=suffix == ".nii.gz")
        header = statistics.median(timed(lambda p=path: read_frame(p)) for _ in range(5))
        whole = statistics.median(timed(lambda p=path: read_image(p)) for _ in range(5))
        print(f"{suffix} pre-flight {1000 * header:.1f} ms of {1000 * whole:.0f} ms: {header / whole:.2%}", flush=True)


def alone(part: str, *words: object) -> dict[str, float]:
    """Run one part in a fresh process."""
    command = [sys.executable, __file__, "--alone", part, *map(str, words)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])


def time_and_memory(name: str, model: Path, scan: Path, out: Path) -> None:
    for part in ("read", "memory"):
        print(name, alone(part, model, scan, out / "answers"), flush=True)


def scans_part(model: Path, run: Path, out: Path) -> None:
    """Cost against the number of scans; phantoms of the run's own images."""
    from pipeline.data.dataset import read_dataset, write_dataset
    from pipeline.data.store import read_store
    from pipeline.stages.preprocess import preprocess

    data = read_dataset(run / "dataset.json")
    images = [data.image_path(case) for case in data.cases[:64]]

    def predictions(count: int, processes: int) -> float:
        groups = [images[:count][i::processes] for i in range(processes)]

        def start(i: int, group: list[Path]) -> subprocess.Popen:
            shutil.rmtree(out / f"p{i}", ignore_errors=True)
            inputs = [w for path in group for w in ("-i", str(path))]
            return subprocess.Popen([sys.executable, "-m", "pipeline", "predict", f"model={model}", *inputs, "-o",
                                     str(out / f"p{i}"), "threads=1"], stderr=subprocess.DEVNULL,
                                    stdout=subprocess.DEVNULL)  # fmt: skip

        def both() -> None:
            for process in [start(i, g) for i, g in enumerate(groups)]:
                process.wait()

        return timed(both)

    for count in (1, 2, 4, 8, 24, 64):
        print(f"predict {count} scans, one process: {predictions(count, 1):.1f} s", flush=True)
    print(f"predict 64 scans, two processes: {predictions(64, 2):.1f} s", flush=True)
    levels = [s if s else "original" for s in read_store(run / "prepared").spacings]
    for workers, count in ((1, 2), (1, 4), (1, 8), (1, 24), (2, 24)):
        folder = out / "preprocess"
        shutil.rmtree(folder, ignore_errors=True)
        write_dataset(data.with_cases(data.cases[:count]), folder / "dataset.json")
        start = time.perf_counter()
        preprocess(folder / "dataset.json", run / "findings.json", folder / "prepared", levels, workers=workers)
        print(f"preprocess {count} scans, {workers} processes: {time.perf_counter() - start:.1f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("run", type=Path)
    parser.add_argument("--parts", nargs="+", default=["read", "landmarks", "sizes", "scans", "header"])
    parser.add_argument("--out", type=Path, default=Path("runs/bench_speed"))
    wanted = parser.parse_args()
    if "read" in wanted.parts:
        for name, seed in SCANS.items():
            time_and_memory(name, wanted.model, big_scan(wanted.out, seed), wanted.out)
    if "landmarks" in wanted.parts:
        scan = big_scan(wanted.out, SCANS["upright"])
        for believed, count in product((False, True), (6, 60, 600)):
            model = with_heads(wanted.model, count, believed, wanted.out / "heads")
            how = "looked for at random places" if believed else "not believed in"
            time_and_memory(f"{count} landmarks {how}", model, scan, wanted.out)
    if "sizes" in wanted.parts:
        for shape in SIZES:
            time_and_memory(f"{shape} voxels", wanted.model, big_scan(wanted.out, SCANS["upright"], shape), wanted.out)
    if "scans" in wanted.parts:
        scans_part(wanted.model, wanted.run, wanted.out)
    if "header" in wanted.parts:
        header_part(big_scan(wanted.out, SCANS["upright"]), wanted.out)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        part, *paths = sys.argv[2:]
        print(json.dumps({"read": read_part, "memory": memory_part}[part](*map(Path, paths))))
    else:
        main()
