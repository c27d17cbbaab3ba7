# SPDX-License-Identifier: GPL-2.0
"""The tables of Documentation/dev/performance.md, of what wpool_bench has found."""
import csv
import io
import statistics

LANES = {  # by the title of the table: (head of the column, lane); the first is judged
    "Several workers": (
        ("wpool", "wpool"), ("with `spin_us = 50`", "wpool spin"),
        ("unbound workqueue", "unbound"), ("`system_unbound_wq`", "unbound system")),
    "One thing at a time": (
        ("wpool, 1 worker", "wpool 1"), ("`WPOOL_ORDERED`", "wpool ordered"),
        ("ordered workqueue", "ordered"), ("kthread_worker", "kthread_worker")),
    "Work that stays on its CPU": (
        ("`WPOOL_RULE_CPU`", "wpool by CPU"), ("per-CPU workqueue", "per-CPU")),
    "A bound": (
        ("wpool", "wpool"), ("wpool, 1 worker", "wpool 1"), ("unbound workqueue", "unbound"),
        ("per-CPU workqueue", "per-CPU"), ("kthread_worker", "kthread_worker")),
    "Other calls": (
        ("wpool", "wpool"), ("per-CPU workqueue", "per-CPU"), ("kthread_worker", "kthread_worker")),
}
SINGLE = ("One thing at a time", "Work that stays on its CPU")
# (work, what the page calls it, digits behind the point)
RATES = (
    ("empty 1", "an empty task, of 200,000, 1 producer, ns", 0),
    ("empty 4", "the same, 4 producers, ns", 0),
    ("allocated", "a task that the pool allocates, ns", 0),
    ("batches", "in batches of 32, ns", 0),
    ("chain", "a hop of a chain, ns", 0),
    ("round trip", "round trip, the caller sleeps on a completion, us", 1),
    ("round trip, own wait", "round trip by `wpool_wait()`, or by the peer's own wait, us", 1),
)
BURST = (
    ("burst, first start", "10,000 at once: the first begins, us", 0),
    ("burst, last end", "10,000 at once: the last has ended, ms", 1),
)
PACED = (("paced", "1,000 tasks a second cost, % CPU", 1),)
BOUND = (
    ("bounded 1", "empty tasks, 1 producer, ns", 0),
    ("bounded 4", "the same, 4 producers, ns", 0),
    ("bounded, 10 us 1", "tasks of 10 us, 1 producer, us", 1),
    ("bounded, 10 us 4", "the same, 4 producers, us", 1),
)
CALLS = (
    ("call: queued already", "schedule a task that is queued already, ns", 0),
    ("call: move a delay", "give a delayed task another delay, ns", 0),
    ("call: delay, cancel", "schedule with a delay, and cancel, ns", 0),
    ("call: flush of nothing", "flush an idle pool, ns", 0),
    ("call: cancel_sync of nothing", "cancel and wait for a task that has ended, ns", 0),
)
# Around all that is written here, wherever it is put: see harness/budget.py.
BEGIN, END = "<!-- made by: make bench -->", "<!-- end -->"
NS = {"ns": 1, "us": 1000, "ms": 1000000}
# Real work, 4 KiB a task, as the bench and as the page calls it; and its peers there.
REAL = (("file", "read from the page cache"), ("crc32c", "CRC-32C"), ("lz4", "LZ4"), ("zstd", "zstd"),
        ("aes", "AES-256-XTS"), ("sha256", "SHA-256"))
PEERS = (("unbound workqueue", "unbound"), ("per-CPU workqueue", "per-CPU"),
         ("kthread_worker", "kthread_worker"))


def _waits(of_one):
    share = " of one CPU" if of_one else ""
    return tuple((f"wait at {load}%{' of one' if of_one else ''}, p{part}",
                  f"in the queue at {load}% load{share}, {'median' if part == '50' else part + '%'}, us", 0)
                 for load in (10, 50, 90) for part in ("50", "99", "99.9"))


def _rows(title):
    if title in ("A bound", "Other calls"):
        return BOUND if title == "A bound" else CALLS
    rows = RATES + BURST + _waits(title in SINGLE) + PACED
    # Nobody has batches there.
    return [row for row in rows if row[0] != "batches" or "CPU" not in title]


