"""Two notations for the expression language: Unicode text for terminals, LaTeX for papers."""

from __future__ import annotations

from fractions import Fraction
from typing import ClassVar

from quod.solvers import syntax

_SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_ADD, _MULTIPLY, _NEGATE, _POWER, _ATOM = range(1, 6)
_PRECEDENCE = {
    syntax.Add: _ADD,
    syntax.Multiply: _MULTIPLY,
    syntax.Negate: _NEGATE,
    syntax.Power: _POWER,
}


class Notation:
    """Unicode text; `Latex` overrides what differs."""

    member = "∈"
    reals, integers, binary = "ℝ", "ℤ", "{0, 1}"
    dots = "…"
    minus, times = "−", "·"
    relations: ClassVar[dict[str, str]] = {"<=": "≤", ">=": "≥", "==": "=", "!=": "≠", "<": "<", ">": ">"}
    words: ClassVar[dict[str, str]] = {"and": " ∧ ", "or": " ∨ ", "not": "¬", "all": "  ∀ ", "such": " : "}
    big: ClassVar[dict[str, str]] = {"sum": "∑", "prod": "∏", "min": "min", "max": "max"}

    def word(self, text: str) -> str:
        """`minimize` or `maximize`."""
        return text

    def plain(self, text: str) -> str:
        """Text that is no mathematics."""
        return text

    def name(self, name: str) -> str:
        """An identifier."""
        return name

    def number(self, text: str) -> str:
        """A number, perhaps with a sign or a fraction bar."""
        return text.replace("-", "−")

    def braces(self, text: str) -> str:
        """A set."""
        return f"{{{text}}}"

    def subscript(self, base: str, indices: list[str]) -> str:
        """An indexed name."""
        return f"{base}[{', '.join(indices)}]" if indices else base

    def fraction(self, above: str, below: str) -> str:
        """A quotient; both sides come with the parentheses they need."""
        return f"{above} / {below}"

    def power(self, base: str, exponent: syntax.Expression) -> str:
        """A power; a whole exponent is raised."""
        if isinstance(exponent, syntax.Number) and exponent.text.isdigit():
            return base + exponent.text.translate(_SUPERSCRIPTS)
        return f"{base}^{self.inside(exponent, _ATOM)}"

    def function(self, name: str, arguments: str) -> str:
        """abs, sqrt, len and the functions written by name."""
        if name == "abs":
            return f"|{arguments}|"
        if name == "len":
            return f"|{arguments}|"
        return f"√({arguments})" if name == "sqrt" else f"{name}({arguments})"

    def over(self, symbol: str, range_: str, body: str) -> str:
        """∑, ∏, min or max over a range."""
        return f"{symbol}_{{{range_}}} {body}"

    def group(self, text: str) -> str:
        """Parentheses."""
        return f"({text})"

    def row(self, tree: syntax.Compare, loops: tuple[syntax.Loop, ...]) -> str:
        """A comparison and for which indices it holds."""
        left, right = self.expression(tree.left), self.expression(tree.right)
        return f"{left} {self.relations[tree.operator]} {right}" + self.for_all(loops)

    def for_all(self, loops: tuple[syntax.Loop, ...]) -> str:
        """`∀ i ∈ I : condition`, empty without loops."""
        return self.words["all"] + self.range(loops) if loops else ""

    def range(self, loops: tuple[syntax.Loop, ...]) -> str:
        """Members and conditions of loops."""
        members = ", ".join(
            f"{self._names(loop.names)} {self.member} {self.name(loop.set)}" for loop in loops
        )
        conditions = [self.condition(c) for loop in loops for c in loop.conditions]
        return members + (self.words["such"] + ", ".join(conditions) if conditions else "")

    def condition(self, node: syntax.Condition) -> str:
        """A condition."""
        match node:
            case syntax.Compare():
                left, right = self.expression(node.left), self.expression(node.right)
                return f"{left} {self.relations[node.operator]} {right}"
            case syntax.Member():
                items = ", ".join(map(self.expression, node.items))
                items = f"({items})" if len(node.items) > 1 else items
                return f"{items} {self.member} {self.name(node.set)}"
            case syntax.Not():
                return self.words["not"] + self.group(self.condition(node.operand))
            case syntax.Logic():
                parts = [
                    self.group(self.condition(p)) if isinstance(p, syntax.Logic) else self.condition(p)
                    for p in node.operands
                ]
                return self.words[node.operator].join(parts)

    def expression(self, node: syntax.Expression) -> str:
        """An arithmetic expression."""
        match node:
            case syntax.Number():
                return self.number(node.text)
            case syntax.Text():
                return self.plain(node.value)
            case syntax.Name():
                return self.name(node.name)
            case syntax.Indexed():
                return self.subscript(self.name(node.name), [self.expression(i) for i in node.indices])
            case syntax.Negate():
                return self.minus + self.inside(node.operand, _MULTIPLY)
            case syntax.Add():
                return self._sum(node)
            case syntax.Multiply():
                return self._product(node)
            case syntax.Power():
                return self.power(self.inside(node.base, _ATOM), node.exponent)
            case syntax.Call():
                return self.function(node.function, ", ".join(map(self.expression, node.arguments)))
            case syntax.Aggregate():
                body = self.inside(node.body, _MULTIPLY)
                return self.over(self.big[node.function], self.range(node.loops), body)

    def inside(self, node: syntax.Expression, minimum: int) -> str:
        """The expression, in parentheses if it binds less tightly than `minimum`."""
        text = self.expression(node)
        precedence = _PRECEDENCE.get(type(node), _ATOM)
        if isinstance(node, syntax.Aggregate):
            precedence = _MULTIPLY
        return self.group(text) if precedence < minimum else text

    def _sum(self, node: syntax.Add) -> str:
        parts: list[str] = []
        for sign, term in zip(node.signs, node.terms, strict=True):
            mark = "+" if sign == "+" else self.minus
            nested = isinstance(term, syntax.Add | syntax.Negate) and parts
            text = self.group(self.expression(term)) if nested else self.inside(term, _MULTIPLY)
            parts.append(f" {mark} {text}" if parts else text)
        return "".join(parts)

    def _product(self, node: syntax.Multiply) -> str:
        result = ""
        for number, (operator, factor) in enumerate(zip(node.operators, node.factors, strict=True)):
            last = number == len(node.factors) - 1
            open_end = isinstance(factor, syntax.Aggregate) and not last
            if operator == "/":
                result = self.fraction(result, self.divisor(factor))
                continue
            text = self.inside(factor, _POWER if number else _NEGATE)
            if isinstance(factor, syntax.Aggregate) and not open_end:
                text = self.expression(factor)
            result = f"{result}{self.times}{text}" if result else text
        return result

    def divisor(self, node: syntax.Expression) -> str:
        """What stands below a fraction bar."""
        return self.inside(node, _ATOM)

    def _names(self, names: tuple[str, ...]) -> str:
        text = ", ".join(map(self.name, names))
        return f"({text})" if len(names) > 1 else text


