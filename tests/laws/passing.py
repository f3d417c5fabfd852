"""A rule of the machine of law L3, after which the worker mostly passes."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule


def step(**given: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Any]:
    """A rule after which, mostly, the worker passes once what was changed has settled."""

    def decorated(act: Callable[..., None]) -> Any:
        @wraps(act)
        def acts(self: Any, then: int, **drawn: Any) -> None:
            act(self, **drawn)
            if then:
                self.passes_after(then)

        del acts.__wrapped__
        return rule(then=st.sampled_from([61, 61, 61, 0]), **given)(acts)

    return decorated
