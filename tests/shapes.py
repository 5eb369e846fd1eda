"""Holds signatures to the array shapes and types they promise, in the test run. Other hints are mypy's work."""

import inspect
import typing
from contextlib import suppress
from functools import wraps
from itertools import chain
from types import SimpleNamespace

from jaxtyping import AbstractArray, jaxtyped

BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def jaxtyped_in_short(*given, **named):
    """jaxtyping's decorator, but functions are checked by `check_shapes` alone, once a call: jaxtyping would bind the
    arguments of each call, and check them twice, which took as long as many a test."""
    if given:
        return jaxtyped(*given, **named)
    return lambda thing: check_shapes(thing) if inspect.isfunction(thing) else jaxtyped(**named)(thing)


def check_shapes(function):
    """The function, held to its array hints; letters of their shapes mean one number within a call."""
    names = [p.name for p in inspect.signature(function).parameters.values() if p.kind in BY_PLACE]
    hints = _hints(function)
    if not hints:
        return function

    @wraps(function)
    def checked(*args, **kwargs):
        with jaxtyped("context"):
            for name, value in chain(zip(names, args, strict=False), kwargs.items()):
                _look(name, value, hints)
            result = function(*args, **kwargs)
            _look("return", result, hints)
            return result

    return checked


def _hints(function):
    """Those of arrays; others are not read, and names that exist only for mypy cannot be."""
    found = {}
    for name, hint in function.__annotations__.items():
        with suppress(NameError):
            found |= typing.get_type_hints(SimpleNamespace(__annotations__={name: hint}), function.__globals__)
    return {name: hint for name, hint in found.items() if isinstance(hint, type) and issubclass(hint, AbstractArray)}


def _look(name, value, hints):
    hint = hints.get(name)
    if hint and isinstance(value, hint.array_type) and not isinstance(value, hint):
        raise TypeError(f"{name}: {hint.__name__} promised, {value.dtype} of shape {tuple(value.shape)} given")
