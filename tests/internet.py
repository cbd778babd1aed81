"""What tests find when the platform goes out: pages they put there, and nothing else."""

from chatplatform.net.client import Limits, Response, Unreachable

PAGE = "https://pages.example/"
"""A page that is always there."""


class Internet:
    """Answers for the outgoing client; ``asked`` lists every request: method, URL and body."""

    def __init__(self) -> None:
        self.pages: dict[str, Response] = {}
        self.asked: list[tuple[str, str, bytes | None]] = []
        self.put(PAGE, "<title>A page</title>")

    def put(
        self,
        url: str,
        body: str | bytes,
        *,
        status: int = 200,
        content_type: str = "text/html; charset=utf-8",
        at: str = "",
    ) -> None:
        """Put a page there; ``at`` is where asking for it leads."""
        content = body.encode() if isinstance(body, str) else body
        self.pages[url] = Response(at or url, status, {"content-type": content_type}, content)

    def request(
        self,
        method: str,
        url: str,
        limits: Limits,
        *,
        body: bytes | None = None,
        **about: object,
    ) -> Response:
        """Stand in for ``chatplatform.net.client.request``."""
        self.asked.append((method, url, body))
        if url not in self.pages:
            raise Unreachable("there is nothing")
        return self.pages[url]
