"""What a profile says of payloads that are no named fields alone: packed bytes and arrays of samples."""

from __future__ import annotations

from gateway.documents import Document
from gateway.profiles.profile import TREE_PROTOCOLS, PackedPlace, Samples
from gateway.profiles.written import WrittenPacked, WrittenSamples

_SIZES = {"u8": 1, "i8": 1, "u16": 2, "i16": 2, "u24": 3, "i24": 3, "u32": 4, "i32": 4, "u64": 8, "i64": 8}
_FLOATS = {"f32": 4, "f64": 8}


def packed_place(document: Document, at: tuple[str | int, ...], written: WrittenPacked) -> PackedPlace:
    """Return where a point lies in packed bytes."""
    where = ".".join(map(str, at))
    size = _SIZES.get(written.type) or _FLOATS.get(written.type) or written.size or 0
    if written.type == "bcd" and written.size is None:
        document.fault(at, f"{where}: bcd needs 'size', its bytes", at_key=True)
    if written.type != "bcd" and written.size not in (None, size):
        document.fault((*at, "size"), f"{where}.size of {written.type} is {size}, got {written.size}")
    if written.bit is not None:
        if not written.type.startswith("u"):
            document.fault((*at, "bit"), f"{where}.bit is for unsigned types, {written.type} is none")
        elif written.bit + written.bits > 8 * size:
            document.fault((*at, "bit"), f"{where}: {written.type} has {8 * size} bits")
    return PackedPlace(written.offset, written.type, written.order == "little", size, written.bit, written.bits)


def samples_of(
    document: Document, at: tuple[str | int, ...], written: WrittenSamples | None, protocol: str
) -> Samples | None:
    """Return how the values of an array lie in time."""
    if written is None:
        return None
    where = ".".join(map(str, at))
    if protocol not in TREE_PROTOCOLS:
        document.fault((*at, "samples"), f"{where}.samples is for json and cbor", at_key=True)
    if (written.step_seconds is None) == (written.step_path is None):
        document.fault((*at, "samples"), f"{where}.samples must have step_seconds or step_path", at_key=True)
    return Samples(written.step_seconds, _path(written.step_path), _path(written.start_path))


def _path(written: str | list[str] | None) -> tuple[str, ...] | None:
    if written is None:
        return None
    return tuple(written.split(".")) if isinstance(written, str) else tuple(written)
