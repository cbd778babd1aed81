"""Forms of a page as a browser would send them, for those who click through pages in tests."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

Fields = dict[str, list[str]]


class _Forms(HTMLParser):
    """Reads every form that is posted: where to, and the names and values it would send."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str | None, Fields]] = []
        self._fields: Fields | None = None
        self._select = ""
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._fields = None
            if given.get("method") == "post":
                self._fields = {}
                self.found.append((given.get("action"), self._fields))
        elif tag == "select":
            self._select = "" if "disabled" in given else given.get("name") or ""
        elif tag == "textarea" and self._fields is not None:
            self._text = given.get("name") or ""
            self._add(self._text, "")
        elif tag == "option" and ("selected" in given or not self._sent(self._select)):
            self._set(self._select, given.get("value") or "")
        elif tag == "input" and "disabled" not in given:
            kind = given.get("type") or "text"
            is_box = kind in ("checkbox", "radio")
            if is_box and "checked" not in given:
                return
            if kind not in ("submit", "button", "file", "image", "reset"):
                usual = "on" if is_box else ""
                self._add(given.get("name") or "", given.get("value") or usual)

    def handle_data(self, data: str) -> None:
        if self._text:
            self._set(self._text, self._sent(self._text)[0] + data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "textarea":
            self._set(
                self._text, self._sent(self._text)[0].removeprefix("\n").replace("\n", "\r\n")
            )
            self._text = ""

    def _sent(self, name: str) -> list[str]:
        return (self._fields or {}).get(name, [])

    def _set(self, name: str, value: str) -> None:
        if self._fields is not None and name:
            self._fields[name] = [value]

    def _add(self, name: str, value: str) -> None:
        if self._fields is not None and name:
            self._fields.setdefault(name, []).append(value)


def form_of(response: Any) -> Fields:
    """Return what the page's own form sends as it stands: of those in no frame or menu, the first.

    They lead back to the page they are on, and so name no address.
    """
    parser = _Forms()
    parser.feed(response.content.decode())
    return next(fields for action, fields in parser.found if not action)
