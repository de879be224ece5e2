"""What a manifest as a whole is refused with."""

from __future__ import annotations

from verifik_async.errors import ConfigurationError


class ManifestError(ConfigurationError):
    """The manifest as a whole can't be used; the message says what to do.

    Faults of single rows are no such error: the row's `build` raises them.
    """

    hint = "Mend the manifest; nothing was sent."