class Latex(Notation):
    """LaTeX without dollar signs; needs amsmath and amssymb."""

    member = r"\in"
    reals, integers, binary = r"\mathbb{R}", r"\mathbb{Z}", r"\{0, 1\}"
    dots = r"\dots"
    minus, times = "-", r" \cdot "
    relations: ClassVar[dict[str, str]] = {
        "<=": r"\le",
        ">=": r"\ge",
        "==": "=",
        "!=": r"\ne",
        "<": "<",
        ">": ">",
    }
    words: ClassVar[dict[str, str]] = {
        "and": r" \land ",
        "or": r" \lor ",
        "not": r"\lnot ",
        "all": r" \quad \forall\, ",
        "such": r" \colon ",
    }
    big: ClassVar[dict[str, str]] = {"sum": r"\sum", "prod": r"\prod", "min": r"\min", "max": r"\max"}

    def word(self, text: str) -> str:
        """Upright `minimize` or `maximize`."""
        return rf"\text{{{text}}} \;"

    def plain(self, text: str) -> str:
        """Upright text; a plain number stays mathematics."""
        try:
            Fraction(text)
        except ValueError:
            return rf"\text{{{_escaped(text)}}}"
        return text

    def name(self, name: str) -> str:
        """One letter in italics, longer names as words."""
        return name if len(name) == 1 else rf"\mathit{{{_escaped(name)}}}"

    def number(self, text: str) -> str:
        """As written, fractions set as such, 1e3 as a power of ten."""
        sign, text = ("-", text[1:]) if text.startswith("-") else ("", text)
        if "/" in text:
            above, _, below = text.partition("/")
            return rf"{sign}\frac{{{above}}}{{{below}}}"
        mantissa, _, exponent = text.lower().partition("e")
        return sign + (rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa)

    def braces(self, text: str) -> str:
        """A set."""
        return rf"\{{{text}\}}"

    def subscript(self, base: str, indices: list[str]) -> str:
        """An indexed name."""
        return f"{base}_{{{', '.join(indices)}}}" if indices else base

    def fraction(self, above: str, below: str) -> str:
        """A fraction bar."""
        return rf"\frac{{{above}}}{{{below}}}"

    def divisor(self, node: syntax.Expression) -> str:
        """No parentheses below a fraction bar."""
        return self.expression(node)

    def power(self, base: str, exponent: syntax.Expression) -> str:
        """A raised exponent."""
        return f"{base}^{{{self.expression(exponent)}}}"

    def function(self, name: str, arguments: str) -> str:
        """Bars, roots and upright function names."""
        if name in ("abs", "len"):
            return rf"\lvert {arguments} \rvert"
        if name == "sqrt":
            return rf"\sqrt{{{arguments}}}"
        return rf"\{name}\left({arguments}\right)"

    def over(self, symbol: str, range_: str, body: str) -> str:
        """∑, ∏, min or max over a range."""
        return rf"{symbol}_{{{range_}}} {body}"

    def group(self, text: str) -> str:
        """Parentheses that grow."""
        return rf"\left({text}\right)"


def _escaped(text: str) -> str:
    special = {"\\": r"\textbackslash{}", "^": r"\^{}", "~": r"\~{}"} | {c: "\\" + c for c in "&%$#_{}"}
    return "".join(special.get(character, character) for character in text)


TEXT = Notation()
LATEX = Latex()
