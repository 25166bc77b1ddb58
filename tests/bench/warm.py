"""The CPU seconds of a second look at all hosts, over the connections of the first."""

import asyncio
import sys
import time

from reconciler.hosts.doors import look_at_hosts
from reconciler.loading import read
from reconciler.observation import Options, recorded_probe_arguments
from reconciler.observation.live_hosts import look_at
from reconciler.reports.documents import facts_document, facts_text


async def main() -> None:
    """Look twice, print what the second look cost."""
    desired = read(sys.argv[1])
    async with look_at_hosts(desired) as fleet:
        await look_at(desired, fleet, Options())
        began = time.process_time()
        pairs = await look_at(desired, fleet, Options())
        asked = {
            cluster.name: recorded_probe_arguments(cluster, seen) for cluster, seen in pairs
        }
        facts_text(facts_document(pairs, asked, ""))
        print(time.process_time() - began)


asyncio.run(main())
