"""Everything is built before the first scan is opened: a mistake in the settings is said in the first second."""

from __future__ import annotations

from pipeline.cli.given import columns_of_settings
from pipeline.cli.help import shown
from pipeline.cli.settings import Settings
from pipeline.errors import ConfigError
from pipeline.tasks.table import TASKS, new_task


def build_networks(settings: Settings) -> None:
    """Build every network once, on one axis: a wrong name or parameter is said before a scan is opened.

    Raises:
        ConfigError: No such network or parameter, one that cannot answer the task, or no such device.
    """
    import torch

    from pipeline.data.columns import Column
    from pipeline.data.encoders import Encoder
    from pipeline.inference.model import pick_device
    from pipeline.networks.network import WHOLE, build_network
    from pipeline.tasks.asked import Asked

    pick_device(settings.device)
    # two landmarks: a network may have a part for each, which with one alone goes unnoticed
    anything = Asked(("one", "other"), ("class",), (Encoder(Column("value", "number")),))
    task = new_task(settings.task, anything, settings.training)
    for number, name in enumerate(("coarse", "fine")):
        level = getattr(settings.training, name)
        if level.network in WHOLE and level.batch < 2 and TASKS[settings.task].answers == "values":
            raise ConfigError(
                f"training.{name}.batch: {level.batch} is not enough for {level.network}, which normalises over the"
                f" images of a batch; give training.{name}.batch=2 or more."
            )
        try:
            with torch.device("meta"):
                build_network(level.network, 1, 1, task.heads(1, number), **level.parameters)
        except ConfigError as error:
            raise ConfigError(f"training.{name}: {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"training.{name}.parameters: {level.parameters} do not fit {level.network}: {error}"
            ) from error


def require_fitting(settings: Settings) -> None:
    """Refuse what nothing can be learned of in what the settings of `run` name: voxel sizes, columns and weights.

    Raises:
        ConfigError: What train would say, after all scans were read.
    """
    from pipeline.data.encoders import Encoder
    from pipeline.data.inputs import Inputs
    from pipeline.tasks.asked import Asked
    from pipeline.training.learnable import check_beside, check_weights

    require_one_size(settings)
    columns, training = columns_of_settings(settings), settings.training
    given, outputs = (tuple(map(Encoder, of)) for of in (columns.inputs, columns.outputs))
    check_beside("the settings name", Inputs(given, blind=training.blind), training.coarse.hidden)
    asked = Asked(("landmark",), ("class",), outputs)  # which there are is not known yet, and whether there are classes
    check_weights(new_task(settings.task, asked, training), training.attributes)


def require_one_size(settings: Settings) -> None:
    """Refuse several voxel sizes where one network looks once.

    Raises:
        ConfigError: Says what to give.
    """
    levels = settings.levels or ()
    if TASKS[settings.task].once and len(levels) > 1:
        raise ConfigError(
            f"levels: {shown(levels)} is not for task={settings.task}: one network looks once at all of an image. Give"
            f" one voxel size, such as levels={shown(levels[:1])}."
        )
