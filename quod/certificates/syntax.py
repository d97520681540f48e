"""Texts of the expression language as checked pieces of Python's syntax tree (docs/formulation.md §1).

`ast.parse` only parses; nothing is executed. A scan for tokens comes first: it admits no character, no
comment and no number format that the language lacks, and it cuts long sums into short pieces, because the
tree of a sum is as deep as the sum is long.
"""

from __future__ import annotations

import ast
import dataclasses
import itertools
import re

import flint

from quod.certificates import reading

MAX_LENGTH = 1_000_000
"""Characters of one text."""
_PIECE = 200  # terms parsed together

_NUMBER = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?(?![0-9A-Za-z_.])"
_QUOTED = r"\"[^\"\\\x00-\x1f]*\"|'[^'\\\x00-\x1f]*'"
_TOKEN = re.compile(
    rf"""(?P<space>[ \t\r\n]+)
      | (?P<number>{_NUMBER})
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<text>{_QUOTED})
      | (?P<symbol>\*\*|<=|>=|==|!=|[-+*/()\[\],<>])""",
    re.VERBOSE,
)
_WORDS = frozenset({"for", "in", "if", "and", "or", "not"})
_COMPARISONS = frozenset({"<=", ">=", "==", "<", ">", "!="})


@dataclasses.dataclass(frozen=True)
class Scan:
    """A text whose white space is blanks, and where it may be cut: signs of terms and comparisons outside
    all parentheses."""

    text: str
    signs: list[int]
    comparisons: list[tuple[int, str]]


@dataclasses.dataclass(frozen=True)
class Comparison:
    """left ⋈ right; each side a list of pieces to be added."""

    left: list[ast.expr]
    operator: str
    right: list[ast.expr]


def scan(text: str, where: str) -> Scan:
    """Check every token. Raises CertificateRejected at the first one that the language lacks."""
    if len(text) > MAX_LENGTH:
        reading.reject(where, f"the text is longer than {MAX_LENGTH} characters")
    at, depth, operand = 0, 0, False
    signs: list[int] = []
    comparisons: list[tuple[int, str]] = []
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            reading.reject(where, f"{text[at : at + 10]!r} is not part of the language (column {at + 1})")
        kind, token = match.lastgroup, match.group()
        if kind == "symbol":
            depth += (token in "([") - (token in ")]")
            if depth == 0 and token in ("+", "-") and operand:
                signs.append(at)
            elif depth == 0 and token in _COMPARISONS:
                comparisons.append((at, token))
        if kind != "space":
            operand = kind in ("number", "text") or token in ")]" or (kind == "name" and token not in _WORDS)
        at = match.end()
    return Scan(re.sub(r"[\t\r\n]", " ", text), signs, comparisons)


def expression(text: str, where: str) -> list[ast.expr]:
    """The pieces whose sum is the expression. Raises CertificateRejected."""
    scanned = scan(text, where)
    if scanned.comparisons:
        reading.reject(where, "no comparison is allowed here")
    return _pieces(scanned, 0, len(text), where)


def comparison(text: str, where: str) -> Comparison:
    """Both sides of a constraint. Raises CertificateRejected unless there is exactly one of <= >= == < >."""
    scanned = scan(text, where)
    if len(scanned.comparisons) != 1 or scanned.comparisons[0][1] == "!=":
        reading.reject(where, "a constraint is exactly one comparison with <=, >=, ==, < or >")
    at, operator = scanned.comparisons[0]
    left = _pieces(scanned, 0, at, where)
    return Comparison(left, operator, _pieces(scanned, at + len(operator), len(text), where))


def loops(text: str, where: str) -> list[ast.comprehension]:
    """The loops of `i in I for j in J if i != j`; none for an empty text. Raises CertificateRejected."""
    blank = scan(text, where).text.strip()
    if not blank:
        return []
    tree = _parse(f"[0 for {blank}]", where)
    if not isinstance(tree, ast.ListComp):
        reading.reject(where, "loops such as 'i in I for j in J if i != j' are expected")
    return tree.generators


def _pieces(scanned: Scan, start: int, end: int, where: str) -> list[ast.expr]:
    signs = [at for at in scanned.signs if start < at < end]
    cuts = [start, *signs[_PIECE - 1 :: _PIECE], end]
    return [_parse(scanned.text[a:b].strip(), where) for a, b in itertools.pairwise(cuts)]


def _parse(text: str, where: str) -> ast.expr:
    try:
        tree, encoded = ast.parse(text, mode="eval").body, text.encode()
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant):
                _constant(node, encoded, where)
    except (SyntaxError, ValueError):
        reading.reject(where, f"{reading.shown(text)} does not follow the grammar")
    except (RecursionError, MemoryError):
        reading.reject(where, "the expression is nested too deeply; split it")
    return tree


def _constant(node: ast.Constant, encoded: bytes, where: str) -> None:
    """Replace what Python read by what is written: exact numbers, plain texts. Offsets count UTF-8 bytes."""
    written = encoded[node.col_offset : node.end_col_offset].decode()
    if re.fullmatch(_NUMBER, written):
        node.value = reading.number(written, where)
    elif not re.fullmatch(_QUOTED, written):
        reading.reject(where, f"{reading.shown(written)} is not a number or a quoted text")


def whole(node: ast.Constant) -> bool:
    """Whether the constant is a whole number."""
    return isinstance(node.value, flint.fmpq) and node.value.q == 1
