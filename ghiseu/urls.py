"""The doors of the house; so far the agents'. Live streams are dispatched in asgi.py."""

from django.urls import include, path

urlpatterns = [path("", include("ghiseu.agent.urls"))]

handler400 = "ghiseu.agent.errors.bad_request"
handler403 = "ghiseu.agent.errors.forbidden"
handler404 = "ghiseu.agent.errors.not_found"
handler500 = "ghiseu.agent.errors.broken"
