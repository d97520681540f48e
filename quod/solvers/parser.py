"""Precedence climbing over Python's operator table: tokens in, syntax tree out.

Nesting is limited, so hostile text ends in an error that names the field and the column, never in a
RecursionError. `quod.solvers.language` is the way in.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal, NoReturn, cast, get_args

from quod.solvers import syntax, tokens
from quod.solvers.formulation import FUNCTIONS

MAX_DEPTH = 60
COMPARISONS = frozenset(get_args(syntax.Comparison))
_OR, _AND, _NOT, _COMPARE, ADD, _MULTIPLY, _UNARY, _POWER = range(1, 9)
_INFIX = {"or": _OR, "and": _AND, "in": _COMPARE, "+": ADD, "-": ADD, "*": _MULTIPLY, "/": _MULTIPLY}
_INFIX |= {"**": _POWER} | dict.fromkeys(COMPARISONS, _COMPARE)
_NUMERIC = (
    syntax.Number,
    syntax.Name,
    syntax.Indexed,
    syntax.Negate,
    syntax.Add,
    syntax.Multiply,
    syntax.Power,
    syntax.Call,
    syntax.Aggregate,
)


class Parser:
    """State of one parse: the tokens, the next one, and how deep it stands."""

    def __init__(self, source: tokens.Source) -> None:
        self.source = source
        self.tokens = tokens.tokenize(source)
        self.position = 0
        self.depth = 0

    @property
    def current(self) -> tokens.Token:
        """The next token."""
        return self.tokens[self.position]

    def advance(self) -> tokens.Token:
        """Take the next token."""
        token = self.tokens[self.position]
        self.position = min(self.position + 1, len(self.tokens) - 1)
        return token

    def fail(self, message: str, at: int | None = None) -> NoReturn:
        """Raise InvalidInput at a column, by default that of the next token."""
        raise self.source.error(message, self.current.at if at is None else at)

    def unexpected(self, fix: str) -> NoReturn:
        """Raise InvalidInput that quotes the next token."""
        token = self.current
        found = "the end" if token.kind == "end" else repr(token.text)
        self.fail(f"{found} is not expected here; {fix}")

    def _expect(self, symbol: str, fix: str = "") -> tokens.Token:
        if self.current.text != symbol or self.current.kind == "text":
            self.unexpected(fix or f"write {symbol}")
        return self.advance()

    def _accept(self, symbol: str) -> bool:
        if self.current.text == symbol and self.current.kind in ("symbol", "name"):
            self.advance()
            return True
        return False

    def finish(self) -> None:
        """Raise InvalidInput unless everything was read."""
        if self.current.kind != "end":
            if self.current.text in COMPARISONS:
                self.fail("no comparison is allowed here")
            self.unexpected("an operator or the end should follow")

    def numeric(self, minimum: int) -> syntax.Expression:
        """An arithmetic expression of operators that bind at least as tightly as `minimum`."""
        at = self.current.at
        return self._as_numeric(self._climb(minimum), at)

    def _as_numeric(self, node: syntax.Any | _Tuple, at: int) -> syntax.Expression:
        if not isinstance(node, _NUMERIC):
            self.fail("a number is expected here, not a " + _describe(node), at)
        return node

    def _condition(self, node: syntax.Any | _Tuple, at: int) -> syntax.Condition:
        if not isinstance(node, syntax.Compare | syntax.Member | syntax.Logic | syntax.Not):
            self.fail("a condition is expected here, such as i != j", at)
        return node

    def _climb(self, minimum: int) -> syntax.Any | _Tuple:
        """Precedence climbing; operators of one level are collected into one flat node."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(
                f"parentheses and operators are nested more than {MAX_DEPTH} deep; split the expression"
            )
        start = self.current.at
        node = self._prefix()
        while True:
            level = _INFIX.get(self.current.text, 0) if self.current.kind in ("symbol", "name") else 0
            if level < minimum or level == 0:
                break
            node = self._infix(node, level, start)
        self.depth -= 1
        return node

    def _infix(self, left: syntax.Any | _Tuple, level: int, start: int) -> syntax.Any:
        at = self.current.at
        if level in (_OR, _AND):
            return self._logic(left, level, start)
        if level == _COMPARE:
            return self._comparison(left, start)
        first = self._as_numeric(left, start)
        if level == _POWER:
            self.advance()
            return syntax.Power(first, self.numeric(_UNARY), at=at)
        operators, parts = [("+" if level == ADD else "*")], [first]
        while self.current.kind == "symbol" and _INFIX.get(self.current.text) == level:
            operators.append(self.advance().text)
            parts.append(self.numeric(level + 1))
        kind = syntax.Add if level == ADD else syntax.Multiply
        return kind(tuple(operators), tuple(parts), at=start)

    def _logic(self, left: syntax.Any | _Tuple, level: int, start: int) -> syntax.Logic:
        word = self.current.text
        parts = [self._condition(left, start)]
        while self._accept(word):
            at = self.current.at
            parts.append(self._condition(self._climb(level + 1), at))
        return syntax.Logic(cast(Literal["and", "or"], word), tuple(parts), at=start)

    def _comparison(self, left: syntax.Any | _Tuple, start: int) -> syntax.Compare | syntax.Member:
        operator = self.advance()
        if operator.text == "in":
            items = left.items if isinstance(left, _Tuple) else (self._operand(left, start),)
            node: syntax.Compare | syntax.Member = syntax.Member(items, self._set_name(), at=operator.at)
        else:
            at = self.current.at
            right = self._operand(self._climb(ADD), at)
            first = self._operand(left, start)
            node = syntax.Compare(cast(syntax.Comparison, operator.text), first, right, at=operator.at)
        if _INFIX.get(self.current.text) == _COMPARE:
            self.fail("comparisons do not chain; write a < b and b < c")
        return node

    def _operand(self, node: syntax.Any | _Tuple, at: int) -> syntax.Expression:
        return node if isinstance(node, syntax.Text) else self._as_numeric(node, at)

    def _prefix(self) -> syntax.Any | _Tuple:
        token = self.current
        if token.kind == "number":
            self.advance()
            return syntax.Number(Fraction(token.text), token.text, at=token.at)
        if token.kind == "text":
            self.advance()
            return syntax.Text(token.text[1:-1], at=token.at)
        if token.text == "(":
            return self._parenthesis()
        if token.text in ("-", "+"):
            self.advance()
            operand = self.numeric(_UNARY)
            return syntax.Negate(operand, at=token.at) if token.text == "-" else operand
        if token.text == "not":
            self.advance()
            at = self.current.at
            return syntax.Not(self._condition(self._climb(_NOT), at), at=token.at)
        if token.kind == "name" and token.text not in tokens.KEYWORDS:
            return self._named()
        if token.text == "[":
            self.fail("there are no lists; write sum(… for i in I) without brackets")
        self.unexpected("a number, a name or ( should stand here")

    def _parenthesis(self) -> syntax.Any | _Tuple:
        at = self.advance().at
        first = self._climb(_OR)
        if self.current.text == "for":
            self.fail("a loop stands directly inside sum( ), prod( ), min( ) or max( )")
        if self.current.text != ",":
            self._expect(")", "close the parenthesis with )")
            return first
        items = [self._operand(first, at)]
        while self._accept(","):
            here = self.current.at
            items.append(self._operand(self._climb(ADD), here))
        self._expect(")", "close the parenthesis with )")
        if self.current.text != "in":
            self.fail("a tuple stands only before in: (i, j) in A", at)
        return _Tuple(tuple(items))

    def _named(self) -> syntax.Expression:
        token = self.advance()
        if self._accept("["):
            if token.text in FUNCTIONS:
                self.fail(f"write {token.text}( ) with round parentheses", token.at)
            indices = [self._index()]
            while self._accept(","):
                indices.append(self._index())
            self._expect("]", "close the index with ]")
            if self.current.text == "[":
                self.fail("write one pair of brackets: x[i, j]")
            return syntax.Indexed(token.text, tuple(indices), at=token.at)
        if self.current.text == "(":
            return self._call(token)
        if token.text in FUNCTIONS:
            self.fail(f"{token.text} is a function; write {token.text}(…)", token.at)
        return syntax.Name(token.text, at=token.at)

    def _index(self) -> syntax.Expression:
        at = self.current.at
        return self._operand(self._climb(ADD), at)

    def _call(self, name: tokens.Token) -> syntax.Expression:
        function = name.text
        if function not in FUNCTIONS:
            self.fail(
                f"{function} is not a function; for an index write {function}[…], for a product *", name.at
            )
        self._expect("(")
        if function == "len":
            argument = syntax.Name(self._set_name(), at=name.at)
            self._expect(")")
            return syntax.Call(function, (argument,), at=name.at)
        arguments = [self.numeric(ADD)]
        if self.current.text == "for":
            if function not in ("sum", "prod", "min", "max"):
                self.fail(f"{function} takes no loop; sum, prod, min and max do")
            loops = self.loops(first=False)
            self._expect(")", "close the parenthesis with )")
            return syntax.Aggregate(function, arguments[0], loops, at=name.at)
        while self._accept(","):
            arguments.append(self.numeric(ADD))
        self._expect(")", "close the parenthesis with )")
        self._check_arguments(function, len(arguments), name.at)
        return syntax.Call(function, tuple(arguments), at=name.at)

    def _check_arguments(self, function: str, count: int, at: int) -> None:
        if function in ("sum", "prod"):
            self.fail(f"{function} needs a loop: {function}(x[i] for i in I)", at)
        if function in ("min", "max"):
            if count < 2:
                self.fail(f"{function} needs two arguments or a loop: {function}(x[i] for i in I)", at)
        elif count != 1:
            self.fail(f"{function} takes one argument, not {count}", at)

    def loops(self, first: bool) -> tuple[syntax.Loop, ...]:
        """Loops with their conditions; `first`: the first one comes without its `for`."""
        loops: list[syntax.Loop] = []
        while (first and not loops) or self._accept("for"):
            at = self.current.at
            names = self._loop_names()
            self._expect("in", "write for i in I")
            name = self._set_name()
            conditions = []
            while self._accept("if"):
                here = self.current.at
                conditions.append(self._condition(self._climb(_OR), here))
            if any(name in loop.names for loop in loops for name in names):
                self.fail("a loop name stands twice", at)
            loops.append(syntax.Loop(names, name, tuple(conditions), at=at))
        return tuple(loops)

    def _loop_names(self) -> tuple[str, ...]:
        bracketed = self._accept("(")
        names = [self._loop_name()]
        while self._accept(","):
            names.append(self._loop_name())
        if bracketed:
            self._expect(")", "close the loop names with )")
        if len(set(names)) != len(names):
            self.fail("a loop name stands twice")
        return tuple(names)

    def _loop_name(self) -> str:
        token = self.current
        if token.kind != "name" or token.text in tokens.KEYWORDS or token.text in FUNCTIONS:
            self.unexpected("a loop name should stand here, as in for i in I")
        return self.advance().text

    def _set_name(self) -> str:
        token = self.current
        if token.kind != "name" or token.text in tokens.KEYWORDS or token.text in FUNCTIONS:
            self.unexpected("the name of a set should stand here")
        return self.advance().text


class _Tuple:
    """`(i, j)` between its parenthesis and the `in` that must follow."""

    def __init__(self, items: tuple[syntax.Expression, ...]) -> None:
        self.items = items


def _describe(node: syntax.Any | _Tuple) -> str:
    if isinstance(node, syntax.Text):
        return "quoted text"
    return "tuple" if isinstance(node, _Tuple) else "comparison or condition"
