"""Words of hosts on the way: they move no terminal's cursor."""

from reconciler.cli import progress


def test_what_a_command_said_on_a_host_is_shown_without_its_control_characters(capsys):
    words = {"summary": "mount \x1b[2Jimages", "message": "mount: \x1b]0;x\x07gone\x9b1A"}
    progress.plain({"event": "action-failed", "time": "12:00", "host": "node01", **words})
    err = capsys.readouterr().err
    assert err == "12:00 FAILED node01: mount ?[2Jimages: mount: ?]0;x?gone?1A\n"
