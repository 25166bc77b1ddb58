"""Where browsers find the pages: what is taken for it, and what follows."""

import pytest

from reconciler.cli.web_options import WebOptions, listening_address, public_url, web_access
from reconciler.errors import UsageError


@pytest.mark.parametrize(
    "url",
    [
        *("reconcile.example.org", "ftp://a", "https://", "https:///x", "https://a/pages"),
        *("https://a?b", "https://a#b", "https://u@a", "https://u:p@a", "https://a:99999"),
        *("https://a:0", "https://[a", "https://a\n", "https://a b", "javascript:alert(1)", ""),
    ],
)
def test_what_is_no_address_of_pages_is_refused(url):
    with pytest.raises(UsageError) as error:
        public_url(WebOptions("127.0.0.1:0", public_url=url))
    assert "https://reconcile.example.org" in str(error.value)


@pytest.mark.parametrize("end", ["", "/"])
def test_its_name_is_served(end):
    options = WebOptions("127.0.0.1:0", public_url=f"https://Watch.example.org:8443{end}")
    assert public_url(options) == "https://Watch.example.org:8443"
    assert "watch.example.org" in web_access(options, "127.0.0.1").hosts


def test_without_it_nothing_is_known_and_without_pages_it_is_refused():
    assert public_url(WebOptions()) == ""
    with pytest.raises(UsageError):
        listening_address(WebOptions(public_url="https://a"))
