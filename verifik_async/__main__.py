"""`verifik-async` and `python -m verifik_async`."""

from __future__ import annotations

import sys

_BAD_INPUT = 2
_INTERRUPTED = 130
_OF_THE_EXTRA = ("click", "rich", "typer")


def main() -> int:
    """Run the command line; without its libraries, say how to get them.

    Returns:
        The exit code.
    """
    try:
        return _run()
    except KeyboardInterrupt:  # also while modules are loaded
        sys.stderr.write("Error: interrupted\n")
        return _INTERRUPTED


def _run() -> int:
    try:
        from verifik_async.cli.app import run  # noqa: PLC0415 - needs the extra
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _OF_THE_EXTRA:
            raise
        sys.stderr.write(
            "The command line needs more packages: pip install 'verifik-async[cli]'\n"
        )
        return _BAD_INPUT
    return run()


if __name__ == "__main__":
    sys.exit(main())
