"""A repository with a trunk, on which a project of a few files is gated, and a change beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.repository import Repository
from xptasks.landing.policy import Verdict
from xptasks.landing.proposal import Approval, Proposal
from xptasks.loop import judging

HEAD = 'version = 1\n[project]\nname = "small"\nsources = ["app"]\ntests = "tests"\n'
TIERS = '[tiers.fast]\nsteps = ["lint", "unit"]\n[tiers.pr]\nincludes = ["fast"]\nsteps = ["size", "test_first"]\n'
LANDING = '[landing]\napprovers = ["ann@example.com", "ben@example.com"]\n'
CONFIG = f"{HEAD}{TIERS}{LANDING}"
AGENT = "coder@example.com"
FILES = {
    ".gitignore": ".xp/\n.nox/\n",
    "xpconfig.toml": CONFIG,
    "app/__init__.py": "",
    "app/prices.py": 'VAT = 20\n\n\ndef gross(net):\n    """With tax."""\n    return net * (100 + VAT) // 100\n',
    "tests/test_prices.py": "from app.prices import gross\n\n\ndef test_gross():\n    assert gross(100) == 120\n\n\n"
    "def test_nothing():\n    assert gross(0) == 0\n",
}
Files = Mapping[str, str | bytes | None]


@dataclass
class Change(Repository):
    """The trunk is `main`, the change is on `work`; the project may lie in a folder."""

    folder: str = ""

    def begin(self, files: Files | None = None) -> "Change":
        self.init()
        self.put({**FILES, **(files or {})})
        self.commit_as("trunk@example.com")
        self.git("checkout", "-q", "-b", "work")
        return self

    @property
    def project(self) -> Path:
        return self.path / self.folder

    def put(self, files: Files) -> None:
        for name, content in files.items():
            path = f"{self.folder}{name}"
            if content is None:
                self.git("rm", "-rq", "--cached", "--ignore-unmatch", path)
                (self.path / path).unlink()
            else:
                self.write(path, content)

    def commit_as(self, author: str = AGENT, message: str = "change") -> str:
        who = {"GIT_AUTHOR_EMAIL": author, "GIT_COMMITTER_EMAIL": author}
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, environ=who)
        return self.head()

    def head(self) -> str:
        return self.git("rev-parse", "HEAD").strip()

    def change(self, files: Files, message: str = "change", author: str = AGENT) -> "Change":
        self.put(files)
        self.commit_as(author, message)
        return self

    def verdict(
        self, *approvers: str, labels: tuple[str, ...] = (), body: str = "", at: str = "", trunk: str = "main"
    ) -> Verdict:
        proposal = Proposal("work", self.head(), "Change", body, labels, "work", "agent:coder")
        approvals = [Approval(at or self.head(), approver, 1.0) for approver in approvers]
        return judging.before_gate(self.project, trunk, self.head(), proposal, approvals)


def rules(verdict: Verdict) -> list[tuple[str, str]]:
    """What was found, as rule and place."""
    return [(reason.rule, str(reason.position or "")) for reason in verdict.reasons]
