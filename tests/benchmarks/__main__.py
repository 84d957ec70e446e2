"""`python -m tests.benchmarks [name…]`: every benchmark in one run, speeds as ratios; QUICK=1 is smaller.

Prints what it measured and writes build/bench.json.
"""

import asyncio
import json
import logging
import os
import sys
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from libraries.runtime.lifecycle import tune_garbage_collector
from tests.benchmarks import (
    consuming,
    entering,
    flooding,
    growing,
    recounting,
    relaying,
    resting,
    thinking,
    visiting,
    watching,
)
from tests.benchmarks.ground import engines, machine

BENCHMARKS = {
    "thinking": thinking.measure,
    "resting": resting.measure,  # before anything lies on the topics
    "consuming": consuming.measure,
    "flooding": flooding.measure,
    "relaying": relaying.measure,
    "watching": watching.measure,
    "recounting": recounting.measure,
    "entering": entering.measure,
    "growing": growing.measure,
    "visiting": visiting.measure,
}
TARGET = Path("build/bench.json")


def main() -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    wanted = sys.argv[1:] or list(BENCHMARKS)
    found: dict[str, object] = {"machine": machine(), "durability": "synchronous_commit=on, acks=all"}
    console = Console(width=110)
    with engines(quick=bool(os.environ.get("QUICK"))) as ground:
        found["broker"] = ground.broker
        for name in wanted:
            tune_garbage_collector()
            result = asyncio.run(BENCHMARKS[name](ground))
            found[name] = result
            table = Table(title=name, title_justify="left", show_header=False)
            for key, value in result.items():
                table.add_row(key, json.dumps(value) if isinstance(value, dict) else str(value))
            console.print(table)
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(json.dumps(found, indent=2) + "\n", "utf-8")
    console.print(f"{found['machine']}, {ground.broker} broker, {found['durability']}; written to {TARGET}")


main()
