"""The client: what is sent again, what it waits for, and that nobody ever sees the token."""

import logging

import pytest

from tests.fakes.github.server import Fault
from tests.fakes.github.world import Issue
from tests.landing.github.conftest import TOKEN, Place
from xptasks.errors import CannotRunError, ConfigError, XpError
from xptasks.landing.github.client import Client, Token, graphql_address, next_page
from xptasks.landing.github.refusals import RefusedError

pytestmark = pytest.mark.pr  # each asks a server, and git

REPOSITORY = "/repos/example/projects"


def asked(place: Place) -> int:
    return len(place.github.asked)


@pytest.mark.parametrize("status", [502, 503, 504, 0])
def test_what_may_be_repeated_is_repeated_with_growing_pauses(status: int, place: Place) -> None:
    place.github.faults = [Fault("GET", status, times=3)]
    assert place.client().get(REPOSITORY).data["full_name"] == "example/projects"
    assert asked(place) == 4
    assert place.clock.slept == [1.0, 2.0, 4.0]


def test_an_end_of_patience_and_of_tries(place: Place) -> None:
    place.github.faults = [Fault("GET", 503, times=99)]
    with pytest.raises(RefusedError, match="GitHub refused GET /repos/example/projects: 503") as caught:
        place.client().get(REPOSITORY)
    assert caught.value.hint == "GitHub is out of order; try again later"
    assert asked(place) == 6
    with pytest.raises(CannotRunError):
        place.client(patience=2.5).get(REPOSITORY)
    assert asked(place) == 8


@pytest.mark.parametrize(
    ("headers", "pause"), [({"Retry-After": "7"}, 7.5), ({"Retry-After": "Mon, 21 Sep 2026 14:13:30 GMT"}, 10.5)]
)
def test_a_retry_after_counts(headers: dict[str, str], pause: float, place: Place) -> None:
    place.github.faults = [Fault("GET", 503, headers)]
    place.client().get(REPOSITORY)
    assert place.clock.slept == [pause]


def test_what_may_not_be_repeated_is_sent_once(place: Place) -> None:
    place.github.faults = [Fault("POST", 502, times=99)]
    with pytest.raises(RefusedError):
        place.client().send("POST", f"{REPOSITORY}/issues", {"title": "x"})
    place.github.faults = [Fault("POST", 0, times=99)]
    with pytest.raises(CannotRunError, match="did not answer POST") as caught:
        place.client().send("POST", f"{REPOSITORY}/issues", {"title": "x"})
    assert caught.value.hint == "nobody knows whether it was done: ask for the state"
    assert asked(place) == 2
    assert place.clock.slept == []


