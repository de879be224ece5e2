"""When a run stops by itself, and when it waits: rules, and what applies them.

Three that know nothing of each other stand on each person's way:

* `SameFaceGuard` keeps two persons with the same picture from being sent at once.
* `Breaker` lets nobody be sent while the service is down, but for a probe at times.
* `Lookout` sees each outcome and says, once, that the run should stop, and why.

`sending.Sender` asks the guard and then the breaker around each call of the client. In
this order: a probe that had to wait for a face would wait for somebody who waits for
the probe. `engine.Engine` shows each settled outcome to the lookout, once the journal
had its say on duplicates; verdicts of earlier runs are not shown.

The canary needs no gate: while `Lookout.width` is a number the engine has no more
workers than that, and it hires the rest when the first answers are in.

A run that stops calls `Breaker.release`, which lets everybody go, unsent. Those who
wait at the guard wait for persons who are in flight, or were just let go; they are
called back like all who wait (see `flights`).
"""

from verifik_async.batch.stops.lookout import Lookout
from verifik_async.batch.stops.rules import Stop, StopRules

__all__ = ["Lookout", "Stop", "StopRules"]
