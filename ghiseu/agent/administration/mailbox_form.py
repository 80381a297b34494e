"""The form of a mailbox: where its mail goes, where it comes from, and how the desk signs in there."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghiseu.agent.administration.forms import QueueChoice
from ghiseu.mail.inbound.mailbox_setup import SignIn
from ghiseu.mail.models import Mailbox, OAuthAccess
from ghiseu.tickets.models import Queue

MOST_FOLDERS = 20
_USUAL_PORTS = {"imap": (993, 143), "pop3": (995, 110)}
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class Lines(forms.CharField):
    """One thing a line."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> Any:
        return list(dict.fromkeys(line.strip() for line in str(value or "").splitlines() if line.strip()))


def _plain(label: Any, most: int = 255) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=most, widget=forms.TextInput(attrs=_PLAIN))


def _secret(label: Any) -> forms.CharField:
    """Never shown again, and never offered by the browser: it is nobody's own password."""
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    return forms.CharField(label=label, required=False, max_length=4_000, strip=False, widget=widget)


class MailboxForm(forms.ModelForm):  # type: ignore[type-arg]  # generic for the checker only
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        error_messages={"unique": gettext_lazy("Another mailbox has this name. Choose a different one.")},
    )
    address = forms.EmailField(
        label=gettext_lazy("Address"),
        max_length=254,
        error_messages={"unique": gettext_lazy("Another mailbox has this address.")},
    )
    queue = QueueChoice(label=gettext_lazy("Queue"), queryset=Queue.objects.active().order_by("name"))
    trusted_server = _plain(gettext_lazy("Server whose word counts"))
    checks_signatures = forms.BooleanField(
        label=gettext_lazy("Check signatures (DKIM) where no such word is there"), required=False
    )
    protocol = forms.ChoiceField(label=gettext_lazy("How mail comes"), choices=Mailbox.Protocol.choices)
    host = _plain(gettext_lazy("Server"))
    port = forms.IntegerField(label=gettext_lazy("Port"), required=False, min_value=1, max_value=65_535)
    security = forms.ChoiceField(label=gettext_lazy("Encryption"), choices=Mailbox.Security.choices)
    login = _plain(gettext_lazy("Login name"))
    sign_in_by = forms.ChoiceField(label=gettext_lazy("Signs in with"), choices=Mailbox.SignIn.choices)
    password = _secret(gettext_lazy("Password"))
    token_endpoint = _plain(gettext_lazy("Token endpoint"), 500)
    client_id = _plain(gettext_lazy("Client id"), 300)
    client_secret = _secret(gettext_lazy("Client secret"))
    scope = _plain(gettext_lazy("Scope"), 500)
    refresh_token = _secret(gettext_lazy("Refresh token"))
    folders = Lines(
        label=gettext_lazy("Folders, one a line"), required=False, widget=forms.Textarea(attrs={"rows": 2} | _PLAIN)
    )
    afterwards = forms.ChoiceField(label=gettext_lazy("What is held here:"), choices=Mailbox.Afterwards.choices)
    move_to_folder = _plain(gettext_lazy("Folder to move it to"))
    fetch_every_seconds = forms.IntegerField(
        label=gettext_lazy("Seconds between two visits"), required=False, min_value=5, max_value=86_400
    )

    class Meta:
        model = Mailbox
        fields = (
            *("name", "address", "queue", "trusted_server", "checks_signatures", "protocol", "host", "port"),
            *("security", "login", "folders", "afterwards", "move_to_folder", "fetch_every_seconds"),
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        box: Mailbox = self.instance
        self.initial["sign_in_by"] = box.sign_in
        if not box.pk:
            # The port follows from protocol and encryption until somebody enters another.
            self.initial.update(port=None, protocol=Mailbox.Protocol.IMAP)
        if access := OAuthAccess.objects.filter(mailbox=box).first() if box.pk else None:
            self.initial.update({name: getattr(access, name) for name in ("token_endpoint", "client_id", "scope")})

    def clean_address(self) -> str:
        return str(self.cleaned_data["address"]).lower()

    def clean_folders(self) -> list[str]:
        folders: list[str] = self.cleaned_data["folders"] or ["INBOX"]
        if len(folders) > MOST_FOLDERS or any(len(name) > 255 for name in folders):
            raise forms.ValidationError(_("At most twenty folders, each name on a line of its own."))
        return folders

    def clean(self) -> dict[str, Any]:
        super().clean()
        values = self.cleaned_data
        values["fetch_every_seconds"] = values.get("fetch_every_seconds") or 30
        values["port"] = values.get("port") or self._usual_port()
        values["login"] = values.get("login") or values.get("address", "")
        self.instance.sign_in = values.get("sign_in_by", Mailbox.SignIn.PASSWORD)
        if values.get("protocol") == Mailbox.Protocol.NONE:
            values |= {"afterwards": Mailbox.Afterwards.DELETE, "move_to_folder": ""}
        elif not values.get("host"):
            self.add_error("host", _("Name the server."))
        if values.get("protocol") == Mailbox.Protocol.POP3:
            values |= {"afterwards": Mailbox.Afterwards.DELETE, "folders": ["INBOX"]}
        if values.get("afterwards") != Mailbox.Afterwards.MOVE:
            values["move_to_folder"] = ""
        elif not values.get("move_to_folder"):
            self.add_error("move_to_folder", _("Name the folder."))
        by_token = self.instance.sign_in == Mailbox.SignIn.OAUTH2 and values.get("protocol") != Mailbox.Protocol.NONE
        for name in ("token_endpoint", "client_id") if by_token else ():
            if not values.get(name):
                self.add_error(name, _("Needed to sign in with OAuth 2."))
        return values

    def _usual_port(self) -> int:
        tls, other = _USUAL_PORTS.get(self.cleaned_data.get("protocol", ""), (993, 143))
        return tls if self.cleaned_data.get("security") == Mailbox.Security.TLS else other

    def sign_in(self) -> SignIn:
        """What was typed to sign in with."""
        names = ("password", "token_endpoint", "client_id", "scope", "client_secret", "refresh_token")
        return SignIn(**{name: self.cleaned_data.get(name, "") for name in names})
