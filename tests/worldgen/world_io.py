"""Writing files so that the same world gives the same bytes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any


def write(path: Path, content: bytes) -> None:
    """Write a file, compressed when its name ends in .gz: without a time or a name in the header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, compresslevel=6, mtime=0) if path.suffix == ".gz" else content)


def to_json(value: Any) -> bytes:
    """Compact UTF-8 JSON, keys in the order given, one final newline."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
