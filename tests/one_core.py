"""Programs that tests start keep to one core: two that share the cores wait for each other's threads."""

import os


def keep_to_one_core():
    """To be called in a new process, before the program begins: processes of tests side by side take different ones."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
        os.sched_setaffinity(0, {cores[worker % len(cores)]})
