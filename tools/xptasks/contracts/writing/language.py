"""What a language under `generate/` is: a module with these names, whose file name is the language's name."""

from dataclasses import dataclass
from typing import Protocol

from xptasks.contracts.model.interface import Model


@dataclass(frozen=True, slots=True)
class Options:
    """What a project may choose.

    Attributes:
        tolerant_enums: enums that only responses and messages use keep values that are unknown (Swift).
    """

    tolerant_enums: bool = True


class Language(Protocol):
    """How to write a model in one language."""

    COMMENT: str
    """What begins a comment that ends with the line, e.g. `//`."""

    def emit(self, model: Model, options: Options) -> str:
        """The whole file without its header, ending in a newline. The same model gives the same text."""
        ...
