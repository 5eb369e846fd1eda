"""Kill a run at random moments and start it again, many times: nothing may be lost, and the end must be the same bytes.

Run:  python scripts/chaos.py                 # 100 kills over import, check, preprocess, train, predict, evaluate
      python scripts/chaos.py -n 10 --seed 3

A run of a fixed number of steps on tiny phantoms is done once undisturbed. Then the same run is begun elsewhere,
killed with SIGKILL (the whole process group) after a random time, begun again, killed again, until it ends by itself;
and so on with a new folder until all kills are spent. Every finished run is compared with the undisturbed one, file
by file.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TABLES = ("dataset.json", "history.csv", "test/predictions.json", "test/errors.csv", "test/summary.json")
SETTINGS = ("experiment=my_landmarks", "training.minutes=null", "training.steps=60", "training.precision=float32",
            "threads=1", "levels=[4,2]", "device=cpu")  # fmt: skip


def start(source: Path, run: Path) -> subprocess.Popen[bytes]:
    words = ["run", *SETTINGS, f"source={source}", f"run={run}"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[bytes]) -> None:
    """Wait for the end; a run that fails by itself is what must never happen."""
    _, said = process.communicate()
    if process.returncode != 0:
        sys.exit(f"the run failed by itself, status {process.returncode}:\n{said.decode(errors='replace')[-3000:]}")


def killed(process: subprocess.Popen[bytes], after: float) -> bool:
    """Kill the whole group after so many seconds; False if it ended before."""
    try:
        process.wait(after)
        finish(process)
        return False
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True


def digests(run: Path) -> dict[str, str]:
    """Of everything that must be the same: weights, prepared arrays, answers and tables."""
    files = [run / name for name in TABLES]
    files += sorted(p for folder in ("model", "prepared", "test") for p in (run / folder).rglob("*") if p.is_file())
    changing = ("run_report.json", "model.json", "cases")  # times of day; names of folders
    kept = [p for p in dict.fromkeys(files) if not any(word in p.relative_to(run).parts for word in changing)]
    return {str(p.relative_to(run)): hashlib.sha256(p.read_bytes()).hexdigest() for p in kept}


def compare(expected: dict[str, str], run: Path) -> list[str]:
    """What is missing, different or too much; a stale temporary file counts as too much."""
    got = digests(run)
    odd = [f"{name}: missing" for name in sorted(expected.keys() - got.keys())]
    odd += [f"{name}: not in the undisturbed run" for name in sorted(got.keys() - expected.keys())]
    odd += [f"{name}: other bytes" for name in sorted(expected.keys() & got.keys()) if expected[name] != got[name]]
    return odd + [f"{p}: left behind" for p in run.rglob(".tmp-*")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=100, help="kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cases", type=int, default=12)
    parser.add_argument("--keep", type=Path, help="folder to work in, left as it is; default: a temporary one")
    wanted = parser.parse_args()
    work = wanted.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    source, draw = work / "phantoms", random.Random(wanted.seed)
    words = ["simulate", f"out={source}", f"cases={wanted.cases}", "kind=blobs", "fov_mm=48"]
    subprocess.run([sys.executable, "-m", "pipeline", *words], check=True, capture_output=True)
    began = time.monotonic()
    finish(start(source, work / "reference" / "run"))
    whole = time.monotonic() - began
    expected = digests(work / "reference" / "run")
    print(f"undisturbed: {whole:.0f} s, {len(expected)} files", flush=True)
    kills = rounds = wrong = 0
    while kills < wanted.n:
        rounds += 1
        run = work / f"round{rounds}" / "run"
        while killed(start(source, run), draw.uniform(0.2, whole) if kills < wanted.n else 1e6):
            kills += 1
        odd = compare(expected, run)
        wrong += len(odd)
        print(f"round {rounds}: {kills} kills, {'the same bytes' if not odd else odd[:5]}", flush=True)
        shutil.rmtree(run.parent)
    if not wanted.keep:
        shutil.rmtree(work)
    print(f"{kills} kills in {rounds} runs: {wrong} files lost or different", flush=True)
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
