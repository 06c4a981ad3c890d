"""The one door to DuckDB: opens the warehouse, runs statements, names the one that failed.

Settings follow what was measured: our own spill folder, no extension downloads, UTC, no progress bar on stdout.
DuckDB's exception text can contain rows, that is personal data, so it is never passed on: `FrontstageError` carries
the statement's name and the error class, and the text stays in the exception's cause for a debugger.
"""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import duckdb
import pyarrow as pa

from ingest.durable import free_bytes, rename
from ingest.errors import FrontstageError, StateError, StorageError
from ingest.faults import point

log = logging.getLogger("frontstage.store")
Params = Mapping[str, Any] | None
# what DuckDB says of a file that it can't reach; anything else is a file that it can't understand
_UNREACHABLE = ("lock", "permission", "no space", "read-only file system", "input/output error")


class _Slot:
    """What DuckDB reads under a name of `refill`: the table that is in it at the moment of a scan."""

    table: pa.Table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)


class Store:
    """A connection to one warehouse file (or to memory). Use as a context manager."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        self._connection = connection
        self._path = path
        self._slots: dict[str, _Slot] = {}

    @classmethod
    def open(
        cls,
        path: Path | None = None,
        *,
        read_only: bool = False,
        memory_limit: str = "3GB",
        threads: int | None = None,
        patience_s: float = 2,
    ) -> Self:
        """Open the warehouse at `path`, or a database in memory when it is None.

        For `patience_s` it is tried again while another program has it open: somebody asks for its status, or looks
        something up, at the moment a night begins.

        Raises StateError when the file is no database that this version can read, StorageError when it can't be
        reached.
        """
        config: dict[str, Any] = {"memory_limit": memory_limit, "autoinstall_known_extensions": "false"}
        if threads:
            config["threads"] = threads
        if path is not None:
            config["temp_directory"] = str(path.with_suffix(".spill"))
        try:
            connection = _connect(str(path or ":memory:"), read_only, config, patience_s)
        except duckdb.IOException as error:
            if any(sign in str(error).lower() for sign in _UNREACHABLE) and path is not None:
                raise StorageError(
                    f"{path}: DuckDB can't open the warehouse; expected a file that may be written, that no other "
                    f"program has open, and room for it ({free_bytes(path)} bytes are free on its disk)"
                ) from error
            raise StateError(
                f"{path}: DuckDB can't open the warehouse ({type(error).__name__}); expected a file that this version "
                "wrote; restore a backup, or delete it and run again to rebuild it from the raw files"
            ) from error
        except duckdb.Error as error:
            raise StateError(f"{path}: the warehouse is damaged ({type(error).__name__}); restore a backup, or delete "
                             "it and run again to rebuild it from the raw files") from error  # fmt: skip
        store = cls(connection, path)
        # the default gives memory back after each large statement and asks for it again in the next one
        for setting in (
            "allocator_flush_threshold = '2GB'",
            "TimeZone = 'UTC'",
            "enable_progress_bar = false",
            "preserve_insertion_order = true",
        ):
            connection.execute(f"set {setting}")
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def run(self, sql: str, params: Params = None, *, name: str = "") -> None:
        """Run a statement (several, when there are no `params`) for its effect. `$name` parameters only."""
        started = time.perf_counter()
        self._execute(sql, params, name)
        log.debug("%s: %.0f ms", name or "statement", 1000 * (time.perf_counter() - started))

    def rows(self, sql: str, params: Params = None) -> list[tuple[Any, ...]]:
        """All rows of a query as tuples."""
        return self._execute(sql, params, "read").fetchall()

    def value(self, sql: str, params: Params = None) -> Any:
        """The first column of the first row; None when there is no row."""
        rows = self.rows(sql, params)
        return rows[0][0] if rows else None

    def records(self, sql: str, params: Params = None, name: str = "read") -> list[dict[str, Any]]:
        """All rows of a query as dictionaries keyed by column name."""
        cursor = self._execute(sql, params, name)
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def arrow(self, sql: str, params: Params = None) -> pa.Table:
        """A query's result as an Arrow table."""
        with self._told(_first_line(sql)):
            point("sql", _first_line(sql))
            return self._connection.sql(sql, params=dict(params) if params else None).to_arrow_table()

    def put(self, name: str, table: Any) -> None:
        """Make an Arrow table (or a data frame) readable in SQL under `name`, without copying it."""
        self._connection.register(name, table)

    def refill(self, name: str, table: pa.Table) -> None:
        """`put` for one table after the other, all of one schema: the one before is let go at once.

        Within a transaction DuckDB keeps all that was ever `put`, for it may be rolled back: a file's blocks would
        stay in memory until its last.
        """
        slot = self._slots.setdefault(name, _Slot())
        is_new = not hasattr(slot, "table")
        slot.table = table
        if is_new:
            self._connection.register(name, slot)

    def drop(self, name: str) -> None:
        """Forget a table that `put` or `refill` made readable."""
        self._slots.pop(name, None)
        self._connection.unregister(name)

    def has_table(self, name: str) -> bool:
        """Whether the database holds a table or view of that name."""
        return bool(self.value("select count(*) from duckdb_tables() where table_name = $name", {"name": name}))

    def tables_with(self, columns: Sequence[str]) -> list[str]:
        """The database's own tables that have any of these columns."""
        query = """select distinct t.table_name
        from duckdb_tables() as t inner join duckdb_columns() as c using (database_name, schema_name, table_name)
        where not t.temporary and t.database_name = current_database() and list_contains($columns, c.column_name)
        order by t.table_name"""
        return [row[0] for row in self.rows(query, {"columns": list(columns)})]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing: commits at the end of the block, rolls back when it raises."""
        self._execute("begin", None, "begin")
        try:
            yield
        except BaseException:
            self._slots.clear()  # their names are rolled back, too
            try:
                self._connection.execute("rollback")
            except duckdb.Error:  # the failing COMMIT has already ended the transaction
                log.debug("nothing left to roll back")
            raise
        self._execute("commit", None, "commit")

    @contextmanager
    def beside(self) -> Iterator[Store]:
        """A second connection to the same tables, with a scratch database in memory in front of them.

        What it creates goes to the scratch database, hides the warehouse's table of that name there, and is gone at the
        end of the block; the warehouse is only read. Temporary tables and variables are the connection's own.
        """
        connection = self._connection.cursor()
        other = Store(connection, self._path)
        home = other.value("select current_database()")
        other.run("attach ':memory:' as scratch", name="scratch")
        try:
            other.run(f"set search_path = 'scratch.main,{home}.main'", name="scratch")
            other.run("set TimeZone = 'UTC'", name="scratch")
            yield other
        finally:
            other.run(f"use {home}; detach scratch", name="scratch")
            connection.close()

    def checkpoint(self) -> None:
        """Move everything into the main file, so that no write-ahead log is left at a stage's end."""
        self._execute("checkpoint", None, "checkpoint")

    def interrupt(self) -> None:
        """Stop the statement at work; called from another thread."""
        self._connection.interrupt()

    def _execute(self, sql: str, params: Params, name: str) -> duckdb.DuckDBPyConnection:
        where = name or _first_line(sql)
        with self._told(where):
            point("sql", where)
            return self._connection.execute(sql, dict(params)) if params else self._connection.execute(sql)

    @contextmanager
    def _told(self, where: str) -> Iterator[None]:
        """Turn what goes wrong with a statement into errors that name it and hold no row."""
        try:
            yield
        except (OSError, duckdb.IOException, duckdb.FatalException, duckdb.TransactionException) as error:
            raise StorageError(
                f"{where}: the database could not write or read its file ({type(error).__name__}){self._room()}; "
                "free space and mend permissions there, then run again"
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise StorageError(
                f"{where}: out of memory and of spill space{self._room()}; free space there, then run again"
            ) from error
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise FrontstageError(f"{where}: the statement failed ({type(error).__name__}); this is a bug") from error

    def _room(self) -> str:
        return f": {self._path}, {free_bytes(self._path)} bytes are free on its disk" if self._path else ""


def _first_line(sql: str) -> str:
    return sql.strip().split("\n", 1)[0][:60]


def _connect(path: str, read_only: bool, config: dict[str, Any], patience_s: float) -> duckdb.DuckDBPyConnection:
    until = time.monotonic() + patience_s
    while True:
        try:
            return duckdb.connect(path, read_only=read_only, config=config)
        except duckdb.IOException as error:
            if not _is_locked(error) or time.monotonic() > until:
                raise
        time.sleep(0.05)


def _is_locked(error: duckdb.IOException) -> bool:
    return "lock" in str(error).lower()


def clear_spill(path: Path) -> None:
    """Remove what a killed run spilled or half rewrote; only the holder of the site lock may call it."""
    shutil.rmtree(path.with_suffix(".spill"), ignore_errors=True)
    for left_over in path.parent.glob(f"{_fresh(path).name}*"):
        left_over.unlink()


def rewrite(path: Path, memory_limit: str = "3GB") -> None:
    """Write the warehouse anew and put it in the old one's place in one rename: deleting alone leaves the bytes there.

    Tables, types, sequences and the order of rows stay. The warehouse must not be open. Raises StorageError; the old
    file then stays as it was.
    """
    fresh = _fresh(path)
    clear_spill(path)
    if path.with_name(path.name + ".wal").exists():  # it must not outlive the file that it belongs to
        with Store.open(path, memory_limit=memory_limit) as store:
            store.checkpoint()
    try:
        with Store.open(None, memory_limit=memory_limit) as store:
            store.run(f"set temp_directory = {literal(path.with_suffix('.spill'))}", name="spill")
            store.run(f"attach {literal(path)} as old (read_only)", name="attach")
            store.run(f"attach {literal(fresh)} as fresh", name="attach")
            store.run("copy from database old to fresh", name="rewrite")
            store.run("checkpoint fresh", name="checkpoint")
            store.run("detach fresh", name="detach")
        fresh.chmod(path.stat().st_mode & 0o777)
        rename(fresh, path)
    except OSError as error:
        raise StorageError(
            f"{path}: the warehouse can't be rewritten ({error.strerror}); free space, run again"
        ) from error
    finally:
        clear_spill(path)


def _fresh(path: Path) -> Path:
    return path.with_suffix(".rewrite")


def literal(text: str | Path) -> str:
    """A text as a SQL string, for the statements that take no parameter: ATTACH, COPY, SET."""
    return "'" + str(text).replace("'", "''") + "'"
