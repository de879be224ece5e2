"""From a row as it was read to a request, or to everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import attrs

from verifik_async.batch.manifest.images import PictureFolder
from verifik_async.batch.manifest.rows import COLUMNS, JOB_FIELDS, REQUIRED, RawRow
from verifik_async.batch.outcomes import BatchItem
from verifik_async.errors import ConfigurationError, FieldFault, InvalidRequestError
from verifik_async.models import EnrollmentRequest, SearchMode

if TYPE_CHECKING:
    from verifik_async.images import FaceImage

_PLACES = {name: place for place, name in enumerate(("row", *COLUMNS))}
_DATE_HINT = (
    "for example 1990-01-15; if a spreadsheet rewrote the column, format it as text"
)
_MISSING_HINTS = {
    "collection_id": "give it for the whole job, or in a column collection_id",
    "images": "name 1 to 3 pictures, parted by semicolons",
}


@attrs.frozen(kw_only=True)
class RowDefaults:
    """What holds for a row that does not say otherwise.

    Attributes:
        collection_id: None if each row names its own.
        liveness_min_score: Least liveness score, 0.5 to 1.
        min_score: Least similarity for the search of the same face, 0.5 to 1.
        search_mode: `FAST` or `ACCURATE`.

    Raises:
        ConfigurationError: One of them breaks a rule of the reference.
    """

    collection_id: str | None = None
    liveness_min_score: float = 0.65
    min_score: float = 0.8
    search_mode: SearchMode | str = SearchMode.FAST

    def __attrs_post_init__(self) -> None:
        given = self.values()
        try:
            _request(given, ())
        except InvalidRequestError as error:
            # a person is lacking here, so there are always faults: others matter
            faults = [str(fault) for fault in error.faults if fault.field in given]
            if faults:
                raise ConfigurationError("; ".join(faults)) from None

    def values(self) -> dict[str, object]:
        """By field, without what is not given."""
        given: dict[str, object] = {name: getattr(self, name) for name in JOB_FIELDS}
        return {name: value for name, value in given.items() if value is not None}


@attrs.frozen(kw_only=True)
class ManifestRow:
    """A row, not checked yet.

    Attributes:
        number: As a person sees it: the row of the spreadsheet, where the header is
            row 1, or the line of the JSONL file.
        key: The row's `id`; None where it has none that can be used.
    """

    number: int
    key: str | None
    _raw: RawRow = attrs.field(alias="raw", repr=False)
    _faults: tuple[FieldFault, ...] = attrs.field(alias="faults", repr=False)
    _defaults: Mapping[str, object] = attrs.field(alias="defaults", repr=False)
    _pictures: PictureFolder = attrs.field(alias="pictures", repr=False)

    def build(self) -> EnrollmentRequest:
        """The request that this row asks for, with its pictures looked at.

        Raises:
            InvalidRequestError: With all faults of the row, by field, without values.
        """
        if self._raw.torn:
            raise InvalidRequestError(self._raw.faults)
        values = {**self._defaults, **self._raw.values}
        images, image_faults = self._images(values.get("images"))
        faults = [*self._raw.faults, *self._faults, *image_faults]
        faults += _not_told(_missing(values), faults)
        try:
            request = _request(values, images)
        except InvalidRequestError as error:
            faults += map(_told_better, _not_told(error.faults, faults))
            raise InvalidRequestError(sorted(faults, key=_place)) from None
        if faults:
            raise InvalidRequestError(sorted(faults, key=_place))
        return request

    def item(self) -> BatchItem:
        """The row as `BatchEnroller.enroll` takes it, checked when its turn comes."""
        return BatchItem(request=self.build, key=self.key)

    def picture_files(self) -> Sequence[str]:
        """Where the row's pictures lie, links resolved, if they may be used."""
        paths = self._raw.values.get("images")
        if not isinstance(paths, list):
            return ()
        return self._pictures.files(cast("list[object]", paths))

    def _images(self, paths: object) -> tuple[list[FaceImage], list[FieldFault]]:
        if paths is None:
            return [], []
        if not isinstance(paths, list):
            kind = type(paths).__name__
            return [], [fault("images", f"must be a list of paths, not {kind}")]
        return self._pictures.load(cast("list[object]", paths))


def _not_told(
    more: Iterable[FieldFault], faults: Iterable[FieldFault]
) -> list[FieldFault]:
    told = {_column(given) for given in faults}
    return [given for given in more if given.field not in told]


def _missing(values: Mapping[str, object]) -> Iterator[FieldFault]:
    for name in (*REQUIRED, "collection_id"):
        if values.get(name) in (None, []):
            yield fault(name, "is missing", _MISSING_HINTS.get(name, ""))


def _request(
    values: Mapping[str, object], images: Sequence[FaceImage]
) -> EnrollmentRequest:
    # the constructor checks types as well, and these may have any that JSON has
    return EnrollmentRequest(
        name=cast("str", values.get("name")),
        gender=cast("str", values.get("gender")),
        date_of_birth=cast("str", values.get("date_of_birth")),
        nationality=cast("str | None", values.get("nationality")),
        collection_id=cast("str", values.get("collection_id")),
        liveness_min_score=cast("float", values.get("liveness_min_score")),
        min_score=cast("float", values.get("min_score")),
        search_mode=cast("str", values.get("search_mode")),
        images=images,
    )


def _told_better(given: FieldFault) -> FieldFault:
    if given.field == "date_of_birth" and given.hint:
        return attrs.evolve(given, hint=_DATE_HINT)
    return given


def _column(given: FieldFault) -> str:
    return given.field.partition("[")[0]


def _place(given: FieldFault) -> int:
    return _PLACES[_column(given)]


def fault(field: str, problem: str, hint: str = "") -> FieldFault:
    """A fault of a row."""
    return FieldFault(field=field, problem=problem, hint=hint)
