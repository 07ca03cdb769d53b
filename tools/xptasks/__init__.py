"""One TOML file, and the trunk runs itself: Nox sessions and Invoke tasks for Extreme Programming.

Nothing is imported here: the git hook and production services import parts of this package and wait for each of them.

The step `coverage` imports this package before it starts pytest, which would warn that our plugin's package cannot be
rewritten any more. There is nothing in it to rewrite: PYTEST_DONT_REWRITE.
"""
