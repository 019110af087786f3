"""The webhook for the contract of alert types: tests/daemon/alerts/test_contract.py."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from daemon.alerts import webhook
from daemon.alerts.channel import Channel
from daemon.sinks.destination import Patience
from probes.clock import SystemClock
from tests.lab import receiver
from tests.lab.receiver import Receiver, receiving


class WebhookStand:
    """A receiver that the test can see into."""

    def __init__(self, hook: Receiver) -> None:
        self.hook = hook

    def open(self, name: str = "desk") -> AbstractAsyncContextManager[Channel]:
        address = webhook.Address(self.hook.url, self.hook.secret)
        return webhook.open_channel(name, address, SystemClock(), Patience(1.0, 1.0, 1.0))

    def refuse(self, times: int) -> None:
        bad = [receiver.says(503), receiver.says(429, Retry_After="0"), receiver.reset, receiver.says(500)]
        self.hook.script += [bad[number % len(bad)] for number in range(times)]

    def condemn(self, times: int) -> None:
        self.hook.script += [receiver.says(410, "gone")] * times

    def lose_answers(self, times: int) -> None:
        self.hook.script += [receiver.takes_and_resets(self.hook)] * times

    def told(self) -> list[tuple[str, int, str]]:
        return self.hook.transitions()

    def ids(self) -> list[tuple[str, str]]:
        """Id and body of everything that arrived."""
        return [(body["id"], repr(body)) for body in [*self.hook.taken, *self.hook.refused]]


@asynccontextmanager
async def stand() -> AsyncIterator[WebhookStand]:
    async with receiving() as hook:
        yield WebhookStand(hook)