LIMITS = [
    (429, {"Retry-After": "3"}, "", 3.5),
    (403, {"Retry-After": "3"}, "You have exceeded a secondary rate limit.", 3.5),
    (403, {}, "You have exceeded a secondary rate limit. Please wait a few minutes.", 60.5),
    (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000030"}, "API rate limit exceeded", 30.5),
    (429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000030"}, "", 30.5),
]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_limits_are_waited_for_whatever_the_method(
    limit: tuple[int, dict[str, str], str, float], method: str, place: Place
) -> None:
    status, headers, message, pause = limit
    place.github.faults = [Fault(method, status, headers, {"message": message})]
    if method == "GET":
        place.client().get(REPOSITORY)
    else:
        place.client().send("POST", f"{REPOSITORY}/issues", {"title": "x"})
        assert len(place.world.issues) == 1
    assert place.clock.slept == [pause]


def test_a_limit_that_lasts_longer_than_patience_is_told_with_its_end(place: Place) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790003600"}
    place.github.faults = [Fault("GET", 403, headers, {"message": "API rate limit exceeded for user ID 1."})]
    with pytest.raises(RefusedError, match="the rate limit of the token env:TOKEN is used up") as caught:
        place.client().get(REPOSITORY)
    assert caught.value.hint == "it is free again at 15:13:20 UTC; ask less often until then"
    assert place.clock.slept == []


def test_a_403_without_a_limit_is_not_repeated(place: Place) -> None:
    place.github.faults = [Fault("GET", 403, {"X-RateLimit-Remaining": "4999"}, {"message": "no"}, times=9)]
    with pytest.raises(RefusedError):
        place.client().get(REPOSITORY)
    assert asked(place) == 1


def test_graphql_that_is_limited_says_so_in_a_200(place: Place) -> None:
    limited = {"errors": [{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}]}
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1790000005"}
    place.github.faults = [Fault("graphql", 200, headers, limited)]
    assert place.forge().standings() == []
    assert place.clock.slept == [5.5]


REFUSALS = [
    (401, {}, {"message": "Bad credentials"}, "the token env:TOKEN is wrong, expired or revoked: make a new one"),
    (403, {"X-Accepted-GitHub-Permissions": "pull_requests=write; contents=read"},
     {"message": "Resource not accessible by personal access token"},
     "give the token env:TOKEN the permission pull_requests: write and contents: read"),
    (403, {"X-GitHub-SSO": "required; url=https://sso.example/1"}, {"message": "x"},
     "the organisation wants single sign-on: authorize the token env:TOKEN at https://sso.example/1"),
    (403, {}, {"message": "Resource not accessible by integration"},
     "the token env:TOKEN lacks a permission; `inv github-doctor` says which are needed"),
    (403, {}, None, "the token env:TOKEN may not do this; `inv github-doctor` says what is needed"),
    (404, {}, {"message": "Not Found"},
     "it is not there, or the token env:TOKEN may not see it: check [landing.github] repository and the token"),
    (409, {}, {"message": "Git Repository is empty."}, None),
    (422, {}, {"message": "Validation Failed", "errors": [{"resource": "A", "field": "b", "code": "invalid"}, "more"]},
     None),
    (500, {}, "<html>broken</html>", "GitHub is out of order; try again later"),
    (301, {"Location": "/repositories/1"}, {"message": "Moved Permanently"},
     "the repository has moved: name its new place in [landing.github] repository"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "headers", "body", "hint"), REFUSALS)
def test_a_refusal_says_what_to_do(
    status: int, headers: dict[str, str], body: object, hint: str | None, place: Place
) -> None:
    place.github.faults = [Fault("POST", status, headers, body)]
    with pytest.raises(RefusedError) as caught:
        place.client().send("POST", f"{REPOSITORY}/issues", {"title": "x"})
    assert caught.value.hint == hint
    assert caught.value.status == status
    assert caught.value.message.startswith(f"GitHub refused POST /repos/example/projects/issues: {status}")
    if status == 422:
        assert caught.value.said == "Validation Failed; A b invalid; more"


def test_pages_are_followed_to_the_last(place: Place) -> None:
    place.world.issues = {number: Issue(number, f"issue {number}", "", ["x"]) for number in range(1, 8)}
    place.world.page_size = 3
    found = place.client().pages(f"{REPOSITORY}/issues", labels="x", state="all")
    assert [each["number"] for each in found] == list(range(1, 8))
    assert [each.query.get("page") for each in place.github.asked] == [None, "2", "3"]


@pytest.mark.parametrize("where", ["Link", "Location"])
def test_the_token_goes_to_no_other_host(where: str, place: Place) -> None:
    elsewhere = f"http://127.0.0.1:1/{TOKEN}"
    headers = {"Link": f'<{elsewhere}>; rel="next"'} if where == "Link" else {"Location": elsewhere}
    place.github.faults = [Fault("GET", 200 if where == "Link" else 301, headers, [])]
    with pytest.raises(CannotRunError, match=r"GitHub sends us to another host: 127\.0\.0\.1:1"):
        list(place.client().pages(f"{REPOSITORY}/issues"))


def test_a_repository_that_moved_is_followed_for_reading(place: Place) -> None:
    place.github.faults = [Fault("GET /repositories/9", 301, {"Location": REPOSITORY}, {})]
    assert place.client().get("/repositories/9").data["full_name"] == "example/projects"


def test_a_circle_of_moves_ends(place: Place) -> None:
    place.github.faults = [Fault("GET", 301, {"Location": REPOSITORY}, {"message": "Moved"}, times=99)]
    with pytest.raises(RefusedError, match="301"):
        place.client().get(REPOSITORY)
    assert asked(place) == 4


def test_what_has_not_changed_is_not_sent_again(place: Place) -> None:
    client = place.client()
    first = client.get(REPOSITORY)
    again = client.get(REPOSITORY)
    assert again.data == first.data
    assert "if-none-match" in place.github.asked[1].headers
    place.world.auto_merge = False
    assert client.get(REPOSITORY).data["allow_auto_merge"] is False


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET", 200, raw=b"<html>a proxy's page</html>"),
        Fault("GET", 200, raw=b'{"cut": '),
        Fault("GET", 200, raw=b""),
        Fault("GET", 200, raw=b"[" * 100_000),
    ],
)
def test_an_answer_that_is_no_json_is_asked_for_again(fault: Fault, place: Place) -> None:
    place.github.faults = [fault]
    assert place.client().get(REPOSITORY).data["full_name"] == "example/projects"
    assert asked(place) == 2


