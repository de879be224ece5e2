"""Persons told apart by a number in their one image."""

from __future__ import annotations

import base64
import json

from strategies import jpeg, request_of

from verifik_async import EnrollmentRequest, FaceImage, HttpRequest


def person(number: int) -> EnrollmentRequest:
    """Someone whose one image tells the number."""
    return request_of(images=[FaceImage.from_bytes(jpeg(number))])


def number_of(request: HttpRequest) -> int:
    """Whose request it is."""
    (image,) = json.loads(request.body.read())["images"]
    return int.from_bytes(base64.b64decode(image)[4:12], "big")
