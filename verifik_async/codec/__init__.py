"""The API's language, without I/O: request to bytes, answer to person or error."""

from verifik_async.codec.requests import ENROLL_PATH, encode_enrollment
from verifik_async.codec.responses import decode_enrollment

__all__ = ["ENROLL_PATH", "decode_enrollment", "encode_enrollment"]
