"""The order of the rules, and what they decide."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from typing import TYPE_CHECKING

import attrs

from verifik_async.sandbox.rules import fields, pictures, replies
from verifik_async.sandbox.rules.values import (
    Decision,
    PersonRecord,
    Refused,
    Reply,
    Submission,
)

if TYPE_CHECKING:
    from verifik_async.sandbox.rules.fields import Fields
    from verifik_async.sandbox.rules.pictures import Pictures
    from verifik_async.sandbox.rules.values import Call, People, Settings

_BEARER = re.compile(r"Bearer (\S+)")
_MARKS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def decide(
    call: Call, *, people: People, settings: Settings, now: dt.datetime
) -> Decision:
    """Answer a call in one go; whoever calls stores the change before the next."""
    token = admit(call)
    if isinstance(token, Reply):
        return Decision(reply=token)
    submission = read(call, settings=settings)
    if isinstance(submission, Reply):
        return Decision(reply=submission)
    return settle(submission, people=people, settings=settings, now=now)


def admit(call: Call) -> str | Reply:
    """Route, method and authorization: the token, or the refusal."""
    if call.path != replies.ROUTE:
        return replies.not_found()
    if call.method != "POST":
        return replies.method_not_allowed()
    bearer = _BEARER.fullmatch(call.headers.get("authorization", "").strip())
    if not bearer:
        return replies.authentication_required()
    token = bearer[1]
    if token.startswith("expired"):
        return replies.token_expired()
    if token.startswith("no-credits"):
        return replies.insufficient_credits()
    return token


def read(call: Call, *, settings: Settings) -> Submission | Reply:
    """Everything that needs no state: JSON, fields, images, liveness, collection."""
    if len(call.body) > settings.largest_body:
        return replies.body_too_large(settings.largest_body)
    try:
        value = fields.parse(call.headers.get("content-type", ""), call.body)
        sent = fields.check(value)
        seen = pictures.look(sent.images)
        _check_liveness(sent, seen)
    except Refused as refused:
        return refused.reply
    known = settings.collections
    if known is not None and sent.collection_id not in known:
        return replies.invalid_collection()
    return Submission(
        name=sent.name,
        gender=sent.gender,
        date_of_birth=sent.date_of_birth,
        collection_id=sent.collection_id,
        min_score=sent.min_score,
        likeness=seen.likeness,
        images=seen.digests,
    )


def _check_liveness(sent: Fields, seen: Pictures) -> None:
    if seen.liveness <= sent.liveness_min_score:
        equal = seen.liveness == sent.liveness_min_score
        raise Refused(replies.liveness_failed(seen.liveness, equal=equal))


def settle(
    submission: Submission, *, people: People, settings: Settings, now: dt.datetime
) -> Decision:
    """Search, duplicates and the write. `search_mode` changes nothing here."""
    match = _match(submission, people)
    if match is None:
        person = _created(submission, people.nonce, now)
    elif settings.production and submission.collection_id in match.collections:
        return Decision(reply=replies.duplicated_person())
    else:
        person = _updated(match, submission, now)
    reply = replies.enrolled(
        person,
        request_id=_request_id(people.nonce),
        now=now,
        created=match is None,
    )
    return Decision(reply=reply, change=person)


def _match(submission: Submission, people: People) -> PersonRecord | None:
    """The same face: first of all in the collection, then whoever is most alike."""

    def rank(person: PersonRecord) -> tuple[bool, float]:
        here = submission.collection_id in person.collections
        return here, _similarity(submission, person)

    alike = (
        person
        for person in people.resembling(submission.likeness)
        if _similarity(submission, person) >= submission.min_score
    )
    return max(alike, key=rank, default=None)


def _similarity(submission: Submission, person: PersonRecord) -> float:
    """1 for the same face; else what either says about the other; else 0.

    Two faces that are both like a third one are not thereby like each other.
    """
    shared = submission.likeness.keys() & person.likeness.keys()
    scores = [(submission.likeness[face], person.likeness[face]) for face in shared]
    return max((min(pair) for pair in scores if max(pair) == 1), default=0.0)


def _created(submission: Submission, nonce: str, now: dt.datetime) -> PersonRecord:
    return PersonRecord(
        id=hashlib.sha256(f"person/{nonce}".encode()).hexdigest()[:24],
        name=submission.name,
        gender=submission.gender,
        date_of_birth=submission.date_of_birth,
        collections=(submission.collection_id,),
        created_at=now,
        updated_at=now,
        likeness=submission.likeness,
        images=tuple(dict.fromkeys(submission.images)),
    )


def _updated(
    person: PersonRecord, submission: Submission, now: dt.datetime
) -> PersonRecord:
    likeness = dict(person.likeness)
    for face, score in submission.likeness.items():
        likeness[face] = max(score, likeness.get(face, 0.0))
    return attrs.evolve(
        person,
        name=submission.name,
        gender=submission.gender,
        date_of_birth=submission.date_of_birth,
        collections=_union(person.collections, (submission.collection_id,)),
        # later than before in the milliseconds that the reply shows
        updated_at=max(now, person.updated_at + dt.timedelta(milliseconds=1)),
        likeness=likeness,
        images=_union(person.images, submission.images),
    )


def _union(before: tuple[str, ...], more: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*before, *more)))


def _request_id(nonce: str) -> str:
    """Five capitals and digits, as in the samples on sibling pages."""
    digest = hashlib.sha256(f"request/{nonce}".encode()).digest()
    return "".join(_MARKS[byte % len(_MARKS)] for byte in digest[:5])
