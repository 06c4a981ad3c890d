"""Builds a world and writes it as a site: raw files, truth and (unless only logs are wanted) configuration."""

from __future__ import annotations

import shutil
from pathlib import Path

from world_config import Config, local_datetime
from world_dirt import Dirt
from world_engine import run
from world_files_calls import write_calls
from world_files_orders import write_orders
from world_files_web import write_web
from world_hotline import changed_from_s
from world_io import write
from world_products import SETTINGS, write_products
from world_record import World
from world_research_sample import write_sample_research
from world_truth import write_truth

TEMPLATES = Path(__file__).parent / "site_files"


def build(out: Path, config: Config) -> World:
    """Write the world of `config` below `out` and return it. Replaces an inbox and a truth that are there."""
    shutil.rmtree(out / "inbox", ignore_errors=True)
    world = run(config)
    dirt = Dirt(config)
    write_web(world, out, dirt)
    write_calls(world, out, dirt)
    write_orders(world, out, dirt)
    write_truth(world, out, dirt)
    if not config.only_logs:
        settings = (TEMPLATES / "site.toml").read_text(encoding="utf-8").replace("@AS_OF@", str(config.last_day))
        steps, intended = TEMPLATES / "steps.toml", TEMPLATES / "intended.toml"
        more = b""
        if config.window_days:
            settings += f"\n[decisions]\nwindow_days = {config.window_days}"
            settings += "              # so that a change has weeks before and after it\n"
        if config.standard:
            settings += "\n[decisions]\nwindow_days = 98         # all that there is\n" + SETTINGS
            write_products(out)
            more, intended = (TEMPLATES / "standard_steps.toml").read_bytes(), TEMPLATES / "standard_intended.toml"
        if config.plants.hotline_calls:
            more += (TEMPLATES / "hotline_steps.toml").read_bytes()
            day = local_datetime(changed_from_s(config)).date()
            register = (TEMPLATES / "changes.toml").read_text(encoding="utf-8").replace("@DAY@", str(day))
            if config.no_control:
                register = "".join(line for line in register.splitlines(True) if not line.startswith("control = "))
            write(out / "process" / "changes.toml", register.encode())
        write(out / "site.toml", settings.encode())
        write(out / "process" / "steps.toml", steps.read_bytes() + more)
        write(out / "process" / "intended.toml", intended.read_bytes())
        if config.plants.research and not config.standard:
            write_sample_research(out / "process" / "competitors", config.last_day)
        if not config.standard:
            for scenario in sorted((TEMPLATES / "scenarios").glob("*.toml")):
                write(out / "process" / "scenarios" / scenario.name, scenario.read_bytes())
    return world
