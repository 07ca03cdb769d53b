"""For a browser: one file that needs nothing else."""

import html
from collections.abc import Iterable

from xptasks.contracts.compat.formats import _words
from xptasks.contracts.compat.judgement import Judged, Judgement
from xptasks.markup import clean

_TITLES = {"error": "Breaking", "warning": "May break", "info": "Other changes"}
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Changes of the contract</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
article {{ border-left: 4px solid #888; margin: 1rem 0; padding: 0 1rem; }}
.error {{ border-color: #c62828; }}
.warning {{ border-color: #b26a00; }}
.allowed {{ opacity: 0.7; }}
h3 {{ font-size: 1rem; margin: 0; }}
p {{ margin: 0.25rem 0; }}
small, code {{ font-family: ui-monospace, monospace; overflow-wrap: anywhere; }}
</style>
</head>
<body>
<h1>Changes of the contract</h1>
<p>Compared with {baselines}: {counts}.</p>
{body}
</body>
</html>
"""


def show(judgement: Judgement) -> str:
    """The page."""
    sections = [_section(title, word, judgement.changes) for word, title in _TITLES.items()]
    problems = [
        f'<article class="{problem.severity}"><h3>{_text(problem.message)}</h3>'
        f"<p>{_text(problem.hint)}</p><p><small>{_text(str(problem.position))}</small></p></article>\n"
        for problem in judgement.problems
    ]
    if problems:
        sections.append(f"<h2>Allowed breaks that are out of order</h2>\n{''.join(problems)}")
    sections += [f"<p>{_text(note)}</p>\n" for note in judgement.notes]
    counts = ", ".join(f"{len(_of(word, judgement.changes))} {word}" for word in _TITLES)
    body = "".join(sections).strip() or "<p>Nothing changed.</p>"
    return _PAGE.format(baselines=_text(", ".join(judgement.baselines)), counts=counts, body=body)


def _of(word: str, changes: Iterable[Judged]) -> list[Judged]:
    return [one for one in changes if one.change.severity == word]


def _section(title: str, word: str, changes: Iterable[Judged]) -> str:
    articles = "".join(_article(one) for one in _of(word, changes))
    return f"<h2>{title}</h2>\n{articles}" if articles else ""


def _article(one: Judged) -> str:
    change = one.change
    lines = [f"<h3>{_text(change.at)}</h3>", f"<p>{_text(change.message)}. {_text(_words.sentence(change))}</p>"]
    if change.witness is not None:
        lines.append(
            f"<p>{_words.proof(change, '<code>{}</code>').replace(_words.instance(change), _witness(one))}</p>"
        )
    if one.allowed:
        lines.append(f"<p>{_text(_words.permission(one.allowed))}</p>")
    places = " &rarr; ".join(_text(str(place)) for place in (change.base, change.head) if place is not None)
    lines.append(f"<p><small>{change.rule} &middot; {places} &middot; {_text(', '.join(one.baselines))}</small></p>")
    allowed = " allowed" if one.allowed else ""
    return f'<article class="{change.severity}{allowed}">{"".join(lines)}</article>\n'


def _witness(one: Judged) -> str:
    return _text(_words.instance(one.change))


def _text(text: str) -> str:
    return html.escape(clean(text))
