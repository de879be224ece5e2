"""What the plugin for pytest is made of; loaded when a test uses one of its fixtures.

`state`, `marks` and `places` import nothing heavy; the rest does.
"""
