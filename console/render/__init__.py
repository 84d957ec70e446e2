"""Reference pages of what an operator meets, rendered from the code: settings, commands, error codes, examples."""

from pathlib import Path

from console.render import clocks, codes, commands, examples, figures, pack_schemas, rooms, settings, states

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def rendered() -> dict[Path, str]:
    """Path to content of each page, as it should stand in the tree."""
    return {
        REFERENCE / "settings.md": settings.page(),
        REFERENCE / "commands.md": commands.page(),
        REFERENCE / "worked-examples.md": examples.page(),
        REFERENCE / "error-codes.md": codes.page(),
        REFERENCE / "clocks.md": clocks.page(),
        REFERENCE / "referral-states.md": states.referrals_page(),
        REFERENCE / "case-states.md": states.cases_page(),
        REFERENCE / "figures.md": figures.page(),
        REFERENCE / "rooms.md": rooms.page(),
        **pack_schemas.files(REFERENCE / "pack-schemas"),
    }
