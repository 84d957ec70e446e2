"""How many examples a test looks at: so many on any run, and as many as the profile says where that is more."""

from hypothesis import settings


def at_least(number: int, *, steps: int) -> settings:
    """For a state machine; `YIMEN_HYPOTHESIS=nightly` makes it 20,000 lives of so many steps."""
    return settings(max_examples=max(number, settings().max_examples), stateful_step_count=steps, deadline=None)