def _figure(values, digits, scale):
    middle, least, most = (f"{value / scale:,.{digits}f}" for value in
                           (statistics.median(values), min(values), max(values)))
    return f"{middle} ({least} to {most})"


def _best(ours, peers):
    """The peer that takes least, by its head, and how many times as long as ours that is."""
    head, best = min(peers.items(), key=lambda peer: statistics.median(peer[1]))
    ratio = statistics.median(best) / statistics.median(ours)
    apart = min(best) > max(ours) or max(best) < min(ours)
    return f"{head}, {ratio:.2f}x{'' if apart else ', not apart'}"


def _table(title, found):
    lanes = LANES[title]
    lines = [f"### {title}", "",
             "| work | " + " | ".join(head for head, _ in lanes) + " | best peer |",
             "| --- |" + " --- |" * (len(lanes) + 1)]
    for work, text, digits in _rows(title):
        row = found.get(work, {})
        peers = {head: row[by] for head, by in lanes if by in row and not by.startswith("wpool")}
        if lanes[0][1] not in row or not peers:
            continue
        scale = NS[text.split()[-1]] / NS[row["unit"]] if row["unit"] in NS else 1
        cells = [_figure(row[by], digits, scale) if by in row else "" for _, by in lanes]
        lines.append("| " + " | ".join([text, *cells, _best(row[lanes[0][1]], peers)]) + " |")
    return lines if len(lines) > 4 else []


def _grid(title, heads, rows):
    lines = [f"### {title}", "", "| " + " | ".join(heads) + " |", "| --- |" + " --- |" * (len(heads) - 1)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows] if rows else []


def _real(found):
    rows = []
    for name, text in REAL:
        for producers in ("1", "4"):
            row = found.get(f"real {name} {producers}")
            if row:
                ours, inline, *peers = ([ns / 1000 for ns in row[by]] for by in
                                        ("wpool", "(inline)", *(by for _, by in PEERS)))
                share = statistics.median(inline) / statistics.median(ours)
                rows.append([text, producers, _figure(ours, 1, 1), _figure(inline, 1, 1), f"{share:.2f}",
                             *(_figure(peer, 1, 1) for peer in peers)])
    heads = ["work", "producers", "wpool", "no pool", "no pool / wpool"]
    return _grid("Real work", [*heads, *(head for head, _ in PEERS)], rows)


def _real_waits(found):
    """The last in a thousand differ most from round to round: with the least and the most of them."""
    rows = []
    for name, text in REAL:
        for load in ("50%", "90%"):
            parts = [found.get(f"real {name} at {load}, p{part}") for part in ("50", "99", "99.9")]
            if all(parts):
                cells = []
                for by in ("wpool", *(by for _, by in PEERS)):
                    half, most, last = ([us / 1000 for us in part[by]] for part in parts)
                    cells.append(f"{statistics.median(half):.1f}; {statistics.median(most):.1f}; "
                                 f"{_figure(last, 1, 1)}")
                rows.append([text, load, *cells])
    return _grid("In the queue with real work", ["work", "load", "wpool", *(head for head, _ in PEERS)], rows)


def _short(verdicts):
    """The targets that the bench has for itself, and has not reached."""
    short = [row for row in csv.DictReader(io.StringIO(verdicts)) if row["verdict"] == "SHORT"]
    if not short:
        return []
    lines = ["### Targets that were not reached", "",
             "| work | of wpool's | compared with | asked | reached |", "| --- |" + " --- |" * 4]
    for row in short:
        lines.append(f"| {row['work']} | {row['ours']} | {row['other'] or 'itself'} | "
                     f"{row['how']} {row['limit']} | {row['ratio']} |")
    return lines


def page(samples, verdicts):
    """Markdown, for a page: medians (least to most), and the best peer compared with the first column."""
    found = {}
    for row in csv.DictReader(io.StringIO(samples)):
        work = found.setdefault(row["work"], {"unit": row["unit"]})
        work.setdefault(row["by"], []).append(float(row["value"]))
    parts = [*(_table(title, found) for title in LANES), _real(found), _real_waits(found), _short(verdicts)]
    return "\n\n".join([BEGIN, *("\n".join(part) for part in parts if part), END]) + "\n"
