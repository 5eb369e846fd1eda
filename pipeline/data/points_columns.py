"""Which columns of a table of landmarks are coordinates, by how they are called."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.errors import DataError

Columns = dict[str, dict[str, int]]  # landmark ("" = the row says it) -> title, x first -> place in the row
AXIS = re.compile(r"(?:(?P<name>.+?)[ _.\-])?(?P<axis>[xyz])(?:_(?P<unit>mm|px)(?P<more>_\w+)?)?")
SPREAD = re.compile(r"_(?:sd|std|se|sem|var|iqr|err|error|ci\d*)(?:_|$)", re.IGNORECASE)  # of a coordinate
WHOSE = ("case", "image")  # the column that says which scan
OBSERVERS = ("observer", "rater", "reader", "annotator")  # and who placed its points


def columns_in(path: Path, header: Sequence[str], unit: str | None) -> tuple[Columns, str | None]:
    """Where the coordinates of each landmark stand; an image with fewer axes has fewer.

    Args:
        path: Of the table.
        unit: Which columns are taken where there are some in mm and some in px.

    Returns:
        Places, and the unit that the columns taken say; None = they say none.

    Raises:
        DataError: A column is missing or there twice, or two could be one coordinate.
    """
    titles = _titles(header)
    taken = _unit(titles, unit)
    return _columns(path, header, titles, taken), taken


def _titles(header: Sequence[str]) -> dict[str, list[re.Match[str]]]:
    """Headings of coordinates, by landmark. Where there is `x_mm`, `x_mm_lps` is not looked at, and `x_mm_sd` never."""
    long, found = "landmark" in header, defaultdict[str, list[re.Match[str]]](list)
    for title in dict.fromkeys(header):
        match = AXIS.fullmatch(title)
        if match and (match["name"] is None) == long and not SPREAD.search(match["more"] or ""):
            found[match["name"] or ""].append(match)
    return {name: [m for m in each if not m["more"] or _plain(m) not in header] for name, each in found.items()}


def _plain(match: re.Match[str]) -> str:
    return match[0].removesuffix(match["more"] or "")


def _unit(titles: Mapping[str, list[re.Match[str]]], wanted: str | None) -> str | None:
    """Which columns are taken: in this unit, or None, those that say none."""
    each = [m for some in titles.values() for m in some]
    stated = list(dict.fromkeys(m["unit"] for m in each if m["unit"]))
    plain = {m["unit"] for m in each if not m["more"]}
    if wanted not in stated and wanted and plain == {None}:
        return None  # x_px_crop says nothing of a scan, of which x is known
    return wanted if wanted in stated else next(iter(stated), None)


def _one_each(path: Path, name: str, each: list[re.Match[str]], unit: str | None) -> dict[str, str]:
    """The heading of each axis; DataError where two could be it."""
    found: dict[str, str] = {}
    for axis in "xyz":
        mine = [m for m in each if m["axis"] == axis]
        of = [m for m in mine if m["unit"] == unit]
        rivals = [*of, *(m for m in mine if of and of[0]["more"] and not m["unit"])]
        if len(rivals) > 1:
            whose = f" of landmark '{name}'" if name else ""
            raise DataError(
                f"{path}: columns '{rivals[0][0]}' and '{rivals[1][0]}' could each be the {axis}{whose}. Call the one"
                f" that is meant '{_plain(of[0])}', or remove the other."
            )
        if of:
            found[axis] = of[0][0]
    return found


def _columns(path: Path, header: Sequence[str], titles: Mapping[str, list[re.Match[str]]], unit: str | None) -> Columns:
    found = {n: axes for n, each in titles.items() if (axes := _one_each(path, n, each, unit))}
    odd = [n for n, axes in found.items() if "".join(sorted(axes)) != "xyz"[: len(axes)]]
    read = {*WHOSE, *OBSERVERS, "landmark", "frame", *(title for axes in found.values() for title in axes.values())}
    twice = any(header.count(title) > 1 for title in read)
    if not set(WHOSE) & set(header) or not found or odd or twice:
        raise DataError(
            f"{path}: columns are {','.join(header)}; needed are case,landmark,x,y,z (or x_mm,y_mm,z_mm),"
            " or case,NAME_x,NAME_y,NAME_z for every landmark, each once."
        )
    return {n: {title: header.index(title) for _, title in sorted(axes.items())} for n, axes in found.items()}
