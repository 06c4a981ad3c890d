"""A combined access log with a visitor cookie: pages, pictures, robots. make_access_log.py N FILE"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np

n_lines, path = int(sys.argv[1]), Path(sys.argv[2])
rng = np.random.default_rng(20260301)
BLOCK = 100_000
AGENTS = [
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{v}.0.0.0 Safari/537.36"
    for v in range(90, 140)
] + [
    f"Mozilla/5.0 (iPhone; CPU iPhone OS {v}_2 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148"
    for v in range(12, 19)
]
ROBOTS = [
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0)",
]
with path.open("w", encoding="ascii") as file:
    for start in range(0, n_lines, BLOCK):
        n = min(BLOCK, n_lines - start)
        visitor = rng.integers(0, n_lines // 40 + 10, n)
        product, kind, robot = rng.integers(1000, 3000, n), rng.random(n), rng.random(n) < 0.08
        second = (np.arange(start, start + n) * 5_000_000 // n_lines).tolist()
        lines = []
        for i in range(n):
            s, v = second[i], int(visitor[i])
            day, rest = divmod(s, 86400)
            clock = f"{day % 28 + 1:02d}/{('Jan', 'Feb', 'Mar')[day // 28 % 3]}/2026:{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d} +0100"
            if kind[i] < 0.6:
                request, status, size = f"/static/img/{product[i]}.jpg", 200, 20000 + v % 999
            elif kind[i] < 0.9:
                request, status, size = f"/p/{product[i]}/some-product?utm_source=x", 200, 9000 + v % 99
            elif kind[i] < 0.97:
                request, status, size = "/search?q=tent", 200, 7000
            else:
                request, status, size = "/cart", 302, 0
            agent = ROBOTS[v % 2] if robot[i] else AGENTS[v % len(AGENTS)]
            lines.append(
                f'{10 + v % 200}.{v >> 16 & 255}.{v >> 8 & 255}.{v & 255} - - [{clock}] "GET {request} HTTP/1.1" {status} {size} '
                f'"https://shop.example/" "{agent}" "{v:016x}"\n'
            )
        file.write("".join(lines))
print(json.dumps({"n_lines": n_lines}))
