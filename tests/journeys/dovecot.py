"""A Dovecot alone, with IMAP and POP3, passwords and XOAUTH2, whose mails the tests put into place themselves."""

from __future__ import annotations

import imaplib
import shutil
import socket
import ssl
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from string import Template

from tests.mail.inbound.token_stub import Endpoint, answering
from tests.mail.outbound.stub import certificate
from tests.ops.machine import free_port, wait_until

DOVECOT = Path("/usr/sbin/dovecot")
PARTS = (DOVECOT, Path("/usr/lib/dovecot/imap"), Path("/usr/lib/dovecot/pop3"))
PASSWORD = "window-42"
OWNER = "support@desk.example"
KEEPER = "www-data"

CONF = """\
base_dir = $folder/run
state_dir = $folder/state
log_path = $folder/dovecot.log
protocols = imap pop3
listen = 127.0.0.1
default_vsz_limit = 1G
first_valid_uid = 1
mail_location = maildir:$folder/mail/%u
mail_fsync = never
ssl = required
ssl_cert = <$certificate
ssl_key = <$certificate
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
passdb {
  driver = oauth2
  mechanisms = xoauth2
  args = $folder/oauth2.conf
}
passdb {
  driver = passwd-file
  mechanisms = plain login
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
service pop3-login {
  inet_listener pop3 {
    port = $pop3
  }
  inet_listener pop3s {
    port = $pop3s
    ssl = yes
  }
}
"""

OAUTH2_CONF = """\
introspection_mode = post
introspection_url = http://127.0.0.1:$introspection/introspect
username_attribute = username
active_attribute = active
active_value = true
"""


@dataclass
class Dovecot:
    """`tokens` are the access tokens that it takes for the owner of the mailbox."""

    folder: Path
    certificate: Path
    ports: dict[str, int]
    tokens: set[str] = field(default_factory=set)

    def client(self) -> imaplib.IMAP4_SSL:
        context = ssl.create_default_context(cafile=self.certificate)
        client = imaplib.IMAP4_SSL("localhost", self.ports["imaps"], ssl_context=context, timeout=30)
        client.login(OWNER, PASSWORD)
        return client

    def put(self, *raws: bytes, folder: str = "INBOX") -> None:
        with self.client() as client:
            if folder != "INBOX":
                client.create(folder)
            for raw in raws:
                status, answer = client.append(folder, "", "", raw)
                assert status == "OK", answer

    def mails(self, folder: str = "INBOX") -> list[tuple[str, bytes]]:
        """Flags and bytes of everything in a folder."""
        found = []
        with self.client() as client:
            client.select(folder, readonly=True)
            for number in client.search(None, "ALL")[1][0].split():
                answer = client.fetch(number, "(FLAGS BODY.PEEK[])")[1][0]
                assert isinstance(answer, tuple)
                flags = answer[0].decode().partition("FLAGS (")[2].partition(")")[0]
                found.append((flags.replace(r"\Recent", "").strip(), answer[1]))
        return found

    @property
    def log(self) -> str:
        path = self.folder / "dovecot.log"
        return path.read_text()[-4000:] if path.exists() else ""


@contextmanager
def running_dovecot() -> Iterator[Dovecot]:
    """Start it, and end it with everything it left behind."""
    missing = [str(part) for part in PARTS if not part.exists()]
    if missing:
        raise AssertionError(f"The journeys need {', '.join(missing)}. See tests/journeys/README.md.")
    folder = Path(tempfile.mkdtemp(prefix="ghiseu-dovecot-"))
    folder.chmod(0o711)
    it = Dovecot(folder, certificate(folder), {name: free_port() for name in ("imap", "imaps", "pop3", "pop3s")})
    introspection = Endpoint()

    def introspected(_number: int) -> tuple[int, dict[str, object] | bytes]:
        token = introspection.asked[-1].get("token", "")
        return 200, {"active": "true", "username": OWNER} if token in it.tokens else {"active": "false"}

    introspection.answer = introspected
    with answering(introspection):
        _write(it, introspection.port)
        process = subprocess.Popen(
            [str(DOVECOT), "-F", "-c", str(folder / "dovecot.conf")], stdin=subprocess.DEVNULL, start_new_session=True
        )
        try:
            for port in it.ports.values():
                wait_until(f"port {port} of Dovecot answers", lambda port=port: _listens(port))  # type: ignore[misc]
            yield it
        except BaseException:
            print(it.log)  # noqa: T201 -- shown with the failed test
            raise
        finally:
            process.terminate()
            process.wait(timeout=20)
            shutil.rmtree(folder, ignore_errors=True)


def _write(it: Dovecot, introspection: int) -> None:
    mails = it.folder / "mail"
    mails.mkdir()
    shutil.chown(mails, KEEPER, KEEPER)
    values = {name: str(port) for name, port in it.ports.items()} | {
        "folder": str(it.folder),
        "certificate": str(it.certificate),
        "keeper": KEEPER,
        "introspection": str(introspection),
    }
    (it.folder / "passwords").write_text(f"{OWNER}:{PASSWORD}::::::\n")
    (it.folder / "oauth2.conf").write_text(Template(OAUTH2_CONF).substitute(values))
    (it.folder / "dovecot.conf").write_text(Template(CONF).substitute(values))


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(2)
        return probe.connect_ex(("127.0.0.1", port)) == 0
