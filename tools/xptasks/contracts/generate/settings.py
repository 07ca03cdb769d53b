"""The table `[generate]`: which languages are generated from the contracts, and where to."""

from typing import Annotated

from pydantic import Field

from xptasks.settings import ProjectPath, Settings


class GenerateSettings(Settings):
    """`[generate]`: the files that `inv generate-types` writes; a language without a file is not generated."""

    python: Annotated[
        ProjectPath | None,
        Field(description="Where the pydantic models go.", examples=["generated/python/models.py"]),
    ] = None
    swift: Annotated[
        ProjectPath | None,
        Field(description="Where the Codable types go.", examples=["generated/swift/Models.swift"]),
    ] = None
    typescript: Annotated[
        ProjectPath | None,
        Field(description="Where the TypeScript types go.", examples=["generated/typescript/types.ts"]),
    ] = None
    vectors: Annotated[
        ProjectPath | None,
        Field(description="Where the golden vectors go.", examples=["generated/vectors.json"]),
    ] = None
    tolerant_enums: Annotated[
        bool,
        Field(
            description="Swift keeps unknown values of enums that only responses and messages to the client use, "
            "so that an old client survives a new value.",
            examples=[True],
        ),
    ] = True

    def files(self) -> dict[str, str]:
        """The file of each language that has one, the golden vectors included."""
        named = {"python": self.python, "swift": self.swift, "typescript": self.typescript, "vectors": self.vectors}
        return {language: file for language, file in named.items() if file is not None}
