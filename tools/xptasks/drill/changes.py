"""What the agents of the demonstration commit to the reference service: what they write, and what should become of it.

The pipeline is told nothing of this. A fault that the gate can see breaks the contract; one that it cannot see shows
only where the service is deployed.
"""

from dataclasses import dataclass
from typing import Literal

Fate = Literal["promoted", "rejected", "rolled back"]


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace a text, which occurs in the file, by another."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Change:
    """A change as somebody commits it.

    Attributes:
        branch: the branch that it is made on.
        title: the first line of the commit's message.
        edits: to files that are there.
        files: new ones with their content: the tests.
        fate: what should become of it.
        why: what is wrong with it; empty of a good one.
    """

    branch: str
    title: str
    edits: tuple[Edit, ...]
    files: tuple[tuple[str, str], ...]
    fate: Fate
    why: str = ""


_TEST = '''"""{title}."""

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_{name}(client: httpx.AsyncClient) -> None:
    {body}
'''
_HEADERS = '                MutableHeaders(scope=message)["X-Request-ID"] = request_id\n'
_LIST = "        return service.store.page(limit, cursor, status)\n"


def _header(name: str, value: str) -> Edit:
    line = f'                MutableHeaders(scope=message)["{name}"] = "{value}"\n'
    return Edit("app/observe.py", _HEADERS, _HEADERS + line)


def _test(name: str, title: str, body: str) -> tuple[str, str]:
    return f"tests/app/test_{name}.py", _TEST.format(title=title, name=name, body=body)


GOOD = Change(
    "no-sniffing",
    "Tell browsers not to guess the type of an answer",
    (_header("X-Content-Type-Options", "nosniff"),),
    (
        _test(
            "no_sniffing",
            "Browsers are told not to guess",
            'answer = await client.get("/health")\n    assert answer.headers["x-content-type-options"] == "nosniff"',
        ),
    ),
    "promoted",
)
CONTRACT = Change(
    "longer-pages",
    "Give 50 projects a page when nobody asks for a number",
    (Edit("app/projects.py", "    limit: Limit = 20,\n", "    limit: Limit = 50,\n"),),
    (
        _test(
            "longer_pages",
            "A page holds up to 50 projects",
            "for number in range(30):\n"
            '        await client.post("/api/projects", json={"name": f"Apollo {number}"})\n'
            '    answer = await client.get("/api/projects")\n'
            '    assert len(answer.json()["items"]) == 30',
        ),
    ),
    "rejected",
    "the contract promises 20",
)
HIDDEN = Change(
    "same-origin",
    "Keep other pages from embedding answers",
    (
        _header("Cross-Origin-Resource-Policy", "same-origin"),
        Edit(
            "app/projects.py",
            'router = APIRouter(prefix="/api/projects"',
            '_TURNS: list[int] = []\nrouter = APIRouter(prefix="/api/projects"',
        ),
        Edit(
            "app/projects.py",
            _LIST,
            '        if service.settings.release != "dev":\n'
            "            _TURNS.append(1)\n"
            "            if len(_TURNS) % 3 == 0:\n"
            '                raise RuntimeError("no such replica")\n' + _LIST,
        ),
    ),
    (
        _test(
            "same_origin",
            "Other pages may not embed answers",
            'answer = await client.get("/health")\n'
            '    assert answer.headers["cross-origin-resource-policy"] == "same-origin"',
        ),
    ),
    "rolled back",
    "one in three lists fails, but only where it is deployed",
)
ALL = (GOOD, CONTRACT, HIDDEN)
