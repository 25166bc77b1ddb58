"""Guesses at the device that the operator meant, from what stands in its place."""

from __future__ import annotations

import re

SHOW_WWID = "multipath -ll shows it, or /lib/udev/scsi_id -g -u -d /dev/sdX on the host"
_WWID = r"3[0-9a-fA-F]{8,32}|eui\.[0-9a-fA-F]+|nvme\.\S+|uuid\.[0-9a-fA-F-]+"
_FORMS = (
    (rf"({_WWID})", "write device: {{wwid: '{0}'}}"),
    (r"naa\.([0-9a-fA-F]{8,32})", "write device: {{wwid: '3{0}'}}"),
    (r"(?:wwn-)?0x([56][0-9a-fA-F]{15,31})", "write device: {{wwid: '3{0}'}}"),
    (r"([56][0-9a-fA-F]{15,31})", "write device: {{wwid: '3{0}'}}"),
    (r"(?:PART)?(?:UUID|LABEL)=.*", "write device: {{wwid: …}}, of the disk; {show}"),
    (r"mpath[a-z]+|(?:sd|vd|xvd)[a-z]+[0-9]*|nvme\S+", "write device: {{wwid: …}}; {show}"),
    (r"(?:iqn|eui|nqn)\..*", "write device: {{wwid: …}}, of the disk; {show}"),
)


def device_hint(text: str) -> str:
    """How the device in ``text`` is written as a mapping, or nothing."""
    for pattern, hint in _FORMS:
        if match := re.fullmatch(pattern, text.strip()):
            return hint.format(*(group.lower() for group in match.groups()), show=SHOW_WWID)
    return ""


def wwid_hint(text: str) -> str:
    """What to write for ``text``, which is no WWID."""
    if text.startswith("/dev/disk/by-id/"):
        return f"write path: {text}, in the place of wwid"
    return f"write the WWID of the disk; {SHOW_WWID}"


def device_path_hint(text: str) -> str:
    """What to write for ``text``, which is no path of a device."""
    if hint := device_hint(text):
        return hint
    if "*" in text or "?" in text:
        return "write one whole path: ls -l /dev/disk/by-id on the host lists them"
    if text.lower().startswith("/dev/") and text != text.lower():
        return f"write it as ls -l shows it on the host: {text[:5].lower()}{text[5:]}"
    return ""
