"""A mail house of the tests' own: Postfix and Dovecot from Debian, with their configuration in a folder, on free ports.

Everybody's mailbox lies in Dovecot: the desk's and the customers'. Customers send by SMTP to Postfix, which delivers by
LMTP to Dovecot; the desk fetches by IMAP and sends by submission with STARTTLS and a login.
"""

from __future__ import annotations

import imaplib
import os
import shutil
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from pathlib import Path
from string import Template

from tests.mail.outbound.stub import certificate
from tests.ops.machine import free_port, wait_until

DOVECOT, POSTFIX = Path("/usr/sbin/dovecot"), Path("/usr/sbin/postfix")
PASSWORD = "window-42"
DESK = "support@desk.example"
VERA, OLEG = "vera@site.example", "oleg@other.example"
PEOPLE = (DESK, "quiet@desk.example", VERA, OLEG)
# Owns the mails on disk; every Debian has it.
KEEPER = "www-data"

DOVECOT_CONF = """\
base_dir = $folder/dovecot-run
state_dir = $folder/dovecot-state
log_path = $folder/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
default_vsz_limit = 1G
first_valid_uid = 1
mail_location = maildir:$folder/mail/%u
mail_fsync = never
ssl = required
ssl_cert = <$certificate
ssl_key = <$certificate
auth_mechanisms = plain login
# The tests sign in often, also with a wrong password.
auth_failure_delay = 0
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $folder/passwords
}
userdb {
  driver = static
  args = uid=$keeper gid=$keeper home=$folder/mail/%u
}
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service imap-login {
  inet_listener imap {
    port = $imap
  }
  inet_listener imaps {
    port = $imaps
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = $lmtp
  }
}
service auth {
  inet_listener {
    port = $auth
  }
}
protocol lmtp {
  postmaster_address = postmaster@desk.example
}
"""

MAIN_CF = """\
compatibility_level = 3.6
queue_directory = $folder/postfix-queue
data_directory = $folder/postfix-data
maillog_file = $folder/postfix.log
maillog_file_prefixes = $folder
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.site.example
mydestination =
mynetworks = 127.0.0.0/8
virtual_mailbox_domains = desk.example site.example other.example
virtual_mailbox_maps = texthash:$folder/people
virtual_transport = lmtp:inet:127.0.0.1:$lmtp
message_size_limit = 100000000
virtual_mailbox_limit = 0
mailbox_size_limit = 0
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_tls_cert_file = $certificate
smtpd_tls_key_file = $certificate
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:$auth
default_transport = error:this house delivers to its own people only
alias_maps =
alias_database =
minimal_backoff_time = 2s
maximal_backoff_time = 4s
queue_run_delay = 2s
"""

MASTER_CF = """\
$smtp inet n - n - - smtpd
$submission inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class MailHouse:
    folder: Path
    certificate: Path
    smtp: int
    submission: int
    imap: int
    imaps: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start_dovecot(self) -> None:
        command = [str(DOVECOT), "-F", "-c", str(self.folder / "dovecot.conf")]
        self.running["dovecot"] = _start(command, self.folder / "dovecot.out")

    def start_postfix(self) -> None:
        # The master itself, and not the script around it: so it is ours to end.
        command = ["/usr/lib/postfix/sbin/master", "-c", str(self.folder / "postfix"), "-s"]
        self.running["postfix"] = _start(command, self.folder / "postfix.out")

    def stop_postfix(self) -> None:
        _end(self.running.pop("postfix"))

    @property
    def smtp_url(self) -> str:
        login = DESK.replace("@", "%40")
        return f"smtp+starttls://{login}:{PASSWORD}@localhost:{self.submission}"

    def log(self) -> str:
        """What both servers had to say, for the message of a failed test."""
        files = [self.folder / "dovecot.log", self.folder / "postfix.log"]
        return "\n".join(file.read_text()[-3000:] for file in files if file.exists())

    def send(self, raw: bytes | EmailMessage, *, sender: str = VERA, to: str = DESK) -> None:
        """Hand a mail to Postfix, as somebody's provider does."""
        data = raw if isinstance(raw, bytes) else raw.as_bytes()
        with smtplib.SMTP("127.0.0.1", self.smtp, local_hostname="mx.site.example", timeout=60) as client:
            client.sendmail(sender, [to], data)

    def mails(self, owner: str, folder: str = "INBOX") -> list[EmailMessage]:
        """Everything in somebody's mailbox, in order of arrival."""
        context = ssl.create_default_context(cafile=self.certificate)
        with imaplib.IMAP4_SSL("localhost", self.imaps, ssl_context=context, timeout=30) as client:
            client.login(owner, PASSWORD)
            client.select(folder, readonly=True)
            _status, found = client.search(None, "ALL")
            raws = [client.fetch(number, "(BODY.PEEK[])")[1][0] for number in found[0].split()]
        parser: BytesParser[EmailMessage] = BytesParser(policy=default)
        return [parser.parsebytes(raw[1]) for raw in raws if isinstance(raw, tuple)]

    def count(self, owner: str) -> int:
        """How many mails lie in somebody's mailbox; cheap also where they are large."""
        folder = self.folder / "mail" / owner
        return sum(1 for part in ("new", "cur") for _file in folder.glob(f"{part}/*"))


