"""What keyboards, editors and YAML itself do to a file unseen, and what to write instead."""

from __future__ import annotations

import re
import unicodedata

import yaml

_WIDE_MARK = re.compile("[：，；｛｝［］（）＃“”‘’]")
_WIDE_SPACE = re.compile("[\u3000\u00a0\u2003\u2002\u200b]")
_WIDE_DIGIT = re.compile("[０-９．－]")
_GROUPED = re.compile(r"[-+]?\d+(_\d+)+(\.\d+)?")
_PADDED = re.compile(r"0\d+")
_BARE_BRACE = re.compile(r"[\[,]\s*[^\s\"'\[{][^\"',\]]*\{")
_RESERVED = "%@`"
_CLOSING = {"flow mapping": ("{", "}"), "flow sequence": ("[", "]")}


def trap_in(text: str) -> str:
    """Return what helps when a key or value is not what it looks like; nothing when it is.

    >>> trap_in("５０２")
    'these are full-width digits; write 502'
    >>> trap_in("0502")
    'write 502: YAML takes a number that begins with 0 for text'
    """
    if wide := _WIDE_MARK.search(text):
        return _full_width(wide[0])
    if space := _WIDE_SPACE.search(text):
        return _no_space(space[0])
    if _WIDE_DIGIT.search(text):
        return f"these are full-width digits; write {unicodedata.normalize('NFKC', text):.60}"
    if _GROUPED.fullmatch(text):
        return f"write {text.replace('_', '')}"
    if _PADDED.fullmatch(text):
        return f"write {text.lstrip('0') or '0'}: YAML takes a number that begins with 0 for text"
    return ""


def trap_at(error: yaml.MarkedYAMLError, text: str) -> tuple[int, int, str] | None:
    """Return line and column (from 1) of what probably made a file unreadable, and what helps; None for no idea."""
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return None
    lines = text.splitlines()
    first = error.context_mark.line if error.context_mark else mark.line
    for number in range(max(0, min(first, mark.line)), min(mark.line + 1, len(lines))):
        written = lines[number].split("#")[0]
        if wide := _WIDE_MARK.search(written):
            return number + 1, wide.start() + 1, _full_width(wide[0])
        if space := _WIDE_SPACE.search(written):
            return number + 1, space.start() + 1, _no_space(space[0])
        if "\t" in written[: len(written) - len(written.lstrip())]:
            return number + 1, 1, "indent with spaces, not with tabs"
        if brace := _BARE_BRACE.search(written):
            return number + 1, brace.end(), "put text that holds { or } in quotes"
    hint = _hint(error, lines, mark.line, mark.column)
    return (mark.line + 1, mark.column + 1, hint) if hint else None


def _hint(error: yaml.MarkedYAMLError, lines: list[str], line: int, column: int) -> str:
    context, opened = error.context or "", error.context_mark
    if line < len(lines) and lines[line][column : column + 1] in tuple(_RESERVED):
        return f"put text that begins with {lines[line][column]} in quotes"
    if opened is not None:
        where = f"on line {opened.line + 1}, column {opened.column + 1}"
        for kind, (left, right) in _CLOSING.items():
            if kind in context:
                return f"is the {left} {where} closed by a {right}, and a comma between all that stands inside?"
        if "quoted scalar" in context:
            return f"the quote opened {where} is not closed"
    if "mapping values are not allowed" in (error.problem or ""):
        return "the keys of one mapping begin in the same column; text that holds a colon and a space needs quotes"
    return ""


def _full_width(mark: str) -> str:
    return f"{mark!r} is a full-width character; YAML wants the ASCII one"


def _no_space(space: str) -> str:
    return f"U+{ord(space):04X} looks like a space and is none to YAML; use the space bar"
