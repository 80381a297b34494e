"""Live streams are held open by async code; pages are sync and run in threads, which is faster for them."""

from asgiref.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from ghiseu.lib.whole_answers import WholeAnswers
from ghiseu.wsgi import application as pages_by_wsgi

PAGE_THREADS = 16

pages = WholeAnswers(pages_by_wsgi, threads=PAGE_THREADS)


async def application(scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
    """The ASGI application: `/live/` goes to the event streams, everything else to the pages."""
    from ghiseu.agent.live import listen_here, live

    # The numbers that the pages keep for a moment hold only while every change is heard of.
    listen_here()
    if scope["type"] == "http" and scope["path"].startswith("/live/"):
        await live(scope, receive, send)
    elif scope["type"] == "http":
        await pages(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1000, "reason": None})
