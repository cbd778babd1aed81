"""A page that holds nothing but the workspace's modules; no server answers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from playwright.sync_api import Browser, Page, Route

from tests.e2e.workspace.modules.states import After, Evaluate

ORIGIN = "https://workspace.test"


@pytest.fixture(scope="module")
def blank_page(browser: Browser) -> Iterator[Page]:
    """Open one page on an origin that serves only the workspace's modules."""
    folder = Path(str(finders.find("workspace/main.js"))).parent

    def serve(route: Route) -> None:
        path = route.request.url.removeprefix(f"{ORIGIN}/")
        if path.endswith(".js"):
            route.fulfill(path=folder / path, content_type="text/javascript")
        else:
            route.fulfill(body="<!doctype html><html lang='en'></html>", content_type="text/html")

    page = browser.new_page()
    page.route(f"{ORIGIN}/**", serve)
    page.goto(f"{ORIGIN}/")
    yield page
    page.close()


@pytest.fixture
def evaluate(blank_page: Page) -> Evaluate:
    """Return how to run a script body that may use ``load(name)`` and ``given``."""

    def run(body: str, given: Any = None) -> Any:
        script = f"async (given) => {{ const load = (name) => import(`/${{name}}`); {body} }}"
        return blank_page.evaluate(script, given)

    return run


@pytest.fixture
def after(evaluate: Evaluate) -> After:
    """Return the state after some actions; or what a selector ``ask`` says about it."""

    def run(*actions: dict[str, Any], ask: str = "state") -> Any:
        return evaluate(
            f"""
            const {{ initialState, reduce }} = await load("store.js");
            const select = await load("selectors.js");
            const state = given.reduce(reduce, initialState());
            const chat = state.chats.C1;
            return {ask};
            """,
            list(actions),
        )

    return run
