"""Ids sort by time where they are new, and are the same each time where they are derived."""

from uuid import UUID, uuid5

from libraries.ids import NAMESPACE, derived_id, new_id


def test_new_ids_are_version_7_and_sort_by_time() -> None:
    made = [new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert {one.version for one in made} == {7}
    assert type(made[0]) is UUID


def test_derived_ids_depend_on_every_part_and_on_where_it_ends() -> None:
    assert derived_id("case", "1") == derived_id("case", "1")
    assert len({derived_id("a", "bc"), derived_id("ab", "c"), derived_id("abc"), derived_id("a", "b", "c")}) == 4


def test_derived_ids_are_those_of_the_standard() -> None:
    """Whoever knows the parts can name the id, with any library."""
    assert derived_id("case", "1") == uuid5(NAMESPACE, "case\x1f1")
    assert type(derived_id("case")) is UUID
