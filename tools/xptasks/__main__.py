"""`python -m xptasks`: the same as the console script `xptasks`."""

from xptasks.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
