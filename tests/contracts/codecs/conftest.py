"""Every codec with the published frames of its protocol: a new one is tested by being registered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gateway.codecs.contract import CodecOptions, FrameDecoder
from gateway.codecs.registry import CODECS

CASES = Path(__file__).parents[2] / "cases"
_ALIASES = {name: min(other for other in CODECS if CODECS[other] is CODECS[name]) for name in CODECS}


@dataclass(frozen=True, slots=True)
class Codec:
    """A codec and frames to feed it."""

    name: str
    make: Callable[[CodecOptions], FrameDecoder[Any]]
    frames: tuple[bytes, ...]

    def decoder(self, *, is_lenient: bool = True) -> FrameDecoder[Any]:
        return self.make(CodecOptions(is_lenient=is_lenient))


def frames_of(name: str) -> tuple[bytes, ...]:
    """Return the published frames as they go over the wire."""
    is_text = CODECS[name](CodecOptions()).is_text
    folders = (CASES / other for other in CODECS if CODECS[other] is CODECS[name])
    lines = [path.read_text().splitlines()[1] for folder in folders for path in sorted(folder.glob("*/frame.txt"))]
    return tuple(f"{line}\r\n".encode() if is_text else bytes.fromhex(line) for line in lines)


def codecs() -> list[Codec]:
    return [Codec(name, CODECS[name], frames_of(name)) for name in sorted(set(_ALIASES.values()))]


@pytest.fixture(params=codecs(), ids=lambda codec: codec.name)
def codec(request: pytest.FixtureRequest) -> Codec:
    made: Codec = request.param
    return made
