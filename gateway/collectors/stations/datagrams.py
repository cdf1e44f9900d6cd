"""Stations over UDP: a datagram holds whole frames, and its answer goes back to where it came from.

Nobody is asked to slow down: when too many wait for the disk, new ones are dropped and counted, and come again.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeAlias, cast

from gateway.codecs.contract import CodecOptions, StreamDecoder
from gateway.collectors.stations.conversation import Conversation, CutOff, Surroundings
from gateway.errors import Unreachable

_MOST_WAITING = 1_000
_MOST_PEERS = 1_000
_TOGETHER = 64

_Address: TypeAlias = tuple[str | Any, int]


class DatagramListener(asyncio.DatagramProtocol):
    """Receives the datagrams of one socket."""

    def __init__(
        self,
        around: Surroundings,
        make_decoder: Callable[[CodecOptions], StreamDecoder[Any]],
        options: CodecOptions,
        is_allowed: Callable[[str], bool],
    ) -> None:
        self._around = around
        self._make_decoder = make_decoder
        self._options = options
        self._is_allowed = is_allowed
        self._stage = f"collector:{around.settings.id}"
        self._waiting: asyncio.Queue[tuple[bytes, _Address]] = asyncio.Queue(_MOST_WAITING)
        self._decoders: OrderedDict[_Address, StreamDecoder[Any]] = OrderedDict()
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket to answer through."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: _Address) -> None:
        """Take one datagram, or count why not."""
        if not self._is_allowed(str(addr[0])):
            self._around.health.count(self._stage, "failed", reason="network")
        elif self._waiting.full():
            self._around.health.count(self._stage, "dropped", reason="too many waiting")
        else:
            self._waiting.put_nowait((data, addr))

    async def run(self) -> None:
        """Work off datagrams until cancelled, many a commit."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _TOGETHER and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            # Datagrams of one station stay in order: those of one address are answered one after another.
            by_address: dict[_Address, list[bytes]] = {}
            for data, addr in batch:
                by_address.setdefault(addr, []).append(data)
            async with asyncio.TaskGroup() as tasks:
                for addr, several in by_address.items():
                    tasks.create_task(self._answer(several, addr), name=f"{self._stage} {addr[0]}")

    async def _answer(self, several: list[bytes], addr: _Address) -> None:
        decoder = self._decoder_of(addr)
        for data in several:
            conversation = Conversation(self._around, decoder, str(addr[0]))
            try:
                answers = await conversation.answers([*decoder.feed(data), *decoder.close()])
            except CutOff as ending:
                answers = [ending.last_words]
            except Unreachable:
                self._around.health.count(self._stage, "dropped", reason="journal")
                continue
            for answer in answers:
                if answer and self._transport is not None:
                    self._transport.sendto(answer, addr)

    def _decoder_of(self, addr: _Address) -> StreamDecoder[Any]:
        """Return the decoder that remembers an address's split messages."""
        decoder = self._decoders.pop(addr, None) or self._make_decoder(self._options)
        self._decoders[addr] = decoder
        while len(self._decoders) > _MOST_PEERS:
            self._decoders.popitem(last=False)
        return decoder
