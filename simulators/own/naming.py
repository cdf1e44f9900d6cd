"""What the assets of a generated site are called: as their network file calls them, or as the scenario does."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

_NO_ID = re.compile(r"[^A-Za-z0-9_:-]")
_LONGEST = 64


class Names:
    """Ids for the nodes and links of several files, each given once.

    >>> names = Names({"N-2": ("J12",)}, ["10", "J12"], ["10", "P%1"])
    >>> names.of_link("10"), names.of_node("10"), names.of_node("J12"), names.of_link("P%1")
    ('10', 'N-10', 'N-2', 'P_1')
    """

    def __init__(self, assets: Mapping[str, Sequence[str]], nodes: Collection[str], links: Collection[str]) -> None:
        """`assets` gives the names that the scenario gives; a name is a node's where the file has such a node."""
        self._nodes: dict[str, str] = {}
        self._links: dict[str, str] = {}
        self.named_nodes: list[str] = []
        for asset, parts in assets.items():
            for part in parts:
                # One name for a pipe and a junction: the pipe keeps the file's.
                if part in links and part not in nodes:
                    self._links[part] = asset
                else:
                    self._nodes[part] = asset
                    self.named_nodes.append(part)
        self._taken = set(assets)
        for link in links:
            if link not in self._links:
                self._links[link] = self._free(link, "")
        for node in nodes:
            if node not in self._nodes:
                self._nodes[node] = self._free(node, "N-")

    def of_node(self, name: str) -> str:
        """Return the asset that a node is."""
        return self._nodes[name]

    def of_link(self, name: str) -> str:
        """Return the asset that a link is."""
        return self._links[name]

    def _free(self, name: str, prefix: str) -> str:
        plain = _NO_ID.sub("_", name)[:_LONGEST]
        number = 1
        found = plain
        while found in self._taken:
            found = f"{prefix}{plain}" if number == 1 and prefix else f"{plain[: _LONGEST - 4]}-{number + 1}"
            number += 1
        self._taken.add(found)
        return found
