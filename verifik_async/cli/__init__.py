"""The command line: one module a verb, on top of the public library.

Needs the extra `cli`. The only part of the package that installs signal handlers,
prints, or ends the process.
"""
