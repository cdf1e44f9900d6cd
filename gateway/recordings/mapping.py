"""Which column is which channel, in which unit: `COLUMN=CHANNEL` or `COLUMN=CHANNEL@UNIT`, or a YAML file of the same.

Without a unit the values are taken to be in the canonical unit of the channel's quantity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gateway.documents import Document, did_you_mean, read_document
from gateway.errors import ConfigError, Fault
from gateway.inventory import Channel
from gateway.units import QUANTITIES, UNITS

_OPTION = "--map"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the values of a column belong: canonical value = recorded value * factor + shift."""

    channel: str
    factor: float = 1.0
    shift: float = 0.0


def read_map(written: Sequence[str], channels: Mapping[str, Channel]) -> dict[str, Place]:
    """Return the place of each column; ConfigError with every fault of the options and the files they name."""
    places: dict[str, Place] = {}
    faults: list[Fault] = []
    for number, item in enumerate(written, 1):
        column, equals, target = item.rpartition("=")
        if equals:
            document = Document(_OPTION, value={column: target}, places={(): (number, 1)})
        else:
            try:
                document = read_document(Path(item).read_bytes(), item)
            except OSError as error:
                hint = "write COLUMN=CHANNEL, or name a YAML file"
                faults.append(Fault(item, 1, 1, f"cannot read the map: {error.strerror}", hint))
                continue
            except ConfigError as error:
                faults.extend(error.faults)
                continue
        _read_document(document, channels, places)
        faults.extend(document.faults)
    if faults:
        raise ConfigError(faults)
    return places


def _read_document(document: Document, channels: Mapping[str, Channel], places: dict[str, Place]) -> None:
    taken = {place.channel: column for column, place in places.items()}
    for column, target in document.mapping((), document.value).items():
        if not isinstance(target, str):
            document.fault((column,), f"{column} must be a channel, got {target!r:.60}", "write COLUMN: CHANNEL@UNIT")
            continue
        name, _, unit = (part.strip() for part in target.partition("@"))
        if name not in channels:
            hint = did_you_mean(name, channels) or "channels are asset.device.point of the site file"
            document.fault((column,), f"{column}: there is no channel {name!r:.80}", hint)
            continue
        if taken.setdefault(name, column) != column:
            document.fault((column,), f"{column}: {name} is already the channel of {taken[name]}")
            continue
        quantity = QUANTITIES[channels[name].quantity]
        try:
            factor, shift = quantity.from_unit(unit) if unit else (1.0, 0.0)
        except ValueError as error:
            fitting = f"write one of {', '.join(quantity.units())}"
            hint = fitting if unit in UNITS else did_you_mean(unit, quantity.units()) or fitting
            document.fault((column,), f"{column}: {error}", hint)
            continue
        places[column] = Place(name, factor, shift)
