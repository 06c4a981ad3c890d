"""From delivered files to blocks of lines: find, decompress, split, check the encoding. Nothing is parsed here.

Files are opened in Python, never by DuckDB: DuckDB's gzip reader does not check the CRC and a file name can be a
pattern to it. A block is an Arrow table that points into the bytes read, so a line is not copied on its way to SQL.
"""

from __future__ import annotations

import codecs
import csv
import fnmatch
import gzip
import hashlib
import lzma
import os
import stat
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ingest.documents import cuts
from ingest.ocel.records import is_database, ocel_blocks
from ingest.packed import Opened, Readable, UnreadableFile
from ingest.parquet import is_parquet, parquet_rows
from ingest.records import as_header
from ingest.xml_records import xml_blocks

BLOCK_BYTES = 64 * 1024 * 1024
# read in pieces whose memory the allocator uses again; larger ones are fetched anew from the system, in half the time
PIECE_BYTES = 16 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024
MAX_REST_BYTES = BLOCK_BYTES // 2
MAX_DOCUMENT_BYTES = 512 * 1024 * 1024
MAX_RATIO = 200
MAX_QUOTED_LINES = 200
_UNFINISHED = (".tmp", ".part", ".partial", ".swp", ".crdownload", ".filepart")
_WELCOME = {"csv": (b"PAR1",), "json": (b"PAR1",), "ocel": (b"SQLite format 3\x00",)}
_ARCHIVES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".zip", ".7z")

LINE_FEED, CARRIAGE_RETURN = 10, 13
MAX_CHUNK_LINES = 32_768
Ints = npt.NDArray[np.int64]

# `flaw` says why a line can't be parsed at all (encoding, length); `original` holds the bytes of what is no text.
SCHEMA = pa.schema(
    [
        ("line_no", pa.uint32()),
        ("byte_offset", pa.uint64()),
        ("raw", pa.string_view()),
        ("flaw", pa.string()),
        ("original", pa.binary()),
    ]
)


@dataclass
class Reading:
    """What was found out about a file while its blocks were read; complete after the last block."""

    path: Path
    n_bytes: int = 0
    n_lines: int = 0
    n_held_back: int = 0
    sha256: str = ""
    header: str | None = None
    n_header: int = 0
    columns: list[str] | None = None
    is_log: bool = False


def deliveries(folder: Path, pattern: str) -> Iterator[tuple[Path, str | None]]:
    """Regular files of a folder and its subfolders by name, each with the reason not to read it, or None."""
    for path in sorted(folder.rglob("*")):
        name = path.name
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:  # rotated or fetched away since it was listed
            continue
        if stat.S_ISDIR(mode) or name.startswith("."):
            continue
        names = (name, unpacked(name), str(path.relative_to(folder)))
        if any(fnmatch.fnmatchcase(known, pattern) for known in names):
            yield path, _refusal(path, mode)


def unpacked(name: str) -> str:
    """A file's name as it was before it was compressed."""
    return name.removesuffix(".gz").removesuffix(".bz2").removesuffix(".xz")


def _refusal(path: Path, mode: int) -> str | None:
    if not stat.S_ISREG(mode):
        return "not a regular file (a link, pipe or device); deliver the file itself"
    if path.name.endswith(_UNFINISHED):
        return "its name says that it is still being written; it is read under its final name"
    if path.name.endswith(_ARCHIVES):
        return "an archive; unpack it into the inbox"
    if any(ord(c) < 32 or "\ud800" <= c <= "\udfff" for c in path.name):
        return "its name is no plain text; rename it"
    return None


