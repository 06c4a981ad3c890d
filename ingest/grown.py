"""A file that has grown since it was loaded, rotated or packed since perhaps, is the same file with more lines.

It is known by its first bytes: they are all that was read of it before. Then the ledger keeps one row, and its lines
are not counted twice; under its own name, only what is new of it is parsed. A file that comes again as it was is a
delivery of its own, all duplicates.
"""

from __future__ import annotations

import lzma
import zlib
from pathlib import Path

from ingest.packed import UnreadableFile
from ingest.reader import prefix_sha256
from ingest.store import Store

# its lines must be among the duplicates of the new one, so few files are looked into
_EARLIER = """select o.file_id, o.path, o.n_bytes, o.sha256
from ledger as o inner join ledger as n on n.file_id = getvariable('file_id')
where
    o.source_id = n.source_id and o.file_id <> n.file_id and o.status = 'loaded' and o.n_lines > o.n_blank
    and o.n_lines < n.n_lines and o.n_bytes <= n.n_bytes and o.n_lines - o.n_blank <= n.n_duplicate
order by o.n_bytes desc, o.file_id"""

_SHORTER = """select n_lines, n_bytes, sha256 from ledger
where source_id = $source_id and path = $name and status = 'loaded' order by n_bytes desc, file_id limit 1"""


def grown_from(store: Store, file: Path, name: str) -> int | None:
    """The number of the loaded file that `file`, the one in hand, is a longer state of; None when there is none.

    `name` is its path in the inbox. A file that still lies in the inbox under another name was copied, and is no
    earlier state.
    """
    folder = Path(str(file).removesuffix(name))
    for file_id, path, n_bytes, sha256 in store.rows(_EARLIER):
        is_gone = path == name or not (folder / path).exists()
        if is_gone and _begins_with(file, n_bytes, sha256):
            return int(file_id)
    return None


def known_lines(store: Store, source_id: int, file: Path, name: str) -> int:
    """How many lines `file` begins with that were read from it when it was shorter; 0 when it begins otherwise.

    One fewer than were read, since the last one may have had no end yet.
    """
    for n_lines, n_bytes, sha256 in store.rows(_SHORTER, {"source_id": source_id, "name": name}):
        if _begins_with(file, n_bytes, sha256):
            return max(0, int(n_lines) - 1)
    return 0


def _begins_with(file: Path, n_bytes: int, sha256: str) -> bool:
    """Whether the first bytes are these; not so of a file that was rotated away or written over since it was read."""
    try:
        return prefix_sha256(file, n_bytes) == sha256
    except (OSError, EOFError, zlib.error, lzma.LZMAError, UnreadableFile):
        return False
