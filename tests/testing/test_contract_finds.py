"""The transport contract can fail: each broken transport is found by its check."""

from __future__ import annotations

import gc
import re
import warnings
from collections.abc import Callable

import broken_aiohttp as bare
import broken_errors as errors
import broken_lifecycles as lives
import broken_sockets as sockets
import broken_transports as broken
import pytest

from verifik_async import Transport
from verifik_async.testing import BrokenRuleError, Capability, TransportContract

Kind = Callable[[], Transport]

FOUND: dict[str, list[tuple[Kind, str]]] = {
    "method_path_and_query_arrive_unchanged": [
        (broken.DecodesPaths, "there arrived"),
    ],
    "headers_arrive_once_each": [(broken.DropsAHeader, "X-Odd arrived 0 times")],
    "the_body_s_length_is_told": [
        (bare.SendsChunks, "the body was sent in chunks"),
        (lives.ForgetsATask, "tasks are left behind: sleep"),
        (lives.LosesAnError, "the event loop complains"),
    ],
    "bodies_of_all_sizes_arrive_whole": [
        (broken.CutsMiddlingBodies, "a body of .* bytes arrived otherwise"),
    ],
    "a_body_of_20_mb_arrives_whole": [
        (broken.CutsBigBodies, "10000000 of 20000... bytes"),
    ],
    "a_request_can_be_sent_again": [(broken.UsesBodiesUp, "second body was another")],
    "bodies_are_streamed": [(broken.CollectsBodies, "were read at once")],
    "an_image_that_shrank_is_not_sent": [
        (broken.FillsUpImages, "gave an answer with status 400"),
    ],
    "redirects_are_not_followed": [(broken.FollowsRedirects, "301 became 200")],
    "every_status_is_an_answer": [(broken.RaisesForStatus, "raised ConnectError")],
    "headers_come_back_by_lower_case_name": [
        (broken.KeepsOneHeader, "retry-after: None"),
    ],
    "bytes_that_are_no_text_come_back": [(broken.DecodesText, "were changed")],
    "a_doubled_header_has_a_value_that_was_sent": [
        (broken.JoinsHeaders, "X-Twice: b; b"),
    ],
    "compressed_answers_are_unpacked": [(bare.KeepsAnswersPacked, "still compressed")],
    "an_answer_without_a_body_comes_at_once": [
        (broken.WantsABody, "raised ConnectionLostError"),
    ],
    "answers_without_a_length_come_whole": [
        (broken.WantsALength, "raised ConnectionLostError"),
    ],
    "interim_answers_are_passed_over": [(sockets.TakesInterimAnswers, "status=103")],
    "a_refusal_during_the_upload_is_the_answer": [
        (errors.UploadsFirst, "raised WriteError"),
        (sockets.LeavesBodiesHalfway, "nothing happens any more"),
    ],
    "a_garbled_answer_is_a_lost_one": [(bare.BareAiohttp, "an answer with status 400")],
    "an_answer_that_came_unasked_is_nobody_s": [
        (sockets.UsesItsSocketAgain, "the answer was the 408 before it"),
    ],
    "a_connection_closed_while_idle_is_not_used": [
        (sockets.UsesItsSocketAgain, "raised ConnectionLostError"),
    ],
    "fault_refused": [
        (errors.RefusedIsUnknown, r"ConnectionLostError \(UNKNOWN\), not ConnectError"),
    ],
    "fault_dns": [(bare.LetsErrorsThrough, "aiohttp.*, no VerifikError")],
    "fault_connect_timeout": [(errors.SwallowsTimeouts, "nothing happens any more")],
    "fault_read_timeout": [(errors.SwallowsTimeouts, "nothing happens any more")],
    "fault_reset_while_sending": [(errors.WritingIsUnknown, "not WriteError")],
    "fault_reset_while_waiting": [(errors.LostIsNotSent, r"WriteError \(NOT_SENT\)")],
    "fault_garbage_status_line": [(bare.BareAiohttp, "an answer with status 400")],
    "fault_truncated_body": [(errors.LostIsNotSent, r"not ConnectionLostError \(UNKN")],
    "fault_truncated_json": [(errors.JudgesJson, "gave no answer")],
    "fault_html_502": [(broken.RaisesForStatus, "raised ConnectError")],
    "fault_empty_200": [(broken.WantsABody, "gave no answer")],
    "fault_huge_body": [(bare.BareAiohttp, "gave an answer with status 200")],
    "fault_slow_body": [(errors.HasNoPatience, "gave no answer")],
    "fault_lost_answer": [
        (errors.SendsAgain, "2 requests reached the server, not 1"),
        (errors.LostIsNotSent, r"WriteError \(NOT_SENT\), not ConnectionLostError"),
    ],
    "fault_internal_error": [(broken.RaisesForStatus, "raised ConnectError")],
    "fault_rate_limited": [(broken.KeepsOneHeader, "retry-after: None")],
    "fault_unavailable": [(broken.KeepsOneHeader, "retry-after: None")],
    "a_lost_answer_on_a_used_connection_is_not_sent_again": [
        (errors.SendsAgain, "gave an answer"),
    ],
    "a_request_without_a_body_is_whole_at_once": [
        (errors.LostIsNotSent, r"WriteError \(NOT_SENT\)"),
    ],
    "plain_http_to_other_machines_is_refused": [
        (broken.TakesPlainHttp, "gave an answer with status 200"),
    ],
    "an_unknown_certificate_is_refused": [
        (bare.TakesAnyCertificate, "gave an answer with status 400"),
    ],
    "a_server_without_tls_was_not_sent_anything": [
        (broken.GivesUpTls, "gave an answer with status 400"),
    ],
    "a_tls_handshake_that_never_ends_was_not_sent": [
        (errors.SwallowsTimeouts, "nothing happens any more"),
    ],
    "a_stalled_upload_was_not_sent": [
        (errors.SwallowsTimeouts, "nothing happens any more"),
    ],
    "a_slow_upload_that_moves_never_times_out": [
        (errors.WritesWithOneLimit, "raised WriteError"),
    ],
    "a_stall_inside_the_answer_is_unknown": [
        (errors.SwallowsTimeouts, "nothing happens any more"),
    ],
    "silence_after_an_interim_answer_is_unknown": [
        (errors.SwallowsTimeouts, "nothing happens any more"),
    ],
    "limits_of_one_phase_do_not_end_another": [
        (errors.WritesWithOneLimit, "raised WriteError"),
    ],
    "the_read_limit_begins_anew_with_every_part": [
        (errors.LimitsTheWholeCall, "raised ConnectionLostError"),
    ],
    "the_wait_for_a_slot_is_not_counted": [
        (errors.LimitsTheWholeCall, "raised ConnectionLostError"),
        (broken.HasNoSlots, "30 requests were under way"),
    ],
    "cancel_while_connecting": [(lives.KeepsSlotsWhenCancelled, "not all of 10 slots")],
    "cancel_while_sending": [(lives.SwallowsCancels, "otherwise than as cancelled")],
    "cancel_while_waiting": [
        (lives.GoesOnWhenCancelled, "stays open"),
        (lives.DisownsCancelledCalls, "had been sent was cancelled as NOT_SENT"),
    ],
    "cancel_while_reading": [(lives.GoesOnWhenCancelled, "stays open")],
    "cancel_while_waiting_for_a_slot": [
        (lives.GoesOnWhenCancelled, "12 requests reached the server, not 11"),
    ],
    "500_parallel_calls_get_their_own_answers": [
        (broken.MixesUpAnswers, "of 500 calls got another's answer"),
    ],
    "making_a_transport_opens_nothing": [(lives.OpensASocket, "1 sockets were opened")],
    "closing_twice_or_unused_is_fine": [
        (lives.ClosesOnce, "RuntimeError: closed already"),
        (bare.LeavesItsSession, "Unclosed client session"),
    ],
    "a_closed_transport_refuses": [(lives.WorksAfterClosing, "gave an answer")],
    "closing_ends_calls_under_way_as_unknown": [
        (lives.DisownsCallsWhenClosed, r"ended as ClientClosedError \(NOT_SENT\)"),
    ],
    "closing_refuses_calls_that_wait_for_a_slot": [
        (lives.QueuesBeyondTheEnd, "20 requests reached the server, not 10"),
    ],
    "two_event_loops_one_after_another": [
        (bare.BareAiohttp, "RuntimeError, no VerifikError")
    ],
    "no_error_tells_a_secret": [
        (errors.TellsTheToken, "repr, str, traceback, pickle"),
        (errors.KeepsTheBody, "tells in: pickle, attributes"),
        (bare.ChainsErrors, "__cause__ or __context__"),
    ],
    "no_refusal_tells_a_secret": [(errors.KeepsTheBody, "attributes")],
    "no_log_tells_a_secret": [(errors.LogsBodies, "secrets stand in the logs")],
    "no_transport_shows_a_secret": [(errors.ShowsTheToken, "in the transport's repr")],
}
"""By check: which transports it finds, and what it says of them."""

