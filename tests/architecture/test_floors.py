"""The house stands: imports point down, every room has a floor, and each library lives where it belongs."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def contracts() -> list[dict]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]


def test_the_contracts_of_the_floors_hold():
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_room_has_a_floor():
    floors = {room.strip() for layer in contracts()[0]["layers"] for room in layer.split("|")}
    rooms = {p.name for p in (ROOT / "pipeline").iterdir() if (p / "__init__.py").is_file()}
    files = {p.stem for p in (ROOT / "pipeline").glob("*.py")} - {"__init__"}
    assert floors == rooms | files
    assert contracts()[0]["exhaustive"] is True


def test_every_room_below_the_door_is_kept_from_the_config():
    kept = {name.removeprefix("pipeline.") for name in contracts()[1]["source_modules"]}
    floors = {room.strip() for layer in contracts()[0]["layers"] for room in layer.split("|")}
    assert kept == floors - {"cli", "__main__"}


def test_the_contracts_would_notice(tmp_path):
    """The guard fires: a package with one import that points up breaks a contract of the same form."""
    package = tmp_path / "house"
    for room in ("upper", "lower"):
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "lower" / "__init__.py").write_text("import house.upper\n")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.importlinter]\nroot_package = "house"\n[[tool.importlinter.contracts]]\nname = "down"\n'
        'type = "layers"\ncontainers = ["house"]\nexhaustive = true\nlayers = ["upper", "lower"]\n'
    )
    code = (
        "import sys; sys.path.insert(0, '.'); from importlinter.cli import lint_imports_command; lint_imports_command()"
    )
    done = subprocess.run([sys.executable, "-c", code, "--no-cache"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "BROKEN" in done.stdout


def test_the_wheel_takes_the_configs_along():
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert build["force-include"] == {"configs": "pipeline/configs"}
