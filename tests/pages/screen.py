"""What a person looks at on a page: that axe finds nothing, that it fits, that a finger can touch it; and how to get to
the next one.
"""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 720}, "has_touch": True, "is_mobile": True}
DESK: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
DARK: dict[str, Any] = {"color_scheme": "dark"}
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
SMALLEST = 44  # CSS pixels


def goes(page: Page, selector: str) -> None:
    """Click what leads to another page, and be there: on a busy machine the old one is still shown for a while."""
    with page.expect_navigation(wait_until="load"):
        page.click(selector)


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options=AXE).response["violations"]
    assert not [one for one in found if one["id"] != "meta-refresh"], [
        (one["id"], [node["html"] for node in one["nodes"]]) for one in found
    ]
    return [one["id"] for one in found]


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def small(page: Page) -> list[str]:
    """What can be touched and is smaller than a finger: a box with its label counts as one."""
    found = []
    for one in page.evaluate(_TARGETS):
        if one["height"] < SMALLEST - 0.5 or one["width"] < SMALLEST - 0.5:
            found.append(f"{one['words']}: {one['width']:.0f} × {one['height']:.0f}")
    return found


_TARGETS = """() => [...document.querySelectorAll('a:not(.skip), button, input:not([type=hidden])')].map(one => {
  const box = (one.closest('label') || one).getBoundingClientRect();
  return {words: one.textContent || one.value || one.name, width: box.width, height: box.height};
})"""
