"""Git, asked through its plumbing commands. Imported by the hook: nothing here may import `subprocess` at the top."""

import os

Entry = tuple[str, str, str, str]
"""Tag, mode, blob id and path of one line of `git ls-files -v -s`."""

_EMPTY = ("", "", "")


def capture(argv: list[str], folder: str) -> bytes | None:
    """Run a short command and return its standard output; None when it fails or is not there.

    `posix_spawn` with two pipes: the `subprocess` module costs as much to import as git takes to answer.
    """
    if not hasattr(os, "posix_spawnp"):
        return _capture_anywhere(argv, folder)
    reader, writer = os.pipe()
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, writer, 1),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_CLOSE, reader),
    ]
    try:
        child = os.posix_spawnp(argv[0], [argv[0], "-C", folder, *argv[1:]], os.environ, file_actions=actions)
    except OSError:
        os.close(reader)
        return None
    finally:
        os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read()
    _, status = os.waitpid(child, 0)
    return output if status == 0 else None


def _capture_anywhere(argv: list[str], folder: str) -> bytes | None:
    import subprocess  # noqa: PLC0415 - slow to import, and only needed where posix_spawn is missing

    command = [argv[0], "-C", folder, *argv[1:]]
    try:
        return subprocess.run(command, capture_output=True, check=True, stdin=subprocess.DEVNULL).stdout
    except (OSError, subprocess.CalledProcessError):
        return None


def list_files(folder: str) -> list[Entry] | None:
    """All tracked and all untracked, not ignored files below a folder, as git knows them; None outside a repository.

    A file whose content git vouches for has the tag `H`. Modified files appear with tag `C`, untracked ones with `?`,
    those that git was told not to look at with a lower-case letter or `S`; their content has to be read.
    Deleted files are left out.
    """
    output = capture(
        [
            "git",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "core.trustctime=true",
            "-c",
            "core.checkStat=default",
            "-c",
            "core.quotePath=false",
            "ls-files",
            "-zvscomd",
            "--exclude-standard",
        ],
        folder,
    )
    if output is None:
        return None
    entries: dict[str, Entry] = {}
    removed: set[str] = set()
    for record in output.decode(errors="surrogateescape").split("\0"):
        tag, rest = record[:1], record[2:]
        meta, tab, path = rest.partition("\t")
        if tag == "R":
            removed.add(path)
        elif tag:
            mode, blob, _ = meta.split(" ") if tab else _EMPTY
            entries[path if tab else rest] = (tag, mode, blob, path if tab else rest)
    return [entry for path, entry in entries.items() if path not in removed]
