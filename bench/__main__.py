"""Everything with small sizes: `make bench`. WORKLOAD and SCALE as docs/performance.md says."""

from __future__ import annotations

from bench import mail, pages
from bench.table import print_table
from bench.workload import NoWorkload

MAILS = 1000


def main() -> None:
    try:
        mail_rows = mail.measure(MAILS)
        count = pages.tickets_wanted()
        page_rows = pages.measure(pages.Wanted(count))
    except NoWorkload as problem:
        raise SystemExit(str(problem)) from None
    print_table(f"Mail ({MAILS:,} mails)", mail.HEADINGS, mail_rows)
    print_table(f"Pages ({count:,} tickets)", pages.HEADINGS, page_rows)


if __name__ == "__main__":
    main()
