"""Secrets of a site file: never written in it, read from the environment or from a file that it names."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.documents import Document, Path


@dataclass(frozen=True, slots=True)
class Source:
    """Where secrets come from: files are relative to `folder`; without an environment none is looked for."""

    folder: pathlib.Path
    environment: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Named:
    """What a site file says about one secret, e.g. a password: the variable or the file that holds it."""

    word: str
    env: str | None
    file: str | None


def read_secret(document: Document, at: Path, named: Named, source: Source) -> str | None:
    """Return the secret that `<word>_env` or `<word>_file` names at a place; None when there is none."""
    word, env, file = named.word, named.env, named.file
    name = ".".join(map(str, at))
    if env and file:
        document.fault(at, f"{name} must have {word}_env or {word}_file, not both", at_key=True)
    if not (env or file) or source.environment is None:
        return None
    if env:
        secret = source.environment.get(env)
        if not secret:
            document.fault((*at, f"{word}_env"), f"{name}.{word}_env names an environment variable that is not set")
        return secret
    try:
        return (source.folder / str(file)).read_text().rstrip("\r\n")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        document.fault((*at, f"{word}_file"), f"{name}.{word}_file cannot be read: {reason}")
        return None