NOT_OF_SERVERS = {"something_is_declared", "cancel_in_a_late_step"}


class Contract(TransportContract):
    """Not collected: pytest looks for classes called `Test…`."""

    capabilities = frozenset(
        {Capability.REACHES_URLS, Capability.STREAMS_BODIES, Capability.SEVERAL_LOOPS}
    )
    slots = broken.SLOTS
    short = 0.2

    def __init__(self, kind: Kind, *, patience: float) -> None:
        self.kind = kind
        self.patience = patience

    async def make_transport(self) -> Transport:
        """One of the kind."""
        return self.kind()


def patience_for(name: str, said: str) -> float:
    """Seconds to wait for a transport that hangs, or holds what it should free."""
    if said.startswith("nothing happens"):
        return 0.4
    return 3.0 if name.startswith("cancel") else 20.0


def put_through(contract: TransportContract, name: str) -> str:
    """What the check says, if it fails; the rubbish is gone afterwards."""
    gc.freeze()  # or collecting all that pytest holds takes most of the time
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            getattr(contract, f"test_{name}")()
        except BrokenRuleError as error:
            said = str(error)
        else:
            said = ""
        gc.collect()
    gc.unfreeze()
    return said


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        pytest.param(name, kind, said, id=f"{name}-{getattr(kind, '__name__', kind)}")
        for name, broken_ones in FOUND.items()
        for kind, said in broken_ones
    ],
)
def test_a_broken_transport_is_found(name: str, kind: Kind, said: str) -> None:
    """The check that names the fault fails, and says what it saw and why it matters."""
    contract = Contract(kind, patience=patience_for(name, said))
    text = put_through(contract, name)
    seen, _, why = text.partition("\nWhy it matters: ")
    assert re.search(said, seen)
    assert len(why) > 40


def test_an_upload_may_go_on_behind_a_refusal() -> None:
    """Whoever sends all of a refused body may use the connection for the next."""
    contract = Contract(sockets.UsesItsSocketAgain, patience=20)
    assert not put_through(contract, "a_refusal_during_the_upload_is_the_answer")


def test_every_check_was_seen_to_fail() -> None:
    """No check of servers is without a transport that it finds."""
    checks = {name for name in dir(TransportContract) if name.startswith("test_")}
    assert checks == {f"test_{name}" for name in {*FOUND, *NOT_OF_SERVERS}}