def read_blocks(
    reading: Reading,
    records: str,
    encoding: str,
    *,
    hold_back: bool = True,
    elements: Sequence[str] = (),
    attributes: Sequence[str] = (),
) -> Iterator[pa.Table]:
    """The lines of `reading.path` as blocks (SCHEMA), numbered from 1.

    `records` is how the file is cut: `lines` (with `hold_back` an unterminated last line of an uncompressed file is
    left for the next night, since its writer may be at work), `csv` (a header, then records with quoted line breaks)
    `json` (documents: the loader cuts those that hold a list), `xml` (the children of the outermost element that
    `elements` names) or `ocel` (events and related objects of an object-centric log in any of its forms, with the
    wanted `attributes` of objects). Instead of CSV and of JSON a file may be Parquet, whose blocks have the columns
    line_no and row, and whose columns' names are in `reading.columns`. Raises
    UnreadableFile when the file is damaged; blocks given before must then be forgotten.
    """
    digest = hashlib.sha256()
    reading.is_log = records == "lines"
    try:
        with Opened(reading.path, _WELCOME.get(records, ())) as (file, packed):
            chunks = _counted(file, digest, reading, packed)
            first = next(chunks, b"")
            if records in ("csv", "json") and is_parquet(first):
                yield from parquet_rows(_joined(chain((first,), chunks)), reading, MAX_RATIO)
                reading.header = as_header(reading.columns or []) if records == "csv" else None
                reading.sha256 = digest.hexdigest()
                return
            chunks = chain((first,), chunks) if first else chunks
            if not is_database(first):
                chunks = _as_utf8(chunks, encoding)
            if records == "ocel":
                yield from ocel_blocks(chunks, reading, attributes, SCHEMA)
            elif records == "json":
                yield from _documents(_joined(chunks), reading)
            elif records == "xml":
                yield from xml_blocks(chunks, reading, elements, SCHEMA)
            elif records == "csv":
                yield from _csv_blocks(chunks, reading)
            else:
                yield from _grouped(_line_blocks(chunks, reading, hold_back=hold_back and packed is None))
    except (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError) as error:
        raise UnreadableFile(f"damaged compressed file ({type(error).__name__}); deliver it again") from error
    except UnicodeError as error:
        raise UnreadableFile(f"not {encoding} text; set `encoding` of the source in site.toml") from error
    except OSError as error:
        reason = "damaged compressed file" if error.errno is None else os.strerror(error.errno)
        raise UnreadableFile(f"can't be read: {reason}") from error
    reading.sha256 = digest.hexdigest()


