"""predict in parts: jobs that answer into one folder leave what one call leaves."""

import json
import shutil
from threading import Thread

import pytest
from filelock import FileLock

from pipeline.data.share import Share
from pipeline.errors import ConfigError
from pipeline.inference.answer_scans import ScanQuestions
from pipeline.stages.predict import predict

FORMATS = ["mrk.json", "csv", "nnlandmark"]


@pytest.fixture
def inputs(scans, tmp_path):
    """Three scans, and one that cannot be read."""
    (tmp_path / "in").mkdir()
    for case in ("c15", "c16", "c17"):
        shutil.copy(scans.folder / "images" / f"{case}.nii.gz", tmp_path / "in")
    (tmp_path / "in" / "bad.nii.gz").write_bytes(b"damaged")
    return tmp_path / "in"


def answered(model, out, share=None, **which):
    return predict(model, out, **which, formats=FORMATS, share=share, device="cpu", threads=1)


def files(folder):
    names = ("predictions.json", "failures.csv", "points.csv", "all_landmarks_voxel.json")
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name in names or p.name.endswith(".mrk.json")}


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (3, 1, 2)])
def test_parts_leave_what_one_call_leaves(trained, inputs, tmp_path, order):
    (inputs / "bad2.nii.gz").write_bytes(b"damaged")
    answered(trained, tmp_path / "once", inputs=[inputs])
    for number in order:
        told = answered(trained, tmp_path / "out", Share(number, len(order)), inputs=[inputs])
    assert list(told.failures) == ["bad", "bad2"] and list(told.cases) == ["c15", "c16", "c17"]
    assert files(tmp_path / "out") == files(tmp_path / "once") and len(files(tmp_path / "out")) == 7
    assert json.loads((tmp_path / "out" / "run_report.json").read_text())["part"] == f"{order[-1]}/{len(order)}"


def test_parts_of_a_part_of_the_split(scans, trained, tmp_path):
    which = {"dataset": scans.dataset, "part": "test"}
    answered(trained, tmp_path / "once", **which)
    for number in (2, 1):
        told = answered(trained, tmp_path / "out", Share(number, 2), **which)
    assert len(told.cases) > 1 and files(tmp_path / "out") == files(tmp_path / "once")


def test_a_part_works_while_another_does(trained, inputs, tmp_path, monkeypatch):
    """The other is in the middle of its scans all the while; what it is writing is not swept."""
    out, answer, seen = tmp_path / "out", ScanQuestions.answer, []
    (out / "cases").mkdir(parents=True)
    (out / "cases" / ".tmp-0123abcd.json").touch()

    def beside(self, names):
        if not seen:
            seen.append("first")
            other = Thread(target=answered, args=(trained, out, Share(2, 2)), kwargs={"inputs": [inputs]})
            other.start()
            other.join(60)
            seen.append(other.is_alive())
        return answer(self, names)

    monkeypatch.setattr(ScanQuestions, "answer", beside)
    with FileLock(out / "cases" / Share(9, 9).lock):
        told = answered(trained, out, Share(1, 2), inputs=[inputs])
        assert (out / "cases" / ".tmp-0123abcd.json").exists()
    assert seen == ["first", False] and len(told.cases) == 3
    answered(trained, out, inputs=[inputs])
    assert not (out / "cases" / ".tmp-0123abcd.json").exists()


def test_a_failure_stays_told_until_its_own_part_answers(trained, inputs, tmp_path):
    whole = (inputs / "c15.nii.gz").read_bytes()
    (inputs / "c15.nii.gz").write_bytes(b"damaged")
    answered(trained, tmp_path / "out", Share(2, 2), inputs=[inputs])
    (inputs / "c15.nii.gz").write_bytes(whole)
    first = answered(trained, tmp_path / "out", Share(1, 2), inputs=[inputs])
    assert sorted(first.failures) == ["bad", "c15"] and list(first.cases) == ["c16", "c17"]
    told = answered(trained, tmp_path / "out", Share(2, 2), inputs=[inputs])
    assert list(told.failures) == ["bad"] and len(told.cases) == 3


def test_failures_are_listed_in_a_table_that_goes_when_all_came_through(trained, inputs, tmp_path):
    answered(trained, tmp_path / "out", inputs=[inputs])
    head, row = (tmp_path / "out" / "failures.csv").read_text().splitlines()
    assert head == "case,scan,reason" and row.startswith(f"bad,{inputs / 'bad.nii.gz'},") and "NIfTI" in row
    (inputs / "bad.nii.gz").unlink()
    answered(trained, tmp_path / "out", inputs=[inputs])
    assert not (tmp_path / "out" / "failures.csv").exists()


def test_there_is_no_such_part():
    with pytest.raises(ConfigError, match="part=3/2: of 2 parts the first is 1/2, the last 2/2"):
        Share.parse("3/2")
