"""Three accounts of the same requests compared: the clients', the metrics and the access log."""

from collections.abc import Iterable

from monitoring.live import counts
from monitoring.live.client import Entry, Outcome
from monitoring.live.counts import Exposition
from monitoring.live.report import Report, unless

# A status for each way to end, and the reasons for which there is none.
EXPECTED = ("200", "204", "404", "500", "503", "504")
CUT, LEFT = "stopped", "client_disconnect"


class Accounts:
    """What the clients, the metrics and the access log say."""

    def __init__(self, journal: list[Entry], metrics: Exposition, log: list[str]) -> None:
        """Takes them as they are in the end."""
        self._journal, self._metrics = journal, metrics
        self._said = counts.reported_total(log)
        self._logged = counts.logged(log)
        statuses = {line["trace_id"]: line.get("status") for line in self._logged}
        # What came no further than to a socket is nowhere but in the journal.
        self._counted = [entry for entry in journal if entry.trace in statuses]
        self._crossed = counts.crossed(journal, statuses)

    def compare(self, report: Report) -> None:
        """Reports each comparison."""
        self._compare_statuses(report)
        for reason, outcome in ((CUT, Outcome.LOST), (LEFT, Outcome.LEFT)):
            self._compare_unanswered(report, reason, outcome)
        self._compare_log(report)

    def compare_quantiles(self, report: Report, route: str, quantiles: Iterable[float]) -> None:
        """Reports how near the quantiles of a route's successes are to the clients' own."""
        for quantile in quantiles:
            self._compare_quantile(report, route, quantile)

    def see_only(self, report: Report, route: str, status: int) -> None:
        """Reports whether all that were answered on a route were answered so."""
        requests = self._metrics.requests()
        found = {key[2]: count for key, count in requests.items() if key[0] == route}
        what = f"{route} answers with nothing but {status}"
        report.check(what, unless(set(found) == {str(status)}) and f"also with {found}")

    def _compare_statuses(self, report: Report) -> None:
        # A client that leaves does not see what has been sent to it.
        sent, counted = counts.told(self._journal) + self._crossed, self._metrics.requests()
        statuses = {key[2] for key in sent | counted}
        for status in sorted(statuses | set(EXPECTED)):
            number = sum(count for key, count in sent.items() if key[2] == status)
            wrong = {
                key: f"{sent[key]} answered, {counted[key]} counted"
                for key in sent | counted
                if key[2] == status and sent[key] != counted[key]
            }
            problem = "\n".join(f"{key}: {what}" for key, what in wrong.items())
            what = f"status {status}: as many are counted as were answered ({number})"
            report.check(what, problem or unless(number > 0))

    def _compare_unanswered(self, report: Report, reason: str, outcome: Outcome) -> None:
        entries = counts.with_outcome(self._counted, outcome)
        traces = {entry.trace for entry in entries if entry.status is None}
        lines = [line for line in self._logged if line["trace_id"] in traces]
        unanswered = [line for line in lines if "status" not in line]
        others = {line.get("error") for line in unanswered} - {reason}
        expected, counted = len(unanswered), self._metrics.unanswered()[reason]
        what = f"no status, {reason}: as many are counted as got no answer ({expected})"
        problem = "" if counted == expected and not others else f"{counted} counted, also {others}"
        report.check(what, problem or unless(expected))
        unread = len(counts.with_outcome(self._journal, outcome)) - len(entries)
        crossed = len(lines) - expected
        report.note(f"        {crossed} were being answered, {unread} were never read by the host")

    def _compare_log(self, report: Report) -> None:
        traces = {line["trace_id"] for line in self._logged}
        answered = {entry.trace for entry in self._journal if entry.status is not None}
        report.check("what was answered is in the access log", unless(answered <= traces))
        report.check("nothing is in it twice", unless(len(traces) == len(self._logged)))
        unknown = traces - {entry.trace for entry in self._journal}
        report.check("nothing is in it that no client asked", unless(not unknown))
        reasons = set(self._metrics.unanswered()) - {CUT, LEFT}
        report.check("nothing else is without a status", unless(not reasons))
        total, logged, said = self._metrics.total(), len(self._logged), self._said
        problem = "" if total == said == logged else f"{logged} logged, {said} in the last line"
        report.check(f"as many are counted as the log and its last line say ({total})", problem)

    def _compare_quantile(self, report: Report, route: str, quantile: float) -> None:
        buckets = self._metrics.buckets(route)
        edges = list(buckets)
        seconds = [
            entry.seconds
            for entry in self._journal
            if entry.request.route == route and entry.status == 200
        ]
        counted = counts.bucket_of_counted(quantile, buckets)
        measured = counts.bucket_of_measured(quantile, seconds, edges)
        what = (
            f"{route}: the {quantile:.0%} quantile is within a bucket of the client's own "
            f"(up to {edges[counted]:g} s and {edges[measured]:g} s)"
        )
        report.check(what, unless(abs(counted - measured) <= 1))
