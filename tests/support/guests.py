"""Persons for suites that a pytest of their own runs; loads fast."""

from __future__ import annotations

from verifik_async import EnrollmentRequest, FaceImage
from verifik_async.sandbox import faces


def guest(name: str = "Jane Doe", *, face: str = "") -> EnrollmentRequest:
    """Somebody whom the sandbox knows by face: another one for each name or `face`."""
    marked = faces.marked("alice", face=face or name.replace(" ", "-"))
    return EnrollmentRequest(
        name=name,
        gender="F",
        date_of_birth="1990-01-15",
        collection_id="65b9592267cc4f096dbe743d",
        liveness_min_score=0.65,
        min_score=0.8,
        search_mode="FAST",
        images=[FaceImage.from_bytes(marked)],
    )
