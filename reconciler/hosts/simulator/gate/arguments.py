"""The forms of the arguments that verbs of several families take."""

from __future__ import annotations

PATH = r"(?!.*(//|/\./|/\.\./|/\.\.?$))/[^\x00-\x1f\x7f]*[^/\x00-\x1f\x7f]"
DIGEST, MODE = r"[0-9a-f]{64}", r"[0-7]{3}"
CLUSTER, RUN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,15}", r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
SCOPE, TEXT = f"-|{CLUSTER}", r"[^\x00-\x1f]{1,1024}"
DEVICE = rf"(?=/dev/){PATH}"
UUID, OPTIONS = r"[0-9a-f-]{36}", r"[A-Za-z0-9_=.,:@%+/-]+"
NUMBER, PARTITION = r"0|[1-9]\d{0,17}", r"[1-9]\d{0,2}"
LABEL = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"
SLOTS = r"[1-9]\d?|1\d\d|2[0-4]\d|25[0-5]"
LVM = r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,127}"
WWID = r"-|[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}"
