"""``reconcile schema``: the JSON Schemas for editors and pipelines."""

from __future__ import annotations

import json

import click

from reconciler.cli.options import NO_NOTES

NAMES = ("cluster", "plan", "facts", "notification", "fleet")


@click.command("schema")
@click.argument("name", type=click.Choice(NAMES), default=NAMES[0])
@NO_NOTES
def command(name: str) -> int:
    """Print the JSON Schema: of desired-state files, plans, facts, messages, or a fleet's settings."""
    from reconciler.model.schema import SCHEMAS  # noqa: PLC0415  # pydantic is slow to import

    click.echo(json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False))
    return 0
