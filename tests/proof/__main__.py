"""Writes the page of the manual that tells what was proven."""

from tests.proof.proof_page import PAGE, make_page

if __name__ == "__main__":
    PAGE.write_text(make_page())
