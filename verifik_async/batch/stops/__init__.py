"""When a run stops by itself, and when it waits: rules, breaker, guard.

Three units that know nothing of each other, and that the enroller asks:

* `Lookout` sees each outcome and says, once, that the run should stop, and why.
* `Breaker` lets nobody be sent while the service is down, but for a probe at times.
* `SameFaceGuard` keeps two persons with the same picture from being sent at once.

A run has one of each:

    lookout, faces = Lookout(rules), SameFaceGuard()
    breaker = Breaker(rules, clock=clock)

Around the call of the client, **in this order**, and for one person at a time in each
worker:

    async with faces.alone(request), breaker.passage() as passage:
        if not passage.open or stopped:
            return not_attempted
        outcome = ...  # the client's call, with all its retries
        if stop := passage.ended(outcome):
            self._stop(stop.reason, stop.error)

The guard comes first: a probe that had to wait for a face would wait for somebody who
waits for the probe. Whoever is not let through is `not_attempted`; if the journal has
an intent for this person by then, it is taken back, for nothing was sent. `ended` is
not called for a person cancelled in flight: leaving the `async with` is enough, and a
probe's turn goes to the next.

For each outcome, when it is settled:

    if stop := lookout.see(outcome):
        self._stop(stop.reason, stop.error)

in the order in which outcomes come, after the journal has had its say on duplicates
(`presumed_enrolled` is no refusal). `skipped` and `not_attempted` are ignored; of
persons settled by an earlier run nothing else may be shown to the lookout.

The first persons go at low concurrency, so that a wrong collection costs about twenty
refusals and not as many as there are workers. No gate is needed for it: hire
`lookout.width or concurrency` workers at the start, at the most `concurrency`, and the
rest as soon as `lookout.width` is None after `lookout.see`.

When the run stops or is left, for whatever reason, call `breaker.release()`: everybody
who waits there is let go, unsent, and nobody after them waits. Those who wait at the
guard need no such call: they wait for persons who are in flight, or were just let go.

For progress: `breaker.outage`, `faces.waiting` and `lookout.width` say what is waited
for.
"""

from verifik_async.batch.stops.lookout import Lookout
from verifik_async.batch.stops.rules import Stop, StopRules

__all__ = ["Lookout", "Stop", "StopRules"]
