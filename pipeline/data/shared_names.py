"""Names of landmarks, classes or words that answers and reference share: where they share none, none could be right."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence, Set

from pipeline.data.columns import NUMBERS, Column, Value, words_in
from pipeline.data.csv_rows import SHOWN, some
from pipeline.data.landmark_names import plain
from pipeline.data.value_predictions import ValueAnswer
from pipeline.errors import DataError


def require_shared(said: Set[str], known: Set[str], what: str, where: str, alone: bool = True) -> None:
    """Make sure that answers and reference have a name in common; those that only one of them has are told on stderr.

    Args:
        said: Names in the answers.
        known: Names in the reference. Where either has none, nothing is compared.
        what: They name, such as "class".
        where: Both files.
        alone: Nothing else is measured, and the answers list all names that they could have; else it is only told that
            none is in common.

    Raises:
        DataError: They have none in common.
    """
    if not said or not known:
        return
    mine, theirs = sorted(said - known), sorted(known - said)
    if not said & known:
        both = f"the answers have {some(mine)}, the reference has {some(theirs)}"
        if alone:
            raise DataError(f"{where}: no {what} in common: {both}. Call them alike in both.")
        print(f"{where}: no {what} in common, so none is right: {both}. Are they called alike?", file=sys.stderr)
        return
    if mine:
        print(f"{where}: no {what} of the reference, so never right: {some(mine)}", file=sys.stderr)
    if theirs:
        print(f"{where}: no {what} of the answers, so never found: {some(theirs)}", file=sys.stderr)


def unshared_landmarks(said: Set[str], known: Set[str], where: str) -> dict[str, list[str]]:
    """The landmarks that either only the answers or only the reference have; they are told on stderr, too.

    Args:
        said: Landmarks that the answers speak of in any case. Where they speak of none, nothing is compared.
        known: Those of the reference.
        where: Both files.

    Returns:
        The names under "answers" and under "reference"; empty where both have the same.

    Raises:
        DataError: They have none in common, or two names differ so little that they are one landmark's: it would
            count as missed, and its answers not at all.
    """
    mine, theirs = sorted(said - known), sorted(known - said)
    if not said or not (mine or theirs):
        return {}
    alike = [(one, other) for one in mine for other in theirs if plain(one) == plain(other)]
    if alike:
        listed = "".join(f"\n  the answers have '{one}', the reference has '{other}'" for one, other in alike[:SHOWN])
        more = f"\n  and {len(alike) - SHOWN} more" if len(alike) > SHOWN else ""
        raise DataError(
            f"{where}: landmarks that differ in capitals, blanks, dashes or underscores alone:{listed}{more}\n"
            "Rename them in one of the two: in the answers; or in the reference's landmark files, and import again."
        )
    if not said & known:
        both = f"the answers have {some(mine)}, the reference has {some(theirs)}"
        raise DataError(f"{where}: no landmark in common: {both}. Call them alike in both.")
    if mine:
        print(f"{where}: no landmark of the reference, so not measured: {some(mine)}", file=sys.stderr)
    if theirs:
        print(f"{where}: in no case of the answers, so all missed: landmark {some(theirs)}", file=sys.stderr)
    return {"answers": mine, "reference": theirs}


def require_shared_words(
    columns: Sequence[Column],
    answers: Iterable[Mapping[str, ValueAnswer]],
    known: Sequence[Mapping[str, Value]],
    where: str,
    alone: bool = True,
) -> None:
    """The same of the words of each column. Answers without beliefs do not list the words that they could have said, so
    that of them it is only told.

    Raises:
        DataError: Those of a column have none in common.
    """
    rows = list(answers)
    for name in (column.name for column in columns if column.kind not in NUMBERS):
        told = [row[name] for row in rows if name in row]
        mine = {word for answer in told for word in (*answer.beliefs, *words_in(answer.value))}
        theirs = {word for row in known if name in row for word in words_in(row[name])}
        listed = all(answer.beliefs for answer in told)
        require_shared(mine, theirs, f"word of column '{name}'", where, alone and listed)
