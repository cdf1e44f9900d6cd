"""The part `collectors` of a site file: where readings come from. Passwords come from outside the file."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from gateway.documents import Document, Value, did_you_mean
from gateway.settings.collectors import KINDS
from gateway.settings.collectors.contract import CollectorSettings, Surroundings
from gateway.settings.written import check_id


def read_collectors(document: Document, written: Value, around: Surroundings) -> dict[str, CollectorSettings | None]:
    """Return the collectors by name, None for one that is wrong."""
    collectors: dict[str, CollectorSettings | None] = {}
    for name, value in document.mapping(("collectors",), written).items():
        at = ("collectors", name)
        check_id(document, at, name)
        word = document.mapping(at, value).get("kind")
        kind = KINDS.get(word) if isinstance(word, str) else None
        collectors[name] = None
        if kind is None:
            got = f"got {word!r:.60}" if word is not None else "but is missing"
            message = f"collectors.{name}.kind must be a kind of collector, {got}"
            document.fault((*at, "kind"), message, did_you_mean(str(word), KINDS) or f"there are {', '.join(KINDS)}")
        elif part := document.check(at, value, kind.written):
            collectors[name] = kind.read(document, name, part, around)
    _check_shared(document, collectors)
    return collectors


def _check_shared(document: Document, collectors: Mapping[str, CollectorSettings | None]) -> None:
    # Of whatever kind: a line that two ask at once answers neither, and a port has one listener.
    owners: dict[Hashable, str] = {}
    for name, settings in collectors.items():
        if settings is None or settings.alone is None or document.is_faulty(("collectors", name)):
            continue
        first = owners.setdefault(settings.alone, name)
        if first != name:
            relation, hint = KINDS[settings.kind].twice
            owner = collectors[first]
            if owner is not None and owner.kind != settings.kind:
                hint = f"kinds {owner.kind} and {settings.kind} cannot share it: give each its own, or correct the kind"
            document.fault(("collectors", name), f"collectors.{name} {relation} collectors.{first}", hint, at_key=True)
