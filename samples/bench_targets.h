/* SPDX-License-Identifier: GPL-2.0 */
/* What is asked of the figures of wpool_bench; only for bench_report.c. */
#ifndef _WPOOL_BENCH_TARGETS_H
#define _WPOOL_BENCH_TARGETS_H

#include <linux/types.h>

/**
 * struct target - what is asked of a figure, the smaller the better
 * @work: of both lanes
 * @ours: the lane that is judged
 * @other: how the names begin of those that it is compared with, of which the
 *	best counts; "" is all but wpool's own and the floors; NULL: it is compared
 *	with @limit itself
 * @but: how the names begin of those left out, or NULL
 * @over: of both lanes it is judged how many times as long @work takes as this; or NULL
 * @ahead: the other takes at least @limit times as long; else ours takes at most
 *	@limit times as long
 * @limit: in hundredths
 */
struct target {
	const char	*work;
	const char	*ours;
	const char	*other;
	const char	*but;
	const char	*over;
	bool		ahead;
	unsigned int	limit;
};

#define AHEAD(work, ours, other, limit)	{ work, ours, other, NULL, NULL, true, limit }
#define WITHIN(work, ours, other, limit) { work, ours, other, NULL, NULL, false, limit }
/* From one to eight it grows no more than the other does. */
#define GROWS_LESS(what, other) \
	{ what " 8", "wpool", other, NULL, what " 1", true, 100 }
/* How much of what the machine can do the work gets. */
#define OF_MACHINE(work)	AHEAD(work, "wpool", "(inline)", 95)

