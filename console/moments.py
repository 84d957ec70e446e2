"""A moment on the command line, by the one rule for moments: ISO 8601 with offset, within the calendar."""

from datetime import datetime
from typing import Any

import click

from libraries.deadlines import BadQuestion, read_moment


class Moment(click.ParamType[datetime]):
    name = "ISO"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return read_moment(param.name or "" if param is not None else "", str(value))
        except BadQuestion as error:
            self.fail(error.detail, param, ctx)
