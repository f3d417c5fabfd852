"""The base of all configuration models, and the fields with descriptions."""

from __future__ import annotations

import os
from typing import Any

# Without it pydantic reads the metadata of every installed package to find plugins: 25 ms of each start, for none.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict, Field


class Model(BaseModel):
    """Frozen, and strict about unknown keys. Values never show in error texts (law L8)."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        defer_build=True,  # builds one validator for `Settings`, and none for each model inside it
        coerce_numbers_to_str=True,  # an environment variable in JSON may give a number for a text
        allow_inf_nan=False,
        regex_engine="python-re",
        protected_namespaces=(),
    )


def setting(description: str, **more: Any) -> Any:
    """A field with the French sentence that editors show for it. Without `default`, the key is mandatory."""
    return Field(description=description, **more)


def unprinted(description: str, **more: Any) -> Any:
    """A field that is left out when its model is printed, since it may contain a secret."""
    return Field(description=description, repr=False, **more)
