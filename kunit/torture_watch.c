// SPDX-License-Identifier: GPL-2.0
/*
 * Torture: threads that hang.
 *
 * Two signs: a thread that has been in one call for too long, and a queue that
 * does not move although nothing of its pool runs.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/debug.h>
#include "torture_arena.h"

unsigned int tort_stall = 30;

static void dump_pool(struct tort_pool *tp)
{
	struct wpool_stats stats;
	const u64 *count = stats.count;
	unsigned int i;

	for (i = 0; i < tp->n; i++) {
		wpool_stats(tp->pools[i], &stats);
		pr_info("%s: state %d, capacity %llu, workers %llu, idle %llu, running %llu, queued %llu, delayed %llu, blocked %llu\n",
			wpool_name(tp->pools[i]), stats.state,
			count[WPOOL_STAT_CAPACITY], count[WPOOL_STAT_WORKERS],
			count[WPOOL_STAT_IDLE], count[WPOOL_STAT_RUNNING],
			count[WPOOL_STAT_QUEUED], count[WPOOL_STAT_DELAYED],
			count[WPOOL_STAT_BLOCKED]);
		pr_info("%s: submitted %llu, completed %llu, cancelled %llu, dropped %llu, oopsed %llu\n",
			wpool_name(tp->pools[i]), count[WPOOL_STAT_SUBMITTED],
			count[WPOOL_STAT_COMPLETED], count[WPOOL_STAT_CANCELLED],
			count[WPOOL_STAT_DROPPED], count[WPOOL_STAT_OOPSED]);
	}
	pr_info("%s: depth %d, policy %d, flags 0x%x, max_blocked %u, ours running %u, paused %d\n",
		tp->name, tp->attrs.queue_depth, tp->attrs.full, tp->attrs.flags,
		tp->attrs.max_blocked, tp->running, atomic_read(&tp->paused));
}

/* What everybody is doing. */
void tort_dump(void)
{
	struct tort_thread *thread;
	unsigned int i;

	for (i = 0; (thread = tort_thread(i)); i++) {
		pr_info("thread %d: %s for %u ms\n", thread->id, READ_ONCE(thread->op),
			jiffies_to_msecs(jiffies - READ_ONCE(thread->since)));
		if (thread->task && !thread->parked)
			sched_show_task(thread->task);
	}
	tort_pool_for_each(dump_pool);
	/* A thread that hangs is in one of these, or in none. */
	tort_arena_for_each(dump_pool);
}

static bool thread_hangs(const struct tort_thread *thread)
{
	return READ_ONCE(thread->op) && !READ_ONCE(thread->parked) &&
	       time_after(jiffies, READ_ONCE(thread->since) + tort_stall * HZ);
}

/* Tasks wait, none runs, and none has begun or come since the last look. */
static void look_at_pool(struct tort_pool *tp)
{
	u64 mark = 0, queued = 0, running = 0;
	struct wpool_stats stats;
	unsigned int i;

	for (i = 0; i < tp->n; i++) {
		wpool_stats(tp->pools[i], &stats);
		mark += stats.count[WPOOL_STAT_SUBMITTED] + stats.count[WPOOL_STAT_COMPLETED];
		queued += stats.count[WPOOL_STAT_QUEUED];
		running += stats.count[WPOOL_STAT_RUNNING];
	}
	if (!queued || running || mark != tp->mark || atomic_read(&tp->paused))
		tp->stuck = 0;
	else
		tp->stuck++;
	tp->mark = mark;
	if (tp->stuck == tort_stall / 2) {
		dump_pool(tp);
		tort_fault("%s: %llu tasks wait, none runs", tp->name, queued);
	}
}

/* Looks, and says what it saw, once a second. Return: after a hang 1. */
int tort_watchdog(void *unused)
{
	struct tort_thread *thread;
	unsigned int i;

	while (!kthread_should_stop()) {
		schedule_timeout_idle(HZ);
		tort_say_progress();
		tort_pool_for_each(look_at_pool);
		for (i = 0; (thread = tort_thread(i)); i++) {
			if (!thread_hangs(thread))
				continue;
			tort_dump();
			tort_hang(thread);
			return 1;
		}
	}
	return 0;
}
