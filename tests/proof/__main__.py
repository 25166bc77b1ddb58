"""``python -m tests.proof`` writes the page of the manual that tells what was proven."""

from argparse import ArgumentParser

from tests.proof.proof_page import PAGE, make_page

if __name__ == "__main__":
    ArgumentParser(prog="python -m tests.proof", description=__doc__).parse_args()
    PAGE.write_text(make_page())
