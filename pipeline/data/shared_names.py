"""Names of classes or words that answers and reference share: where they share none, nothing could be right."""

from __future__ import annotations

import sys
from collections.abc import Set

from pipeline.data.csv_rows import some
from pipeline.errors import DataError


def require_shared(said: Set[str], known: Set[str], what: str, where: str) -> None:
    """Make sure that answers and reference have a name in common; those that only one of them has are told on stderr.

    Args:
        said: Names in the answers.
        known: Names in the reference. Where either has none, nothing is compared.
        what: They name, such as "class".
        where: Both files.

    Raises:
        DataError: They have none in common.
    """
    if not said or not known:
        return
    mine, theirs = sorted(said - known), sorted(known - said)
    if not said & known:
        both = f"the answers have {some(mine)}, the reference has {some(theirs)}"
        raise DataError(f"{where}: no {what} in common: {both}. Call them alike in both.")
    if mine:
        print(f"{where}: no {what} of the reference, so never right: {some(mine)}", file=sys.stderr)
    if theirs:
        print(f"{where}: no {what} of the answers, so never found: {some(theirs)}", file=sys.stderr)
