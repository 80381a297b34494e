"""The pages as a WSGI application, for `ghiseu web` and for any other WSGI server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghiseu.settings")

application = get_wsgi_application()
