"""What the command's exit code tells a script."""

from __future__ import annotations

import enum


class ExitCode(enum.IntEnum):
    """Why the command ended."""

    OK = 0
    """Everybody is enrolled, or what was asked for is done."""

    BAD_INPUT = 2
    """Usage, manifest or settings are wrong; nothing was sent."""

    SOME_NOT_ENROLLED = 3
    """Finished, and some persons are not enrolled."""

    STOPPED = 4
    """Stopped because every further person would have met the same refusal."""

    OTHER_JOB = 5
    """The journal is in use, or of another job; nothing was sent."""

    HUNG_UP = 129
    """SIGHUP, the terminal was closed: what was in flight was finished."""

    INTERRUPTED = 130
    """SIGINT: what was in flight was finished, or cancelled by a second signal."""

    TERMINATED = 143
    """SIGTERM, likewise."""
