"""Where the time of a training step goes, at each level: convolutions, everything else, and waiting for data.

As the run was trained: its settings, and the number format and threads that its probes chose. The profiler itself
takes a while at each of the hundreds of pieces of a step, so a step is timed without it, too, and the time of the
convolutions, which are few, is held against both.

Run:  GOMP_SPINCOUNT=4000 python scripts/bench_step.py RUN     # a run folder with a model and prepared arrays;
      # threads wait as they do in `patchvote train`
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from pipeline.cli.record import read_record
from pipeline.cli.validate import validate
from pipeline.data.atomic import read_sealed
from pipeline.data.dataset import read_dataset
from pipeline.data.store import read_store
from pipeline.inference.model import load_model
from pipeline.training.allocator import keep_freed_memory
from pipeline.training.budget import Budget
from pipeline.training.cases import training_cases
from pipeline.training.levels import batch_stream
from pipeline.training.loop import start_level, train_step


def profile_steps(run: Path, steps: int) -> None:
    """Print a line a level, measured over so many steps."""
    settings, loaded = validate(read_record(run)).training, load_model(run / "model", learning=True)
    made = read_sealed(run / "model" / "model.json")["training"]
    precision, threads = made["precision"], made["threads"]
    keep_freed_memory()
    cases = training_cases(read_dataset(run / "dataset.json"), read_store(run / "prepared"), "train")
    for number, network in enumerate(loaded.networks):
        state = start_level(network, Budget(None, 10**6), settings, {})
        state.precision = precision[number]
        torch.set_num_threads(threads[number])
        stream = batch_stream(cases, number, settings.level(number), network.cells.stride, settings, 0)
        for _ in range(5):
            train_step(state, loaded.task, next(stream), settings)
        start = time.perf_counter()
        for _ in range(steps):
            train_step(state, loaded.task, next(stream), settings)
        alone, waited = time.perf_counter() - start, 0.0
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
            start = time.perf_counter()
            for _ in range(steps):
                before = time.perf_counter()
                batch = next(stream)
                waited += time.perf_counter() - before
                train_step(state, loaded.task, batch, settings)
            total = time.perf_counter() - start  # without the profiler's closing, which takes as long as many steps
        own = {event.key: event.self_cpu_time_total / 1e6 for event in profile.key_averages()}
        convolved = sum(t for key, t in own.items() if "conv" in key)
        busiest = ", ".join(f"{k} {t / total:.0%}" for k, t in sorted(own.items(), key=lambda i: -i[1])[:8])
        print(
            f"level {number} ({precision[number]}, {threads[number]} threads): {1000 * alone / steps:.0f} ms a step,"
            f" convolutions {convolved / alone:.0%}; profiled {1000 * total / steps:.0f} ms, convolutions"
            f" {convolved / total:.0%}, waiting for data {waited / total:.1%}; busiest: {busiest}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--steps", type=int, default=60)
    wanted = parser.parse_args()
    profile_steps(wanted.run, wanted.steps)


if __name__ == "__main__":
    main()