def one_ahead(blocks: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same blocks, the next one being read by a thread while the caller works on the one before."""
    with ThreadPoolExecutor(max_workers=1) as reader:
        coming = reader.submit(next, blocks, None)
        while (block := coming.result()) is not None:
            coming = reader.submit(next, blocks, None)
            yield block


def prefix_sha256(path: Path, n_bytes: int) -> str:
    """Hash of the first decompressed bytes of a file that was read before."""
    digest = hashlib.sha256()
    with Opened(path) as (file, _):
        while n_bytes and (chunk := file.read(min(n_bytes, BLOCK_BYTES))):
            digest.update(chunk)
            n_bytes -= len(chunk)
    return digest.hexdigest()


def _counted(file: Readable, digest: hashlib._Hash, reading: Reading, packed: BinaryIO | None) -> Iterator[bytes]:
    """Pieces of the file. A bomb is told by what was read of it so far, not at its end."""
    while chunk := file.read(PIECE_BYTES):
        if not reading.n_bytes and chunk[257:262] == b"ustar":
            raise UnreadableFile("a tar archive; unpack it into the inbox")
        digest.update(chunk)
        reading.n_bytes += len(chunk)
        if packed is not None and reading.n_bytes >= max(MAX_RATIO * packed.tell(), PIECE_BYTES):
            raise UnreadableFile(f"unpacks to more than {MAX_RATIO} times its size; refused as a decompression bomb")
        yield chunk


def _as_utf8(chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    """The text as UTF-8 without a byte order mark. Invalid UTF-8 passes here and is quarantined line by line."""
    first = next(chunks, b"")
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) and encoding == "utf-8":
        raise UnreadableFile("UTF-16 text; set encoding = 'utf-16' for the source in site.toml")
    if encoding == "utf-8":
        yield first.removeprefix(codecs.BOM_UTF8)
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in chain((first,), chunks):
        yield decoder.decode(chunk).encode("utf-8")
    yield decoder.decode(b"", final=True).encode("utf-8")


def _line_blocks(chunks: Iterator[bytes], reading: Reading, *, hold_back: bool) -> Iterator[pa.Table]:
    offset, rest = 0, b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        cut = data.rfind(b"\n") + 1
        rest = data[cut:]
        if len(rest) > MAX_REST_BYTES:
            raise UnreadableFile(f"a line of more than {MAX_REST_BYTES} bytes; this is no log of lines")
        if cut:
            yield _block(data[:cut] if rest else data, offset, reading)
            offset += cut
    if rest and hold_back:
        reading.n_held_back = 1
    elif rest:
        yield _block(rest + b"\n", offset, reading)


def _grouped(pieces: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Pieces put together, uncopied, to blocks: SQL works better on a few large ones."""
    pieces_of_block = max(1, BLOCK_BYTES // PIECE_BYTES)
    while group := list(islice(pieces, pieces_of_block)):
        yield pa.concat_tables(group)


def _block(data: bytes, offset: int, reading: Reading) -> pa.Table:
    """Lines of `data`, which ends with a line feed."""
    feeds = np.flatnonzero(np.frombuffer(data, dtype=np.uint8) == LINE_FEED)
    return _table(data, np.concatenate(([0], feeds + 1)), offset, reading)


def _table(data: bytes, bounds: Ints, offset: int, reading: Reading) -> pa.Table:
    """The records of `data` between `bounds`, without their line ends: Arrow views into `data`, so nothing is
    copied. A byte order mark at the begin of a line is no part of it: files are put together by `cat`."""
    array = np.frombuffer(data, dtype=np.uint8)
    starts, ends = bounds[:-1], bounds[1:].copy()
    if codecs.BOM_UTF8 in data:
        mark = np.frombuffer(codecs.BOM_UTF8, dtype=np.uint8)
        starts = starts + 3 * (array[np.minimum(starts[:, None] + np.arange(3), len(array) - 1)] == mark).all(axis=1)
    for end_of_line in (LINE_FEED, CARRIAGE_RETURN):
        ends -= (ends > starts) & (array[np.maximum(ends - 1, 0)] == end_of_line)
    n = len(starts)
    flaws, originals = pa.nulls(n, pa.string()), pa.nulls(n, pa.binary())
    if data.isascii() or _is_utf8(data):
        raw = _views(array, data, starts, ends)
    else:
        lines = [data[a:b] for a, b in zip(starts.tolist(), ends.tolist(), strict=True)]
        texts = [line.decode("utf-8", "replace") for line in lines]
        broken = [text.encode() != line for text, line in zip(texts, lines, strict=True)]
        flaws = pa.array(["encoding" if bad else None for bad in broken], pa.string())
        originals = pa.array([line if bad else None for bad, line in zip(broken, lines, strict=True)], pa.binary())
        raw = pa.array(texts, pa.string_view())
    is_long = ends - starts > MAX_LINE_BYTES
    if reading.is_log and is_long.any():
        flaws = pc.if_else(pa.array(is_long), "length", flaws)
    numbers = np.arange(reading.n_lines + 1, reading.n_lines + n + 1, dtype=np.uint32)
    reading.n_lines += n
    places = (starts + offset).astype(np.uint64)
    table = pa.Table.from_arrays([pa.array(numbers), pa.array(places), raw, flaws, originals], schema=SCHEMA)
    return pa.Table.from_batches(table.to_batches(MAX_CHUNK_LINES), SCHEMA)  # so that several threads can parse it


def _is_utf8(data: bytes) -> bool:
    try:
        codecs.utf_8_decode(data, "strict", True)
    except UnicodeDecodeError:
        return False
    return True


def _views(array: npt.NDArray[np.uint8], data: bytes, starts: Ints, ends: Ints) -> pa.Array:
    """Arrow's string views (length, first four bytes, buffer, offset); up to 12 bytes stand in the view itself."""
    if len(data) >= 2**31:
        raise UnreadableFile("more than 2 GB in one piece; deliver it in parts")
    length = ends - starts
    views = np.zeros((len(starts), 4), dtype=np.int32)
    views[:, 0] = length
    if len(array):
        views[:, 1] = _words(array, starts, length)
        is_short = length <= 12
        for word in (1, 2):
            views[is_short, 1 + word] = _words(array, starts[is_short] + 4 * word, length[is_short] - 4 * word)
        views[~is_short, 3] = starts[~is_short]
    return pa.Array.from_buffers(pa.string_view(), len(starts), [None, pa.py_buffer(views), pa.py_buffer(data)])


def _words(array: npt.NDArray[np.uint8], starts: Ints, length: Ints) -> npt.NDArray[np.int32]:
    """The four bytes from each start as one number, zero beyond the length."""
    place = np.arange(4)
    found = array[np.minimum(starts[:, None] + place, len(array) - 1)]
    words: npt.NDArray[np.int32] = np.where(place < length[:, None], found, 0).astype(np.uint8).view(np.int32)[:, 0]
    return words


def _joined(chunks: Iterable[bytes]) -> bytes:
    """A whole file in memory; refused while it is read when it is too large for that."""
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > MAX_DOCUMENT_BYTES:
            raise UnreadableFile(f"a document of more than {MAX_DOCUMENT_BYTES} bytes; deliver it in parts")
        parts.append(chunk)
    return b"".join(parts)


def _documents(data: bytes, reading: Reading) -> Iterator[pa.Table]:
    if data:
        yield _table(data, cuts(data), 0, reading)


def _csv_blocks(chunks: Iterator[bytes], reading: Reading) -> Iterator[pa.Table]:
    """Records of a CSV file after its header. A quoted line break stays inside its record."""
    data = _joined(chunks)
    if not data:
        return
    if not data.endswith(b"\n"):
        data += b"\n"
    array = np.frombuffer(data, dtype=np.uint8)
    ends = np.flatnonzero(array == 10) + 1
    starts = np.concatenate(([0], ends[:-1]))
    quotes = np.add.reduceat((array == 34).astype(np.int64), starts)
    header = data[: ends[0]].decode("utf-8", "replace").rstrip("\r\n")
    reading.header = header
    try:
        n_fields = len(next(csv.reader([header])))
    except csv.Error as error:
        raise UnreadableFile("its first line is no CSV header") from error
    keep = _record_ends(data, starts, ends, quotes % 2 == 1, n_fields)
    reading.n_lines = reading.n_header = 1
    bounds = ends[keep].astype(np.int64)  # the header is the first record and no line of the table
    yield _table(data, bounds, 0, reading)


def _record_ends(
    data: bytes, starts: Ints, ends: Ints, odd: npt.NDArray[np.bool_], n_fields: int
) -> npt.NDArray[np.bool_]:
    """Which physical lines end a record.

    A line with an odd number of quotes opens a record that the next such line may close; it does so only if the lines
    between make one record of `n_fields` fields. So a stray quote spoils its own line and swallows no other.
    """
    keep = np.ones(len(ends), dtype=bool)
    openers = np.flatnonzero(odd).tolist()
    i = 0
    while i < len(openers) - 1:
        first, last = openers[i], openers[i + 1]
        text = data[starts[first] : ends[last]].decode("utf-8", "replace")
        if last - first <= MAX_QUOTED_LINES and _is_record(text, n_fields):
            keep[first:last] = False
            i += 2
        else:
            i += 1
    return keep


def _is_record(text: str, n_fields: int) -> bool:
    try:
        rows = list(csv.reader(text.splitlines(keepends=True), strict=True))
    except csv.Error:
        return False
    return len(rows) == 1 and len(rows[0]) == n_fields
