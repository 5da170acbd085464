"""The types of a tag's fields."""

import re
from typing import Any

import marshmallow as ma

from scapi.database import MAX_ID, can_be_kept
from scapi.http.texts import is_blank, without_hidden
from scapi.http.users import MAX_NAME, PREFIX

_RANGE = ma.validate.Range(0, MAX_ID)


class Text(ma.fields.String):
    """A text of `min_length` to `max_length` characters, without white space around it."""

    def __init__(self, *, min_length: int = 0, max_length: int | None = None, **options: Any) -> None:
        self._min_length = min_length
        self._max_length = max_length
        limits = {"minLength": min_length or None, "maxLength": max_length}
        super().__init__(
            error_messages={
                "blank": "must not be blank",
                "max_length": f"must have at most {max_length} characters",
                "unkeepable": "must have no NUL and no half of a surrogate pair",
            },
            metadata={name: limit for name, limit in limits.items() if limit is not None} | options.pop("metadata", {}),
            **options,
        )

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> str:
        sent = super()._deserialize(value, *rest, **more)
        if not can_be_kept(sent):
            raise self.make_error("unkeepable")
        text = self.clean(sent)
        if len(text) < self._min_length:
            raise self.make_error("blank")
        if self._max_length is not None and len(text) > self._max_length:
            raise self.make_error("max_length")
        return text

    def clean(self, text: str) -> str:
        """Return the form in which a text is stored."""
        return text.strip()


class Name(Text):
    """A visible text of one line, without control, direction and other invisible characters."""

    def clean(self, text: str) -> str:
        name = without_hidden("".join(" " if character.isspace() else character for character in text))
        return "" if is_blank(name) else name


class Color(ma.fields.String):
    """A colour, `#rgb` or `#rrggbb`, stored as `#rrggbb` in lower case."""

    default_error_messages = {"invalid": "expected a colour, #rgb or #rrggbb"}

    def __init__(self, **options: Any) -> None:
        pattern = r"^\s*#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})\s*$"
        super().__init__(metadata={"pattern": pattern} | options.pop("metadata", {}), **options)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> str:
        color = super()._deserialize(value, *rest, **more).strip().lower()
        if not re.fullmatch("#([0-9a-f]{3}|[0-9a-f]{6})", color):
            raise self.make_error("invalid")
        return color if len(color) == len("#rrggbb") else "#" + "".join(digit * 2 for digit in color[1:])


class Id(ma.fields.Integer):
    """The id of something outside scapi: a number, or its digits; 7.5 is refused, not cut to 7."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"validate": _RANGE, **options})

    def _validated(self, value: Any) -> int:
        if isinstance(value, float) and not value.is_integer():
            raise self.make_error("invalid")
        return super()._validated(value)


PATTERN = f"^([0-9]{{1,18}}|{PREFIX}.{{1,{MAX_NAME}}})$"
"""The id of a user as text."""


class UserId(Id):
    """The id of a user: a number, or the name of a user of the login provider, `oidc:<sub>`, which stays a text."""

    default_error_messages = {"invalid_user": f"expected a user's number, or {PREFIX} and a name"}

    def __init__(self, **options: Any) -> None:
        bounds = {
            "minimum": _RANGE.min,
            "maximum": _RANGE.max,
            "pattern": PATTERN,
        }  # the bounds of a number, the pattern of a text
        super().__init__(validate=[], metadata={"type": ["integer", "string"], **bounds}, **options)

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> Any:
        if not isinstance(value, str) or not value.startswith(PREFIX):
            return _RANGE(super()._deserialize(value, *rest, **more))
        if not len(PREFIX) < len(value) <= len(PREFIX) + MAX_NAME or not can_be_kept(value):
            raise self.make_error("invalid_user")
        return value
