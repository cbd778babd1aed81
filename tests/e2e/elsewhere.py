"""Somebody else's site, on an origin of its own, with the official accounts SDK on its page."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.installations import ROOT
from tests.live import LiveServer

SDK = ROOT / "tests/js/node_modules/@livechat/accounts-sdk/dist/accounts-sdk.min.js"

_PAGE = """<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Shop</title>
    <script>
      // The published bundle leaves out Node's "util", which nothing of it uses in a browser.
      globalThis.require$$0$2 = {inspect: {}};
    </script>
    <script src="/sdk.js"></script>
  </head>
  <body>
    <main>
      <h1>Shop</h1>
      <button id="redirect">Sign in</button>
      <button id="popup">Sign in in a window</button>
      <pre id="outcome"></pre>
    </main>
    <script>
      const options = JSON.parse(localStorage.getItem("options"));
      const sdk = new AccountsSDK(options ?? {client_id: "none"});
      const show = (outcome) => {
        document.getElementById("outcome").textContent = JSON.stringify(outcome);
      };
      const told = (flow) =>
        flow.then(
          (data) => show({data, transaction: sdk.verify(data)}),
          (error) => show({error}),
        );
      document.getElementById("redirect").onclick = () => sdk.redirect().authorize();
      document.getElementById("popup").onclick = () => told(sdk.popup().authorize());
      window.frame = () => told(sdk.iframe().authorize());
      if (location.hash.includes("=") || location.search.includes("code=")) {
        told(sdk.redirect().authorizeData());
      }
    </script>
  </body>
</html>
"""


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/sdk.js":
            kind, body = "text/javascript", SDK.read_bytes()
        else:
            kind, body = "text/html", _PAGE.encode()
        self.send_response(200)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def shop() -> Iterator[str]:
    """Serve the site; give its origin."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def register(server: LiveServer, origin: str, **values: Any) -> dict[str, str]:
    """Register the site as an application of the demo's organisation."""
    about = {
        "organization_id": server.demo["organization_id"],
        "origin": origin,
        "name": "Shop",
        "description": "Shows who is signed in.",
        "confidential": False,
        "scopes": ["chats--all:rw", "customers:ro", "agents--my:ro"],
        **values,
    }
    made: dict[str, str] = server.backstage.do("tests.e2e.furnish:register", **about)
    return made
