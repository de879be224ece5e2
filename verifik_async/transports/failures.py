"""Our errors for aiohttp's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
from aiohttp.http import HttpProcessingError

from verifik_async.errors import (
    ConfigurationError,
    ConnectError,
    ConnectionLostError,
    ConnectTimeoutError,
    ReadTimeoutError,
    VerifikError,
    WriteError,
)

if TYPE_CHECKING:
    from verifik_async.transports.upload import Upload
    from verifik_async.wire import Timeout


def failure_of(error: Exception, upload: Upload, timeout: Timeout) -> VerifikError:
    """Our error for aiohttp's: by what had been handed over, then by its kind."""
    if isinstance(error, VerifikError):
        return error
    if upload.failure is not None:
        return upload.failure
    if not upload.started:
        return _not_begun(error, timeout)
    if isinstance(error, TimeoutError):
        return _too_slow(upload, timeout)
    what = _described(error)
    if upload.handed_over:
        return ConnectionLostError(f"sent, but no readable answer came: {what}")
    sent = f"{upload.sent} of {upload.size} bytes"
    return WriteError(f"the connection failed after {sent} of the body: {what}")


def _too_slow(upload: Upload, timeout: Timeout) -> VerifikError:
    """Our error for a server that took nothing more, or did not answer."""
    if upload.finished:
        return ReadTimeoutError(f"no answer within {timeout.read:g} s")
    kind = ReadTimeoutError if upload.handed_over else WriteError
    sent = f"{upload.sent} of {upload.size} bytes sent"
    return kind(f"the network took no data for {timeout.write:g} s, {sent}")


def _not_begun(error: Exception, timeout: Timeout) -> VerifikError:
    """Our error for one before anything was sent."""
    if isinstance(error, TimeoutError):
        return ConnectTimeoutError(f"no connection within {timeout.connect:g} s")
    what = _described(error)
    network = isinstance(error, aiohttp.ClientError | HttpProcessingError | OSError)
    if network and not isinstance(error, ValueError):
        return ConnectError(f"no connection: {what}")
    return ConfigurationError(f"the request can't be made: {what}")


def _described(error: Exception) -> str:
    """An error's kind and the system's text for it.

    Never aiohttp's own text, which may quote headers or bytes of the answer.
    """
    cause = getattr(error, "os_error", error)
    text = cause.strerror if isinstance(cause, OSError) else None
    status = getattr(error, "status", None)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        text = f"the proxy answered {status}"
    return f"{type(error).__name__} ({text})" if text else type(error).__name__
