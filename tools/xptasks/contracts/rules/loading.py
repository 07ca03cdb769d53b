"""What the loader says; it has run before any rule does, so nothing is left to check here."""

from collections.abc import Iterator

from xptasks.contracts.rules import Rule, View
from xptasks.results import Finding

RULES = {
    "contract-missing": Rule("all", "error", "The contract, and every file that it refers to, exists."),
    "contract-unreadable": Rule("all", "error", "Every file is a plain file that can be read."),
    "contract-too-large": Rule("all", "error", "Sizes and counts stay below what a check can bear."),
    "contract-too-costly": Rule("all", "error", "Checking it stays within the limits of memory and time."),
    "contract-too-deep": Rule("all", "error", "Mappings and lists nest at most 200 levels deep."),
    "contract-encoding": Rule("all", "error", "Text is UTF-8, without halves of surrogate pairs."),
    "contract-syntax": Rule(
        "all", "error", "A file is one document of YAML 1.2, or JSON when its name ends in `.json`."
    ),
    "contract-duplicate-key": Rule("all", "error", "No mapping has a key twice."),
    "contract-key": Rule("all", "error", "Keys are text; `<<` takes mappings."),
    "contract-alias": Rule("all", "error", "YAML aliases have an anchor, hold no circle and expand to little."),
    "contract-tag": Rule("all", "error", "YAML tags are those of the core schema."),
    "contract-number": Rule("all", "error", "Numbers are numbers of JSON that a double can hold."),
    "contract-kind": Rule("all", "error", "The contract is a mapping that says `openapi` or `asyncapi`."),
    "contract-version": Rule("all", "error", "The contract follows a version that is understood."),
    "ref-missing": Rule("all", "error", "A `$ref` leads to something."),
    "ref-remote": Rule("all", "error", "A `$ref` is no address: nothing is fetched."),
    "ref-outside": Rule("all", "error", "A `$ref` stays below the contract's folder, also through links."),
    "ref-circular": Rule("all", "error", "A `$ref` does not only lead back to itself."),
    "ref-syntax": Rule("all", "error", "A `$ref` is percent-encoded UTF-8."),
}


def check(view: View) -> Iterator[Finding]:  # noqa: ARG001
    """Nothing more."""
    yield from ()
