"""The list of pairs of Labeled Faces in the Wild (`pairs.txt`), in folds.

The first line has the number of folds, and of pairs of one person in each (and as many of two); then for each fold the
pairs of one person, `NAME I J`, and those of two, `NAME I OTHER J`; an image is `NAME_000I`, counted from 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.data.csv_rows import unreadable
from pipeline.data.dataset import Case, Dataset
from pipeline.data.landmark_names import spelled
from pipeline.data.own_output import is_linked
from pipeline.data.readers import case_name
from pipeline.data.written_numbers import whole_in
from pipeline.errors import DataError

FEWEST = 2  # folds: the threshold of one is chosen on the others
SHOWN = 60  # signs of a line in a message
PLACES = 4  # digits of an image's number


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
        DataError: Not readable, a line has another form, there are not as many of each kind as the first says, or there
            is one fold, without others to choose its threshold on; says which.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as text: {unreadable(error)}") from error
    # spelled, or one person would be two; numbered as an editor does, empty ones too
    lines = [(at, words) for at, line in enumerate(text.splitlines(), 1) if (words := spelled(line).split())]
    folds, each = _counts(lines[0][1] if lines else [], path)
    _check_count(path, folds, each, len(lines) - 1)
    pairs = []
    for number, (at, words) in enumerate(lines[1:]):
        try:
            pairs.append(_pair(words, number // (2 * each)))
        except (ValueError, IndexError) as error:
            raise DataError(
                f"{path}: line {at}: '{' '.join(words)}'; write NAME I J, two images of one person, or"
                " NAME I OTHER J, of two people."
            ) from error
    _check_mix(path, pairs, each)
    return pairs


def _counts(words: list[str], path: Path) -> tuple[int, int]:
    """Folds and pairs of one person in each, of the first line; one number alone is that of the pairs."""
    try:
        folds, each = map(whole_in, words if len(words) > 1 else ("1", *words))
    except ValueError as error:
        said = repr(" ".join(words)[:SHOWN])
        raise DataError(f"{path}: not a list of pairs: its first line is {said}; it says: FOLDS PAIRS.") from error
    return folds, each


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


def _check_mix(path: Path, pairs: Sequence[Pair], each: int) -> None:
    """A fold of one kind would be told rightly by any threshold that takes all for one person, or for two."""
    same = Counter(pair.fold for pair in pairs if pair.same)
    for fold in range(len(pairs) // (2 * each)):
        if same[fold] != each:
            raise DataError(
                f"{path}: fold {fold + 1} has {same[fold]} pairs of one person and {2 * each - same[fold]} of two; the"
                f" first line says {each} of each. Correct it."
            )


def _pair(words: list[str], fold: int) -> Pair:
    """Raises ValueError for other words, an image beside itself, and one person where two should be."""
    if len(words) == len(("name", "i", "j")):
        words = [*words[:2], words[0], words[2]]
    elif words[0] == words[2]:
        raise ValueError
    name, one, other, two = words
    pair = Pair((name, whole_in(one)), (other, whole_in(two)), fold)
    if pair.one == pair.other:
        raise ValueError
    return pair


def listed_ids(
    pairs: Sequence[Pair], data: Dataset, answered: Container[str], path: Path, dataset: Path
) -> dict[tuple[str, int], str]:
    """Ids of the images of a list, which calls them by their files; accents may be composed or apart in either.

    Args:
        answered: Ids of cases that were, or will be, answered.
        path: Of the list.
        dataset: Of `data`.

    Raises:
        DataError: The data go by codes, or an image is not in them, is not answered, or has another's name.
    """
    if is_linked(data.root):
        raise DataError(
            f"{path}: calls images by their files, and {dataset} by codes. Leave evaluate.pairs out, or import with"
            " data.pseudonyms=false into another run=FOLDER."
        )
    cases: dict[str, list[Case]] = {}
    for case in data.cases:
        cases.setdefault(spelled(case_name(data.image_path(case))), []).append(case)
    named = {image: f"{image[0]}_{image[1]:0{PLACES}d}" for pair in pairs for image in (pair.one, pair.other)}
    for name in named.values():
        if name not in cases:
            raise DataError(f"{path}: no image of {dataset} is called '{name}'. Correct the list, or add the image.")
        if len(cases[name]) > 1:
            raise DataError(_of_two(name, cases[name], path, dataset))
        if cases[name][0].id not in answered:
            raise DataError(_unanswered(name, cases[name][0], data, path, dataset))
    return {image: cases[name][0].id for image, name in named.items()}


def _of_two(name: str, cases: Sequence[Case], path: Path, dataset: Path) -> str:
    images = " or ".join(case.image for case in cases)
    return f"{path}: '{name}' may be {images} of {dataset}. Give images of the list names of their own."


def _unanswered(name: str, case: Case, data: Dataset, path: Path, dataset: Path) -> str:
    return (
        f"{path}: image '{name}', of part '{case.split}', is not among those that are answered. Give the people of the"
        " list to the part that is measured (split.csv), or leave evaluate.pairs out and measure the list by itself:\n"
        f"  patchvote predict model={dataset.parent}/model -i {data.root} -o ANSWERS\n"
        f"  patchvote evaluate predictions=ANSWERS/predictions.json dataset={dataset} pairs={path}"
    )
