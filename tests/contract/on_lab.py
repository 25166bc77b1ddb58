"""``python -m tests.contract.on_lab``: plays the history on the lab whose network it is in.

It prints what was noted as JSON; how far it is goes to stderr.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys

from tests.contract.history import play
from tests.contract.kinds import real
from tests.contract.stage import comparable, staged
from tests.lab.lab import Lab


async def main() -> None:
    """Once from bare hosts to the end."""
    lab = Lab(os.environ["LAB_NETNS"])
    async with staged(real(lab), _tell) as stage:
        try:
            await play(stage)
        finally:
            sys.stdout.write(json.dumps(comparable(stage)))


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    asyncio.run(main())
