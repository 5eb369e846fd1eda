"""preprocess makes what is missing and nothing else."""

import json
import shutil

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from tiny_scans import facts_of, make_scans

from pipeline.data.atomic import fingerprint, write_sealed
from pipeline.data.dataset import read_dataset, write_dataset
from pipeline.data.findings import Finding, Findings, read_findings, write_findings
from pipeline.data.intensity import Normalisation, derive_normalisation
from pipeline.data.readers import read_image
from pipeline.data.resample import level_frame
from pipeline.data.store import make_level, read_store
from pipeline.errors import ConfigError, DataError
from pipeline.stages import preprocess as module
from pipeline.stages.preprocess import preprocess
from pipeline.training.contents import contents_of
from pipeline.training.identity import record

WINDOW = Normalisation("window", -500.0, 500.0)


@pytest.fixture
def few(tmp_path):
    return make_scans(tmp_path / "few", ("train", "train", "test"))


def prepare(scans, out=None, **changes):
    return preprocess(
        scans.dataset,
        scans.findings,
        out or scans.folder / "out",
        **{"spacings": (2.0, "original"), "workers": 1} | changes,
    )


def snapshot(folder):
    return {p.name: (p.stat().st_mtime_ns, p.read_bytes()) for p in folder.iterdir() if p.name != "index.json"}


def test_every_case_has_one_array_a_level_as_make_level_makes_it(few):
    store = read_store(prepare(few).folder)
    data = read_dataset(few.dataset)
    assert store.spacings == (2.0, None)
    assert store.unit == "mm"
    assert list(store.keys) == ["c00", "c01", "c02"]
    for case in data.cases:
        image = read_image(data.image_path(case))
        for number, spacing in enumerate(store.spacings):
            level = store.level(case.id, number)
            assert level.frame.same_as(level_frame(image.frame, spacing))
            assert_array_equal(level.voxels, make_level(image, spacing, store.normalisation).voxels)


def test_a_rerun_makes_nothing_again(few):
    store = prepare(few)
    before, index = snapshot(store.folder), (store.folder / "index.json").read_bytes()
    prepare(few)
    assert snapshot(store.folder) == before
    assert (store.folder / "index.json").read_bytes() == index


@pytest.mark.parametrize("damage", ["delete", "delete json", "flip"])
def test_only_what_is_missing_or_damaged_is_made_again(few, damage):
    store = prepare(few)
    before = snapshot(store.folder)
    key = store.keys["c01"][1]
    path = store.folder / f"{key}.npy"
    if damage == "flip":
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
    else:
        path.with_suffix(".json" if "json" in damage else ".npy").unlink()
    prepare(few)
    after = snapshot(store.folder)
    assert {n: c for n, (_, c) in after.items()} == {n: c for n, (_, c) in before.items()}
    assert {n for n in after if after[n][0] != before[n][0]} == {f"{key}.npy", f"{key}.json"}


def test_processes_change_no_byte(few):
    one, two = prepare(few), prepare(few, few.folder / "other", workers=2)
    assert {n: c for n, (_, c) in snapshot(one.folder).items()} == {n: c for n, (_, c) in snapshot(two.folder).items()}


def test_what_a_killed_run_left_is_swept(few):
    store = prepare(few)
    (store.folder / ".tmp-0123abcd.npy").write_bytes(b"half")
    prepare(few)
    assert not (store.folder / ".tmp-0123abcd.npy").exists()


def test_other_settings_make_other_arrays_beside_the_old(few):
    first = prepare(few)
    kept = snapshot(first.folder)
    spaced, windowed = prepare(few, spacings=(3.0, "original")), prepare(few, normalisation=WINDOW)
    assert spaced.keys["c00"][0] != first.keys["c00"][0]
    assert spaced.keys["c00"][1] == first.keys["c00"][1]
    assert not set(windowed.keys["c00"]) & set(first.keys["c00"])
    assert kept.items() <= snapshot(first.folder).items()


def test_spacings_and_normalisation_come_from_the_findings_unless_stated(few):
    store = prepare(few, spacings=None)
    assert store.spacings == (0.9,)  # small scans: one level at the finest axis
    assert store.normalisation.kind == "window"
    facts = read_findings(few.findings).facts
    low = [facts[case]["percentiles"]["0.5"] for case in ("c00", "c01")]  # of the training part
    assert store.normalisation.low == np.median(low)
    assert prepare(few, normalisation=WINDOW).normalisation == WINDOW


@pytest.mark.parametrize("sizes", [("original", 3.0), (3.0, "original", 1.5)])
def test_a_voxel_size_behind_the_scans_own_must_be_finer(few, sizes):
    """1 x 0.9 x 1.1 mm: only here is it known."""
    with pytest.raises(ConfigError, match=rf"levels: \[{','.join(map(str, sizes))}\] .* are 1\.1 at their longest"):
        prepare(few, spacings=sizes)


@pytest.mark.parametrize("sizes", [("original", 1.0), ("original", "original")])
def test_a_voxel_size_behind_the_scans_own_may_be_finer_along_one_axis(few, sizes):
    assert prepare(few, spacings=sizes).spacings == tuple(None if s == "original" else s for s in sizes)


