"""The command line: find the verb, compose and check the settings, call the stage, turn errors into words.

Nothing heavy is imported here: `patchvote --help` answers without NumPy, a mistake in the settings without torch.
"""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from collections.abc import Sequence

from pipeline import __version__
from pipeline.cli.help import first_page, verb_page
from pipeline.cli.nearest import did_you_mean
from pipeline.cli.streams import prepare_streams, say, silence
from pipeline.cli.verbs import NAMES, Verb, verb_named
from pipeline.data.file_names import is_utf8, mend_utf8
from pipeline.errors import ConfigError, PatchvoteError, is_lack_of_memory

DONE, FAILED, MISUSED, INTERRUPTED = 0, 1, 2, 130
FLAGS = {"-i": "predict.input", "--input": "predict.input", "-o": "predict.output", "--output": "predict.output"}
# Of a path that the user named: below a folder that is closed, or longer than names may be. Path.exists() raises both.
UNREACHABLE = (errno.EACCES, errno.ENAMETOOLONG)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line; returns the exit code (0 done, 1 something failed, 2 misuse, 130 interrupted)."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    prepare_streams()
    try:
        return _answer(given)
    except PatchvoteError as error:
        print(f"patchvote: {error}", file=sys.stderr)
        return MISUSED if isinstance(error, ConfigError) else FAILED
    except KeyboardInterrupt:
        print(f"\npatchvote: interrupted. Run the same command again: it {_again(given)}.", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `patchvote ... | head`: nobody reads on, and that is no fault
        silence()
        return FAILED
    except OSError as error:
        if error.errno not in UNREACHABLE or error.filename is None:
            return _fault(error)
        why = f"{error.filename}: {error.strerror}. Name another path, or make it readable."
        print(f"patchvote: {why}", file=sys.stderr)
        return MISUSED
    except Exception as error:
        return _fault(error)


def _again(given: Sequence[str]) -> str:
    verb = verb_named(given[0]) if given else None
    return "begins anew" if verb and verb.anew else "goes on where it stopped"


def _fault(error: Exception) -> int:
    """What nobody thought of: the lines that help to mend it. Memory may end anywhere, and is no fault."""
    if is_lack_of_memory(error):
        said = str(error).strip().partition("\n")[0] or type(error).__name__
        why = f"there is not enough memory, or a limit on it (ulimit, container, job) is too low: {said}."
        print(f"patchvote: {why} Raise the limit, close other programs, or use a machine with more.", file=sys.stderr)
        return FAILED
    traceback.print_exc()
    print(f"patchvote {__version__}: a fault of the program. Please report the lines above.", file=sys.stderr)
    return FAILED


def _answer(given: list[str]) -> int:
    if not given or given[0] in ("-h", "--help", "help"):
        say(first_page())
        return DONE if given else MISUSED
    if given[0] in ("-V", "--version"):
        say(f"patchvote {__version__}")
        return DONE
    verb = verb_named(given[0])
    if verb is None:
        raise ConfigError(f"unknown verb '{given[0]}'.{did_you_mean(given[0], NAMES)}\n  there are: {', '.join(NAMES)}")
    if {"-h", "--help"} & set(given[1:]):
        say(verb_page(verb))
        return DONE
    return _act(verb, given[1:])


def _act(verb: Verb, given: list[str]) -> int:
    from pipeline.cli.chain import act
    from pipeline.cli.settle import settings_from, unread
    from pipeline.data.progress_bar import show_progress

    _require_utf8(given)
    _require_place()
    flags, arguments = split_flags(verb, given)
    settings = settings_from(verb, arguments, flags)
    show_progress(not settings.quiet)
    for note in unread(verb, arguments, settings.task):
        print(note, file=sys.stderr)
    return act(verb, settings)


def _require_utf8(given: Sequence[str]) -> None:
    """Settings and tables hold no other words, and most libraries open no other files."""
    for word in given:
        if not is_utf8(word):
            advice = mend_utf8(word, "Rename what it names.")
            raise ConfigError(f"'{word}': not UTF-8, which settings and tables are written in. {advice}")


def _require_place() -> None:
    """Paths are looked up from the folder that one is in, which may have been deleted meanwhile."""
    try:
        os.getcwd()
    except FileNotFoundError as error:
        raise ConfigError(
            "the folder that you are in is not there any more, so no path can be looked up. Go to another"
            " (cd FOLDER) and say it again."
        ) from error


def split_flags(verb: Verb, given: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """Take `-i A B -o OUT` out of the arguments.

    Returns:
        {"predict.input": paths, "predict.output": paths} as far as given, and the remaining arguments.

    Examples:
        >>> split_flags(verb_named("predict"), ["-i", "a.nii", "b.nii", "device=cpu", "-o", "out"])
        ({'predict.input': ['a.nii', 'b.nii'], 'predict.output': ['out']}, ['device=cpu'])
    """
    flags: dict[str, list[str]] = {}
    rest: list[str] = []
    taking: list[str] | None = None
    for argument in given:
        if argument in FLAGS and verb.reads(FLAGS[argument]):
            taking = flags.setdefault(FLAGS[argument], [])
        elif argument in ("-q", "--quiet"):
            rest.append("quiet=true")
        elif argument == "--with-model" and verb.name == "check":
            rest.append("check.with_model=true")
        elif argument.startswith("-"):
            raise ConfigError(f"'{argument}' is not an option of {verb.name}. See patchvote {verb.name} --help")
        elif taking is not None and not _is_setting(verb, argument):
            taking.append(argument)
        else:
            taking = None
            rest.append(argument)
    for key, paths in flags.items():
        if not paths or "" in paths or (key == "predict.output" and len(paths) > 1):
            needs = "-o needs one folder" if key == "predict.output" else "-i needs a scan or a folder"
            raise ConfigError(f"{needs}; got {paths}")
    return flags, rest


def _is_setting(verb: Verb, argument: str) -> bool:
    """Whether a word after -i or -o is `key=value`; of what is not known as a key, only if no file is called so."""
    if not re.match(r"[+]{0,2}[a-z_][\w.-]*=", argument):
        return False
    return not os.path.exists(argument) or _is_known(verb, argument)


def _is_known(verb: Verb, argument: str) -> bool:
    from pipeline.cli.compose import sort_words
    from pipeline.cli.validate import known_keys

    words = sort_words([argument], verb.sections)
    return bool(words.chosen or {*words.texts, *words.values} & known_keys().keys())
