"""The tools that quod brings along. A new one is one function and one entry in `TOOLS`."""

from __future__ import annotations

from quod.agents.tools import (
    asking,
    audit,
    choosing,
    compute,
    explain,
    formulate,
    pyomo_code,
    run_python,
    search_text,
    solve,
)

TOOLS = (
    formulate.formulate,
    pyomo_code.pyomo_code,
    solve.solve,
    audit.audit,
    audit.diagnose,
    explain.explain,
    compute.compute,
    run_python.run_python,
    search_text.search_text,
    choosing.compare,
    choosing.vote,
    choosing.vote_answers,
    asking.decompose,
    asking.answer,
)
