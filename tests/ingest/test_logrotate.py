"""The real logrotate under a live writer, an ingest between rotations: accepted = distinct lines in the files (G1)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

LOGROTATE = shutil.which("logrotate") or shutil.which("logrotate", path="/usr/sbin:/sbin")
pytestmark = pytest.mark.skipif(LOGROTATE is None, reason="no logrotate here (apt-get install logrotate)")
MODES = {
    "rename": "create",
    "compressed at once": "create\ncompress",
    "compressed a rotation later": "create\ncompress\ndelaycompress",
    "copied and truncated": "copytruncate",
    "copied, truncated and compressed": "copytruncate\ncompress",
    "named by date": "create\ndateext\ndateformat -%Y%m%d-{round}",
    "old ones deleted": "create\nrotate 1",
}


OFTEN = ("compressed a rotation later", "copied and truncated", "named by date")
"""The others are variations of these and run in campaigns."""
CAMPAIGN = bool(os.environ.get("FRONTSTAGE_CAMPAIGN"))


class Writer:
    """A web server: it keeps its file open, and opens it anew when it is told to."""

    def __init__(self, path: Path, web_line) -> None:
        self.path, self.web_line, self.n, self.rest = path, web_line, 0, ""
        self.open()

    def open(self) -> None:
        self.file = self.path.open("a", encoding="utf-8")

    def write(self, n_lines: int, *, half: bool = False) -> None:
        """Some lines; with `half` the last of them is not yet all there."""
        text = self.rest
        for _ in range(n_lines):
            text += self.web_line(self.n, f"/l/{self.n}")
            self.n += 1
        cut = len(text) - 40 if half else len(text)
        self.file.write(text[:cut])
        self.file.flush()
        self.rest = text[cut:]

    @property
    def codes(self) -> Counter[str]:
        return Counter(f"GET /l/{i}" for i in range(self.n))


def rotate(folder: Path, options: str, number: int) -> None:
    """One rotation now, whatever the clock says."""
    configuration, state = folder / "rotate.conf", folder / "rotate.state"
    body = ("" if "rotate " in options else "rotate 99\n") + options.format(round=number)
    configuration.write_text(f"{folder}/inbox/web/access.log {{\n{body}\nmissingok\n}}\n")
    configuration.chmod(0o644)
    command = [str(LOGROTATE), "-f", "-s", str(state), str(configuration)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "error" not in done.stderr, done.stderr


def accepted(lab) -> Counter[str]:
    return Counter(event["code"] for event in lab.raw_events())


@pytest.mark.parametrize("mode", MODES if CAMPAIGN else OFTEN)
def test_every_line_that_was_written_is_accepted_once(new_lab, web_line, mode):
    """Writer, logrotate and ingest in lockstep: nothing may be lost in any mode, not even by copytruncate."""
    lab = new_lab()
    lab.root.chmod(0o755)
    (lab.root / "inbox/web").chmod(0o755)
    options = MODES[mode]
    writer = Writer(lab.root / "inbox/web/access.log", web_line)
    for number in range(4):
        keeps_file = "copytruncate" in options
        writer.write(5, half=number % 2 == 1 and not keeps_file)
        lab.load()
        writer.write(3, half=number == 2 and not keeps_file and "compress" not in options)
        if "rotate 1" in options:
            writer.write(0)
            lab.load()  # before the oldest is deleted
        elif "compress" in options and "delaycompress" not in options:
            writer.write(0)
        rotate(lab.root, options, number)
        if not keeps_file:
            if "compress" not in options or "delaycompress" in options:
                writer.write(2)  # to the file that has another name now, until the server is told
            writer.file.close()
            writer.open()
        if number != 2:
            lab.load()
    writer.write(1)
    writer.file.close()
    lab.load()
    lab.check_identity()
    assert accepted(lab) == writer.codes
    assert lab.rows("select count(*) from quarantine") == [(0,)]
    assert len(list((lab.root / "inbox/web").iterdir())) >= (2 if "rotate 1" in options else 4)


LIVE_WRITER = """
import os, sys, time
path, line, n, fd = sys.argv[1], sys.argv[2], 0, -1
while not os.path.exists(path + ".stop"):
    known = os.stat(path).st_ino if os.path.exists(path) else None
    if fd < 0 or known != os.fstat(fd).st_ino:
        fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for _ in range(20):
        os.write(fd, line.replace("NUMBER", str(n)).encode())
        n += 1
    time.sleep(0.05)
print(n)
"""


@pytest.mark.skipif(not CAMPAIGN, reason="a campaign: make campaign")
@pytest.mark.parametrize("mode", ["rename", "compressed a rotation later", "copied and truncated", "named by date"])
def test_a_writer_that_waits_for_nobody(new_lab, web_line, mode):
    """Rename modes: accepted = written. copytruncate loses lines before anyone can read them: all that are there."""
    lab = new_lab()
    lab.root.chmod(0o755)
    folder = lab.root / "inbox/web"
    folder.chmod(0o755)
    line = web_line(1, "/l/NUMBER")
    writer = subprocess.Popen(
        [sys.executable, "-c", LIVE_WRITER, str(folder / "access.log"), line], stdout=subprocess.PIPE, text=True
    )
    while not (folder / "access.log").exists():
        time.sleep(0.01)
    for number in range(6):
        lab.load()
        rotate(lab.root, MODES[mode], number)
    (folder / "access.log.stop").touch()
    written = int(writer.communicate()[0])
    (folder / "access.log.stop").unlink()
    lab.load()
    lab.check_identity()
    found = accepted(lab)
    assert set(found.values()) == {1}
    there = set()
    for path in folder.iterdir():
        data = subprocess.run(["zcat", "-f", str(path)], capture_output=True, check=True).stdout
        there |= {int(n) for n in re.findall(rb"/l/(\d+)", data)}
    numbers = {int(code.rsplit("/", 1)[1]) for code in found}
    assert there <= numbers <= set(range(written))
    if "truncated" not in mode:
        assert numbers == set(range(written))
