"""How many pictures a second a model answers, beside decoding them, and beside OpenCV's cascade where it is installed.

Run:  python scripts/bench_pictures.py runs/NAME/model FOLDER_OF_PICTURES [--most 200]

Everything in this process, after the first picture, on all cores: `decode` reads the pixels (Pillow), `answer` reads
them and asks the model, `predict` is the command with all its files, `cascade` reads a picture and looks for frontal
faces with the Haar cascade that comes with opencv-python-headless below 5 (pip install 'opencv-python-headless<5').
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROUNDS = 3


def rate(action: Callable[[Path], object], pictures: list[Path]) -> float:
    """Pictures a second: the median of three rounds."""
    action(pictures[0])
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for picture in pictures:
            action(picture)
        rounds.append(len(pictures) / (time.perf_counter() - start))
    return statistics.median(rounds)


def answer_with(model: Path) -> Callable[[Path], object]:
    import torch

    from pipeline.data.readers import read_image
    from pipeline.data.threads import cores
    from pipeline.inference.answering import answering
    from pipeline.inference.beside import Beside
    from pipeline.inference.model import load_model

    torch.set_num_threads(cores())
    asked = answering(load_model(model), ())
    return lambda path: asked.answer(read_image(path), Beside())


def predict_rate(model: Path, pictures: list[Path]) -> float:
    """Of the whole command, its start taken off by a run on one picture."""
    seconds = []
    for some in (pictures[:1], pictures):
        with tempfile.TemporaryDirectory() as out:
            command = [sys.executable, "-m", "pipeline", "predict", f"model={model}", "-i", *map(str, some), "-o", out]
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            seconds.append(time.perf_counter() - start)
    return (len(pictures) - 1) / (seconds[1] - seconds[0])


def cascade() -> Callable[[Path], object] | None:
    try:
        import cv2

        detector = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    except (ImportError, AttributeError):
        return None
    return lambda path: detector.detectMultiScale(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE))


def main() -> None:
    from pipeline.data.find_images import find_images
    from pipeline.data.readers import read_image

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--most", type=int, default=200)
    wanted = parser.parse_args()
    pictures = find_images(wanted.pictures)[: wanted.most]
    print(f"{len(pictures)} pictures of {wanted.pictures}; pictures a second:", flush=True)
    print(f"decode   {rate(read_image, pictures):8.0f}", flush=True)
    print(f"answer   {rate(answer_with(wanted.model), pictures):8.0f}", flush=True)
    print(f"predict  {predict_rate(wanted.model, pictures):8.0f}", flush=True)
    if (detector := cascade()) is not None:
        print(f"cascade  {rate(detector, pictures):8.0f}", flush=True)


if __name__ == "__main__":
    main()
