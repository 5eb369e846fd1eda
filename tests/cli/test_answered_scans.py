"""Answers are measured and shown beside the scans that they were given to, and beside no others."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from dicom_files import NORMAL, ORIGIN, write_slice

from pipeline.cli.order import require_answered_scans
from pipeline.cli.settings import Settings
from pipeline.data.atomic import fingerprint, sha256_of
from pipeline.data.dataset import Case, Dataset, write_dataset
from pipeline.data.kept_answers import KeptAnswers
from pipeline.data.scan_facts import digest_of, stamp_of
from pipeline.errors import ConfigError


@pytest.fixture
def run(tmp_path):
    """Settings of a run whose two test cases are answered."""
    cases = tuple(Case(name, name, f"{name}.nii", {}, "test" if name in "st" else "train") for name in "ast")
    for case in cases:
        (tmp_path / case.image).write_text(f"bytes of {case.id}")
    write_dataset(Dataset("d", tmp_path, ("p",), cases), tmp_path / "dataset.json")
    for name in "st":
        scan = tmp_path / f"{name}.nii"
        content = {"made_of": "", "stamp": stamp_of(scan), "sha256": digest_of(scan)}
        KeptAnswers(tmp_path / "test").write(name, content, scan, [])
    return replace(Settings(), run=tmp_path)


def test_scans_exchanged_since_they_were_answered_are_named_with_what_to_run_again(run):
    for name in "ast":  # nobody answered "a"
        (run.run / f"{name}.nii").write_text("others")
    with pytest.raises(ConfigError) as caught:
        require_answered_scans(run, ())
    assert str(caught.value) == (
        f"{run.run}/test: scans changed since they were answered:\n  s ({run.run}/s.nii)\n  t ({run.run}/t.nii)\n"
        f"Run again:\n  patchvote predict run={run.run}\n  patchvote evaluate run={run.run}"
    )
    with pytest.raises(ConfigError, match=r"answered:\n  t \("):
        require_answered_scans(run, ["s"])


def test_a_scan_of_the_same_size_and_time_is_another_one(run):
    scan = run.run / "t.nii"
    before = scan.stat()
    scan.write_text("bytes of u")
    os.utime(scan, ns=(before.st_atime_ns, before.st_mtime_ns))
    with pytest.raises(ConfigError, match="changed since"):
        require_answered_scans(run, ())


def test_a_scan_that_was_touched_or_copied_is_the_same_and_one_that_is_gone_cannot_be_told(run):
    (run.run / "s.nii").touch()
    shutil.move(shutil.copy(run.run / "t.nii", run.run / "copy"), run.run / "t.nii")
    require_answered_scans(run, ())
    (run.run / "t.nii").unlink()
    require_answered_scans(run, ())


def add_series(folder, uid):
    """Four slices, their voxels those of any other series."""
    folder.mkdir(exist_ok=True)
    for index in range(4):
        pixels = np.arange(15).reshape(3, 5) + index
        write_slice(folder / f"{uid}-{index}.dcm", index, pixels, ORIGIN + index * NORMAL, SeriesInstanceUID=uid)


def answered(out, scan):
    kept = KeptAnswers(out)
    kept.write("p", {"made_of": "", "stamp": stamp_of(scan), "sha256": digest_of(scan)}, scan, [])
    return kept


def test_another_series_of_its_folder_is_another_scan(tmp_path):
    for uid in ("1.2.3", "1.2.4"):
        add_series(tmp_path / "p", uid)
    kept = answered(tmp_path / "test", tmp_path / "p" / "1.2.3")
    assert kept.exchanged("p", tmp_path / "p" / "1.2.4", {})
    assert not kept.exchanged("p", tmp_path / "p" / "1.2.3", {})


@pytest.mark.parametrize("named", [False, True])
def test_what_comes_to_lie_beside_the_slices_of_a_scan_does_not_exchange_it(tmp_path, named):
    folder = tmp_path / "p"
    add_series(folder, "1.2.3")
    scan = folder / "1.2.3" if named else folder
    kept, before = answered(tmp_path / "test", scan), digest_of(scan)
    (folder / "Thumbs.db").write_bytes(b"small pictures")
    assert not kept.exchanged("p", scan, {}) and digest_of(scan) == before
    add_series(folder, "1.2.4")
    assert bool(kept.exchanged("p", scan, {})) is not named  # of two series one has to be named
    write_slice(folder / "1.2.3-1.dcm", 1, np.zeros((3, 5)), ORIGIN + NORMAL, SeriesInstanceUID="1.2.3")
    assert kept.exchanged("p", scan, {})


def test_a_slice_that_cannot_be_read_exchanges_the_scan(tmp_path):
    add_series(tmp_path / "p", "1.2.3")
    kept = answered(tmp_path / "test", tmp_path / "p")
    (tmp_path / "p" / "cut.dcm").write_bytes(b"")
    assert kept.exchanged("p", tmp_path / "p", {})


@pytest.mark.parametrize("beside", [False, True])
def test_early_sums_of_all_that_lies_in_a_folder_still_hold(tmp_path, beside):
    folder = tmp_path / "p"
    add_series(folder, "1.2.3")
    if beside:
        add_series(folder, "1.2.4")
        (folder / "Thumbs.db").write_bytes(b"small pictures")
    early = fingerprint([*(sha256_of(path) for path in sorted(folder.iterdir())), "1.2.3"])
    kept, scan = KeptAnswers(tmp_path / "test"), folder / "1.2.3"
    kept.write("p", {"made_of": "", "stamp": "of the files before they were copied", "sha256": early}, scan, [])
    assert not kept.exchanged("p", scan, {}) and (digest_of(scan) == early) is not beside


def test_bytes_are_read_only_where_the_disk_says_that_something_is_new(run, monkeypatch):
    read = []
    monkeypatch.setattr("pipeline.data.kept_answers.has_digest", lambda scan, _: read.append(scan.name))
    require_answered_scans(run, ())
    assert not read
    (run.run / "s.nii").touch()
    with pytest.raises(ConfigError):
        require_answered_scans(run, ())
    assert read == ["s.nii"]


def test_answers_that_say_nothing_of_their_scan_are_taken_as_they_are(run):
    (run.run / "t.nii").write_text("others")
    early = {"made_of": "", "stamp": "of the scan before"}
    KeptAnswers(run.run / "test").write("t", early, run.run / "t.nii", [])
    require_answered_scans(run, ())
    shutil.rmtree(run.run / "test")
    require_answered_scans(run, ())


@pytest.fixture
def of_views(run):
    """The same, where a case has another image, of which its answers know."""
    folder = run.run
    cases = tuple(Case(n, n, f"{n}.nii", {}, "test", pictures={"side": f"{n}_side.nii"}) for n in "st")
    write_dataset(Dataset("d", folder, ("p",), cases), folder / "dataset.json")
    for name in "st":
        scan, side = folder / f"{name}.nii", folder / f"{name}_side.nii"
        side.write_text(f"side of {name}")
        content = {"made_of": "", "stamp": stamp_of(scan), "sha256": digest_of(scan)}
        views = {"side": {"stamp": stamp_of(side), "sha256": digest_of(side)}}
        KeptAnswers(folder / "test").write(name, content | {"views": views}, scan, [])
    return run


def test_another_image_of_a_case_that_was_exchanged_is_named(of_views):
    require_answered_scans(of_views, ())
    side = of_views.run / "t_side.nii"
    side.write_text("another side")
    with pytest.raises(ConfigError, match=rf"answered:\n  t \({side}\)\nRun again"):
        require_answered_scans(of_views, ())
    require_answered_scans(of_views, ["t"])
    side.unlink()
    require_answered_scans(of_views, ())


def test_answers_that_know_of_the_first_image_alone_are_compared_by_it(of_views):
    early, scan = {"made_of": "", "stamp": "of the scan before"}, of_views.run / "t.nii"
    KeptAnswers(of_views.run / "test").write("t", early | {"sha256": digest_of(scan)}, scan, [])
    (of_views.run / "t_side.nii").write_text("another side")
    require_answered_scans(of_views, ())
    scan.write_text("another front")
    with pytest.raises(ConfigError, match="changed since"):
        require_answered_scans(of_views, ())
