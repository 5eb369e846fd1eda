"""Every row of the catalogue that is not about a web service has its test."""

import re
from pathlib import Path

WEB = {63, 64}


def test_every_number_has_a_test():
    text = "".join(p.read_text() for p in Path(__file__).parent.glob("test_*_faults.py"))
    names = re.findall(r"^def test_([0-9_and]+)_", text, re.MULTILINE)
    numbers = {int(n) for name in names for n in re.findall(r"\d+", name)}
    assert numbers == set(range(1, 66)) - WEB
