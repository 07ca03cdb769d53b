"""One TOML file, and the trunk runs itself: Nox sessions and Invoke tasks for Extreme Programming.

Nothing is imported here: the git hook and production services import parts of this package and wait for each of them.
"""
