"""Everything with small sizes: `make bench`. WORKLOAD and SCALE as docs/performance.md says."""

from __future__ import annotations

import argparse

from bench import mail, pages
from bench.table import print_table
from bench.workload import NoWorkload

MAILS = 1000


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="How fast mail is filed and pages are answered, beside the floor of this machine.",
        epilog="SCALE=1 takes 330,000 tickets, WORKLOAD=FOLDER another generator; see docs/performance.md.",
    )
    parser.add_argument("--mails", type=int, default=MAILS, metavar="N", help=f"how many (default {MAILS})")
    parser.add_argument("--tickets", type=int, metavar="N", help="how many (default: SCALE times 330,000, or 3,300)")
    given = parser.parse_args()
    try:
        mail_rows = mail.measure(given.mails)
        count = given.tickets or pages.tickets_wanted()
        page_rows = pages.measure(pages.Wanted(count))
    except NoWorkload as problem:
        raise SystemExit(str(problem)) from None
    print_table(f"Mail ({given.mails:,} mails)", mail.HEADINGS, mail_rows)
    print_table(f"Pages ({count:,} tickets)", pages.HEADINGS, page_rows)


if __name__ == "__main__":
    main()
