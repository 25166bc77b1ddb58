from reconciler.gate import gate_command
from reconciler.model.plan import Command


def test_a_command_is_shown_as_a_person_would_type_it():
    assert gate_command("unmount", "/srv/images").words == ("umount", "/srv/images")
    assert gate_command("do", "systemctl", "stop", "x").words == ("systemctl", "stop", "x")


def test_a_command_of_the_operators_own_is_shown_as_it_is_even_through_a_shell():
    for argv in (("unmap", "node02"), ("sh", "-c", "unmap node02"), ("sh", "-c", "x", "y")):
        assert Command(argv).words == argv
