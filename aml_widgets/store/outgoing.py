"""What waits on this machine for a server: whoever goes on with what another process began has to know what of it is still to come."""

from __future__ import annotations

from typing import Protocol


class Outgoing(Protocol):
    """What was logged on this machine, by any process, and is not where others see it. Methods raise StoreError."""

    @property
    def place_id(self) -> str:
        """What tells the place where it waits from those on other machines, of other users, and for other addresses of the server."""
        ...

    def wait(self, run_id: str, seconds: float) -> int:
        """Wait until all of a run is sent, or so long; give how many calls are not. It is sent by this process where nobody else does.

        Raises
        ------
        PointsLost
            If some of it was refused.
        """
        ...

    def go_on(self, run_id: str) -> bool:
        """Let what this process logs to a run follow what was logged to it before, whatever times both have.

        False where it cannot: another process that lives may still log to it, or several have.
        """
        ...
