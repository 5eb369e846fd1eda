"""Everything is built before the first scan is opened: a mistake in the settings is said in the first second."""

from __future__ import annotations

from pipeline.cli.settings import Settings
from pipeline.errors import ConfigError


def build_networks(settings: Settings) -> None:
    """Build every network once, on one axis: a wrong name or parameter is said before a scan is opened.

    Raises:
        ConfigError: No such network or parameter, or no such device.
    """
    import torch

    from pipeline.data.columns import Column
    from pipeline.data.encoders import Encoder
    from pipeline.inference.model import pick_device
    from pipeline.networks.network import build_network
    from pipeline.tasks.asked import Asked
    from pipeline.tasks.table import new_task

    pick_device(settings.device)
    anything = Asked(("landmark",), ("class",), (Encoder(Column("value", "number")),))
    task = new_task(settings.task, anything, settings.training)
    for number, name in enumerate(("coarse", "fine")):
        level = getattr(settings.training, name)
        try:
            with torch.device("meta"):
                build_network(level.network, 1, 1, task.heads(1, number), **level.parameters)
        except ConfigError as error:
            raise ConfigError(f"training.{name}: {error}") from error
        except (TypeError, ValueError, AttributeError) as error:
            raise ConfigError(
                f"training.{name}.parameters: {level.parameters} do not fit {level.network}: {error}"
            ) from error
