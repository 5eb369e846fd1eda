"""The errors that a user can meet. Each message says which thing, what is wrong, the value met, what to do."""

from pathlib import Path

# As torch says it in a RuntimeError: on a CPU, and of a GPU whose memory another program holds; and as the system says
# it, also where a library cannot be loaded.
TOLD = (
    "not enough memory",
    "can't allocate memory",
    "CUDA error: out of memory",
    "Cannot allocate memory",
    "failed to map segment from shared object",
)
SMALLER = "Make it smaller, close other programs, or use a machine with more."


class PatchvoteError(Exception):
    """Something the user can mend; the front door prints the message without a traceback."""


class ConfigError(PatchvoteError):
    """A setting is unknown, has the wrong type or does not fit another."""


class DataError(PatchvoteError):
    """A file of the user cannot be read, or says something impossible."""


class UnwritableError(DataError):
    """A file of the program's own cannot be written, as on a full disk: nothing is wrong with the data."""


class UnevenError(DataError):
    """The voxels of a scan lie, as stored, on no even grid, so that their numbers say nothing of where they are."""


class MisfitError(DataError):
    """An image is of another kind or size than a model learned from. It names no file: whoever asks knows which."""


class GeometryError(PatchvoteError):
    """A frame is singular, or shapes and points do not belong together."""


class CheckpointError(PatchvoteError):
    """A model or a resume folder is damaged or belongs to another experiment."""


def in_words(error: Exception, path: Path, what: str) -> str:
    """What to list for a file that fails where the others go on.

    Args:
        what: Was being done with it.

    Examples:
        >>> in_words(DataError("a.nii: cut off"), Path("a.nii"), "answering")
        'a.nii: cut off'
        >>> in_words(MisfitError("the image has 2 dimensions"), Path("a.nii"), "answering")
        'a.nii: the image has 2 dimensions'
        >>> in_words(MemoryError(), Path("a.nii"), "answering")  # doctest: +ELLIPSIS
        'a.nii: answering needs more memory than there is. Make it smaller, close other programs, or use ...'
        >>> in_words(KeyError("axis"), Path("a.nii"), "answering")
        "a.nii: answering failed: KeyError('axis')"
    """
    if isinstance(error, MisfitError):
        return f"{path}: {error}"
    if isinstance(error, PatchvoteError):
        return str(error)
    if is_lack_of_memory(error):
        return f"{path}: {what} needs more memory than there is. {SMALLER}"
    return f"{path}: {what} failed: {error!r}"


def is_lack_of_memory(error: Exception) -> bool:
    """Whether an error says that there is not enough memory, of the computer or of its GPU.

    torch's own kind goes by its name: whoever does without torch asks, too.
    """
    lacking = isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError"
    return lacking or any(words in str(error) for words in TOLD)
