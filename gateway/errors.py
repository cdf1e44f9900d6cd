"""The four exceptions of the house. Each says what to do, not only what went wrong."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a file people write, with its place (line and column start at 1)."""

    file: str
    line: int
    column: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.file}:{self.line}:{self.column}: error: {self.message}"
        return f"{text} ({self.hint})" if self.hint else text


class ConfigError(Exception):
    """A file people write is wrong; carries every fault found, in the order of the file."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults, key=lambda fault: (fault.file, fault.line, fault.column))
        super().__init__("\n".join(map(str, self.faults)))


class DecodeError(Exception):
    """Bytes that mean nothing to a codec; `reason` is a short word to count by, `detail` explains this one."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


class Unreachable(Exception):  # noqa: N818 - the house's word: keep what you have and try again
    """The other side does not answer now; nothing is lost, try again later, not before `retry_seconds`."""

    def __init__(self, reason: str = "", *, retry_seconds: float = 0.0) -> None:
        self.retry_seconds = retry_seconds
        super().__init__(reason)


class NotAllowed(Exception):  # noqa: N818 - the house's word
    """An operator's step that the state table forbids."""
