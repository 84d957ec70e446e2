"""Each service has one history: two branches that each add a migration are told before they meet in a database."""

import re

import pytest
from alembic.script import ScriptDirectory

from libraries.runtime.database.migrate import ENVIRONMENT, SERVICES

NAME = re.compile(r"(\d{4})_(pre|post)_\w+\.py")


@pytest.mark.parametrize("service", ["intake", "routing", "notify", "portal"])
def test_migrations_stand_one_behind_the_other_by_their_numbers(service: str) -> None:
    versions = SERVICES / service / "migrations" / "versions"
    names = sorted(path.name for path in versions.glob("*.py"))
    numbers = [found[1] for name in names if (found := NAME.fullmatch(name)) is not None]
    assert (len(numbers), sorted(set(numbers))) == (len(names), numbers), "a number stands for one migration"
    script = ScriptDirectory(str(ENVIRONMENT), version_locations=[str(versions)])
    assert script.get_heads() == numbers[-1:], "somebody else's migration has landed: put yours behind it"
    assert [one.revision for one in script.walk_revisions()] == numbers[::-1]
