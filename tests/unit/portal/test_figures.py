"""How a figure looks on a page."""

import pytest

from services.portal.figures import shown


@pytest.mark.parametrize(
    ("ratio", "average", "looks"),
    [
        (None, False, "—"),
        (None, True, "—"),
        (0.0, False, "0.0 %"),
        (2 / 3, False, "66.7 %"),
        (1.0, False, "100.0 %"),
        (4 / 3, True, "1.33"),
    ],
)
def test_a_figure_is_a_share_an_average_or_nothing(ratio: float | None, average: bool, looks: str) -> None:
    assert shown({"ratio": ratio}, {"is_average": average}) == looks
