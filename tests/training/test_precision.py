"""The number format is tried once a machine, and then remembered."""

from pipeline.training.precision import cache_file, remembered

NAMES = ["slow", "fast"]


def test_the_probe_runs_once_for_the_same_work_and_again_for_other_work(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    asked = []

    def probe():
        asked.append(1)
        return "fast"

    assert [remembered(NAMES, ["fcn", 6], probe) for _ in range(2)] == ["fast", "fast"]
    assert len(asked) == 1
    remembered(NAMES, ["fcn", 600], probe)
    assert len(asked) == 2
    assert cache_file() == tmp_path / "patchvote" / "precision.json"


def test_a_damaged_cache_and_an_answer_of_another_version_are_not_believed(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert remembered(NAMES, [], lambda: "fast") == "fast"
    assert remembered(["slow"], [], lambda: "slow") == "slow"
    for content in ("{", "[1]", "3"):
        cache_file().write_text(content)
        assert remembered(NAMES, [], lambda: "fast") == "fast"


def test_a_cache_that_cannot_be_written_costs_a_probe_and_no_more(monkeypatch, tmp_path):
    (tmp_path / "patchvote").write_text("a file where the folder should be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert remembered(NAMES, [], lambda: "slow") == "slow"
    assert remembered(NAMES, [], lambda: "fast") == "fast"
