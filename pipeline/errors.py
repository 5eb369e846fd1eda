"""The errors that a user can meet. Each message says which thing, what is wrong, the value met, what to do."""

from pathlib import Path


class PatchvoteError(Exception):
    """Something the user can mend; the front door prints the message without a traceback."""


class ConfigError(PatchvoteError):
    """A setting is unknown, has the wrong type or does not fit another."""


class DataError(PatchvoteError):
    """A file of the user cannot be read, or says something impossible."""


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
        >>> in_words(MemoryError(), Path("a.nii"), "answering")
        'a.nii: answering failed: MemoryError()'
    """
    if isinstance(error, MisfitError):
        return f"{path}: {error}"
    return str(error) if isinstance(error, PatchvoteError) else f"{path}: {what} failed: {error!r}"
