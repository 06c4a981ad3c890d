"""Files that a reader, or a crash, sees whole: written aside, flushed to the disk, put in place by one rename."""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from pathlib import Path

from ingest.faults import point

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def write_atomically(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Replace a file: all of the old content stands there, or all of the new. Raises OSError."""
    aside = path.with_name(path.name + ".new")
    aside.unlink(missing_ok=True)  # what a killed run left must not lend its mode
    write(aside, content, mode=mode)
    rename(aside, path)


def write(path: Path, content: str | bytes, *, mode: int = 0o666) -> None:
    """Write a file and wait until the disk has it. Raises OSError that names the file."""
    point("write", path.name)
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
            file.write(data)
            file.flush()
            sync(file.fileno(), path)
    except OSError as error:
        error.filename = str(path)
        raise


def sync(descriptor: int, path: Path) -> None:
    """Wait until the disk has what was written to a file or changed in a folder."""
    point("fsync", path.name)
    os.fsync(descriptor)


def rename(source: Path, target: Path) -> None:
    """Put `source` in the place of `target`, which may exist when it is a file or a link, and keep it so."""
    point("rename", f"{source.name} to {target.name}")
    source.replace(target)
    _sync_folder(target.parent)


def exchange(one: Path, other: Path) -> None:
    """Swap two folders in one step, so that there is one at each name at any moment.

    Where the file system cannot, it takes three renames. Raises OSError.
    """
    point("rename", f"{one.name} for {other.name}")
    libc = ctypes.CDLL(None, use_errno=True)
    names = os.fsencode(one), os.fsencode(other)
    if not hasattr(libc, "renameat2") or libc.renameat2(_AT_FDCWD, names[0], _AT_FDCWD, names[1], _RENAME_EXCHANGE):
        number = ctypes.get_errno()
        if number not in (0, errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
            raise OSError(number, os.strerror(number), str(other))
        aside = other.with_name(other.name + ".aside")
        other.rename(aside)
        one.rename(other)
        aside.rename(one)
    _sync_folder(other.parent)


def free_bytes(path: Path) -> int:
    """Room on the disk that holds `path`, or will hold it."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return shutil.disk_usage(path).free


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        sync(descriptor, path)
    finally:
        os.close(descriptor)
