"""Faults 55 to 62 and 65: killed, full, flipped, raced, crashed, locked, malicious, and what says whose scan it is."""

import gzip
import hashlib
import json
import multiprocessing
import os
import pickle
import re
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from dicom_files import NORMAL, ORIGIN, write_slice
from tiny_scans import make_scans, tiny_settings

from pipeline.cli.door import main
from pipeline.data.atomic import fingerprint, read_sealed, write_bytes, write_sealed
from pipeline.data.collect_values import Columns
from pipeline.data.columns import Column
from pipeline.data.dataset import read_dataset
from pipeline.data.encoders import Encoder
from pipeline.data.findings import Finding, read_findings
from pipeline.data.inputs import Inputs
from pipeline.data.markups import write_markups
from pipeline.data.pseudonyms import Codes
from pipeline.data.readers import read_frame
from pipeline.data.remarks import Names
from pipeline.data.store import read_store
from pipeline.errors import CheckpointError, ConfigError, DataError, PatchvoteError, UnwritableError
from pipeline.inference.beside import beside_scans, given_to, under_codes
from pipeline.inference.model import load_model
from pipeline.stages import preprocess as preprocessing
from pipeline.stages.check import check
from pipeline.stages.import_data import import_folder
from pipeline.stages.predict import predict
from pipeline.stages.preprocess import preprocess
from pipeline.stages.train import train

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A finished run on tiny scans."""
    scans = make_scans(tmp_path_factory.mktemp("scans"))
    preprocess(scans.dataset, scans.findings, scans.folder / "prepared", (2.0, 1.0), workers=1)
    model = train(scans.dataset, scans.folder / "prepared", scans.folder / "run", tiny_settings(steps=40), "cpu")
    return scans, model


@pytest.mark.slow
def test_55_killed_at_random_moments():
    words = [sys.executable, ROOT / "scripts" / "chaos.py", "-n", "6", "--cases", "10"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=280, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 files lost or different" in done.stdout


def test_56_the_disk_is_full_before_the_start(run, tmp_path, monkeypatch):
    scans, _ = run
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    with pytest.raises(DataError, match=r"need 0\.01 GiB on the disk, have 0\.00 GiB"):
        preprocess(scans.dataset, scans.findings, tmp_path / "prepared", (2.0,), workers=1)
    assert not list(tmp_path.rglob("*.npy"))


def test_56_the_disk_becomes_full_while_writing(tmp_path):
    """What was there stays, and nothing half is left."""
    (tmp_path / "a.bin").write_bytes(b"before")
    code = (
        "import sys, resource, signal; from pathlib import Path; from pipeline.data.atomic import write_bytes;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "write_bytes(Path(sys.argv[1]), bytes(100_000))"
    )
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.bin"], capture_output=True, text=True)
    assert "UnwritableError" in done.stderr and "a.bin: writing failed: File too large" in done.stderr
    assert (tmp_path / "a.bin").read_bytes() == b"before" and len(list(tmp_path.iterdir())) == 1
    assert resource.RLIMIT_FSIZE is not None


def test_56_a_disk_that_becomes_full_is_not_blamed_on_a_scan(run, tmp_path):
    scans, _ = run
    code = (
        "import sys, resource; from pathlib import Path; from pipeline.stages.preprocess import preprocess;"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "preprocess(*map(Path, sys.argv[1:]), (1.0,), workers=1)"
    )
    words = [sys.executable, "-c", code, scans.dataset, scans.findings, tmp_path / "prepared"]
    done = subprocess.run(words, capture_output=True, text=True)
    assert re.search(r"c00\.nii\.gz: .*\.npy: writing failed: File too large\.", done.stderr)
    last = f"Free some space on the disk that holds {tmp_path / 'prepared'}, or allow writing there, and run it again."
    assert done.stderr.splitlines()[-1] == last


def test_56_where_a_scan_is_damaged_too_both_are_told(tmp_path):
    errors = [UnwritableError("a.npy: writing failed"), DataError("b.nii: cut off")]
    assert re.search(r"^Free some space.*\nMend or remove the other scans", preprocessing._advice(errors, tmp_path))
    assert preprocessing._advice(errors[1:], tmp_path).startswith("Mend or remove these scans")


def flipped(path, byte):
    content = bytearray(path.read_bytes())
    content[byte] ^= 16
    path.write_bytes(content)


def test_57_every_flipped_byte_of_a_model_is_refused_or_changes_nothing(run, tmp_path):
    _, model = run
    copy = shutil.copytree(model, tmp_path / "model")
    for path in sorted(copy.iterdir()):
        whole = path.read_bytes()
        for byte in range(0, len(whole), max(1, len(whole) // 40)):
            flipped(path, byte)
            if path.suffix == ".json" and same_json(path, whole):
                continue  # a blank between two fields
            with pytest.raises(CheckpointError):
                load_model(copy)
            path.write_bytes(whole)
        path.write_bytes(whole)
    load_model(copy)


def same_json(path, whole):
    try:
        same = json.loads(path.read_text()) == json.loads(whole)
    except ValueError:
        return False
    if same:
        path.write_bytes(whole)
    return same


def test_57_every_flipped_byte_of_a_prepared_array_is_seen_and_mended(run, tmp_path):
    scans, _ = run
    store = shutil.copytree(scans.folder / "prepared", tmp_path / "prepared")
    case = sorted(read_store(store).keys)[0]
    key = read_store(store).keys[case][1]
    for name in (f"{key}.npy", f"{key}.json"):
        whole = (store / name).read_bytes()
        for byte in range(0, len(whole), max(1, len(whole) // 25)):
            flipped(store / name, byte)
            assert read_store(store).damaged([case]) == [case] or (
                name.endswith("json") and same_json(store / name, whole)
            )
            (store / name).write_bytes(whole)
    flipped(store / f"{key}.npy", 500)
    preprocess(scans.dataset, scans.findings, store, (2.0, 1.0), workers=1)
    assert not read_store(store).damaged([case])


def write_again(folder, number):
    for key in range(50):
        content = json.dumps({"key": key}).encode() * 200
        write_bytes(Path(folder) / f"{key}.json", content)
        assert hashlib.sha256((Path(folder) / f"{key}.json").read_bytes()).digest() == hashlib.sha256(content).digest()


def test_58_eight_processes_write_the_same_fifty_files(tmp_path):
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_again, args=(str(tmp_path), number)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert [w.exitcode for w in writers] == [0] * 8
    assert len(list(tmp_path.iterdir())) == 50


def die(path, *how):
    """A case that kills its worker every time."""
    from pipeline.stages.preprocess import _prepare_case

    if path.name.startswith("c02"):
        os._exit(9)
    _prepare_case(path, *how)


def test_59_a_case_that_kills_its_worker_is_named_and_the_others_are_done(run, tmp_path, monkeypatch):
    scans, _ = run
    monkeypatch.setattr(preprocessing, "_prepare_case", die)
    with pytest.raises(DataError, match="process died") as caught:
        preprocess(scans.dataset, scans.findings, tmp_path / "prepared", (2.0,), workers=2)
    assert "case c02" in str(caught.value)
    assert len(list((tmp_path / "prepared").glob("*.npy"))) == len(read_dataset(scans.dataset).cases) - 1


def test_60_inputs_are_only_read(run, tmp_path):
    scans, model = run
    images = [p for p in scans.folder.rglob("*.nii*") if "prepared" not in p.parts]
    before = {p: (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in images}
    for path in images:
        path.chmod(0o444)
    preprocess(scans.dataset, scans.findings, tmp_path / "prepared", (2.0,), workers=1)
    predict(model, tmp_path / "out", inputs=images[:1], device="cpu")
    assert images and before == {p: (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in images}


TARGETS = (
    "os.system", "logging.os.system", "subprocess.Popen", "builtins.eval", "builtins.exec", "pickle.loads",
    "shutil.rmtree", "importlib.import_module", "timeit.timeit", "pty.spawn", "runpy.run_path", "doctest.testfile",
    "cProfile.run", "builtins.open", "pathlib.Path.write_text", "torch.load", "numpy.load", "torch.hub.load",
    "pandas.eval", "sympy.sympify", "urllib.request.urlopen", "code.InteractiveInterpreter", "builtins.__import__",
    "ctypes.CDLL", "webbrowser.open",
)  # fmt: skip


@pytest.mark.parametrize("target", TARGETS)
def test_61_no_name_in_a_model_is_called(run, tmp_path, target):
    _, model = run
    copy = shutil.copytree(model, tmp_path / "model")
    content = read_sealed(copy / "model.json")
    content["levels"][0]["network"] = target
    content["levels"][0]["parameters"] = {"_target_": target, "_args_": ["touch pwned"]}
    write_sealed(copy / "model.json", content)
    with pytest.raises(CheckpointError, match="not a model of this program"):
        load_model(copy)


def test_61_no_tag_in_a_config_is_called(tmp_path, monkeypatch):
    from pipeline.cli.record import read_record

    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text("experiment: !!python/object/apply:os.system ['touch pwned']\n")
    with pytest.raises(PatchvoteError):
        read_record(tmp_path)
    assert not (tmp_path / "pwned").exists()


class Touch:
    def __reduce__(self):
        return os.system, ("touch pwned",)


def test_61_no_pickle_in_a_resume_folder_is_run(tmp_path, monkeypatch):
    """Even one whose checksums are right."""
    from pipeline.training.checkpoint import load_level

    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(Touch())
    (tmp_path / "level0-5.pt").write_bytes(content)
    facts = {"settings": "s", "sha256": hashlib.sha256(content).hexdigest(), "step": 5, "precision": "float32"}
    write_sealed(tmp_path / "level0.json", facts)
    with pytest.raises(CheckpointError, match="not a state of this program"):
        load_level(tmp_path, 0, "s", None)
    assert not (tmp_path / "pwned").exists() and fingerprint({}) is not None


def test_62_other_files_in_a_model_are_ignored_and_listed(run, tmp_path, capsys):
    scans, model = run
    copy = shutil.copytree(model, tmp_path / "model")
    (copy / "setup.py").write_text("raise SystemExit")
    (copy / "level0.pkl").write_bytes(pickle.dumps(Touch()))
    scan = next(p for p in scans.folder.rglob("*.nii*"))
    predict(copy, tmp_path / "out", inputs=[scan], device="cpu")
    report = json.loads((tmp_path / "out" / "run_report.json").read_text())
    assert report["ignored_in_model"] == ["level0.pkl", "setup.py"] and "setup.py" in capsys.readouterr().err


PLANTED = ("Doe^Jane", "Doe", "PHI123", "19610704")


def a_named_series(folder, seed=0, **other):
    """DICOM slices with a name, also of their files, an id and a birth date, and `other` tags."""
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    for index in range(24):
        pixels = rng.integers(0, 1000, (24, 24)).astype(np.int16)
        tags = {"PatientName": "Doe^Jane", "PatientID": "PHI123", "PatientBirthDate": "19610704"}
        more = {"SeriesDescription": "heart of Doe", "StudyID": "PHI123", "OtherPatientIDs": "PHI123"}
        told = tags | more | other
        write_slice(folder / f"Doe^Jane_{index}.dcm", index, pixels, ORIGIN + index * NORMAL, **told)


def names_nobody(folder, least):
    """Search every byte of every output, and where it lies."""
    outputs = [p for p in folder.rglob("*") if p.is_file() and "private" not in p.relative_to(folder).parts]
    assert len(outputs) >= least
    for path in outputs:
        content = path.read_bytes()
        content += gzip.decompress(content) if content[:2] == b"\x1f\x8b" else b""
        assert not any(word.encode() in content or word in str(path.relative_to(folder)) for word in PLANTED), path


FORMATS = ("mrk.json", "fcsv", "csv", "nnlandmark")


def test_65_no_output_names_the_patient(run, tmp_path):
    a_named_series(tmp_path / "in" / "s1")
    predict(run[1], tmp_path / "out", inputs=[tmp_path / "in"], device="cpu", formats=FORMATS)
    names_nobody(tmp_path / "out", 6)


@pytest.mark.filterwarnings("ignore:Invalid value")  # of pydicom while the scan is made
def test_65_what_a_report_lacks_names_nobody(run, tmp_path, capfd):
    """Nor why there is none."""
    pytest.importorskip("highdicom")
    of_all = {"FrameOfReferenceUID": "1.2.9"}
    a_named_series(tmp_path / "in" / "s1", **of_all, StudyInstanceUID="1.2", PatientBirthDate="19610704?")
    a_named_series(tmp_path / "in" / "s2", **of_all, StudyInstanceUID="1.2", PatientName="Doe\\Jane")
    out = tmp_path / "out"
    told = predict(run[1], out, inputs=[tmp_path / "in"], device="cpu", formats=("dicom-sr",))
    assert list(told.failures) == ["s2"] and "highdicom makes no report" in told.failures["s2"]
    (remark,) = (r for r in json.loads((out / "run_report.json").read_text())["remarks"] if r["rule"] == "report-tags")
    assert remark["case"] == "s1" and "PatientBirthDate (0010,0030)" in remark["message"]
    assert remark["message"] in (said := capfd.readouterr().err) and not any(word in said for word in PLANTED)
    (out / "s1.sr.dcm").unlink()
    names_nobody(out, 4)


def test_65_pseudonyms_hide_names_of_files_and_folders(run, tmp_path):
    """Also of a scan that is refused, in the reason for it; and the same scans get the same codes again."""
    scans, model = run
    a_named_series(tmp_path / "in" / "Doe_Jane")
    a_named_series(tmp_path / "in" / "Doe_Jane2")
    (tmp_path / "in" / "Doe_Jane2" / "Doe^Jane_7.dcm").unlink()
    (tmp_path / "in" / "PHI123.nii.gz").write_bytes(b"damaged")
    shutil.copy(next(scans.folder.rglob("*.nii*")), tmp_path / "in" / "19610704.nii.gz")
    out = tmp_path / "out"
    for _ in range(2):
        answers = predict(model, out, inputs=[tmp_path / "in"], device="cpu", formats=FORMATS, pseudonyms=True)
    assert len(answers.cases) == 2 and len(answers.failures) == 2
    assert "between 00021.dcm and 00022.dcm" in "".join(answers.failures.values())
    names_nobody(out, 7)
    table = (out / "private" / "codes.csv").read_text().splitlines()
    assert len(table) == 5 and all(any(case in row for row in table) for case in answers.cases)
    assert (out / "private").stat().st_mode & 0o77 == 0
    with pytest.raises(ConfigError, match="dicom-sr"):
        predict(model, out, inputs=[tmp_path / "in"], formats=("dicom-sr",), pseudonyms=True)


def test_65_a_run_with_pseudonyms_names_no_slice(tmp_path):
    """Neither one that is left out nor one that is missed; the link of its number leads to it."""
    source, run = tmp_path / "in", tmp_path / "run"
    for number in range(5):
        a_named_series(source / f"s{number}", seed=number)
        scout = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
        write_slice(source / f"s{number}" / "Doe^Jane_scout.dcm", 90, np.ones((24, 24)), ORIGIN, **scout)
        (source / f"s{number}" / "PHI123.Doe").write_text("no DICOM")
        centre = read_frame(source / f"s{number}").voxel_to_world(np.array([[9, 9, 9]]))[0]
        write_markups(source / f"s{number}.mrk.json", {"a": tuple(centre)})
    parts = ("train", "train", "validation", "train", "test")
    (source / "split.csv").write_text("case,split\n" + "".join(f"s{n},{part}\n" for n, part in enumerate(parts)))
    (source / "s3" / "Doe^Jane_7.dcm").unlink()
    for _ in range(2):
        import_folder(source, run / "dataset.json", "d", pseudonyms=True)
        found = check(run / "dataset.json", run / "findings.json", workers=0)
        names_nobody(run, 3)
        assert "between 00021.dcm and 00022.dcm" in next(f.message for f in found if f.severity == "error")
        noted = [f for f in found if f.message == "00025.dcm is a localizer: left out"]
        assert len(noted) == 4
    links = run / "private" / noted[0].case
    assert (links / "00025.dcm").resolve().name == "Doe^Jane_scout.dcm" and (links / "00026.other").is_symlink()


def test_65_pseudonyms_hide_names_of_second_images_and_of_rows(tmp_path, capsys):
    (tmp_path / "in").mkdir()
    for view in ("front", "side"):
        (tmp_path / "in" / f"Doe^Jane_{view}.png").write_bytes(b"damaged")
    (tmp_path / "t.csv").write_text("image,age\nDoe^Jane,4\nDoe^Jane,5\n")
    inputs = Inputs((Encoder(Column("age", "number")),), {"front": "{id}_front", "side": "{id}_side"})
    scans = {path.stem: path for path in (tmp_path / "in").iterdir()}
    main, beside = under_codes(*beside_scans(scans, inputs, tmp_path / "t.csv"), tmp_path / "private")
    ((code, known),) = beside.items()
    model = SimpleNamespace(levels=[SimpleNamespace(spacing=1.0)], normalisation=None, inputs=inputs)
    for each, said in ((known, "row of the table"), (replace(known, problem=""), "not readable as a picture")):
        with pytest.raises(DataError, match=said) as told:
            given_to(model, each)
        assert not any(word in str(told.value) for word in PLANTED)
    assert list(main) == [code] and f"{code}: {tmp_path}/t.csv: row 3: a second row of" in capsys.readouterr().err


@pytest.mark.parametrize("header", ["Doe_Jane.mhd", "Doe_Jane.mha"])
def test_65_a_header_that_names_another_file_gets_no_code(tmp_path, header):
    (tmp_path / header).write_text("ElementDataFile = Doe_Jane.bin\n")
    (tmp_path / "Doe_Jane.bin").touch()
    with pytest.raises(DataError, match="its voxels lie in a file of their own"):
        Codes(tmp_path / "private").link_all({"Doe_Jane": tmp_path / header})


def test_65_a_key_that_is_brought_along_is_closed_too_and_must_be_one(tmp_path):
    private = tmp_path / "private"
    private.mkdir()
    private.chmod(0o755)
    for content in (b"", bytes(31)):
        (private / "key").write_bytes(content)
        with pytest.raises(DataError, match=rf"key: {len(content)} bytes, a key has 32"):
            Codes(private)
    (private / "key").write_bytes(bytes(32))
    private.chmod(0o755)
    assert Codes(private).code("Doe") == Codes(private).code("Doe")
    assert private.stat().st_mode & 0o77 == 0


def test_65_a_run_with_pseudonyms_names_nobody(tmp_path):
    """Names in scans, landmarks, subjects, and in what import and check find wrong."""
    made, source = read_dataset(make_scans(tmp_path / "made").dataset), tmp_path / "in"
    for number, case in enumerate(made.cases[:8]):
        write_markups(source / "landmarks" / f"Doe{number}.mrk.json", case.landmarks)
        image = made.image_path(case)
        (source / "images").mkdir(exist_ok=True)
        shutil.copy(image, source / "images" / f"Doe{number}{''.join(image.suffixes)}")
    next((source / "images").glob("Doe1.*")).write_bytes(b"damaged")
    (source / "landmarks" / "Doe2.mrk.json").write_text("{")
    (source / "landmarks" / "Doe3.mrk.json").unlink()
    run = tmp_path / "run"
    import_folder(source, run / "dataset.json", "d", pseudonyms=True)
    check(run / "dataset.json", run / "findings.json", workers=0)
    names_nobody(run, 3)
    dataset = read_dataset(run / "dataset.json")
    assert len(dataset.cases) == 6
    assert all(c.id.startswith("case-") and dataset.image_path(c).exists() for c in dataset.cases)


def test_65_remarks_name_neither_folders_nor_files_nor_rows_of_no_scan(tmp_path):
    made, source = read_dataset(make_scans(tmp_path / "made").dataset), tmp_path / "in"
    for number, case in enumerate(made.cases[:6]):
        place = source / f"Doe_Jane{number}"
        write_markups(place / f"c{number}.mrk.json", case.landmarks)
        shutil.copy(made.image_path(case), place / f"c{number}.nii.gz")
    (source / "Doe_Jane1" / "c1.mrk.json").write_text("{")
    (source / "Doe_Jane2" / "c2.mrk.json").rename(source / "Doe_Jane2" / "c2_PHI123.mrk.json")
    rows = [*(f"c{n},Doe{n}" for n in range(6)), "PHI123_Smith,Doe9"]
    (source / "subjects.csv").write_text("\n".join(["case,subject", *rows]))
    parts = ["case,split", *(f"c{n},train" for n in range(6)), "x/PHI123.nii,test"]
    (source / "split.csv").write_text("\n".join(parts))
    for name in ("Doe_Jane0/Smith_PHI123.mgz", "Doe_Jane0/Doe^Jane.mnc", "Doe_Jane1/Doe^Jane.mnc"):
        (source / name).touch()
    run = tmp_path / "run"
    import_folder(source, run / "dataset.json", "d", pseudonyms=True)
    names_nobody(run, 2)
    remarks = read_findings(run / "import.json").items
    rules = [f.rule for f in remarks if f.severity != "note"]
    assert rules == ["unread-scan"] * 3 + ["no-scan", "no-scan", "bad-annotation", "name-not-exact"]
    known = (run / "private" / "codes.csv").read_text()
    assert all(f.case in known for f in remarks if f.case is not None) and "PHI123_Smith" in known


def test_65_remarks_do_not_name_the_table_of_values(tmp_path):
    source, run = tmp_path / "in", tmp_path / "run"
    (source / "images").mkdir(parents=True)
    for number in range(5):
        (source / "images" / f"c{number}.png").touch()
    rows = ["case,age", *(f"c{number},{30 + number}" for number in range(3)), "c3,old", "other,3"]
    (source / "Doe^Jane.csv").write_text("\n".join(rows))
    columns = Columns(outputs=(Column("age", "number"),), table="Doe^Jane.csv")
    import_folder(source, run / "dataset.json", "d", task="attributes", columns=columns, pseudonyms=True)
    names_nobody(run, 2)
    told = [f.message for f in read_findings(run / "import.json").items]
    assert len(told) == 3 and all(re.search(r"file-[0-9a-f]{12}\.csv\b", message) for message in told)
    assert "Doe^Jane.csv" in (run / "private" / "codes.csv").read_text()


def test_65_a_row_keeps_its_number_where_scans_are_called_by_numbers():
    names = Names({"3": "case-abc", "7": "case-def"}, ())
    told = names.hidden(Finding("values", "error", "7", "t.csv: row 7: '3', not 7.nii.gz"))
    assert (told.case, told.message) == ("case-def", "t.csv: row 7: 'case-abc', not case-def.nii.gz")


def test_65_no_file_of_a_run_names_the_folder_that_it_was_made_from(tmp_path, capsys):
    """Through the door, to the report; and the folder is known again, or another one refused."""
    source, run = tmp_path / "Doe^Jane 19610704", tmp_path / "run"
    sizes = ("kind=blobs", "cases=5", "fov_mm=48", "spacing_mm=2", "threads=1")
    assert main(["simulate", f"out={source}", *sizes]) == 0
    few = ("training.minutes=null", "training.steps=2", "training.precision=float32", "threads=1")
    words = ["run", "experiment=my_landmarks", f"run={run}", "data.pseudonyms=true", *few]
    for _ in range(2):
        assert main([*words, f"source={source}"]) == 0
        names_nobody(run, 12)
    assert "source: path-" in (run / "report.html").read_text()
    (tmp_path / "other").mkdir()
    assert main([*words, f"source={tmp_path / 'other'}"]) == 2
    assert f"was made from source {source}, not from" in capsys.readouterr().err
