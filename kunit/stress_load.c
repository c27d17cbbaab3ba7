// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: many tasks from many threads, many workers, a long queue. Every task is
 * counted by its submitter and by itself, and the memory of one that was waited
 * for is overwritten at once.
 */
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "stress.h"

#define RING	32	/* tasks of its own that a producer has under way */
#define POISON	0x6b

/* --- producers ----------------------------------------------------------------------- */

struct producer;

struct ring_task {
	struct wpool_task	task;
	struct producer		*producer;
	int			result;
};

struct producer {
	struct stress_call	call;
	unsigned int		n;		/* tasks to be submitted */
	atomic_t		runs;
	struct ring_task	ring[RING];
};

static int run_ring(void *arg)
{
	struct ring_task *rt = arg;

	stress_ran();
	atomic_inc(&rt->producer->runs);
	return rt->result;
}

static int run_counted(void *arg)
{
	struct producer *producer = arg;

	stress_ran();
	atomic_inc(&producer->runs);
	return 0;
}

static int retire(struct ring_task *rt)
{
	int wrong = wpool_wait(&rt->task) != rt->result;

	memset(rt, POISON, sizeof(*rt));
	return wrong;
}

/* Return: how many of its calls went wrong. */
static int produce(struct stress_call *call)
{
	struct producer *producer = call->arg;
	unsigned int own = 0, i;
	int wrong = 0;

	for (i = 0; i < producer->n; i++) {
		struct ring_task *rt = &producer->ring[own % RING];

		if (i % 4 == 3) {	/* and one of wpool's own memory */
			wrong += wpool_schedule_fn(call->pool, run_counted,
						   producer, NULL) != 0;
			continue;
		}
		if (own++ >= RING)
			wrong += retire(rt);
		*rt = (struct ring_task) { .producer = producer, .result = i };
		wpool_task_init(&rt->task, run_ring, rt);
		wrong += wpool_schedule(call->pool, &rt->task) != 0;
		cond_resched();
	}
	for (i = 0; i < min_t(unsigned int, own, RING); i++)
		wrong += retire(&producer->ring[i]);
	return wrong;
}

/* How many tasks of all that many producers have in sum. */
static unsigned int share(unsigned int all, unsigned int nr)
{
	return all / stress_producers + (nr < all % stress_producers);
}

static void produce_all(struct wpool *pool, unsigned int tasks)
{
	struct producer *producers = vcalloc(stress_producers, sizeof(*producers));
	unsigned int begun = 0, i;
	u64 runs = 0;

	if (!stress_check(producers, "no memory"))
		return;
	for (i = 0; i < stress_producers; i++) {
		struct producer *producer = &producers[i];

		producer->n = share(tasks, i);
		producer->call = (struct stress_call) {
			.fn = produce, .pool = pool, .arg = producer, .nr = i,
		};
		if (!stress_call(&producer->call))
			break;
		begun++;
	}
	for (i = 0; i < begun; i++)
		stress_equal("calls that went wrong",
			     stress_call_end(&producers[i].call, MAX_SCHEDULE_TIMEOUT), 0);
	wpool_drain(pool);
	for (i = 0; i < begun; i++)
		runs += atomic_read(&producers[i].runs);
	stress_equal("tasks run", runs, tasks);
	vfree(producers);
}

/* What the pool counted: all, and nothing left. */
static void check_counts(struct wpool *pool, u64 submitted, u64 completed)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	stress_equal("submitted", stats.count[WPOOL_STAT_SUBMITTED], submitted);
	stress_equal("completed", stats.count[WPOOL_STAT_COMPLETED], completed);
	stress_equal("cancelled", stats.count[WPOOL_STAT_CANCELLED], submitted - completed);
	stress_equal("rejected", stats.count[WPOOL_STAT_REJECTED], 0);
	stress_equal("oopsed", stats.count[WPOOL_STAT_OOPSED], 0);
	stress_equal("queued", stats.count[WPOOL_STAT_QUEUED], 0);
	stress_equal("running", stats.count[WPOOL_STAT_RUNNING], 0);
}

static struct wpool *make_pool(const struct wpool_attrs *attrs)
{
	struct wpool *pool = wpool_create("load", attrs);

	stress_check(!IS_ERR(pool), "no pool: %pe", pool);
	return IS_ERR(pool) ? NULL : pool;
}

static void many_producers(const void *unused)
{
	struct wpool_attrs attrs = { .capacity = 2 * num_online_cpus() };
	struct wpool *pool = make_pool(&attrs);

	if (!pool)
		return;
	produce_all(pool, stress_tasks);
	check_counts(pool, stress_tasks, stress_tasks);
	stress_equal("wpool_destroy()", wpool_destroy(pool), 0);
}

