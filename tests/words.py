"""Words of a command line, each key of which is given once."""


def with_others(words, others):
    """The words, those of `others` in place of theirs."""
    keys = {word.partition("=")[0] for word in others}
    return [*(word for word in words if word.partition("=")[0] not in keys), *others]
