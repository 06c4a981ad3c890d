"""A drawn map as an SVG file that stands alone: its own styles, light colours, no reference to anything outside."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from reports.diagram_bands import BLUEPRINT, LOVEM
from reports.diagrams import Diagram
from reports.svg import text

_CSS = Path(__file__).parent / "assets" / "report.css"
_MAP_RULES = re.compile(r"/\* map \*/(.*?)/\* end of map \*/", re.S)
_VARIABLE = re.compile(r"--([a-z0-9-]+):([^;}]+)")
_LINK = re.compile(r'<a class="([^"]*)" href="[^"]*"')
_FONT = "Inter,system-ui,Segoe UI,Roboto,Helvetica Neue,Arial,sans-serif"


def standalone_svg(diagram: Diagram, style: str, note: str) -> bytes:
    """The whole map, lane heads and all, with the lines of `style`. `note` says what is drawn and what is not."""
    other = BLUEPRINT if style == LOVEM else LOVEM
    css = f"{light_map_css()}.in-{style}{{display:inline}}.in-{other}{{display:none}}"
    heads, body = (_LINK.sub(r'<g class="\1"', part).replace("</a>", "</g>") for part in diagram.parts)
    width, height = diagram.size
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="map" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" font-family="{_FONT}" role="img">'
        f"<title>{text(diagram.title)}</title><desc>{text(note)}</desc><style>{css}</style>"
        f'<rect width="{width}" height="{height}" fill="#fff"/>{body}{heads}</svg>\n'
    ).encode()


@cache
def light_map_css() -> str:
    """The rules of the style sheet that are about maps, with the light colours put in."""
    css = _CSS.read_text(encoding="utf-8")
    colours = dict(_VARIABLE.findall(css[: css.index("}")]))
    rules = _MAP_RULES.findall(css)
    return re.sub(r"var\(--([a-z0-9-]+)\)", lambda found: colours[found[1]], "".join(rules)).replace("\n", "")
