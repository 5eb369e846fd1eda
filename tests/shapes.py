"""Holds signatures to the array shapes and types they promise, in the test run. Other hints are mypy's work."""

import inspect
import typing
from functools import wraps

from jaxtyping import AbstractArray


def check_shapes(function):
    """A type checker for jaxtyping's import hook that looks at array hints only."""
    signature = inspect.signature(function)
    hints = {n: h for n, h in _hints(function).items() if isinstance(h, type) and issubclass(h, AbstractArray)}
    if not hints:
        return function

    @wraps(function)
    def checked(*args, **kwargs):
        for name, value in signature.bind(*args, **kwargs).arguments.items():
            _look(name, value, hints)
        result = function(*args, **kwargs)
        _look("return", result, hints)
        return result

    return checked


def _hints(function):
    try:
        return typing.get_type_hints(function)
    except NameError:  # a name that exists only for mypy
        return {}


def _look(name, value, hints):
    hint = hints.get(name)
    if hint and isinstance(value, hint.array_type) and not isinstance(value, hint):
        raise TypeError(f"{name}: {hint.__name__} promised, {value.dtype} of shape {tuple(value.shape)} given")