static const struct target targets[] = {
	AHEAD("empty 1", "wpool", "unbound", 800),
	AHEAD("empty 1", "wpool", "per-CPU", 400),
	AHEAD("empty 1", "wpool", "kthread_worker", 200),
	WITHIN("empty 1", "wpool", "(llist)", 300),
	AHEAD("empty 1", "wpool 1", "kthread_worker", 100),
	AHEAD("empty 1", "wpool ordered", "ordered", 100),
	AHEAD("empty 1", "wpool by CPU", "per-CPU", 100),
	AHEAD("empty 4", "wpool", "unbound", 800),
	AHEAD("empty 4", "wpool", "per-CPU", 400),
	AHEAD("empty 4", "wpool", "kthread_worker", 200),
	WITHIN("empty 4", "wpool", "(llist)", 300),
	AHEAD("empty 4", "wpool 1", "kthread_worker", 100),
	AHEAD("empty 4", "wpool ordered", "ordered", 100),
	AHEAD("empty 4", "wpool by CPU", "per-CPU", 100),
	AHEAD("allocated", "wpool", "unbound", 400),
	AHEAD("allocated", "wpool by CPU", "per-CPU", 100),
	AHEAD("batches", "wpool", "unbound", 2000),
	AHEAD("batches", "wpool 1", "kthread_worker", 100),
	AHEAD("batches", "wpool ordered", "ordered", 100),
	AHEAD("batches", "wpool by CPU", "per-CPU", 100),
	AHEAD("thread a task", "wpool", "kthread", 1000),
	GROWS_LESS("curve producers", "unbound"),
	GROWS_LESS("curve producers", "per-CPU"),
	GROWS_LESS("curve producers", "kthread_worker"),
	GROWS_LESS("curve workers", "unbound"),
	AHEAD("round trip", "wpool spin", "unbound", 800),
	AHEAD("round trip", "wpool spin", "kthread_worker", 800),
	AHEAD("round trip", "wpool spin", "per-CPU", 100),
	{ "round trip", "wpool", "", "per-CPU", NULL, true, 100 },
	AHEAD("round trip, own wait", "wpool spin", "unbound", 800),
	AHEAD("round trip, own wait", "wpool spin", "kthread_worker", 800),
	AHEAD("round trip, own wait", "wpool spin", "per-CPU", 100),
	{ "round trip, own wait", "wpool", "", "per-CPU", NULL, true, 100 },
	AHEAD("chain", "wpool", "", 100),
	AHEAD("round trip", "wpool 1", "kthread_worker", 100),
	AHEAD("round trip", "wpool ordered", "ordered", 100),
	AHEAD("round trip", "wpool by CPU", "per-CPU", 100),
	AHEAD("round trip, own wait", "wpool 1", "kthread_worker", 100),
	AHEAD("round trip, own wait", "wpool ordered", "ordered", 100),
	AHEAD("round trip, own wait", "wpool by CPU", "per-CPU", 100),
	AHEAD("chain", "wpool 1", "kthread_worker", 100),
	AHEAD("chain", "wpool ordered", "ordered", 100),
	AHEAD("chain", "wpool by CPU", "per-CPU", 100),
	AHEAD("chain", "wpool chain", "kthread_worker", 100),
	AHEAD("workers at 10 us", "wpool 2 workers", "wpool 1", 190),
	AHEAD("workers at 100 us", "wpool 2 workers", "wpool 1", 190),
	AHEAD("workers at 1000 us", "wpool 2 workers", "wpool 1", 190),
	WITHIN("flat queued", "100000", "", 130),
	WITHIN("flat queued", "1000000", "", 130),
	WITHIN("flat workers", "100", "", 130),
	WITHIN("flat workers", "1000", "", 130),
	WITHIN("flat pools", "100", "", 130),
	WITHIN("flat pools", "1000", "", 130),
	AHEAD("wait at 10%, p50", "wpool", "", 100),
	AHEAD("wait at 10%, p99", "wpool", "", 100),
	AHEAD("wait at 10%, p99.9", "wpool", "", 100),
	AHEAD("wait at 50%, p50", "wpool", "", 100),
	AHEAD("wait at 50%, p99", "wpool", "", 100),
	AHEAD("wait at 50%, p99.9", "wpool", "", 100),
	AHEAD("wait at 90%, p50", "wpool", "", 100),
	AHEAD("wait at 90%, p99", "wpool", "", 100),
	AHEAD("wait at 90%, p99.9", "wpool", "", 100),
	AHEAD("wait at 10% of one, p50", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 10% of one, p50", "wpool ordered", "ordered", 100),
	AHEAD("wait at 10% of one, p50", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 10% of one, p99", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 10% of one, p99", "wpool ordered", "ordered", 100),
	AHEAD("wait at 10% of one, p99", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 10% of one, p99.9", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 10% of one, p99.9", "wpool ordered", "ordered", 100),
	AHEAD("wait at 10% of one, p99.9", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 50% of one, p50", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 50% of one, p50", "wpool ordered", "ordered", 100),
	AHEAD("wait at 50% of one, p50", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 50% of one, p99", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 50% of one, p99", "wpool ordered", "ordered", 100),
	AHEAD("wait at 50% of one, p99", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 50% of one, p99.9", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 50% of one, p99.9", "wpool ordered", "ordered", 100),
	AHEAD("wait at 50% of one, p99.9", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 90% of one, p50", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 90% of one, p50", "wpool ordered", "ordered", 100),
	AHEAD("wait at 90% of one, p50", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 90% of one, p99", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 90% of one, p99", "wpool ordered", "ordered", 100),
	AHEAD("wait at 90% of one, p99", "wpool by CPU", "per-CPU", 100),
	AHEAD("wait at 90% of one, p99.9", "wpool 1", "kthread_worker", 100),
	AHEAD("wait at 90% of one, p99.9", "wpool ordered", "ordered", 100),
	AHEAD("wait at 90% of one, p99.9", "wpool by CPU", "per-CPU", 100),
	AHEAD("burst, first start", "wpool", "unbound", 100),
	AHEAD("burst, last end", "wpool", "unbound", 100),
	WITHIN("idle, wake-ups", "wpool", NULL, 0),
	WITHIN("idle, CPU", "wpool", NULL, 0),
	WITHIN("idle, wake-ups", "wpool spin", NULL, 0),
	WITHIN("idle, CPU", "wpool spin", NULL, 0),
	WITHIN("paced", "wpool spin", NULL, 100),
	WITHIN("paced, spun in vain", "wpool spin", NULL, 100),
	AHEAD("memory, task", "wpool", "kthread a", 1000),
	WITHIN("steady", "wpool", NULL, 100),
	WITHIN("growth delayed", "100000", "", 150),
	WITHIN("growth delayed", "1000000", "", 150),
	WITHIN("growth keys", "100000", "", 150),
	WITHIN("growth keys", "1000000", "", 150),
	WITHIN("growth groups", "10000", "", 150),
	WITHIN("growth groups", "100000", "", 150),
	WITHIN("growth pools", "1000", "", 150),
	WITHIN("growth pools", "10000", "", 150),
	WITHIN("growth workers", "1000", "", 150),
	WITHIN("growth workers", "9800", "", 150),
	OF_MACHINE("real file 1"),
	AHEAD("real file 1", "wpool", "", 100),
	OF_MACHINE("real file 4"),
	AHEAD("real file 4", "wpool", "", 100),
	AHEAD("real file at 50%, p50", "wpool", "", 100),
	AHEAD("real file at 50%, p99", "wpool", "", 100),
	AHEAD("real file at 50%, p99.9", "wpool", "", 100),
	AHEAD("real file at 90%, p50", "wpool", "", 100),
	AHEAD("real file at 90%, p99", "wpool", "", 100),
	AHEAD("real file at 90%, p99.9", "wpool", "", 100),
	OF_MACHINE("real crc32c 1"),
	AHEAD("real crc32c 1", "wpool", "", 100),
	OF_MACHINE("real crc32c 4"),
	AHEAD("real crc32c 4", "wpool", "", 100),
	AHEAD("real crc32c at 50%, p50", "wpool", "", 100),
	AHEAD("real crc32c at 50%, p99", "wpool", "", 100),
	AHEAD("real crc32c at 50%, p99.9", "wpool", "", 100),
	AHEAD("real crc32c at 90%, p50", "wpool", "", 100),
	AHEAD("real crc32c at 90%, p99", "wpool", "", 100),
	AHEAD("real crc32c at 90%, p99.9", "wpool", "", 100),
	OF_MACHINE("real lz4 1"),
	AHEAD("real lz4 1", "wpool", "", 100),
	OF_MACHINE("real lz4 4"),
	AHEAD("real lz4 4", "wpool", "", 100),
	AHEAD("real lz4 at 50%, p50", "wpool", "", 100),
	AHEAD("real lz4 at 50%, p99", "wpool", "", 100),
	AHEAD("real lz4 at 50%, p99.9", "wpool", "", 100),
	AHEAD("real lz4 at 90%, p50", "wpool", "", 100),
	AHEAD("real lz4 at 90%, p99", "wpool", "", 100),
	AHEAD("real lz4 at 90%, p99.9", "wpool", "", 100),
	OF_MACHINE("real zstd 1"),
	AHEAD("real zstd 1", "wpool", "", 100),
	OF_MACHINE("real zstd 4"),
	AHEAD("real zstd 4", "wpool", "", 100),
	AHEAD("real zstd at 50%, p50", "wpool", "", 100),
	AHEAD("real zstd at 50%, p99", "wpool", "", 100),
	AHEAD("real zstd at 50%, p99.9", "wpool", "", 100),
	AHEAD("real zstd at 90%, p50", "wpool", "", 100),
	AHEAD("real zstd at 90%, p99", "wpool", "", 100),
	AHEAD("real zstd at 90%, p99.9", "wpool", "", 100),
	OF_MACHINE("real aes 1"),
	AHEAD("real aes 1", "wpool", "", 100),
	OF_MACHINE("real aes 4"),
	AHEAD("real aes 4", "wpool", "", 100),
	AHEAD("real aes at 50%, p50", "wpool", "", 100),
	AHEAD("real aes at 50%, p99", "wpool", "", 100),
	AHEAD("real aes at 50%, p99.9", "wpool", "", 100),
	AHEAD("real aes at 90%, p50", "wpool", "", 100),
	AHEAD("real aes at 90%, p99", "wpool", "", 100),
	AHEAD("real aes at 90%, p99.9", "wpool", "", 100),
	OF_MACHINE("real sha256 1"),
	AHEAD("real sha256 1", "wpool", "", 100),
	OF_MACHINE("real sha256 4"),
	AHEAD("real sha256 4", "wpool", "", 100),
	AHEAD("real sha256 at 50%, p50", "wpool", "", 100),
	AHEAD("real sha256 at 50%, p99", "wpool", "", 100),
	AHEAD("real sha256 at 50%, p99.9", "wpool", "", 100),
	AHEAD("real sha256 at 90%, p50", "wpool", "", 100),
	AHEAD("real sha256 at 90%, p99", "wpool", "", 100),
	AHEAD("real sha256 at 90%, p99.9", "wpool", "", 100),
};

#endif /* _WPOOL_BENCH_TARGETS_H */
