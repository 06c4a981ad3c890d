"""The pseudonym key of a site against the one its warehouse was made with, and who asked to be forgotten."""

from __future__ import annotations

from ingest.errors import ConfigError
from ingest.forgotten import Forgotten
from ingest.pseudonym import key_id, line_salt, load_key
from ingest.site import Site
from ingest.store import Store


def unlock(site: Site, store: Store) -> tuple[bytes, Forgotten]:
    """The pseudonym key and who is forgotten, both put where the statements find them. Raises ConfigError."""
    key = load_key(site.key)
    _check_key(store, key)
    store.run("set variable line_salt = $salt", {"salt": line_salt(key)}, name="line_salt")
    forgotten = Forgotten.read(site, key)
    forgotten.put_lines(store)
    return key, forgotten


def _check_key(store: Store, key: bytes) -> None:
    known = store.value("select key_id from key_check")
    if known is None:
        store.run("insert into key_check values ($id)", {"id": key_id(key)}, name="key_check")
    elif known != key_id(key):
        raise ConfigError(
            f"the pseudonym key (id {key_id(key)}) is not the one this warehouse was made with (id {known}); "
            "put the old key back, or delete SITE/var/warehouse.duckdb to rebuild under the new one"
        )
