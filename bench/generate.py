"""A made-up desk to measure with: the history of its tickets, and mail that comes in.

    python -m bench.generate tickets --tickets 3300 --seed 1     one JSON object a line, oldest ticket first
    python -m bench.generate mbox --messages 2000 --seed 2       raw mail in mbox format
    python -m bench.generate directory                           its queues and agents, as JSON

Needs nothing but Python. Output is streamed; the same arguments give the same bytes.
"""

from __future__ import annotations

import argparse
import json
import sys

from bench.made_up.mails import incoming
from bench.made_up.texts import WORDS, places
from bench.made_up.tickets import tickets


def write_tickets(count: int, seed: int) -> None:
    for ticket in tickets(count, seed):
        sys.stdout.write(json.dumps(ticket, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_mbox(count: int, seed: int) -> None:
    out = sys.stdout.buffer
    for sender, moment, raw in incoming(count, seed):
        out.write(f"From {sender} {moment:%a %b %d %H:%M:%S %Y}\n".encode())
        # A line that begins like the line between two mails is marked, as mboxo does.
        out.write(
            b"\n".join(b">" + line if line.startswith(b"From ") else line for line in raw.rstrip(b"\n").split(b"\n"))
        )
        out.write(b"\n\n")


def write_directory() -> None:
    queues = [{"name": place.name, "language": place.language or None} for place in places()]
    agents = [{"login": login, "name": name} for login, name in WORDS["agents"].items()]
    sys.stdout.write(json.dumps({"queues": queues, "agents": agents}, ensure_ascii=False, indent=1) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description="A made-up desk to measure with.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, noun, default, seed in (("tickets", "tickets", 3300, 1), ("mbox", "messages", 2000, 2)):
        command = kinds.add_parser(kind)
        command.add_argument(f"--{noun}", type=int, default=default, dest="count")
        command.add_argument("--seed", type=int, default=seed)
    kinds.add_parser("directory")
    given = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    if given.kind == "tickets":
        write_tickets(given.count, given.seed)
    elif given.kind == "mbox":
        write_mbox(given.count, given.seed)
    else:
        write_directory()


if __name__ == "__main__":
    main()