/* --- many workers ---------------------------------------------------------------------- */

struct meeting {
	struct completion	all_here;
	atomic_t		here;
};

static int meet(void *arg)
{
	struct meeting *meeting = arg;

	stress_ran();
	if (atomic_inc_return(&meeting->here) == stress_workers)
		complete_all(&meeting->all_here);
	return !wait_for_completion_timeout(&meeting->all_here, STRESS_LIMIT);
}

/* As many at once as there are workers: each waits for all the others. */
static void all_meet(struct wpool *pool)
{
	struct wpool_task *tasks = vcalloc(stress_workers, sizeof(*tasks));
	struct meeting meeting;
	unsigned int i;

	if (!stress_check(tasks, "no memory"))
		return;
	init_completion(&meeting.all_here);
	atomic_set(&meeting.here, 0);
	for (i = 0; i < stress_workers; i++) {
		wpool_task_init(&tasks[i], meet, &meeting);
		stress_equal("wpool_schedule()", wpool_schedule(pool, &tasks[i]), 0);
	}
	for (i = 0; i < stress_workers; i++)
		stress_equal("a task that meets the others", wpool_wait(&tasks[i]), 0);
	vfree(tasks);
}

static void many_workers(const void *unused)
{
	struct wpool_attrs attrs = {
		.capacity = stress_workers, .queue_depth = stress_queue,
	};
	struct wpool *pool = make_pool(&attrs);
	unsigned int tasks = stress_tasks / 10;

	if (!pool)
		return;
	all_meet(pool);
	produce_all(pool, tasks);
	check_counts(pool, tasks + stress_workers, tasks + stress_workers);
	stress_equal("largest", stress_stat(pool, WPOOL_STAT_LARGEST), stress_workers);
	stress_equal("wpool_destroy()", wpool_destroy(pool), 0);
}

/* --- a long queue ------------------------------------------------------------------------ */

struct long_queue {
	struct wpool_task	*tasks;
	unsigned int		next;	/* to be run; only one worker touches it */
	unsigned int		wrong;	/* that were not the next */
};

static struct long_queue line;

/* Whose address is its number. */
static int run_next(void *arg)
{
	stress_ran();
	line.wrong += arg != &line.tasks[line.next];
	line.next++;
	return 0;
}

static void queue_all(struct wpool *pool)
{
	unsigned int i;
	int wrong = 0;

	wpool_pause(pool);
	line.next = 0;
	for (i = 0; i < stress_queued; i++) {
		wpool_task_init(&line.tasks[i], run_next, &line.tasks[i]);
		wrong += wpool_schedule(pool, &line.tasks[i]) != 0;
		if (!(i % 1024))
			cond_resched();
	}
	stress_equal("submissions that went wrong", wrong, 0);
	stress_equal("queued", stress_stat(pool, WPOOL_STAT_QUEUED), stress_queued);
}

/* They are handed back in the order in which they would have run. */
static void hand_back_all(struct wpool *pool)
{
	struct wpool_task *task;
	unsigned int i = 0, wrong = 0;
	LIST_HEAD(unrun);

	queue_all(pool);
	stress_equal("wpool_shutdown_now()", wpool_shutdown_now(pool, &unrun), stress_queued);
	list_for_each_entry(task, &unrun, node)
		wrong += task != &line.tasks[i++];
	stress_equal("tasks handed back", i, stress_queued);
	stress_equal("of them out of order", wrong, 0);
	stress_equal("tasks run for all that", line.next, 0);
}

static void long_queue(const void *unused)
{
	struct wpool_attrs attrs = {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_UNBOUNDED,
	};
	struct wpool *pool = make_pool(&attrs);

	if (!pool)
		return;
	line.tasks = vcalloc(stress_queued, sizeof(*line.tasks));
	if (stress_check(line.tasks, "no memory")) {
		queue_all(pool);
		wpool_resume(pool);
		wpool_drain(pool);
		stress_equal("tasks run", line.next, stress_queued);
		stress_equal("tasks run out of order", line.wrong, 0);
		hand_back_all(pool);
		check_counts(pool, 2 * stress_queued, stress_queued);
	}
	stress_equal("wpool_destroy()", wpool_destroy(pool), 0);
	vfree(line.tasks);
}

const struct stress_case stress_load[] = {
	{ "many tasks of many producers are counted exactly", many_producers },
	{ "8: so are those on a thousand workers behind a long queue", many_workers },
	{ "and those that wait at once, in order", long_queue },
	{}
};
