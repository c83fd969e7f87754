"""What Spin's templates do, by its SDK for Python, at WASI 0.3.

The path's last segment says which: `visits` counts in a key-value store, `setting` answers with a
variable, `upstream` with what another component answers, `network` with what the address in the
header `url` answers, `page` with a file; anything else greets the route's `:user`.
"""

from spin_sdk import http, key_value, variables
from spin_sdk.http import Request, Response


class HttpHandler(http.Handler):
    """Answers requests."""

    async def handle_request(self, request: Request) -> Response:
        match request.uri.rsplit("/", 1)[-1]:
            case "visits":
                answer = await visits()
            case "setting":
                answer = await variables.get("word")
            case "upstream":
                answer = await get("http://p3-hello.spin.internal/")
            case "network":
                answer = await get(request.headers["url"])
            case "page":
                answer = page()
            case _:
                user = request.headers.get("spin-path-match-user", "nobody")
                answer = f"Hello, {user}"
        return Response(200, {"content-type": "text/plain"}, answer.encode())


async def visits() -> str:
    """Counts one more visit."""
    with await key_value.open_default() as store:
        before = await store.get("visits") or b"0"
        count = str(int(before) + 1)
        await store.set("visits", count.encode())
        return count


async def get(url: str) -> str:
    """What is answered there."""
    response = await http.send(Request("GET", url, {}, None))
    return response.body.decode()


def page() -> str:
    """The text of a file."""
    with open("/page.txt", encoding="utf-8") as file:
        return file.read()
