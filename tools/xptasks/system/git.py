"""Git, asked through its plumbing commands. Imported by the hook: nothing here may import `subprocess` at the top."""

import os

Entry = tuple[str, str, str, str]
"""Tag, mode, blob id and path of one line of `git ls-files -v -s`."""

READ = "C"
"""The tag of a tracked file whose content has to be read: it was changed, or git keeps it in another form."""

_EMPTY = ("", "", "")
_OFF = {b"", b"false", b"no", b"off", b"0"}

# What a user may have set to make git faster, or less exact.
_EXACT = (
    "core.fsmonitor=false",
    "core.trustctime=true",
    "core.checkStat=default",
    "core.fileMode=true",
    "core.ignoreCase=false",
    "core.quotePath=false",
)
_LIST = ("git", *(word for setting in _EXACT for word in ("-c", setting)), "ls-files", "-z")
_CONVERTED = ":(exclude,attr:!text !eol !crlf !filter !ident !working-tree-encoding)"


def list_files(folder: str) -> list[Entry] | None:
    """All tracked and all untracked, not ignored files below a folder, as git knows them; None outside a repository.

    A file whose content git vouches for has the tag `H`. Those whose content has to be read appear with the tag `C`,
    untracked ones with `?`, unmerged ones with `M`, those that git was told not to look at with a lower-case letter
    or `S`. Deleted files are left out.
    """
    listing, converted, line_ends = capture(
        (
            (*_LIST, "-vscomd", "--exclude-standard"),
            (*_LIST, "--", ".", _CONVERTED),
            ("git", "config", "--get", "core.autocrlf"),
        ),
        folder,
    )
    if listing is None or converted is None:
        return None
    unsure = set(_text(converted).split("\0"))
    everywhere = (line_ends or b"").strip().lower() not in _OFF
    entries: dict[str, Entry] = {}
    removed: set[str] = set()
    for record in _text(listing).split("\0"):
        tag, rest = record[:1], record[2:]
        if tag == "R":
            removed.add(rest.partition("\t")[2])
        elif tag == "?":
            entries[rest] = (tag, *_EMPTY[1:], rest)
        elif tag:
            meta, _, path = rest.partition("\t")
            mode, blob, _ = meta.split(" ")
            entries[path] = (READ if tag == "H" and (everywhere or path in unsure) else tag, mode, blob, path)
    return [entry for path, entry in entries.items() if path not in removed]


def _text(output: bytes) -> str:
    return output.decode(errors="surrogateescape")


def capture(commands: tuple[tuple[str, ...], ...], folder: str) -> list[bytes | None]:
    """Run short git commands at the same time; the standard output of each, None for one that fails or is not there.

    `posix_spawn` with pipes: the `subprocess` module costs as much to import as git takes to answer.
    """
    environ = environment()
    if not hasattr(os, "posix_spawnp"):
        return [_capture_anywhere(words, folder, environ) for words in commands]
    return [_output(child) for child in [_start(words, folder, environ) for words in commands]]


def environment() -> dict[str, str]:
    """Our environment without what git tells its hooks: which files there are depends on the folder alone.

    In a hook `GIT_DIR` and `GIT_INDEX_FILE` may name another repository than the one of a submodule, or an index that
    exists only until the commit is made.
    """
    return {name: value for name, value in os.environ.items() if name[:4] != "GIT_" or name.startswith("GIT_CONFIG")}


def _start(words: tuple[str, ...], folder: str, environ: dict[str, str]) -> tuple[int, int] | None:
    reader, writer = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writer, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
    ]
    try:
        return os.posix_spawnp(words[0], [words[0], "-C", folder, *words[1:]], environ, file_actions=actions), reader
    except OSError:
        os.close(reader)
        return None
    finally:
        os.close(writer)


def _output(started: tuple[int, int] | None) -> bytes | None:
    if started is None:
        return None
    child, reader = started
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read()
    try:
        _, status = os.waitpid(child, 0)
    except ChildProcessError:  # whoever started us ignores SIGCHLD, so nobody knows how it ended
        return None
    return output if status == 0 else None


def _capture_anywhere(words: tuple[str, ...], folder: str, environ: dict[str, str]) -> bytes | None:
    import subprocess  # noqa: PLC0415 - slow to import, and only needed where posix_spawn is missing

    command = [words[0], "-C", folder, *words[1:]]
    try:
        done = subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL, env=environ)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout
