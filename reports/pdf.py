"""Overview and map as PDF beside their pages, printed by Chromium where the machine has it. A night never waits for it
long and never fails of it: without a browser, or when it does not answer in time, there is no PDF and no error.

`FRONTSTAGE_BROWSER` names another browser of that kind; empty = print nothing. The time that Chromium writes into a PDF
is replaced by the night, so that one Chromium gives the same bytes for the same page; another version may not.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from ingest.durable import write

log = logging.getLogger("frontstage.pdf")

VARIABLE = "FRONTSTAGE_BROWSER"
PRINTED = ("overview", "map")
PATIENCE_S = 15.0
_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
    "--disable-pdf-tagging",  # the pages are for screen readers; tags make a map three times as large
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_WRITTEN_AT = re.compile(rb"/(CreationDate|ModDate) \(D:\d{14}([^)]*)\)")


def browser() -> str | None:
    """The browser that prints; None when there is none or none is wanted."""
    named = os.environ.get(VARIABLE)
    if named is not None:
        return shutil.which(named) if named else None
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def print_pages(folder: Path, night: dt.date, patience_s: float = PATIENCE_S) -> list[str]:
    """Print the pages of `folder` that a manager passes on; returns the names of the files that came of it."""
    program = browser()
    if program is None:
        return []
    printed: list[str] = []
    try:
        with tempfile.TemporaryDirectory(prefix="frontstage-pdf-", ignore_cleanup_errors=True) as scratch:
            for name in PRINTED:
                content = _print(program, folder / f"{name}.html", Path(scratch), patience_s)
                if content is None:
                    log.warning(
                        "%s.pdf: the browser printed none within %.0f s; the pages are complete", name, patience_s
                    )
                    break  # what hangs once would hang again
                write(folder / f"{name}.pdf", _dated(content, night))
                printed.append(f"{name}.pdf")
    except OSError as error:
        log.warning("no PDF: %s; the pages are complete", error.strerror)
    return printed


def _print(program: str, page: Path, scratch: Path, patience_s: float) -> bytes | None:
    """One page as PDF; None when the browser fails or takes too long. It gets a profile of its own, thrown away."""
    target = scratch / "page.pdf"
    target.unlink(missing_ok=True)
    options = [*_OPTIONS, f"--user-data-dir={scratch / 'profile'}", f"--print-to-pdf={target}"]
    if os.geteuid() == 0:
        options.append("--no-sandbox")  # as root it refuses to start otherwise
    command = [program, *options, page.absolute().as_uri()]
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env=os.environ | {"HOME": str(scratch)},
    )
    code = None
    try:
        code = process.wait(patience_s)
    except subprocess.TimeoutExpired:
        pass
    finally:
        if code is None:  # also when the night itself is told to stop
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    content = target.read_bytes() if code == 0 and target.exists() else b""
    return content if content.startswith(b"%PDF-") else None


def _dated(content: bytes, night: dt.date) -> bytes:
    """The night in place of the time of printing; as long as it was, since a PDF counts its bytes."""
    stamp = f"{night:%Y%m%d}000000".encode()
    return _WRITTEN_AT.sub(lambda m: b"/" + m[1] + b" (D:" + stamp + m[2] + b")", content)
