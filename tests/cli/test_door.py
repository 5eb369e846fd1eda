"""The front door: what is printed, which exit code, and how quickly."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from pipeline import __version__
from pipeline.cli import chain
from pipeline.cli.door import main, split_flags
from pipeline.cli.help import verb_page
from pipeline.cli.settle import settings_from
from pipeline.cli.verbs import NAMES, VERBS, verb_named
from pipeline.errors import ConfigError, DataError


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)


def test_help_names_every_verb(capsys):
    assert main(["--help"]) == 0
    page = capsys.readouterr().out
    assert all(f"  {name} " in page for name in NAMES)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_page_of_a_verb_has_an_example_and_its_keys_with_defaults_and_meanings(verb, capsys):
    assert main([verb.name, "--help"]) == 0
    page = capsys.readouterr().out
    assert verb.example in page
    lines = page.splitlines()
    keys = [i for i, line in enumerate(lines) if line.startswith("  ") and "=" in line.split(" ")[2] and line[2] != " "]
    keys = [i for i in keys if not lines[i].startswith(("  patchvote", *(f"  {g}=" + "c" for g in ("experiment",))))]
    assert keys, page
    section = f"  {verb.keys[-1]}"
    assert any(line.startswith(section) for line in lines), page


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb.reads("predict.input")], ids=lambda verb: verb.name)
def test_predict_alone_takes_images_and_a_folder_from_a_run(verb, capsys):
    assert main([verb.name, "--help"]) == 0
    page = capsys.readouterr().out
    said = ("null = the test part of the run" in page, "null = RUN/PART" in page)
    assert said == (verb.name == "predict",) * 2 and all(verb.reads(key) for key in verb.meanings)


def test_the_page_of_run_shows_every_setting_that_acts_in_it():
    from pipeline.cli.idle import _of_places
    from pipeline.cli.validate import known_keys

    verb = verb_named("run")
    read = [key for key in known_keys() if any(verb_named(name).reads(key) for name in verb.calls)]
    assert [key for key in read if not verb.reads(key) and key not in _of_places(verb)] == []


def test_every_key_has_a_meaning():
    from pipeline.cli.validate import known_keys

    assert [key for key, leaf in known_keys().items() if not leaf.meaning] == []


def test_every_example_composes():
    from pipeline.cli.settle import settings_from

    for verb in VERBS:
        for command in verb.example.split(" && "):
            words = command.split()
            assert words[0] == "patchvote"
            acting = verb_named(words[1])
            flags, arguments = split_flags(acting, words[2:])
            settings_from(acting, arguments, flags)


@pytest.mark.parametrize(
    ("verb", "said"),
    [
        ("align", "usage: patchvote align [-i SCAN_OR_FOLDER ...] -o OUT [-q]"),
        ("overlay", "usage: patchvote overlay -i SCAN_OR_FOLDER ... -o OUT [-q]"),
        ("identify", "OUT/identities.csv and OUT/run_report.json, if -o says where"),
        ("import", "For task=boxes, one_object or multi, boxes around landmarks"),
    ],
)
def test_the_page_of_a_verb_says_what_it_cannot_do_without(verb, said):
    assert said in verb_page(verb_named(verb))


def test_simulate_alone_calls_the_seed_that_of_its_first_case(capsys):
    for verb in VERBS:
        main([verb.name, "--help"])
        said = " ".join(capsys.readouterr().out.split())
        first = "Seed of the first case; each further case has the next number" in said
        assert first == (verb.name == "simulate") and not (first and "Seed of everything" in said)


def test_no_arguments_print_help_and_count_as_misuse(capsys):
    assert main([]) == 2
    assert "usage: patchvote" in capsys.readouterr().out


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == f"patchvote {__version__}"


def test_a_misspelt_verb_gets_its_nearest_neighbour(capsys):
    assert main(["trian"]) == 2
    assert "unknown verb 'trian'. Did you mean 'train'?" in capsys.readouterr().err


def test_a_misspelt_key_gets_its_nearest_neighbour(capsys):
    assert main(["train", "training.minuts=10"]) == 2
    said = capsys.readouterr().err
    assert "unknown key 'training.minuts' (value met: 10). Did you mean 'training.minutes'?" in said
    assert "minutes, one_object, optimizer, precision, rate, seed, steps" in said


def test_an_option_that_is_none_is_refused(capsys):
    assert main(["train", "--minutes", "3"]) == 2
    assert "'--minutes' is not an option of train" in capsys.readouterr().err


def test_flags_of_predict_become_settings():
    flags, rest = split_flags(verb_named("predict"), ["-i", "a.nii", "b", "model=m", "-o", "out"])
    assert flags == {"predict.input": ["a.nii", "b"], "predict.output": ["out"]}
    assert rest == ["model=m"]


@pytest.mark.parametrize(
    ("record", "words", "coded"),
    [
        ("data: {pseudonyms: true}", "run={}", True),
        ("data: {pseudonyms: true}", "run={} data.pseudonyms=false", False),
        ("data: {pseudonyms: false}", "run={} data.pseudonyms=true", True),
        ("data: {pseudonyms: true}", "model={}/model", False),  # which nobody can tell
        ("data: [1]", "run={}", False),
    ],
)
def test_new_scans_go_by_codes_where_those_of_the_run_do_unless_it_is_said(record, words, coded, tmp_path):
    (tmp_path / "config.yaml").write_text(f"experiment: my_landmarks\n{record}\n")
    verb = verb_named("predict")
    flags, rest = split_flags(verb, [*words.format(tmp_path).split(), "-i", "Doe.nii", "-o", "out"])
    assert settings_from(verb, rest, flags).data.pseudonyms == coded
    settings_from(verb, [f"run={tmp_path}"])  # whose own cases have the names that import gave them


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
@pytest.mark.parametrize("word", ["-q", "--quiet"])
def test_every_verb_can_be_quiet(verb, word, capsys):
    from pipeline.cli.settle import unread

    assert split_flags(verb, [word]) == ({}, ["quiet=true"])
    assert unread(verb, ["quiet=true"], "landmarks") == []
    main([verb.name, "--help"])
    page = capsys.readouterr().out
    assert "[-q] [key=value ...]" in page and "\n  quiet=false\n" in page


@pytest.mark.parametrize("word", ["data.series-uid=[1.2]", "+device=cpu", "++data.pseudonyms=true", "devise=cpu"])
def test_a_setting_after_the_scans_is_none_of_them_however_its_key_is_written(word):
    assert split_flags(verb_named("predict"), ["-i", "a.nii", word]) == ({"predict.input": ["a.nii"]}, [word])


@pytest.mark.parametrize(
    ("word", "scan"), [("patient=3.nii", True), ("device=cpu", False), ("table=x", False), ("data.series-uid=x", False)]
)
def test_a_file_that_is_called_like_a_setting_is_a_scan_unless_there_is_such_a_key(word, scan, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / word).write_text("")
    flags, rest = split_flags(verb_named("predict"), ["-i", "b.nii", word])
    assert (flags["predict.input"], rest) == ((["b.nii", word], []) if scan else (["b.nii"], [word]))


@pytest.mark.parametrize("words", [["-i"], ["-o", "a", "b"], ["-i", ""], ["-i", "a", ""], ["-o", ""]])
def test_a_flag_without_its_paths_is_refused(words):
    with pytest.raises(ConfigError, match=words[0]):
        split_flags(verb_named("predict"), words)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_page_of_a_verb_shows_the_flags_that_it_takes(verb, capsys):
    main([verb.name, "--help"])
    usage = capsys.readouterr().out.splitlines()[2]
    for flag in ("-i", "-o"):
        taken = not isinstance(caught(split_flags, verb, [flag, "a"]), ConfigError)
        assert (f"[{flag} " in usage or f" {flag} " in usage) == taken


def caught(call, *words):
    try:
        call(*words)
    except ConfigError as error:
        return error
    return None


CALL = "import sys; from pipeline.cli.door import main; sys.exit(main({words!r}))"
PRINTS = "from pipeline.cli import chain; chain.act = lambda *_: chain.show(('radius \u2264 2',)) or 0; "


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        ("| cat", 0, ""),
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        (">/dev/full", 1, "standard output cannot be written: No space"),
    ],
)
@pytest.mark.parametrize("words", [["--help"], ["report", "run=x"]])
def test_no_kind_of_output_stops_the_program(redirection, code, said, words):
    command = f'set -o pipefail; "$0" -c "$1" {redirection}'
    program = PRINTS + CALL.format(words=words)
    where = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"} | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(
        ["bash", "-c", command, sys.executable, program], capture_output=True, text=True, timeout=60, env=where
    )
    assert (done.returncode, "Traceback" in done.stderr, said in done.stderr) == (code, False, True), done.stderr


REMARKS = """
import sys
from pipeline.cli import chain
from pipeline.data.progress_bar import progress_bar

