"""What is known of CTA phantoms beside their landmarks is what was drawn."""

import csv

import numpy as np

from pipeline.phantoms.contrast import draw_contrast
from pipeline.phantoms.cta import simulate_cta
from pipeline.phantoms.facts import BRIGHT, COLUMNS, cta_facts
from pipeline.phantoms.phantom import PhantomSize, stream
from pipeline.stages.simulate import simulate


def test_facts_are_those_of_the_scan():
    for seed in range(6):
        usable, rate, bolus = cta_facts(seed)
        notes = simulate_cta(seed, PhantomSize(40.0, 4.0)).description
        assert float(bolus) == notes["contrast"]["aorta"]
        assert rate == ("fast" if notes["motion"] else "steady")
        assert usable == ("yes" if draw_contrast(stream(seed, "contrast")).right.level < BRIGHT else "no")


def test_every_kind_occurs_and_none_is_rare():
    facts = [cta_facts(seed)[:2] for seed in range(200)]
    for column in zip(*facts, strict=True):
        shares = [np.mean([value == word for value in column]) for word in set(column)]
        assert len(shares) == 2 and min(shares) > 0.1


def test_the_table_speaks_of_every_scan_that_is_there(tmp_path):
    for cases, seed in ((1, 7), (1, 3)):  # a second run adds to the first
        simulate(tmp_path, cases, seed=seed, fov_mm=40.0, spacing_mm=4.0, workers=1)
    rows = list(csv.DictReader((tmp_path / "values.csv").read_text().splitlines()))
    assert [row["case"] for row in rows] == ["cta_000003", "cta_000007"]
    assert tuple(rows[0]) == COLUMNS and tuple(rows[0].values())[1:] == cta_facts(3)
