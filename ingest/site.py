"""A site: the folder that holds everything about one organisation, and the lock that lets one run in at a time."""

from __future__ import annotations

import fcntl
import lzma
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from ingest.errors import BusyError, ConfigError, StorageError, UsageError
from ingest.packed import Opened, UnreadableFile
from ingest.pseudonym import load_key, salt
from ingest.settings import Settings, SourceSection, load_settings

LOCK_VARIABLE = "FRONTSTAGE_LOCK_FD"


class Site:
    """Where a site's parts are. Raises UsageError when `root` is no folder with a site.toml."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if not root.is_dir():
            raise UsageError(f"{root}: no such site; expected a folder with site.toml, e.g. SITE=data/sample")
        if not (root / "site.toml").exists():
            raise UsageError(f"{root}: not a site: there is no site.toml in it; see 'Your own logs' in README.md")
        self.process = root / "process"
        self.var = root / "var"
        self.runs = self.var / "runs"
        self.warehouse = self.var / "warehouse.duckdb"
        self.key = self.var / "key"
        self.rehearsal = self.var / "dry-run"
        self.reports = root / "reports"
        self.exports = root / "exports"

    @cached_property
    def settings(self) -> Settings:
        """site.toml, validated (ConfigError otherwise)."""
        return load_settings(self.root / "site.toml")

    def salt(self, purpose: str) -> str:
        """A secret of the site for one purpose, made of its key. Raises ConfigError."""
        return salt(load_key(self.key), purpose)

    @property
    def name(self) -> str:
        """The organisation's name as reports show it."""
        return self.settings.site.name

    def inbox(self, source: SourceSection) -> Path:
        """The folder a source is delivered to. Raises ConfigError when it is missing."""
        folder = (self.root / source.inbox).resolve() if source.inbox else self.root / "inbox" / source.name
        if not folder.is_dir():
            raise ConfigError(f"source {source.name!r}: its inbox {folder} is missing; create it and put the raw files "
                              "there, or remove the source from site.toml")  # fmt: skip
        return folder

    def table_text(self, key: str, file: str, encoding: str, max_bytes: int) -> str:
        """The text of a file that site.toml names under `key`, below or beside the site's folder, packed or not, read
        with the care that deliveries get. Raises ConfigError that says what was expected."""
        path = self.root / file
        try:
            with Opened(path) as (opened, _):
                data = opened.read(max_bytes + 1)
        except FileNotFoundError as error:
            raise ConfigError(f"{key}.file: {path} is missing, expected a CSV file there") from error
        except UnreadableFile as error:
            raise ConfigError(f"{key}.file: {path}: {error}") from error
        except (
            OSError,
            EOFError,
            ValueError,
            lzma.LZMAError,
            zlib.error,
        ) as error:  # a NUL in the name, a damaged file
            raise ConfigError(f"{key}.file: {path} can't be read ({type(error).__name__})") from error
        if len(data) > max_bytes:
            raise ConfigError(f"{key}.file: {path} has more than {max_bytes:,} bytes, expected a table of that size")
        try:
            return data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError as error:
            raise ConfigError(
                f"{key}.file: {path} is not {encoding} at byte {error.start}, expected {key}.encoding to say how it is "
                "written"
            ) from error

    def prepare(self) -> None:
        """Create our own folders, readable by the owner and group only."""
        os.umask(0o027)
        try:
            for folder in (self.var, self.runs, self.reports, self.exports):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StorageError(
                f"{error.filename}: our folder can't be made ({error.strerror}); make room for it"
            ) from error

    @contextmanager
    def lock(self) -> Iterator[int]:
        """Hold the site for one run. The kernel frees the lock when the process dies, however it dies.

        It is a file of its own: DuckDB's lock on the warehouse would fall off if this process opened that file again.
        A stage started by `nightly` inherits the lock's descriptor instead of taking it. Raises BusyError.
        """
        inherited = os.environ.get(LOCK_VARIABLE)
        if inherited:
            yield int(inherited)
            return
        path = self.var / "lock"
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise StorageError(f"{path}: can't be opened ({error.strerror}); make SITE/var writable") from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError(f"{self.root}: another run is at work on this site; wait until it has ended") from error
            yield descriptor
        finally:
            os.close(descriptor)
