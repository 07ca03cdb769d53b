"""The published table of keywords, written from the table in code.

python -m xptasks.contracts.writing.guide docs/guides/generating-types.md
"""

import sys
from pathlib import Path

from xptasks.contracts.model.keywords import LANGUAGES, TABLE
from xptasks.system.files import atomic_write

_BEGIN = "<!-- begin of the table: written by xptasks.contracts.writing.guide -->\n"
_END = "<!-- end of the table -->\n"


def table() -> str:
    """The table as Markdown."""
    lines = [f"| keyword | {' | '.join(LANGUAGES)} | remark |", "|---|" + "---|" * (len(LANGUAGES) + 1)]
    lines += [f"| `{keyword}` | {' | '.join(row)} |" for keyword, row in TABLE.items()]
    return "\n".join(lines) + "\n"


def with_table(text: str) -> str:
    """The guide with a fresh table between its marks."""
    head, _, rest = text.partition(_BEGIN)
    return f"{head}{_BEGIN}\n{table()}\n{_END}{rest.partition(_END)[2]}"


if __name__ == "__main__":
    guide = Path(sys.argv[1])
    atomic_write(guide, with_table(guide.read_text(encoding="utf-8")))
