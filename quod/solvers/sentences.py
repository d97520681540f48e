"""The sentences of a problem text, and those that given character ranges touch."""

from __future__ import annotations

import re

from quod.solvers.formulation import Evidence

_END = re.compile(r"[.!?](?=\s+[A-Z(\"'$]|\s*$)|\n\s*\n")
_ABBREVIATIONS = ("e.g.", "i.e.", "approx.", "vs.", "St.", "Dr.", "Mr.", "Mrs.", "Ms.", "No.", "min.", "max.")


def split(text: str) -> list[tuple[int, int]]:
    """Half-open character ranges of the sentences, without surrounding space."""
    ranges, start = [], 0
    for match in _END.finditer(text):
        if text[: match.end()].endswith(_ABBREVIATIONS):
            continue
        ranges.append((start, match.end()))
        start = match.end()
    ranges.append((start, len(text)))
    return [_trim(text, *span) for span in ranges if text[span[0] : span[1]].strip()]


def around(text: str, evidence: list[Evidence]) -> list[str]:
    """Each sentence that one of the ranges touches, once, in order."""
    found = []
    for start, end in split(text):
        if any(span.start < end and span.end > start for span in evidence):
            found.append(" ".join(text[start:end].split()))
    return found


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())
