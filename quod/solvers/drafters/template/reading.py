"""What the template drafter read: a candidate model with evidence, and what it did not understand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open character range of the text as given."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ReadVariable:
    """A decision variable, non-negative; an integer unless the text itself calls it divisible."""

    name: str
    evidence: tuple[Span, ...]
    divisible: bool = False
    divisible_evidence: Span | None = None


@dataclass(frozen=True)
class Objective:
    """Maximise ("max") or minimise ("min") the weighted sum; `evidence` is its wording and its numbers."""

    sense: str
    coefficients: Mapping[str, Fraction]
    evidence: tuple[Span, ...]


@dataclass(frozen=True)
class Row:
    """sum(coefficients * variables) op rhs.

    `kind` is one of NL4Opt's seven (`sum`, `upperbound`, `lowerbound`, `linear`, `ratio`, `xy`, `xby`);
    `clause` is where the text states it, `numbers` are the numbers used; `conventions` names the declared
    readings it rests on ("strict words on integers mean one more", "share of the sum of all variables").
    """

    kind: str
    coefficients: Mapping[str, Fraction]
    op: str
    rhs: Fraction
    clause: Span
    numbers: tuple[Span, ...]
    conventions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unused:
    """A number of the text that is in no row and not in the objective."""

    span: Span
    text: str
    reason: str


@dataclass(frozen=True)
class Reading:
    """A candidate model of a text.

    `problems` says exactly what was not understood; empty means that the text is covered.
    `assumptions` are what the text does not say and was filled in, to be confirmed.
    `confidence` in [0, 1] estimates the probability that the optimum is that of the model a careful
    reader writes down (calibrated on texts that the templates were not written from).
    """

    variables: tuple[ReadVariable, ...]
    objective: Objective | None
    rows: tuple[Row, ...]
    unused: tuple[Unused, ...]
    problems: tuple[str, ...]
    confidence: float
    assumptions: tuple[str, ...] = ()

    @property
    def covered(self) -> bool:
        """Nothing was left that the reader did not understand."""
        return not self.problems
