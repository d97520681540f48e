"""No isolation at all, for those who set QUOD_SANDBOX=none."""

from __future__ import annotations

from collections.abc import Sequence

from quod.workers.sandbox import base, measure


class Unconfined:
    """Only limits: the program can do whatever the user who runs quod can do."""

    name = "none"

    def missing(self) -> str | None:
        """Nothing."""
        return None

    def does_not_cover(self) -> tuple[str, ...]:
        """Everything but limits."""
        return ("anything: the program can read, change and reach whatever its user can",)

    def launch(self, place: base.Place, python: Sequence[str]) -> base.Launch:
        """The interpreter itself, in the work folder."""
        command = [*python, str(place.program)]
        return base.Launch(
            command,
            home=str(place.work),
            program=str(place.program),
            used=measure.Meter(place.work_fd, place.limits.file_mb << 20),
            cwd=str(place.work),
        )

    def returncode(self, code: int) -> int:
        """As it is."""
        return code