def require_parts() -> None:
    """Fail, never skip: a journey without its real parts proves nothing."""
    missing = [str(part) for part in (DOVECOT, POSTFIX, Path("/usr/lib/dovecot/lmtp")) if not part.exists()]
    if missing:
        raise AssertionError(
            f"The journeys need {', '.join(missing)}. See tests/journeys/README.md for what to install."
        )
    if os.geteuid() != 0:
        raise AssertionError("The journeys need root: Postfix and Dovecot start their parts under other accounts.")


@contextmanager
def open_house() -> Iterator[MailHouse]:
    """Start both servers, and end them and everything they left behind."""
    require_parts()
    folder = Path(tempfile.mkdtemp(prefix="ghiseu-mailhouse-"))
    folder.chmod(0o711)
    ports = {name: free_port() for name in ("smtp", "submission", "imap", "imaps", "lmtp", "auth")}
    house = MailHouse(folder, certificate(folder), ports["smtp"], ports["submission"], ports["imap"], ports["imaps"])
    values = {name: str(port) for name, port in ports.items()} | {
        "folder": str(folder),
        "certificate": str(house.certificate),
        "keeper": KEEPER,
    }
    (folder / "passwords").write_text("".join(f"{person}:{PASSWORD}::::::\n" for person in PEOPLE))
    (folder / "people").write_text("".join(f"{person} {person}\n" for person in PEOPLE))
    try:
        _write_dovecot(folder, values)
        _write_postfix(folder, values)
        house.start_dovecot()
        house.start_postfix()
        for port in ports.values():
            wait_until(f"port {port} of the mail house answers", lambda port=port: _listens(port))  # type: ignore[misc]
        yield house
    except BaseException:
        print(house.log())  # noqa: T201 -- shown with the failed test
        raise
    finally:
        for process in house.running.values():
            _end(process)
        shutil.rmtree(folder, ignore_errors=True)


def _write_dovecot(folder: Path, values: dict[str, str]) -> None:
    mails = folder / "mail"
    mails.mkdir()
    shutil.chown(mails, KEEPER, KEEPER)
    (folder / "dovecot.conf").write_text(Template(DOVECOT_CONF).substitute(values))


def _write_postfix(folder: Path, values: dict[str, str]) -> None:
    conf = folder / "postfix"
    conf.mkdir()
    (folder / "postfix-queue").mkdir()
    (folder / "postfix-data").mkdir(mode=0o700)
    shutil.chown(folder / "postfix-data", "postfix")
    (conf / "main.cf").write_text(Template(MAIN_CF).substitute(values))
    (conf / "master.cf").write_text(Template(MASTER_CF).substitute(values))
    subprocess.run([POSTFIX, "-c", conf, "check"], check=True, timeout=60, capture_output=True)


def _start(command: list[str], output: Path) -> subprocess.Popen[bytes]:
    with output.open("wb") as file:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )


def _end(process: subprocess.Popen[bytes]) -> None:
    """Stop a server with all its helpers: they are one group, and of our making."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
