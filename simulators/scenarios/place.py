"""Where a scenario plays: a generated district, networks of one's own, a site of one's own; and what is there.

Rule 1: a district stands alone; a site and networks may stand together, the networks being the site's.
Rule 2: files are named from where the scenario lies.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.documents import Document, Path, Value, did_you_mean, read_document
from gateway.errors import ConfigError
from simulators.districts import PARTS
from simulators.districts.part import Part
from simulators.models.network_text import NetworkText, network_text
from simulators.own.generated import network_parts
from simulators.own.networks import Networks, names_in
from simulators.scenarios.written import WrittenNetwork, WrittenScenario

_FROM_HERE = "named from where this file lies"


@dataclass(frozen=True, slots=True)
class OwnSite:
    """A site file of one's own, as it stands."""

    path: pathlib.Path
    text: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scenario plays; `assets` and `devices` are those that it may name, empty when a fault hides them."""

    district: Mapping[str, int]
    networks: Networks
    site: OwnSite | None = None
    assets: frozenset[str] = frozenset()
    devices: frozenset[str] = frozenset()


def written_out(value: Mapping[str, Value], folder: pathlib.Path) -> dict[str, Value]:
    """Return a scenario with what is written short written out: one network file, one name of an asset."""
    scenario = dict(value)
    network = scenario.get("network")
    if isinstance(network, str):
        network = {_sort_of(folder / network): network}
    if isinstance(network, dict) and isinstance(names := network.get("assets"), dict):
        network = {**network, "assets": {key: [one] if isinstance(one, str) else one for key, one in names.items()}}
    if network is not None:
        scenario["network"] = network
    return scenario


def read_place(document: Document, written: WrittenScenario) -> Place:
    """Return where a scenario plays; what is wrong with it becomes faults of the document."""
    folder = pathlib.Path(document.file).parent
    is_own = written.site is not None or written.network is not None
    if written.district and is_own:
        document.fault(
            ("district",), "district: a scenario has a district, or a site and networks of its own, not both"
        )
    elif not (written.district or is_own or any(map(document.is_faulty, (("district",), ("site",), ("network",))))):
        document.fault((), "'district' is missing", "or name a place of your own: site: FILE, network: FILE")
    district = {name: size for name, size in (written.district or {}).items() if name in PARTS}
    for name in written.district or {}:
        if name not in PARTS:
            near = did_you_mean(name, PARTS)
            document.fault(("district", name), f"district: there is no {name!r}", near, at_key=True)
    site, known = _site(document, folder, written.site) if written.site else (None, None)
    networks, texts = _networks(document, folder, written.network)
    if written.network is not None:
        _check_names(document, written.network, texts, None if known is None else known[0])
        if written.site and "gauges" in written.network.model_fields_set:
            document.fault(("network", "gauges"), "network.gauges: the site has gauges of its own", at_key=True)
    if document.is_faulty(("district",)) or document.is_faulty(("network",)) or document.is_faulty(("site",)):
        return Place(district, networks, site)
    if written.site:
        assets, devices = known or (frozenset(), frozenset())
        return Place(district, networks, site, assets, devices)
    try:
        parts = parts_of(district, networks)
    except ValueError as error:
        document.fault(("network",), f"network.{error}", at_key=True)
        return Place(district, networks)
    assets, devices = (frozenset(name for part in parts for name in found(part)) for found in (_assets, _devices))
    return Place(district, networks, None, assets, devices)


def parts_of(district: Mapping[str, int], networks: Networks) -> list[Part]:
    """Return the parts of a generated district, or of a site made for networks, in the order in which they step."""
    return [build(district[name]) for name, build in PARTS.items() if name in district] or network_parts(networks)


def _assets(part: Part) -> Mapping[str, object]:
    return part.assets


def _devices(part: Part) -> Mapping[str, object]:
    return part.devices


def _sort_of(file: pathlib.Path) -> str:
    """Return which network a file is; a file that cannot be read is told of later."""
    try:
        return "drainage" if network_text(file).is_swmm else "water"
    except OSError:
        return "water"


def _site(
    document: Document, folder: pathlib.Path, name: str
) -> tuple[OwnSite | None, tuple[frozenset[str], frozenset[str]] | None]:
    path = folder / name
    try:
        text = path.read_text(encoding="utf-8")
        site = read_document(text, str(path))
    except OSError as error:
        document.fault(
            ("site",), f"site: cannot read {name!r:.80}: {error.strerror}", "named from where this file lies"
        )
        return None, None
    except UnicodeDecodeError:
        document.fault(("site",), f"site: {name!r:.80} is no UTF-8 text")
        return None, None
    except ConfigError as error:
        document.faults.extend(error.faults)
        return None, None
    parts = site.value if isinstance(site.value, dict) else {}
    assets, devices = (parts.get(key) for key in ("assets", "devices"))
    if not isinstance(assets, dict) or not isinstance(devices, dict):
        document.fault(("site",), f"site: {name!r:.80} is no site file: it has no assets, or no devices")
        return None, None
    return OwnSite(path, text), (frozenset(assets), frozenset(devices))


def _networks(
    document: Document, folder: pathlib.Path, written: WrittenNetwork | None
) -> tuple[Networks, list[NetworkText]]:
    if written is None:
        return Networks(), []
    if not (written.water or written.drainage):
        if not document.is_faulty(("network",)):
            document.fault(("network",), "network: a file is missing", "water: zone.inp, or drainage: sewers.inp")
        return Networks(), []
    texts = []
    for key, name in (("water", written.water), ("drainage", written.drainage)):
        if name is None:
            continue
        at: Path = ("network", key)
        try:
            text = network_text(folder / name)
        except OSError as error:
            reason = f"{'.'.join(map(str, at))}: cannot read {name!r:.80}: {error.strerror}"
            document.fault(at, reason, _FROM_HERE)
            continue
        if text.is_swmm != (key == "drainage"):
            said = "is a SWMM file" if text.is_swmm else "is no SWMM file: it has no conduits and no outfall"
            document.fault(at, f"network.{key}: {name!r:.80} {said}", "water is EPANET's, drainage is SWMM's")
        texts.append(text)
    return Networks(
        folder / written.water if written.water else None,
        folder / written.drainage if written.drainage else None,
        {asset: tuple(names) for asset, names in written.assets.items()},
        written.gauges,
        dict(written.roads),
    ), texts


def _check_names(
    document: Document, written: WrittenNetwork, texts: list[NetworkText], assets: frozenset[str] | None
) -> None:
    """Find the names of the file that are not there, and the assets that the site does not have."""
    if document.is_faulty(("network", "water")) or document.is_faulty(("network", "drainage")):
        return
    known = names_in(texts)
    for asset, names in written.assets.items():
        for number, name in enumerate(names):
            if name not in known:
                at: Path = ("network", "assets", asset, number)
                near = did_you_mean(name, known)
                document.fault(at, f"network.assets.{asset}: the files have no node and no link {name!r:.60}", near)
    for key, named in (("assets", written.assets), ("roads", written.roads)):
        for asset in named:
            if assets is not None and asset not in assets:
                near = did_you_mean(asset, assets)
                document.fault(
                    ("network", key, asset), f"network.{key}: the site has no asset {asset!r:.60}", near, at_key=True
                )
