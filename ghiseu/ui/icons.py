"""The icons, drawn for this desk on a grid of 20; always beside words, or labelled by their button."""

from __future__ import annotations

from functools import cache

from markupsafe import Markup

_SHAPES = {
    "mark": (
        '<path d="M3 17V8a7 7 0 0 1 14 0v9"/><path d="M1.5 17h17"/>'
        '<path d="M7 17v-5.5a3 3 0 0 1 6 0V17"/><circle cx="10" cy="6" r=".9"/>'
    ),
    "inbox": '<path d="M3 11l2.5-7h9L17 11v5H3z"/><path d="M3 11h4l1 2h4l1-2h4"/>',
    "send": '<path d="M17 3L9 11"/><path d="M17 3l-5 14-3-6-6-3z"/>',
    "arrow": '<path d="M4 10h12"/><path d="M11 5l5 5-5 5"/>',
    "back": '<path d="M16 10H4"/><path d="M9 5l-5 5 5 5"/>',
    "down": '<path d="M5.5 8l4.5 4.5L14.5 8"/>',
    "up": '<path d="M5.5 12.5L10 8l4.5 4.5"/>',
    "look": '<circle cx="9" cy="9" r="5.5"/><path d="M13 13l4 4"/>',
    "settings": ('<path d="M3 6h8M15 6h2M3 14h2M9 14h8"/><circle cx="13" cy="6" r="2"/><circle cx="7" cy="14" r="2"/>'),
    "keyboard": (
        '<path d="M2.5 5.5h15v9h-15z"/><path d="M5.5 8.5h.01M8.5 8.5h.01M11.5 8.5h.01M14.5 8.5h.01M6.5 11.7h7"/>'
    ),
    "leave": '<path d="M8 3.5H4v13h4"/><path d="M8 10h9M13.5 6.5L17 10l-3.5 3.5"/>',
    "menu": '<path d="M3 5.5h14M3 10h14M3 14.5h9"/>',
    "reply": '<path d="M8 4.5L3 9l5 4.5"/><path d="M3 9h8a6 6 0 0 1 6 6v1"/>',
    "reply-all": (
        '<path d="M10 4.5L5.5 9l4.5 4.5"/><path d="M6 4.5L1.5 9 6 13.5"/><path d="M5.5 9H12a5.5 5.5 0 0 1 5.5 5.5V16"/>'
    ),
    "note": '<path d="M4 3.5h12v9L12 17H4z"/><path d="M16 12.5h-4V17M7 7.5h6M7 10.5h3"/>',
    "file": '<path d="M5 2.5h6.5L15 6v11.5H5z"/><path d="M11.5 2.5V6H15"/>',
    "clip": (
        '<path d="M15.5 9l-6 6a3.3 3.3 0 0 1-4.7-4.7l6.5-6.5a2.2 2.2 0 0 1 3.1 3.1'
        'l-6.3 6.3a1.1 1.1 0 0 1-1.5-1.5L12 6.3"/>'
    ),
    "lock": '<path d="M4.5 9h11v8h-11z"/><path d="M7 9V6.5a3 3 0 0 1 6 0V9"/>',
    "unlock": '<path d="M4.5 9h11v8h-11z"/><path d="M7 9V6a3 3 0 0 1 5.8-1"/>',
    "check": '<path d="M4 10.5l4 4 8-9"/>',
    "clock": '<circle cx="10" cy="10" r="7"/><path d="M10 6v4l2.5 2"/>',
    "person": '<circle cx="10" cy="6.5" r="3.2"/><path d="M3.5 17a6.5 6.5 0 0 1 13 0"/>',
    "queue": '<path d="M3 4.5h14v4H3zM3 11.5h14v4H3z"/>',
    "warning": '<path d="M10 3l7.5 13.5h-15z"/><path d="M10 8v4M10 14.3h.01"/>',
    "picture": (
        '<path d="M3 4h14v12H3z"/><path d="M3 13.5l4-4 4 4 2.5-2.5 3.5 3.5"/><circle cx="13" cy="7.5" r="1.2"/>'
    ),
    "urgent": '<path d="M7 3.5v8M7 15.5h.01M13 3.5v8M13 15.5h.01"/>',
    "high": '<path d="M10 3.5v8M10 15.5h.01"/>',
    "low": '<path d="M10 4v11M5.5 11L10 15.5 14.5 11"/>',
    "flag": '<path d="M5 17.5V3.5h9l-2 3.5 2 3.5H5"/>',
    "mail": '<path d="M3 5h14v10.5H3z"/><path d="M3.5 5.5L10 11l6.5-5.5"/>',
    "plus": '<path d="M10 4v12M4 10h12"/>',
    "cross": '<path d="M5 5l10 10M15 5L5 15"/>',
    "undo": '<path d="M7 4L3.5 7.5 7 11"/><path d="M3.5 7.5H12a4.5 4.5 0 0 1 0 9H7"/>',
    "phone": (
        '<path d="M6.5 3L8.5 7 6.8 8.8a9 9 0 0 0 4.400 4.400L13 11.5l4 2v2.5a1.5 1.5 0 0 1-1.5 1.5'
        'A13.5 13.5 0 0 1 2.5 4.5 1.5 1.5 0 0 1 4 3z"/>'
    ),
    "forward": '<path d="M12 4.5L17 9l-5 4.5"/><path d="M17 9H9a6 6 0 0 0-6 6v1"/>',
    "redirect": '<path d="M3 10h13"/><path d="M12 6l4 4-4 4"/><path d="M3 5v10"/>',
    "third-party": (
        '<circle cx="7" cy="7" r="2.8"/><path d="M1.5 16.5a5.5 5.5 0 0 1 11 0"/><path d="M13 5.5h5v5h-2.5L13 13z"/>'
    ),
    "robot": '<path d="M4 8h12v8H4z"/><path d="M10 8V4.5M8 11.5h.01M12 11.5h.01M8 14h4"/>',
    "shield": (
        '<path d="M10 2.5l6.5 2.5v4.5c0 4-2.7 6.8-6.5 8-3.8-1.2-6.5-4-6.5-8V5z"/><path d="M7 10l2.2 2.2L13 8"/>'
    ),
    "archive": '<path d="M3 4h14v3.5H3z"/><path d="M4.500 7.500V16.500h11V7.500M8 10.500h4"/>',
    "again": '<path d="M16 10a6 6 0 1 1-2-4.5"/><path d="M16.5 2.5v4h-4"/>',
}
_SVG = (
    '<svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false" fill="none" stroke="currentColor"'
    ' stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round">{}</svg>'
)


@cache
def icon(name: str) -> Markup:
    """The icon as markup; raises KeyError for a name that was never drawn."""
    return Markup(_SVG.format(_SHAPES[name]))  # noqa: S704  # our own drawings
