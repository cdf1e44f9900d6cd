"""Two serial ports joined by a wire, made of pseudo-terminals, for lines of both masters and units on one machine.

There is no line time: bytes arrive as soon as they are written, whatever the baud rate says.
"""

from __future__ import annotations

import os
import select
import threading
import tty
from types import TracebackType
from typing import Self

_LOOK_SECONDS = 0.1
_CHUNK = 4_096


class SerialPair:
    """Two device paths; what is written to the one is read from the other."""

    def __init__(self) -> None:
        ends = [os.openpty(), os.openpty()]
        self._masters = [master for master, _ in ends]
        self._slaves = [slave for _, slave in ends]
        for slave in self._slaves:
            tty.setraw(slave)
        self.ours, self.theirs = (os.ttyname(slave) for slave in self._slaves)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._pump, name="serial-pair", daemon=True)

    def say(self, data: bytes) -> None:
        """Put bytes on the wire towards `ours`, as a unit would that nobody asked."""
        os.write(self._masters[0], data)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()
        for end in (*self._masters, *self._slaves):
            os.close(end)

    def _pump(self) -> None:
        other = {self._masters[0]: self._masters[1], self._masters[1]: self._masters[0]}
        while not self._is_over.is_set():
            for master in select.select(self._masters, [], [], _LOOK_SECONDS)[0]:
                os.write(other[master], os.read(master, _CHUNK))
