"""Signatures of web hooks, against the vector of the standard's own specification."""

from datetime import UTC, datetime

import pytest

from reconciler.notify.signature import signed_headers

# standard-webhooks/standard-webhooks, the example of its libraries' tests.
KEY = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = "msg_p5jXN8AQM9LWM0D4loKWxJek"
MOMENT = datetime.fromtimestamp(1614265330, UTC)
BODY = b'{"test": 2432232314}'


def test_a_known_message_has_its_known_signature():
    headers = signed_headers(KEY, MESSAGE, BODY, MOMENT)
    assert headers == {
        "webhook-id": MESSAGE,
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@pytest.mark.parametrize(
    "other", [{"message_id": "msg_2"}, {"body": b"{}"}, {"secret": "words as they are"}]
)
def test_what_is_signed_cannot_be_another(other):
    given = {"secret": KEY, "message_id": MESSAGE, "body": BODY, "now": MOMENT}
    first, second = signed_headers(**given), signed_headers(**{**given, **other})
    assert first["webhook-signature"] != second["webhook-signature"]


def test_a_secret_that_is_no_base64_is_told():
    with pytest.raises(ValueError, match="base64"):
        signed_headers("whsec_not base64!", MESSAGE, BODY, MOMENT)