def test_the_test_part_takes_no_part_in_what_is_derived(few):
    chosen, found = prepare(few, spacings=None), read_findings(few.findings)
    odd = {"percentiles": {"0.5": 0.0, "99.5": 9000.0}, "channels": 3, "shape": [900] * 3, "spacing": [0.1] * 3}
    for case, same in (("c02", True), ("c01", False)):
        write_findings(Findings((), found.facts | {case: found.facts[case] | odd}), few.findings)
        again = prepare(few, few.folder / case, spacings=None)
        assert ((again.spacings, again.normalisation) == (chosen.spacings, chosen.normalisation)) == same


def test_a_folder_that_was_prepared_by_looking_at_all_cases_stays_as_it_is(few):
    facts = read_findings(few.findings).facts.values()
    early = derive_normalisation([(f["percentiles"]["0.5"], f["percentiles"]["99.5"]) for f in facts])
    before = prepare(few, spacings=None, normalisation=early)
    assert prepare(few, spacings=None).keys == before.keys != prepare(few, few.folder / "new", spacings=None).keys


def with_finding(scans, *cases):
    items = tuple(Finding("unreadable", "error", c, "cannot be read") for c in cases)
    write_findings(Findings(items, read_findings(scans.findings).facts), scans.findings)


@pytest.mark.parametrize("learned", [None, "model", "resume"])
def test_a_run_that_learned_from_arrays_of_an_earlier_recipe_goes_on_with_them(few, monkeypatch, learned):
    with monkeypatch.context() as patch:
        patch.setattr(module, "RECIPE", module.EARLIER[-1])
        before = prepare(few)
    if learned:
        (before.folder.parent / learned).mkdir()
    assert (prepare(few).keys == before.keys) is (learned is not None)


@pytest.mark.parametrize("looks", [1, 2])
def test_arrays_that_a_run_learned_from_are_made_again_under_their_names(few, monkeypatch, looks):
    with monkeypatch.context() as patch:
        patch.setattr(module, "RECIPE", module.EARLIER[-1])
        before = prepare(few)
    run = before.folder.parent
    made_of = {"arrays": fingerprint(before.looked_at(looks).keys)}
    record(run, made_of, contents_of(read_dataset(few.dataset)))
    write_sealed(run / "resume" / "level0.json", {})
    shutil.rmtree(before.folder)
    assert prepare(few).keys == before.keys


def test_quarantined_cases_are_left_out(few):
    with_finding(few, "c01")
    assert list(prepare(few).keys) == ["c00", "c02"]


def test_a_dataset_without_a_case_left_says_where_to_look(few):
    with_finding(few, "c00", "c01", "c02")
    with pytest.raises(DataError, match=r"all 3 cases are quarantined; see .*findings.json"):
        prepare(few)


def test_a_case_that_check_never_saw_is_named(few):
    findings = read_findings(few.findings)
    write_findings(Findings((), {k: v for k, v in findings.facts.items() if k != "c02"}), few.findings)
    with pytest.raises(DataError, match=r"findings.json: .*c02.*check"):
        prepare(few)


def test_a_scan_that_went_bad_after_check_is_named_and_the_others_are_kept(few):
    path = few.folder / "images" / "c01.nii.gz"
    whole = path.read_bytes()
    path.write_bytes(whole[:2000])
    with pytest.raises(DataError, match=r"c01"):
        prepare(few)
    path.write_bytes(whole)
    prepare(few)


def test_a_scan_that_was_exchanged_after_check_is_not_prepared_under_the_old_name(few):
    path = few.folder / "images" / "c01.nii.gz"
    shutil.copy(few.folder / "images" / "c00.nii.gz", path)
    with pytest.raises(DataError, match=r"1 of 3 .*\n.*c01.nii.gz: changed since check; run check again"):
        prepare(few)
    write_findings(Findings((), read_findings(few.findings).facts | {"c01": facts_of(path)}), few.findings)
    assert prepare(few).keys["c01"] == prepare(few).keys["c00"]


def test_one_scan_under_two_names_is_prepared_once(few):
    shutil.copy(few.folder / "images" / "c00.nii.gz", few.folder / "images" / "c01.nii.gz")
    facts = read_findings(few.findings).facts
    write_findings(Findings((), facts | {"c01": facts["c00"]}), few.findings)
    store = prepare(few)
    assert store.keys["c00"] == store.keys["c01"]


def test_the_index_speaks_of_no_folder(few):
    store = prepare(few)
    assert str(few.folder) not in (store.folder / "index.json").read_text()
    assert json.loads((store.folder / "index.json").read_text())["version"] == 2


def test_the_same_arrays_come_of_a_moved_dataset(few, tmp_path):
    before = prepare(few).keys
    shutil.copytree(few.folder, tmp_path / "moved")
    data = read_dataset(tmp_path / "moved" / "dataset.json")
    write_dataset(
        type(data)(data.name, tmp_path / "moved", data.landmarks, data.cases), tmp_path / "moved" / "dataset.json"
    )
    shutil.rmtree(few.folder)
    moved = preprocess(
        tmp_path / "moved" / "dataset.json",
        tmp_path / "moved" / "findings.json",
        tmp_path / "moved" / "out",
        (2.0, "original"),
    )
    assert moved.keys == before


def test_where_nothing_is_looked_at_more_closely_only_the_coarsest_derived_size_is_made(few, monkeypatch):
    monkeypatch.setattr("pipeline.stages.preprocess.derive_spacings", lambda *_: (4.0, 2.0))
    assert prepare(few, spacings=None).spacings == (4.0, 2.0)
    assert prepare(few, spacings=None, whole=True).spacings == (4.0,)
    assert prepare(few, spacings=(4.0, 2.0), whole=True).spacings == (4.0, 2.0)
