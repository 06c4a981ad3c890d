"""The bytes of a delivered file as they were before it was packed; how is told by its first bytes, not by its name.

Everything of a packed file must be sound to its last byte: Python's own readers of bzip2 and xz pass over what follows
a stream and is none, which would lose the lines of a damaged second one without a word.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
from collections.abc import Callable, Collection
from pathlib import Path
from typing import BinaryIO, Protocol


class UnreadableFile(Exception):
    """A file none of whose lines may be used; the message is the reason, free of the file's content."""


class Readable(Protocol):
    """What bytes can be read from."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes; none at the end."""


class _Stream(Protocol):
    """A decompressor of one stream, such as bz2's and lzma's."""

    @property
    def eof(self) -> bool: ...

    @property
    def needs_input(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int = -1) -> bytes: ...


_CHUNK_BYTES = 64 * 1024
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or a spreadsheet",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a rar archive",
    b"\xd0\xcf\x11\xe0": "an office document",
    b"%PDF-": "a PDF document",
    b"PAR1": "a Parquet file",
    b"SQLite format 3\x00": "a SQLite database",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    b"\x04\x22\x4d\x18": "packed by lz4",
    b"\x1f\x9d": "packed by compress",
}


class Opened:
    """A file's unpacked bytes; and its packed file, if it is one. `welcome` are first bytes of what is no text and can
    be read all the same. Raises UnreadableFile, OSError."""

    def __init__(self, path: Path, welcome: Collection[bytes] = ()) -> None:
        self.welcome = welcome
        # a pipe that took the file's place since it was listed must not make us wait for its writer
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise UnreadableFile("not a regular file (a link, pipe or device); deliver the file itself")
        self.raw: BinaryIO = os.fdopen(descriptor, "rb")

    def __enter__(self) -> tuple[Readable, BinaryIO | None]:
        magic = self.raw.read(16)
        self.raw.seek(0)
        for sign, what in _FOREIGN.items():
            if magic.startswith(sign) and sign not in self.welcome:
                self.raw.close()
                raise UnreadableFile(f"{what}; deliver it as plain text, or packed by gzip, bzip2 or xz")
        if magic.startswith(b"\x1f\x8b"):
            return gzip.GzipFile(fileobj=self.raw), self.raw
        if magic.startswith(b"BZh"):
            return _Streams(self.raw, bz2.BZ2Decompressor), self.raw
        if magic.startswith(b"\xfd7zXZ\x00"):
            return _Streams(self.raw, lzma.LZMADecompressor), self.raw
        return self.raw, None

    def __exit__(self, *_: object) -> None:
        self.raw.close()


class _Streams:
    """The unpacked bytes of streams one after the other, with zeros between them at most."""

    def __init__(self, raw: BinaryIO, begin: Callable[[], _Stream]) -> None:
        self._raw, self._begin = raw, begin
        self._stream: _Stream | None = None
        self._packed = b""

    def read(self, size: int, /) -> bytes:
        parts, missing = [], size
        while missing and (part := self._some(missing)):
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _some(self, most: int) -> bytes:
        """At least one byte, none at the end. Raises EOFError for a stream that is cut."""
        while self._stream is not None or self._has_another():
            assert self._stream is not None
            if self._stream.needs_input and not self._packed:
                self._packed = self._raw.read(_CHUNK_BYTES)
                if not self._packed:
                    raise EOFError
            part = self._stream.decompress(self._packed, most)
            self._packed = b""
            if self._stream.eof:
                self._packed, self._stream = self._stream.unused_data, None
            if part:
                return part
        return b""

    def _has_another(self) -> bool:
        while not self._packed.strip(b"\x00"):
            self._packed = self._raw.read(_CHUNK_BYTES)
            if not self._packed:
                return False
        self._packed = self._packed.lstrip(b"\x00")
        self._stream = self._begin()
        return True
