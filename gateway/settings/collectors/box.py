"""The collector kind `box`: what this box tells of itself, today how its clock stands to network time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from gateway.documents import Document
from gateway.settings.collectors.contract import Kind, Surroundings
from gateway.settings.written import Written


@dataclass(frozen=True, slots=True)
class BoxSettings:
    """How often this box looks at itself."""

    kind: ClassVar[str] = "box"

    id: str
    poll_seconds: float = 60.0

    @property
    def alone(self) -> str:
        """There is one box."""
        return "box"


class WrittenBox(Written):
    """This box itself."""

    kind: Annotated[Literal["box"], Field(examples=["box"])]
    poll_seconds: Annotated[float, Field(ge=1, le=86_400)] = 60.0


def _read(document: Document, name: str, box: WrittenBox, around: Surroundings) -> BoxSettings:
    del document, around
    return BoxSettings(name, box.poll_seconds)


BOX = Kind(WrittenBox, _read, frozenset({"json"}), ("is the same box as", "put the devices of both on one collector"))
"""The kind as the site file knows it."""