def act(*_):
    for _ in progress_bar(range(3), file=sys.stderr, mininterval=0):
        print("a remark" * 2000, file=sys.stderr)
    chain.show(("all done",))
    return 0

chain.act = act
"""


@pytest.mark.parametrize("gone", [False, True])
def test_remarks_that_cannot_be_written_do_not_stop_the_work(gone):
    """On a full disk, or to a terminal that was closed."""
    master, terminal = pty.openpty()
    os.close(master)
    with open("/dev/full", "w") as full:
        program = [sys.executable, "-c", REMARKS + CALL.format(words=["report", "run=x"])]
        done = subprocess.run(program, stdout=subprocess.PIPE, stderr=terminal if gone else full, text=True, timeout=60)
    os.close(terminal)
    assert (done.returncode, done.stdout) == (0, "all done\n")


def fail_with(error: BaseException):
    def act(*_: object) -> int:
        raise error

    return act


def test_an_error_of_the_user_has_no_traceback(monkeypatch, capsys):
    monkeypatch.setattr(chain, "act", fail_with(DataError("scan.nii: truncated")))
    assert main(["report", "run=x"]) == 1
    assert capsys.readouterr().err == "patchvote: scan.nii: truncated\n"


def test_an_error_of_the_program_has_a_traceback_and_says_so(monkeypatch, capsys):
    monkeypatch.setattr(chain, "act", fail_with(ZeroDivisionError("sum")))
    assert main(["report", "run=x"]) == 1
    said = capsys.readouterr().err
    assert "Traceback" in said and "a fault of the program" in said


NOT_UTF8 = os.fsdecode(b"sc\xe4n.nii")


@pytest.mark.parametrize(
    "words",
    [
        ["predict", "model=m", "-i", NOT_UTF8, "-o", "out"],
        ["run", "experiment=my_landmarks", f"source={NOT_UTF8}", "run=r"],
        ["train", f"run={NOT_UTF8}", "training.minutes=1"],
    ],
)
def test_a_word_that_is_not_utf8_is_named(words, capsys):
    assert main(words) == 2
    said = capsys.readouterr().err
    assert "sc?n.nii': not UTF-8, which settings and tables are written in. Rename what it names." in said


def test_a_word_that_the_locale_hides_is_not_to_be_renamed():
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    words = [sys.executable, "-m", "pipeline", "predict", "model=m", "-i", "sc\xe4n.nii".encode(), "-o", "out"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, env=os.environ | locale)
    assert done.returncode == 2 and "Rename" not in done.stderr and "in a locale without it: set LC_ALL" in done.stderr


LONG = "a" * 300


@pytest.mark.parametrize(
    "words",
    [
        ["check", f"run={LONG}"],
        ["import", "experiment=my_landmarks", f"source={LONG}", "run=r"],
        ["evaluate", f"predictions={LONG}", f"dataset={LONG}"],
    ],
)
def test_a_path_that_cannot_even_be_looked_for_is_named(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("patchvote: ") and f"{LONG}" in said and "File name too long. Name another path" in said


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(13, "Permission denied", "closed/x"), 2, "closed/x: Permission denied. Name another"),
        (PermissionError(13, "Permission denied"), 1, "a fault of the program"),
        (OSError(5, "Input/output error", "x"), 1, "a fault of the program"),
        (ImportError("libx.so: failed to map segment from shared object"), 1, "x.so: failed to map segment from sha"),
        (OSError(12, "Cannot allocate memory"), 1, "patchvote: there is not enough memory, or a limit on it"),
        (MemoryError(), 1, "is too low: MemoryError. Raise the limit, close other programs, or use a machine with"),
    ],
)
def test_closed_paths_and_a_lack_of_memory_are_no_faults_of_the_program(error, code, said, monkeypatch, capsys):
    monkeypatch.setattr(chain, "act", fail_with(error))
    assert main(["report", "run=x"]) == code
    assert said in capsys.readouterr().err


def test_a_folder_that_was_deleted_under_ones_feet_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(["check", f"run={tmp_path}"]) == 2
    assert "the folder that you are in is not there any more" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "how"), [(["train", "run=x"], "goes on where it stopped"), (["align", "-o", "x"], "begins anew")]
)
def test_an_interrupted_command_says_how_it_goes_on(monkeypatch, capsys, words, how):
    monkeypatch.setattr(chain, "act", fail_with(KeyboardInterrupt()))
    assert main(words) == 130
    assert f"Run the same command again: it {how}." in capsys.readouterr().err


HEAVY = "{'torch', 'monai', 'SimpleITK', 'matplotlib', 'scipy', 'nibabel', 'pydicom'}"


@pytest.mark.parametrize(
    ("words", "barred"),
    [
        (["--help"], "{'numpy', 'hydra', 'omegaconf', 'pydantic', 'rich'} | " + HEAVY),
        (["train", "--help"], HEAVY),
        (["train", "training.minuts=10"], HEAVY),
        (["train", "experiment=mouse_skul"], HEAVY),
    ],
)
def test_quick_answers_import_nothing_heavy(words, barred):
    code = (
        f"import sys; from pipeline.cli.door import main; main({words!r}); print(sorted(({barred}) & set(sys.modules)))"
    )
    assert run_python(code).stdout.splitlines()[-1] == "[]"
