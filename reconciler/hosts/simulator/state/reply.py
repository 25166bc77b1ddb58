"""How a simulated program ends."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reply:
    """Exit status, both streams, and the simulated seconds that it took."""

    status: int = 0
    stdout: str = ""
    stderr: str = ""
    seconds: float = 0.1


class Failed(Exception):
    """A program that ends with an error; caught where commands are dispatched."""

    def __init__(self, status: int, stderr: str, seconds: float = 0.1) -> None:
        super().__init__(stderr)
        self.reply = Reply(status, "", f"{stderr}\n", seconds)


class Waits(Exception):
    """A command of the gate that has to look again after some seconds, with nothing done yet."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"{seconds:g} s")
        self.seconds = seconds


def refusal(code: str, message: str) -> Failed:
    """The gate's refusal: EX_TEMPFAIL, nothing was changed."""
    return Failed(75, f"gate: {code}: {message}")


def tool_failure(code: str, message: str, seconds: float) -> Failed:
    """The gate's word for a tool that failed: EX_SOFTWARE."""
    return Failed(70, f"gate: {code}: {message}", seconds)
