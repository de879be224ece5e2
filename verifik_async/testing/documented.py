"""The reference's sample answer."""

from __future__ import annotations

from verifik_async.wire import HttpResponse


def documented_answer(*, date_of_birth: str = "1990-01-15") -> HttpResponse:
    """The 200 of the reference, for a person born on this day."""
    person = {
        "_id": "65175da13e81e4fabc12345",
        "name": "Jane Doe",
        "gender": "F",
        "date_of_birth": f"{date_of_birth}T00:00:00.000Z",
        "collections": ["65b9592267cc4f096dbe743d"],
        "deleted": False,
        "createdAt": "2024-01-30T20:16:34.841Z",
        "updatedAt": "2024-01-30T20:16:34.841Z",
    }
    signature = {
        "message": "Certified by Verifik.co",
        "dateTime": "January 16, 2024 3:44 PM",
    }
    return HttpResponse.of_json(
        200, {"id": "JQ4RM", "data": person, "signature": signature}
    )


DOCUMENTED = documented_answer()
