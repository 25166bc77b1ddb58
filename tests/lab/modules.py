"""Kernel modules that differ from what they were made of in nothing but what they say of themselves."""

import struct

HEADER, SECTION = struct.Struct("<16sHHIQQQIHHHHHH"), struct.Struct("<IIQQQQIIQQ")


def told(module: bytes, **words: str) -> bytes:
    """The same module with more in its modinfo (``srcversion``, ``version``); elf(5)."""
    header = HEADER.unpack_from(module)
    start, size, names = header[6], header[11], header[13]
    sections = [SECTION.unpack_from(module, start + size * i) for i in range(header[12])]
    texts = sections[names][4]
    at = next(
        i
        for i, section in enumerate(sections)
        if module[texts + section[0] :].startswith(b".modinfo\0")
    )
    name, kind, flags, address, offset, length, *rest = sections[at]
    more = b"".join(f"{key}={value}".encode() + b"\0" for key, value in words.items())
    info = module[offset : offset + length] + more
    moved = SECTION.pack(name, kind, flags, address, len(module), len(info), *rest)
    place = start + size * at
    return module[:place] + moved + module[place + size :] + info
