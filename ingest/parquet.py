"""Parquet files as blocks of rows; SQL makes them the text that an adapter of CSV or JSON reads.

They are opened in Python, like all deliveries: DuckDB would take a name for a pattern. Rows come in batches of Arrow;
one that grows beyond all proportion to its file is a bomb.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.packed import UnreadableFile

BATCH_ROWS = 32_768
MIN_SUSPECT_BYTES = 64 * 1024 * 1024


class Counts(Protocol):
    """What is found out of a file while it is read."""

    n_lines: int
    columns: list[str] | None


def is_parquet(begin: bytes) -> bool:
    """Whether a file that begins so is Parquet."""
    return begin.startswith(b"PAR1")


def parquet_rows(data: bytes, reading: Counts, max_ratio: int) -> Iterator[pa.Table]:
    """The rows: tables of line_no and row, a struct. Raises UnreadableFile for a file that is damaged or a bomb."""
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        names = file.schema_arrow.names
        if not names or len({name.lower() for name in names}) < len(names):
            raise UnreadableFile("a Parquet file with columns of one name; export it with different names")
        reading.columns = names
        n_bytes = 0
        for batch in file.iter_batches(BATCH_ROWS):
            n_bytes += batch.nbytes
            if n_bytes > max(max_ratio * len(data), MIN_SUSPECT_BYTES):
                raise UnreadableFile(
                    f"unpacks to more than {max_ratio} times its size; refused as a decompression bomb"
                )
            numbers = pa.array(range(reading.n_lines + 1, reading.n_lines + 1 + len(batch)), pa.uint32())
            reading.n_lines += len(batch)
            yield pa.table({"line_no": numbers, "row": pa.StructArray.from_arrays(batch.columns, fields=batch.schema)})
    except (pa.ArrowException, OSError, ValueError) as error:
        raise UnreadableFile(f"damaged Parquet file ({type(error).__name__}); deliver it again") from error
