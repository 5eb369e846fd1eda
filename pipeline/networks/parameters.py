"""Parameters of a network, held against the signature of what builds it: names, kinds, ranges."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from pipeline.errors import ConfigError

NOT_CHOSEN = ("dims", "inputs", "landmarks")
LEAST = {"growth": 0, "depth": 0, "hourglass": 0, "norm": 0}  # of the others 1
MOST = {"depth": 16, "features": 65536, "norm": 1}  # each further block sees twice as far; of the others 4096


def check_parameters(name: str, build: Callable[..., Any], parameters: Mapping[str, Any]) -> None:
    """Refuse what a network does not take.

    Args:
        name: Of the network.
        build: Its function; all that can be chosen are whole numbers.
        parameters: By name.

    Raises:
        ConfigError: No such parameter, not a whole number, or one that no network can be built with.
    """
    known = [key for key in inspect.signature(build).parameters if key not in NOT_CHOSEN]
    for key, value in parameters.items():
        if key not in known:
            raise ConfigError(f"network.{key}={value!r}: {name} has no such parameter; {instead(key, known)}")
        least, most = LEAST.get(key, 1), MOST.get(key, 4096)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ConfigError(f"network.{key}={value!r}: choose a whole number from {least} to {most}")


def instead(name: str, known: list[str]) -> str:
    """What there is, and what may have been meant."""
    near = get_close_matches(name, known, 1)
    return f"choose one of {known}" + (f"; did you mean '{near[0]}'?" if near else "")
