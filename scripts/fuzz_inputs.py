"""Damage small files at random and read them: nothing may crash, hang, or come out different without a word.

Run:  python scripts/fuzz_inputs.py -n 10000
      python scripts/fuzz_inputs.py -n 500 --kinds nii dicom --seed 3

Each trial changes one to four bytes (or a bit, or cuts, doubles or swaps a piece) of one file and reads it as `check`
does, in a process of its own with five seconds of time. What comes out is one of
  refused  an error that names the file
  same     the same voxels, frame or points (frames to 0.01 mm at the corners)
  said     something else, with a note or a finding about it
  stated   something else that the file now plainly states, in a field that nothing else in the file repeats (the
           coordinate of a landmark, the origin of an NRRD file): no reader can know. Listed by field.
and must not be
  silent   something else, though the file holds the truth as well
  crash    another exception, or a dead process; hang: more than five seconds
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from fuzz_files import KINDS

from pipeline.data.pool import LostJob, run_each
from pipeline.data.readers import read_image
from pipeline.errors import DataError, GeometryError

SECONDS = 5.0
BAD = ("silent", "crash", "hang")


def damage(content: bytes, low: int, high: int, draw: random.Random) -> tuple[bytes, tuple[int, ...]]:
    """The changed bytes and where they are; `low` to `high` is what may be changed."""
    at = draw.randrange(low, high)
    kind = draw.choice(("bytes", "bytes", "bit", "digit", "cut", "double", "swap", "zero"))
    if kind == "cut":
        return content[:at], (at,)
    piece = content[at : min(at + draw.randint(1, 4), high)]
    if kind == "bit":
        piece = bytes([piece[0] ^ (1 << draw.randrange(8))])
    elif kind == "digit":
        piece = draw.choice(b"0123456789-.eE").to_bytes(1, "big")
    elif kind == "zero":
        piece = bytes(len(piece))
    elif kind == "double":
        return content[:at] + piece + content[at:], (at,)
    elif kind == "swap":
        other = draw.randrange(low, high)
        changed = bytearray(content)
        changed[at], changed[other] = changed[other], changed[at]
        return bytes(changed), (at, other)
    else:
        piece = draw.randbytes(len(piece))
    return content[:at] + piece + content[at + len(piece) :], (at,)


def trial(kind: str, seed: int, work: str) -> tuple[str, str]:
    """What became of one damaged file, and the field that was hit."""
    draw = random.Random(f"{kind}:{seed}")
    folder = Path(tempfile.mkdtemp(dir=work))
    made = KINDS[kind](folder)
    truth = look(made.path, made.read)
    content = made.damaged.read_bytes()
    low, high = made.part or (0, len(content))
    changed, at = damage(content, low, high, draw)
    made.damaged.write_bytes(changed)
    fields = [made.field_at(content, place) for place in at]
    field = next((f for f in fields if made.alone(f)), fields[0])
    try:
        found = look(made.path, made.read)
    except (DataError, GeometryError) as error:
        named = made.damaged.name in str(error) or made.path.name in str(error)
        return ("refused" if named else "silent", field)
    except Exception as error:
        return "crash", f"{field}: {error!r}"[:200]
    if same(truth, found):
        return "same", field
    if found["notes"] != truth["notes"]:
        return "said", field
    return ("stated" if made.alone(field) else "silent"), field


def look(path: Path, read: Callable[[Path], dict[str, Any]] | None) -> dict[str, Any]:
    """Voxels, corners and notes of a scan, with what `check` would say; or the points of a landmark file."""
    if read is not None:
        return read(path)
    from pipeline.data.scan_facts import inspect_scan
    from pipeline.data.set_rules import scan_findings

    image = read_image(path)
    facts = inspect_scan(str(path))
    ends = np.meshgrid(*[(0, n - 1) for n in image.frame.shape], indexing="ij")
    corners = np.array(ends).reshape(image.frame.dims, -1)
    notes = [*image.notes, *(f.message for f in scan_findings("scan", facts))]
    return {"voxels": image.voxels, "world": image.frame.voxel_to_world(corners.T), "notes": notes}


def same(a: dict[str, Any], b: dict[str, Any]) -> bool:
    if "points" in a:
        return bool(a["points"] == b["points"])
    alike = a["voxels"].shape == b["voxels"].shape and a["world"].shape == b["world"].shape
    return alike and np.array_equal(a["voxels"], b["voxels"]) and np.allclose(a["world"], b["world"], rtol=0, atol=1e-2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=10000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    parser.add_argument("--workers", type=int, default=2)
    wanted = parser.parse_args()
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in wanted.kinds}
    stated, bad = Counter[str](), []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as work:
        names = (wanted.kinds[i % len(wanted.kinds)] for i in range(wanted.n))
        jobs = {f"{kind} {wanted.seed + i}": (kind, wanted.seed + i, work) for i, kind in enumerate(names)}
        for name, result in run_each(trial, jobs, wanted.workers, SECONDS):
            kind = name.split()[0]
            if isinstance(result, LostJob):
                result = ("hang" if "no result" in str(result) else "crash", str(result))
            elif isinstance(result, Exception):
                result = ("crash", repr(result))
            counts[kind][result[0]] += 1
            if result[0] in BAD:
                bad.append(f"{name}: {result[0]}: {result[1]}")
            if result[0] == "stated":
                stated[f"{kind} {result[1]}"] += 1
    columns = ("refused", "same", "said", "stated", *BAD)
    print(f"| kind | {' | '.join(columns)} |\n|---|{'---|' * len(columns)}")
    for kind, count in counts.items():
        print(f"| {kind} | {' | '.join(str(count[c]) for c in columns)} |")
    print("stated:", ", ".join(f"{name} {n}" for name, n in stated.most_common()))
    print("\n".join(bad[:40]))
    print(f"{wanted.n} damaged files: {len(bad)} crashed, hung or came out different without a word")
    sys.exit(len(bad) > 0)


if __name__ == "__main__":
    main()