def test_a_github_that_hangs(place: Place) -> None:
    place.github.faults = [Fault("POST", 200, slow=0.6)]
    with pytest.raises(CannotRunError, match="did not answer POST"):
        place.client(timeout=0.2).send("POST", f"{REPOSITORY}/issues", {"title": "x"})


def test_an_answer_of_another_shape_is_no_traceback(place: Place) -> None:
    place.github.faults = [Fault("POST /graphql Pulls", 200, body={"data": {"repository": {"open": 3}}})]
    with pytest.raises(CannotRunError, match="GitHub's answer has another shape than expected"):
        place.forge().standings()


@pytest.mark.parametrize("body", [{"data": None}, {}, [], {"data": {"x": 1}, "errors": [{"message": "half of it"}]}])
def test_half_an_answer_of_graphql_is_none(body: object, place: Place) -> None:
    place.github.faults = [Fault("graphql", 200, body=body)]
    with pytest.raises(RefusedError, match="GitHub refused Pulls"):
        place.forge().standings()


ECHOES = [
    (status, headers, body)
    for status in (401, 403, 404, 409, 422, 500, 429)
    for headers, body in (
        ({}, {"message": f"Bad credentials {TOKEN}", "errors": [f"what about {TOKEN}?"]}),
        ({"X-GitHub-SSO": f"required; url=https://sso.example/{TOKEN}"}, {"message": "x"}),
        ({"X-Accepted-GitHub-Permissions": TOKEN}, f"text with {TOKEN}"),
    )
]


@pytest.mark.parametrize("echo", ECHOES)
def test_a_token_that_is_echoed_is_hidden(
    echo: tuple[int, dict[str, str], object],
    place: Place,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status, headers, body = echo
    caplog.set_level(logging.DEBUG)
    place.github.faults = [Fault(method, status, headers, body, times=99) for method in ("GET", "POST", "graphql")]
    client = place.client()
    for call in (
        lambda: client.get(REPOSITORY),
        lambda: client.send("POST", f"{REPOSITORY}/issues", {"title": "x"}),
        lambda: place.forge().standings(),
    ):
        with pytest.raises(XpError) as caught:
            call()
        shown = f"{caught.value}{caught.value!r}{caught.value.hint}{getattr(caught.value, 'said', '')}"
        assert TOKEN not in shown
    sent = capsys.readouterr()
    # httpcore writes the headers of answers into its log at the level of debugging; what we send is never there.
    ours = [record.getMessage() for record in caplog.records if "receive_response_headers" not in record.getMessage()]
    assert TOKEN not in sent.out + sent.err + "".join(ours)


def test_a_token_that_is_echoed_by_graphql_is_hidden(place: Place) -> None:
    errors = [{"type": "FORBIDDEN", "message": f"Resource not accessible by {TOKEN}"}]
    place.github.faults = [Fault("graphql", 200, body={"data": None, "errors": errors})]
    with pytest.raises(RefusedError) as caught:
        place.forge().standings()
    assert TOKEN not in f"{caught.value}{caught.value.said}"
    assert caught.value.kinds == ("FORBIDDEN",)


def test_no_repr_shows_the_token(place: Place) -> None:
    forge = place.forge()
    assert TOKEN not in f"{forge!r}{forge.repository!r}{forge.repository.client!r}{forge.repository.client.token!r}"


def test_the_token_is_sent_unencrypted_to_nobody() -> None:
    with pytest.raises(ConfigError, match=r"the token would be sent unencrypted to http://github\.example"):
        Client("http://github.example/api/v3", Token(TOKEN))


@pytest.mark.parametrize(
    ("api", "address"),
    [
        ("https://api.github.com", "https://api.github.com/graphql"),
        ("https://github.example/api/v3", "https://github.example/api/graphql"),
        ("https://api.company.example", "https://api.company.example/graphql"),
    ],
)
def test_where_graphql_is(api: str, address: str) -> None:
    assert graphql_address(api) == address


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ('<https://a/?page=2>; rel="next", <https://a/?page=9>; rel="last"', "https://a/?page=2"),
        ('<https://a/?page=1>; rel="prev"', ""),
        ('<https://a/?page=9>; rel="last", <https://a/?page=2>; foo="x"; rel="next"', "https://a/?page=2"),
        ("rubbish", ""),
        ("", ""),
    ],
)
def test_the_next_page(link: str, address: str) -> None:
    assert next_page({"link": link}) == address
