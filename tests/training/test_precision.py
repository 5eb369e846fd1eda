"""The number format is tried once a machine, and then remembered."""

from pipeline.training.precision import cache_file, fastest, remembered

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


def test_what_another_training_found_meanwhile_stays(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert remembered(NAMES, ["mine"], lambda: remembered(NAMES, ["theirs"], lambda: "slow") and "fast") == "fast"
    found = [remembered(NAMES, [whose], lambda: "probed again") for whose in ("mine", "theirs")]
    assert found == ["fast", "slow"]


def test_where_the_user_has_no_home_nothing_is_kept(monkeypatch):
    def homeless():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("pipeline.training.precision.Path.home", homeless)
    assert cache_file() is None
    assert [remembered(NAMES, [], lambda name=name: name) for name in NAMES] == NAMES


def clocked(monkeypatch, of_piece, of_batch):
    """`fastest` with a clock that only these steps move; what was tried."""
    now, tried = [0.0], []
    monkeypatch.setattr("pipeline.training.precision.time.perf_counter", lambda: now[0])

    def step(seconds, kind):
        def run(name):
            tried.append((kind, name))
            now[0] += seconds[name]

        return run

    names = list(of_piece)
    return fastest(step(of_batch, "batch"), names, step(of_piece, "piece")), tried


def test_the_one_that_takes_least_on_a_whole_batch_is_taken(monkeypatch):
    best, tried = clocked(monkeypatch, {"a": 1.0, "b": 1.2, "c": 2.0}, {"a": 30.0, "b": 20.0, "c": 40.0})
    assert best == "b"
    assert tried.count(("batch", "c")) == 5  # one to warm up, four that count


def test_a_moment_in_which_the_machine_does_something_else_slows_none_alone(monkeypatch):
    now, busy = [0.0], range(8, 12)  # a whole round of three, and one try more
    monkeypatch.setattr("pipeline.training.precision.time.perf_counter", lambda: now[0])
    tried = []

    def step(name):
        tried.append(name)
        now[0] += {"a": 1.0, "b": 0.7, "c": 1.1}[name] * (3 if len(tried) in busy else 1)

    assert fastest(step, ["a", "b", "c"], lambda _: None) == "b"


def test_what_is_far_behind_on_a_small_piece_is_not_tried_on_a_whole_batch(monkeypatch):
    best, tried = clocked(monkeypatch, {"a": 1.0, "b": 1.1, "slow": 90.0}, {"a": 30.0, "b": 20.0, "slow": 1.0})
    assert best == "b" and ("batch", "slow") not in tried
    assert tried.count(("piece", "slow")) == 1  # a first try says enough
    best, tried = clocked(monkeypatch, {"a": 1.0, "slow": 90.0}, {"a": 30.0, "slow": 1.0})
    assert best == "a" and not any(kind == "batch" for kind, _ in tried)
