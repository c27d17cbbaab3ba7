# SPDX-License-Identifier: GPL-2.0
"""A line of work beside the first: machines spend much of their time waiting."""
import multiprocessing
import os
import signal
import sys
import tempfile

from harness import proc, results
from harness.tally import Tally

LOOK = 1  # seconds between two looks at what it says


class Lane:
    """Does body(tally) in a process of its own, which does not outlive us."""

    def __init__(self, body):
        fork = multiprocessing.get_context("fork")
        self.body = body
        self.log = tempfile.NamedTemporaryFile(prefix="wpool-lane-")
        self.result = fork.SimpleQueue()
        results.folder()  # the same for both
        self.process = fork.Process(target=self._work, daemon=True)
        self.process.start()

    def _work(self):
        proc.die_with_parent()
        # Ctrl-C is for the first, which ends us: only once, or what we stop has no time to tidy up.
        signal.signal(signal.SIGINT, lambda *_: None)
        os.dup2(self.log.fileno(), 1)
        tally = Tally()
        try:
            self.body(tally)
        except KeyboardInterrupt:
            sys.exit(130)
        self.result.put(tally)

    def join(self, what, tally):
        """Pass on what it said and still says, and add up what it found."""
        found = None
        with open(self.log.name, errors="replace", encoding="utf-8") as said:
            while self.process.is_alive():
                proc.pass_on(said)
                # It cannot end before: a pipe does not hold so much.
                found = found or self._found()
                self.process.join(LOOK)
            proc.pass_on(said)
        found = found or self._found()
        if self.process.exitcode or not found:
            tally.fail(what, f"ended with status {self.process.exitcode} and no result")
        else:
            tally.add(found)

    def _found(self):
        return None if self.result.empty() else self.result.get()
