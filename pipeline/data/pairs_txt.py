"""The list of pairs of Labeled Faces in the Wild (`pairs.txt`), in folds.

The first line has the number of folds, if there are several, and of pairs of one person in each (and as many of two);
then for each fold the pairs of one person, `NAME I J`, and those of two, `NAME I OTHER J`; an image is `NAME_000I`,
counted from 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import DataError


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
        DataError: Not readable, or a line has another form; says which.
    """
    try:
        lines = [line.split() for line in Path(path).read_text(encoding="utf-8").splitlines() if line.strip()]
        *folds_if_several, each = map(int, lines[0])
        folds = folds_if_several[0] if folds_if_several else 1
    except (OSError, UnicodeDecodeError, ValueError, IndexError) as error:
        raise DataError(f"{path}: not a list of pairs: {error!r}. Its first line says: FOLDS PAIRS.") from error
    pairs = []
    for number, words in enumerate(lines[1:]):
        try:
            pairs.append(_pair(words, min(number // max(1, 2 * each), folds - 1)))
        except (ValueError, IndexError) as error:
            text = " ".join(words)
            raise DataError(f"{path}: line {number + 2}: '{text}'; write NAME I J or NAME I OTHER J.") from error
    return pairs


def _pair(words: list[str], fold: int) -> Pair:
    if len(words) == len(("name", "i", "j")):
        return Pair((words[0], int(words[1])), (words[0], int(words[2])), fold)
    name, one, other, two = words
    return Pair((name, int(one)), (other, int(two)), fold)
