"""Users of an OpenID Connect provider. Their names are texts; rows store a number for each.

The numbers are negative, so they never equal an id in an own token. Only requests and answers use names; all other code
stores, counts and compares numbers.
"""

from sqlalchemy import Engine, String, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from scapi.database import UPLOADS_BIND, Base, BigId, db, is_duplicate

PREFIX = "oidc:"
MAX_NAME = 255
"""The most characters of a name, without the prefix (OpenID Connect Core 1.0, section 2: `sub`)."""

UserName = int | str
"""The name of a user in the API: the number in own tokens, or `oidc:<sub>`."""

UNKNOWN = -(2**63)
"""The number of users who have no number and get none while the service is read-only: they own nothing."""

CACHED = 10_000
"""The most users that a process caches: a user's number never changes."""


class OidcUser(Base):
    """A user of the provider: the number in other tables is `-id`."""

    __tablename__ = "oidc_users"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(len(PREFIX) + MAX_NAME), unique=True)


class Users:
    """The users of one database."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def id_of(self, name: str) -> int:
        """Return the number of the user `name`, `oidc:<sub>`; assign one if there is none."""
        found = self.find(name)
        if found is None:
            try:
                with _engine().connect() as connection:
                    connection.execute(insert(OidcUser).values(name=name))
            except IntegrityError as error:  # another request has inserted it
                if not is_duplicate(error):
                    raise
            found = self.find(name)
        if found is None:
            raise LookupError(name)
        return found

    def find(self, name: str) -> int | None:
        """Return the number of the user `name`; None if the user has none."""
        if name not in self._ids:
            with _engine().connect() as connection:
                row_id = connection.scalar(select(OidcUser.id).where(OidcUser.name == name))
            if row_id is None:
                return None
            self._remember(-row_id, name)
        return self._ids[name]

    def name_of(self, user_id: int | None) -> UserName | None:
        """Return the name of the user in the API."""
        if user_id is None or user_id >= 0:
            return user_id
        if user_id not in self._names:
            with _engine().connect() as connection:
                name = connection.scalar(select(OidcUser.name).where(OidcUser.id == -user_id))
            if name is None:
                return user_id
            self._remember(user_id, name)
        return self._names[user_id]

    def _remember(self, user_id: int, name: str) -> None:
        if len(self._ids) >= CACHED:
            self._ids, self._names = {}, {}
        self._ids[name], self._names[user_id] = user_id, name


def _engine() -> Engine:
    return db.engines[UPLOADS_BIND]
