"""The texts of `--help`. The first page knows the verbs alone; a verb's page reads the settings."""

from __future__ import annotations

import textwrap
from typing import Any

from pipeline.cli.verbs import VERBS, Verb

WIDTH = 110
FIRST = """\
patchvote finds landmarks in 3D scans and pictures: patches that believe vote, and the votes are averaged.

usage: patchvote VERB [key=value ...]

{verbs}

Start:        patchvote demo
Your scans:   patchvote run experiment=my_landmarks source=FOLDER run=runs/mine
New scans:    patchvote predict model=runs/mine/model -i SCAN_OR_FOLDER -o OUT
A verb's own page, with an example and its keys:   patchvote VERB --help

Results are printed on stdout, progress on stderr (none with -q). Running a verb again does only what is missing.
Exit code: 0 every case came through, 1 something failed, 2 the command or the settings are wrong."""


def first_page() -> str:
    """`patchvote --help`."""
    width = max(len(verb.name) for verb in VERBS)
    return FIRST.format(verbs="\n".join(f"  {verb.name:<{width}}  {verb.does}" for verb in VERBS))


def verb_page(verb: Verb) -> str:
    """`patchvote VERB --help`."""
    known = {"predict.input": "-i SCAN_OR_FOLDER ...", "predict.output": "-o OUT", "quiet": "-q"}
    flags = [flag if key in verb.needs else f"[{flag}]" for key, flag in known.items() if verb.reads(key)]
    usage = " ".join(["usage: patchvote", verb.name, *flags, "[key=value ...]"])
    parts = [
        f"patchvote {verb.name}: {verb.does}",
        usage,
        f"Writes {verb.then}",
        f"Example:\n  {verb.example}",
        _choices(verb),
        _keys(verb),
    ]
    return "\n\n".join(part for part in parts if part)


def _choices(verb: Verb) -> str:
    """The files that can be chosen by name."""
    from pipeline.cli.config_files import groups

    lines = [f"  {group}={'|'.join(names)}" for group, names in groups().items() if group in verb.keys and names]
    return "\n".join(["Choices:", *lines]) if lines else ""


def _keys(verb: Verb) -> str:
    """Key, default and meaning of everything the verb reads."""
    from pipeline.cli.compose import compose, sort_words
    from pipeline.cli.schema import at, leaves, words
    from pipeline.cli.settings import Settings
    from pipeline.cli.validate import plain, validate

    defaults = plain(validate(compose(sort_words([]))))
    lines = [f"Keys, with their defaults{_shorter(verb)}:"]
    for leaf in leaves(Settings):
        if verb.reads(leaf.key):
            default = leaf.default if ".N." in leaf.key else at(defaults, leaf.key)
            lines.append(f"  {leaf.key}={shown(default)}")
            meaning = f"{verb.meanings.get(leaf.key, leaf.meaning)} ({words(leaf.kind)})".strip()
            lines += textwrap.wrap(meaning, WIDTH, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(lines)


def _shorter(verb: Verb) -> str:
    short = " and ".join(f"{section}.KEY" for section in verb.sections)
    return f" ({short} may be written KEY)" if short else ""


def shown(value: Any) -> str:
    """A value as it would be typed.

    Examples:
        >>> shown(None), shown((0.7, 0.15, 0.15)), shown(True), shown({})
        ('null', '[0.7,0.15,0.15]', 'true', '{}')
    """
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{','.join(shown(v) for v in value)}]"
    if isinstance(value, dict):
        return "{" + ",".join(f"{k}: {shown(v)}" for k, v in value.items()) + "}"
    return str(value)
