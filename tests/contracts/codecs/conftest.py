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
    lines = [path.read_text().splitlines()[1] for path in sorted((CASES / name).glob("*/frame.txt"))]
    return tuple(f"{line}\r\n".encode() if is_text else bytes.fromhex(line) for line in lines)


def codecs() -> list[Codec]:
    # A codec may have two names; its frames lie under one of them.
    return [Codec(name, CODECS[name], frames_of(name)) for name in sorted(CODECS) if (CASES / name).is_dir()]


@pytest.fixture(params=codecs(), ids=lambda codec: codec.name)
def codec(request: pytest.FixtureRequest) -> Codec:
    made: Codec = request.param
    return made


def streamed() -> list[Codec]:
    """Those whose frames come in a stream of bytes; the others' come whole."""
    return [codec for codec in codecs() if hasattr(codec.decoder(), "feed")]


@pytest.fixture(params=streamed(), ids=lambda codec: codec.name)
def streaming(request: pytest.FixtureRequest) -> Codec:
    made: Codec = request.param
    return made
