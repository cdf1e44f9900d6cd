"""A generated site for networks of one's own, as parts that site files and worlds are made of."""

from __future__ import annotations

from simulators.districts.part import Part
from simulators.models.network_text import network_text
from simulators.own.naming import Names
from simulators.own.networks import Networks
from simulators.own.sewers import RAIN, sewers_part
from simulators.own.zone import ZONE, zone_part


def network_parts(networks: Networks) -> list[Part]:
    """Return a zone for the water network and sewers for the drainage network; OSError when one cannot be read.

    Assets are called as the files call them, or as `networks.assets` does; see `Names` for what two files share.
    """
    texts = {file: network_text(file) for file in (networks.water, networks.drainage) if file is not None}
    parts: list[Part] = []
    taken: dict[str, tuple[str, ...]] = {ZONE: (), RAIN: ()}
    for file, make in ((networks.water, zone_part), (networks.drainage, sewers_part)):
        if file is None:
            continue
        nodes, links = texts[file].nodes, texts[file].links
        own = {
            name: tuple(one for one in told if one in nodes or one in links) for name, told in networks.assets.items()
        }
        names = Names({**taken, **own}, nodes, links)
        parts.append(make(networks, names))
        taken |= dict.fromkeys(parts[-1].assets, ())
    return parts
