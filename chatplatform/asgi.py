"""What an ASGI server runs: sockets and SockJS go to the RTM doors, all else to Django."""

import os
from typing import Any, cast

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatplatform.settings")
_http = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402 - Django comes first
from django.conf import settings  # noqa: E402
from django.urls import re_path  # noqa: E402

from chatplatform import transports  # noqa: E402
from chatplatform.transports import sockjs  # noqa: E402
from chatplatform.transports.bodies import BodyLimit  # noqa: E402
from chatplatform.transports.lifespan import follow_reactor, lifespan, with_server  # noqa: E402
from chatplatform.transports.rtm import no_such_path, rtm  # noqa: E402

transports.start()
follow_reactor()

application = ProtocolTypeRouter(
    {
        "http": URLRouter(
            [
                *(re_path(path, cast(Any, serve)) for path, serve in sockjs.REQUESTS),
                re_path(r"", cast(Any, BodyLimit(with_server(_http), settings.MAX_BODY_BYTES))),
            ]
        ),
        "websocket": URLRouter(
            [
                re_path(r"^v(?P<version>[^/]+)/(?P<api>agent|customer)/rtm/ws/?$", cast(Any, rtm)),
                *(re_path(path, cast(Any, serve)) for path, serve in sockjs.SOCKETS),
                re_path(r"", cast(Any, no_such_path)),
            ]
        ),
        "lifespan": lifespan,
    }
)
