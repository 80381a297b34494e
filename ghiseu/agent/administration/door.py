"""The door inside the door: for administrators, and for nobody else there is nothing here (promise A3).

Administering shows no ticket (promise A1): where one is named, it stands behind `visible_to` as on every other page.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.http import Http404, HttpResponse

from ghiseu.agent.http import AgentRequest
from ghiseu.mail.models import InboundMail, Mailbox
from ghiseu.ui.render import render_page

View = Callable[..., HttpResponse]


def administrators_only(view: View) -> View:
    """Everybody else gets what a missing page gives, whatever the method."""

    @wraps(view)
    def guarded(request: AgentRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_administrator:
            raise Http404
        return view(request, *args, **kwargs)

    guarded.is_for_administrators = True  # type: ignore[attr-defined]  # for those who refuse before it is called
    return guarded


@dataclass(frozen=True, slots=True)
class Alarms:
    """What waits for an administrator: mails in quarantine, mailboxes that cannot be fetched from."""

    quarantined: int
    failing: int


def render(request: AgentRequest, template: str, context: Mapping[str, Any], *, status: int = 200) -> HttpResponse:
    """A page of this door, with its navigation."""
    alarms = Alarms(
        quarantined=InboundMail.objects.filter(state=InboundMail.State.QUARANTINED).count(),
        failing=Mailbox.objects.filter(is_active=True, failed_at__isnull=False).count(),
    )
    return render_page(request, f"agent/administration/{template}", {"alarms": alarms} | dict(context), status=status)
