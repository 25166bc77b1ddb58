"""``reconcile schema``: the JSON Schema for editors and pipelines."""

from __future__ import annotations

import json

import click

from reconciler.model.schema import cluster_schema


@click.command("schema")
@click.argument("name", type=click.Choice(["cluster"]), default="cluster")
def command(name: str) -> int:
    """Print the JSON Schema of desired-state files."""
    click.echo(json.dumps(cluster_schema(), indent=2))
    return 0
