"""XML files, without what could unfold or fetch anything."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from xml.etree import ElementTree

from pipeline.errors import DataError

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([\w.-]+)["']""")


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
        text = _text(Path(path).read_bytes())
        if "<!DOCTYPE" in text or "<!ENTITY" in text:
            raise DataError(f"{path}: declares entities, which {what} does not need. Save it again.")
        root = ElementTree.fromstring(text)
    except (OSError, LookupError, ValueError, ElementTree.ParseError) as error:
        raise DataError(f"{path}: not readable as XML: {error}") from error
    if root.tag != tag:
        raise DataError(f"{path}: <{root.tag}>; <{tag}> of {what} is needed.")
    return root


def _text(raw: bytes) -> str:
    """Decoded here, so that what is looked through for entities is what is parsed."""
    marked = next((encoding for mark, encoding in MARKS.items() if raw.startswith(mark)), None)
    declared = DECLARED.match(raw)
    return raw.decode(marked or (declared[1].decode() if declared else "utf-8"))
