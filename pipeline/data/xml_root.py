"""XML files, without what could unfold or fetch anything."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from pipeline.errors import DataError


def xml_root(path: Path, tag: str, what: str) -> ElementTree.Element:
    """The top element of a file.

    Args:
        tag: That it must have.
        what: It is, for the message: "a point set of MITK".

    Raises:
        DataError: Not readable, another top element, or it declares entities: nothing needs them, and they can unfold
            without end.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise DataError(f"{path}: declares entities, which {what} does not need. Save it again.")
        root = ElementTree.fromstring(text.encode())
    except (OSError, ValueError, ElementTree.ParseError) as error:
        raise DataError(f"{path}: not readable as XML: {error}") from error
    if root.tag != tag:
        raise DataError(f"{path}: <{root.tag}>; <{tag}> of {what} is needed.")
    return root
