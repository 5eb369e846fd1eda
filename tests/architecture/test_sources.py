"""What the sources may say: dimensions only in their place, no vague names, no long files, nothing to execute."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "pipeline").rglob("*.py"))
CONFIGS = sorted((ROOT / "configs").rglob("*.yaml"))
DIMENSION = re.compile(r"Conv[123]d|ndim ==|dims ==|dim ==|_[123]d\b")
MOST_LINES = 250
VAGUE = ("utils", "util", "misc", "common", "helpers")


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def may_speak_of_dimensions(path: Path) -> bool:
    return name(path) == "pipeline/networks/layers.py" or name(path).startswith("pipeline/data/read_")


def dimension_words(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if DIMENSION.search(line)]


def test_there_are_sources_to_look_at():
    assert len(SOURCES) > 20 and len(CONFIGS) > 5


@pytest.mark.parametrize("path", [p for p in SOURCES if not may_speak_of_dimensions(p)], ids=name)
def test_dimensions_are_read_from_shapes(path):
    assert dimension_words(path.read_text()) == []


@pytest.mark.parametrize("line", ["if x.ndim == 3:", "nn.Conv3d(1, 2)", "def sample_2d(x):", "if dims == 2:"])
def test_a_dimension_word_would_be_noticed(line):
    assert dimension_words(line) == [line]


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_files_are_short_and_have_a_docstring_and_a_name_that_says_something(path):
    text = path.read_text()
    assert len(text.splitlines()) <= MOST_LINES
    assert path.stem not in VAGUE and path.parent.name not in VAGUE
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{name(path)} does not say what it is"


@pytest.mark.parametrize("path", CONFIGS, ids=name)
def test_configs_are_data_and_say_why_they_exist(path):
    text = path.read_text()
    assert "_target_" not in text and "instantiate" not in text
    first = next(line for line in text.splitlines() if not line.startswith("# @package"))
    assert first.startswith("# ") and len(first) > 20


@pytest.mark.parametrize("path", [p for p in CONFIGS if p.parent.name == "experiment"], ids=name)
def test_an_experiment_says_how_to_run_it(path):
    assert re.search(r"^# Run:  patchvote ", path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_is_instantiated_from_a_name_in_a_file(path):
    called = {ast.unparse(node.func) for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)}
    barred = {"eval", "exec", "instantiate", "hydra.utils.instantiate", "importlib.import_module", "__import__"}
    assert not called & barred
    assert "pickle" not in path.read_text().replace("allow_pickle=False", "") or "without pickle" in path.read_text()


def test_the_cores_that_may_be_used_are_counted_in_one_place():
    """Those of the machine are more than taskset, Slurm or a container leave; there they only tell machines apart."""
    asking = {name(path) for path in SOURCES if "cpu_count" in path.read_text()}
    assert asking == {"pipeline/data/threads.py", "pipeline/training/precision.py"}


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_heavy_libraries_are_imported_at_the_top_only_where_they_live(path):
    """Importing a module must not cost what only one of its functions needs."""
    homes = {
        "torch": ("networks", "losses", "grid", "tasks", "training", "inference", "sampling", "stages"),
        "monai": (),
        "matplotlib": (),
        "SimpleITK": (),
        "hydra": (),
        "omegaconf": (),
    }
    room = path.relative_to(ROOT / "pipeline").parts[0]
    for node in ast.parse(path.read_text()).body:
        names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
        names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
        for library in {n.partition(".")[0] for n in names} & homes.keys():
            assert room in homes[library], f"{name(path)} imports {library} at the top"
