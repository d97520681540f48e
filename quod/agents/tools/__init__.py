"""The tools that quod brings along. A new one is one function and one entry in `TOOLS`."""

from __future__ import annotations

from quod.agents.tools import asking, audit, choosing, explain, formulate, solve

TOOLS = (
    formulate.formulate,
    solve.solve,
    audit.audit,
    audit.diagnose,
    explain.explain,
    choosing.compare,
    choosing.vote,
    choosing.vote_answers,
    asking.decompose,
    asking.answer,
)
