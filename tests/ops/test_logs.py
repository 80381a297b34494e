import subprocess
import sys

from tests.ops.machine import environment


def lines_of(program: str) -> list[str]:
    """What a program with our logging writes to standard error."""
    result = subprocess.run(
        [sys.executable, "-c", f"import logging, structlog\nfrom ghiseu.ops import logs\n{program}"],
        capture_output=True,
        text=True,
        env=environment(),
        check=True,
    )
    return result.stderr.splitlines()


def test_one_line_says_when_how_grave_who_and_what() -> None:
    [line] = lines_of("logs.set_up('INFO', 'worker')\nstructlog.get_logger().info('mail filed', inbound_mail=7)")

    assert line.startswith("timestamp=")
    assert line.endswith('level=info process=worker event="mail filed" inbound_mail=7')


def test_an_error_is_one_line_without_its_message_which_may_quote_a_mail() -> None:
    [line] = lines_of(
        "logs.set_up('INFO', 'worker')\n"
        "try:\n    int('Dear Sir, my password is')\n"
        "except ValueError as error:\n    structlog.get_logger().error('duty failed', exc_info=error)"
    )

    assert "error=ValueError" in line
    assert "at=<string>:5:<module>" in line
    assert "Dear" not in line


def test_errors_of_libraries_are_one_line_too() -> None:
    [line] = lines_of(
        "logs.set_up('INFO', 'web')\n"
        "try:\n    open('/nowhere/file')\n"
        "except OSError:\n    logging.getLogger('some.library').exception('could not open')"
    )

    assert 'event="could not open" error=FileNotFoundError' in line
    assert "No such file" in line


def test_line_breaks_in_values_do_not_make_lines() -> None:
    [line] = lines_of("logs.set_up('INFO', 'web')\nstructlog.get_logger().info('x', value='a\\nlevel=error forged')")

    assert r"a\nlevel=error forged" in line


def test_what_is_below_the_level_is_not_written() -> None:
    assert lines_of("logs.set_up('WARNING', 'web')\nstructlog.get_logger().info('x')") == []
