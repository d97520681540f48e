"""Options of one solve."""

from __future__ import annotations

import dataclasses

from quod import errors
from quod.settings import Settings


@dataclasses.dataclass(frozen=True)
class Options:
    """Limits and choices of one solve; the defaults are those of `quod.settings`.

    `solver`: a name in `quod.solvers.run.SOLVERS`, or `auto`. `time_limit`: wall-clock seconds of the solver,
    and again for the proof. `memory_limit_mb`: address space of the child in MiB. `gap`: relative gap at
    which a MILP search may stop. `node_limit`: nodes of the certifying tree. `certify_size_limit`: nonzeros
    above which no exact proof is attempted.
    """

    solver: str = "auto"
    time_limit: float = 60.0
    memory_limit_mb: int = 4096
    threads: int = 1
    gap: float = 0.0
    node_limit: int = 20_000
    certify_size_limit: int = 200_000

    def __post_init__(self) -> None:
        for name, least in (("time_limit", 0.0), ("memory_limit_mb", 0), ("threads", 0), ("node_limit", 0)):
            if not getattr(self, name) > least:
                raise errors.InvalidInput(f"must be above {least:g}, not {getattr(self, name)}", field=name)
        if not 0 <= self.gap < float("inf"):
            raise errors.InvalidInput(f"must be a finite number of at least 0, not {self.gap}", field="gap")

    @classmethod
    def from_settings(cls, settings: Settings) -> Options:
        """The options that the settings name."""
        return cls(
            time_limit=settings.time_limit,
            memory_limit_mb=settings.memory_limit_mb,
            threads=settings.threads,
            gap=settings.gap,
            node_limit=settings.node_limit,
            certify_size_limit=settings.certify_size_limit,
        )
