"""What was proven, with its figures: records of runs, and the page of the manual made of them.

Each part has a module with ``section(record)``, the Markdown of its section, and a record in
``records``, which its own runner writes. `python -m tests.proof` writes the page.
"""
