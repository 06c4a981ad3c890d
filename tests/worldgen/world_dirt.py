"""The recording layer: what goes wrong between an event and the file. Every piece of dirt is counted by kind."""

from __future__ import annotations

from collections import Counter

from world_config import Config
from world_random import Draws

CUT_SHARE = 0.6  # a half-written line keeps this share of its bytes


class Dirt:
    """Soils files. `counts` says how often each kind was put in; with plants.dirt = 0 it does nothing."""

    def __init__(self, config: Config) -> None:
        self.amount = config.plants.dirt
        self.draws = Draws(config.seed, "dirt")
        self.counts: Counter[str] = Counter()

    def times(self, mean: float) -> int:
        """How many pieces of a kind to put in: the whole part of the mean, and one more by chance."""
        return int(mean * self.amount + self.draws.u())

    def place(self, lines: list[bytes]) -> int:
        """A random position in a list of lines."""
        return self.draws.below(len(lines))

    def web_day(self, lines: list[bytes], stamp: str) -> None:
        """Soil one day of the access log in place. `stamp` is the day as 02/Jan/2026."""
        if not lines:
            return
        for _ in range(self.times(len(lines) * 0.0004)):
            at = self.place(lines)
            lines.insert(at, lines[at])
            self.counts["web_duplicate_line"] += 1
        for _ in range(self.times(0.3)):
            lines.insert(self.place(lines), b"")
            self.counts["web_blank_line"] += 1
        for _ in range(self.times(0.4)):
            hour = f"{self.draws.below(24):02d}:{self.draws.below(60):02d}:{self.draws.below(60):02d}"
            lines.insert(self.place(lines), _TLS.replace(b"@", f"{stamp}:{hour}".encode()))
            self.counts["web_tls_garbage"] += 1
        for _ in range(self.times(0.12)):
            at = self.place(lines)
            start, end = lines[at].find(b"["), lines[at].find(b"]")
            if start > 0:
                lines[at] = lines[at][:start] + b"[31/Feb/2026:25:61:00 +0100" + lines[at][end:]
                self.counts["web_wrong_timestamp"] += 1
        for _ in range(self.times(0.12)):
            at = self.place(lines)
            if b" HTTP/1.1" in lines[at] and b"?" not in lines[at]:
                lines[at] = lines[at].replace(b" HTTP/1.1", b"?ref=gr\xf6\xdfe HTTP/1.1", 1)  # Latin-1, not UTF-8
                self.counts["web_invalid_utf8"] += 1
        if self.times(0.05):
            at = self.place(lines)
            lines[at] = lines[at][: int(len(lines[at]) * CUT_SHARE)]
            self.counts["web_truncated_line"] += 1

    def ends_early(self, share: float) -> bool:
        """True when the last line of a file is half-written."""
        return self.times(share) > 0

    def call_lines(self, lines: list[bytes]) -> None:
        """Soil one queue_log file in place."""
        if len(lines) < 20:
            return
        for _ in range(self.times(0.5)):
            at = next((i for i in range(self.place(lines), len(lines)) if b"|ENTERQUEUE|" in lines[i]), None)
            if at is not None:
                lines[at:at] = [lines[at]] * 5
                self.counts["call_duplicate_line"] += 5
        for _ in range(self.times(0.4)):
            lines.insert(self.place(lines), b"")
            self.counts["call_blank_line"] += 1
        for _ in range(self.times(0.5)):
            at = self.place(lines[:-12])
            lines.insert(at + 10, lines.pop(at))
            self.counts["call_out_of_order_line"] += 1

    def record_rows(self, rows: list[bytes], a_file: float) -> None:
        """Soil the call records in place. `a_file`: mean number of blank lines, and of lines that are no UTF-8."""
        if len(rows) < 20:
            return
        for _ in range(self.times(len(rows) * 0.003)):
            at = self.place(rows)
            rows.insert(at, rows[at])
            self.counts["cdr_duplicate_row"] += 1
        for _ in range(self.times(a_file)):
            at = self.place(rows)
            rows[at] = rows[at].replace(b'""" <', b'M\xfcller""" <', 1).replace(b'"" <', b'M\xfcller"" <', 1)
            self.counts["cdr_invalid_utf8"] += 1
        for _ in range(self.times(a_file)):
            rows.insert(self.place(rows), b"")
            self.counts["cdr_blank_line"] += 1


# as nginx writes it: a browser that speaks TLS to the plain port
_TLS = (
    rb'203.0.113.9 - - [@ +0100] "\x16\x03\x01\x00\xEE\x01\x00\x00\xEA\x03\x03\x8B\x1D" 400 157 '
    rb'"-" "-" "-"'
)
