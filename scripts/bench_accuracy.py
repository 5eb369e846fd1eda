"""Ours against a MONAI U-Net with spatial-softmax cross-entropy: same minutes, same split, one table.

Run:  python scripts/bench_accuracy.py --phantoms phantoms              # every data set at 1, 5 and 10 minutes
      python scripts/bench_accuracy.py --sets skull --minutes 5         # one of them
      python scripts/bench_accuracy.py --sets skull --tune              # choose the peer's settings on validation

Real data are looked for in PATCHVOTE_DATA (default ../shared/data); phantoms come from `patchvote simulate cases=80`.
Each error is the mean over all landmarks that the test scans show, whether ours believed in its answer or not, since
the peer cannot say "not found". Work that is done is found again in --out.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import peer_unet
import torch
from peer_unet import PeerSettings

from pipeline.data.dataset import read_dataset
from pipeline.data.predictions import read_predictions
from pipeline.data.store import read_store
from pipeline.data.threads import cores
from pipeline.training.cases import training_cases

DATA = Path(os.environ.get("PATCHVOTE_DATA", "../shared/data"))


@dataclass(frozen=True)
class Contest:
    """A data set, our experiment for it, and the peer's settings: chosen, and to choose from."""

    experiment: str
    source: Path
    peer: PeerSettings
    spacings: tuple[float, ...]


SETS = {
    "skull": Contest("mouse_skull", DATA / "mouse_skull", PeerSettings(0.48, 24, 1e-2, hold=0.5), (0.64, 0.48, 0.32)),
    "spine": Contest("spine_l1l5", DATA / "spine_mri_L1L5", PeerSettings(4.0, hold=0.5), (5.0, 4.0, 3.0, 2.0)),
    "hippocampus": Contest(
        "hippocampus", DATA / "hippocampus_msd", PeerSettings(1.0, 16, 3e-3, 120, hold=0.5), (1.0, 1.5)
    ),
    "phantoms": Contest("cta_phantom", Path("phantoms"), PeerSettings(3.0, 16, 1e-2, hold=0.5), (4.0, 3.0, 2.0)),
}


def patchvote(*words: str) -> None:
    """Run one verb; its messages are shown only if it fails for good (a quarantined case is no failure)."""
    done = subprocess.run([sys.executable, "-m", "pipeline", *words], capture_output=True, text=True, check=False)
    if done.returncode > 1 or "Traceback" in done.stderr:  # Python's own exit status after a fault is 1, too
        sys.exit(f"patchvote {' '.join(words)}\n{done.stdout}{done.stderr}")


def ours(contest: Contest, minutes: float, out: Path) -> tuple[np.ndarray, float]:
    """(cases, K) errors on the test part, and the share of the present landmarks that were found."""
    patchvote("run", f"experiment={contest.experiment}", f"source={contest.source}", f"run={out}",
              f"training.minutes={minutes}")  # fmt: skip
    data, answers = read_dataset(out / "dataset.json"), read_predictions(out / "test" / "predictions.json")
    rows, found = [], []
    for case in data.part("test"):
        if case.id in answers.cases:
            said = [answers.cases[case.id][name] for name in data.landmarks]
            truth = data.points(case, len(said[0].position or said[0].guess or ())).world
            rows.append(np.linalg.norm(np.array([a.position or a.guess for a in said]) - truth, axis=1))
            found += [a.found for a, t in zip(said, truth, strict=True) if np.isfinite(t).all()]
    return np.stack(rows), float(np.mean(found))


def peer_cases(contest: Contest, spacing: float, out: Path) -> dict[str, list]:
    """The same split at one voxel size, prepared by our own stages."""
    common = (f"experiment={contest.experiment}", f"run={out}")
    patchvote("import", *common, f"source={contest.source}")
    patchvote("check", *common)
    patchvote("preprocess", *common, f"levels=[{spacing}]")
    data, store = read_dataset(out / "dataset.json"), read_store(out / "prepared")
    return {part: training_cases(data, store, part) for part in ("train", "validation", "test")}


def peer(contest: Contest, settings: PeerSettings, minutes: float, out: Path) -> np.ndarray:
    """(cases, K) errors of the U-Net on the test part."""
    words = (f"{minutes:g}", f"{settings.spacing:g}", settings.width, f"{settings.rate:g}", f"{settings.sightings:g}")
    done = out / f"peer_{'_'.join(map(str, words))}_{settings.optimizer}_{settings.hold}.json"
    if not done.exists():
        cases = peer_cases(contest, settings.spacing, out / f"peer_{settings.spacing:g}")
        trained = peer_unet.train(cases["train"], cases["validation"], settings, minutes, print)
        done.write_text(json.dumps(peer_unet.errors(trained[0], cases["test"], trained[1]).tolist()))
    return np.array(json.loads(done.read_text()))


def tune(contest: Contest, minutes: float, out: Path) -> None:
    """Voxel size first, then learning rate, width, range of the random changes, optimiser: what errs least on the
    validation cases. Test cases are not looked at."""
    best, least = contest.peer, np.inf
    trials = [
        [{"spacing": s} for s in contest.spacings],
        [{"rate": 1e-2}, {"rate": 3e-3}, {"rate": 3e-4}],
        [{"width": 24}, {"width": 32}],
        [{"sightings": 120.0}],
        [{"optimizer": "muon"}],
        [{"hold": 0.5}],
    ]
    for change in (c for group in trials for c in group):
        trial = replace(best, **change)
        cases = peer_cases(contest, trial.spacing, out / f"peer_{trial.spacing:g}")
        network, form = peer_unet.train(cases["train"], cases["validation"], trial, minutes, print)
        error = float(np.nanmean(peer_unet.errors(network, cases["validation"], form)))
        if error < least:
            best, least = trial, error
    print(f"{contest.experiment}: choose {best!r}, validation {least:.3f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    parser.add_argument("--minutes", nargs="+", type=float, default=[1.0, 5.0, 10.0])
    parser.add_argument("--phantoms", type=Path, default=Path("phantoms"))
    parser.add_argument("--out", type=Path, default=Path("runs/bench_accuracy"))
    parser.add_argument("--tune", action="store_true", help="choose the peer's settings, with the first of --minutes")
    wanted = parser.parse_args()
    torch.set_num_threads(cores())
    print("| data | minutes | ours | U-Net | ours / U-Net | ours found |\n|---|---|---|---|---|---|", flush=True)
    for name in wanted.sets:
        contest = SETS[name]
        if name == "phantoms":
            contest = replace(contest, source=wanted.phantoms)
        if wanted.tune:
            tune(contest, wanted.minutes[0], wanted.out / name)
            continue
        for minutes in wanted.minutes:
            mine, found = ours(contest, minutes, wanted.out / name / f"ours_{minutes:g}")
            a, b = np.nanmean(mine), np.nanmean(peer(contest, contest.peer, minutes, wanted.out / name))
            print(f"| {name} | {minutes:g} | {a:.3f} | {b:.3f} | {a / b:.2f} | {found:.1%} |", flush=True)


if __name__ == "__main__":
    main()
