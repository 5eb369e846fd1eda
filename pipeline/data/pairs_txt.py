"""The list of pairs of Labeled Faces in the Wild (`pairs.txt`), in folds.

The first line has the number of folds, and of pairs of one person in each (and as many of two); then for each fold the
pairs of one person, `NAME I J`, and those of two, `NAME I OTHER J`; an image is `NAME_000I`, counted from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DataError

FEWEST = 2  # folds: the threshold of one is chosen on the others


@dataclass(frozen=True)
class Pair:
    """Two images by person and number, in a fold; of one person or not."""

    one: tuple[str, int]
    other: tuple[str, int]
    fold: int

    @property
    def same(self) -> bool:
        return self.one[0] == self.other[0]


def read_pairs(path: Path) -> list[Pair]:
    """All pairs.

    Raises:
        DataError: Not readable, a line has another form, there are not as many as the first says, or there is one fold,
            without others to choose its threshold on; says which.
    """
    try:
        lines = [line.split() for line in Path(path).read_text(encoding="utf-8-sig").splitlines() if line.strip()]
        folds, each = map(int, lines[0] if len(lines[0]) > 1 else ("1", *lines[0]))
    except (OSError, UnicodeDecodeError, ValueError, IndexError) as error:
        raise DataError(f"{path}: not a list of pairs: {error!r}. Its first line says: FOLDS PAIRS.") from error
    _check_count(path, folds, each, len(lines) - 1)
    pairs = []
    for number, words in enumerate(lines[1:]):
        try:
            pairs.append(_pair(words, number // (2 * each)))
        except (ValueError, IndexError) as error:
            text = " ".join(words)
            raise DataError(f"{path}: line {number + 2}: '{text}'; write NAME I J or NAME I OTHER J.") from error
    return pairs


def _check_count(path: Path, folds: int, each: int, count: int) -> None:
    if folds < FEWEST:
        raise DataError(
            f"{path}: {folds} fold: a threshold that is chosen on the pairs it is measured on says nothing. Write"
            " several folds, and how many in the first line: FOLDS PAIRS."
        )
    if each < 1 or count != 2 * each * folds:
        raise DataError(
            f"{path}: the first line says {folds} folds of {each} pairs of one person and {each} of two,"
            f" {2 * each * folds} in all; {count} follow. Correct it."
        )


def _pair(words: list[str], fold: int) -> Pair:
    if len(words) == len(("name", "i", "j")):
        return Pair((words[0], int(words[1])), (words[0], int(words[2])), fold)
    name, one, other, two = words
    return Pair((name, int(one)), (other, int(two)), fold)
