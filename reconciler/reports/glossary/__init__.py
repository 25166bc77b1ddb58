"""What a word of the product means by itself, without hosts and without a plan: a kind of action,
an address, a key of the file. Codes have pages (``reports.explain``)."""

from reconciler.reports.glossary.lookup import (
    Entry,
    find_entries,
    is_general,
    words_by_sort,
    words_known,
)

__all__ = ["Entry", "find_entries", "is_general", "words_by_sort", "words_known"]
