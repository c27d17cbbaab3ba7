// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_bench: empty tasks and other calls on the same pool, at the same time.
 *
 * As many producers as workers schedule empty tasks, as in "empty 4"; meanwhile as many other
 * threads schedule tasks with keys and in groups, and schedule and cancel, until the last empty
 * task has ended; only then they wait. Neither may be fast at the cost of the other: so there
 * are two figures, each of all its threads together: of an empty task, and of a call of the
 * others.
 *
 * Nobody else has keys and groups, so wpool is here alone: for COMPARE=.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/vmalloc.h>

#include "bench.h"

#define CALLERS		4
#define WORKERS		4
#define TASKS		200000
#define OF_A_KIND	16U
/* More than a caller comes to before the last empty task has ended: else it waits for its first. */
#define TURNS		2048U

/* What counts: to schedule each of three kinds, and to cancel one. */
#define CALLS_A_TURN	(4 * OF_A_KIND)

/**
 * struct turn - what a caller schedules before it looks whether to continue
 * @group: of @grouped
 * @keyed: tasks with keys; another caller's turn of the same number has the same keys
 * @grouped: tasks of the group
 * @cancelled: tasks that are cancelled as soon as they are scheduled
 */
struct turn {
	struct wpool_group	group;
	struct wpool_keyed_task	keyed[OF_A_KIND];
	struct wpool_task	grouped[OF_A_KIND];
	struct wpool_task	cancelled[OF_A_KIND];
};

/**
 * struct caller - one of those who do not schedule empty tasks
 * @pool: where its tasks go
 * @thread: that calls
 * @taken: how many turns it has taken
 * @turns: again and again
 */
struct caller {
	struct wpool		*pool;
	struct task_struct	*thread;
	unsigned int		taken;
	struct turn		*turns;
} ____cacheline_aligned_in_smp;

static struct caller callers[CALLERS];
static struct completion callers_go;
static bool callers_end;
static u64 callers_began, callers_took;
static u64 turns_taken;

static int nothing_fn(void *arg)
{
	return 0;
}

static void refuse(int err)
{
	if (unlikely(err))
		WRITE_ONCE(bench_now.error, err);
}

static void turn_init(struct turn *turn)
{
	unsigned int i;

	wpool_group_init(&turn->group, 0);
	for (i = 0; i < OF_A_KIND; i++) {
		wpool_keyed_task_init(&turn->keyed[i], nothing_fn, NULL);
		wpool_task_init(&turn->grouped[i], nothing_fn, NULL);
		wpool_task_init(&turn->cancelled[i], nothing_fn, NULL);
	}
}

static void turn_take(struct wpool *pool, struct turn *turn, u64 key)
{
	unsigned int i;

	for (i = 0; i < OF_A_KIND; i++, key++) {
		refuse(wpool_schedule_keyed(pool, &turn->keyed[i], key));
		refuse(wpool_group_schedule(&turn->group, pool, &turn->grouped[i]));
		refuse(wpool_schedule(pool, &turn->cancelled[i]));
		wpool_cancel(&turn->cancelled[i]);
	}
}

static void turn_wait(struct turn *turn)
{
	unsigned int i;

	refuse(wpool_group_wait(&turn->group));
	for (i = 0; i < OF_A_KIND; i++) {
		wpool_wait(&turn->keyed[i].task);
		wpool_wait(&turn->cancelled[i]);
	}
}

static int caller_main(void *data)
{
	struct caller *c = data;
	unsigned int n, i;

	wait_for_completion(&callers_go);
	for (n = 0; !READ_ONCE(callers_end); n++) {
		i = n % TURNS;
		if (n >= TURNS)
			turn_wait(&c->turns[i]);
		turn_take(c->pool, &c->turns[i], i * OF_A_KIND);
		WRITE_ONCE(c->taken, n + 1);
	}
	for (i = 0; i < min(n, TURNS); i++)
		turn_wait(&c->turns[i]);
	return 0;
}

static int caller_make(struct caller *c, struct wpool *pool, unsigned int nr)
{
	struct task_struct *thread;
	unsigned int i;

	*c = (struct caller) { .pool = pool };
	c->turns = vzalloc(array_size(TURNS, sizeof(*c->turns)));
	if (!c->turns)
		return -ENOMEM;
	for (i = 0; i < TURNS; i++)
		turn_init(&c->turns[i]);
	thread = kthread_create(caller_main, c, "bench_call/%u", nr);
	if (IS_ERR(thread)) {
		vfree(c->turns);
		return PTR_ERR(thread);
	}
	c->thread = get_task_struct(thread);
	wake_up_process(thread);
	return 0;
}

/* Return: how many there are; fewer after an error. */
static unsigned int callers_make(struct wpool *pool)
{
	unsigned int n;
	int err;

	init_completion(&callers_go);
	callers_end = false;
	for (n = 0; n < CALLERS; n++) {
		err = caller_make(&callers[n], pool, n);
		if (err) {
			bench_now.error = err;
			break;
		}
	}
	return n;
}

/* Also of those that were never let go. */
static void callers_join(unsigned int n)
{
	WRITE_ONCE(callers_end, true);
	complete_all(&callers_go);
	while (n--) {
		kthread_stop(callers[n].thread);
		put_task_struct(callers[n].thread);
		vfree(callers[n].turns);
	}
}

/* --- wpool, and the callers go while it has something to do --- */

static int mixed_open(struct bench_lane *lane)
{
	return bench_wpool.open(lane);
}

static void mixed_close(struct bench_lane *lane)
{
	bench_wpool.close(lane);
}

static void mixed_init(struct bench_item *item)
{
	bench_wpool.init(item);
}

static void mixed_submit(struct bench_lane *lane, struct bench_item *item)
{
	bench_wpool.submit(lane, item);
}

static void mixed_start(struct bench_lane *lane)
{
	callers_began = ktime_get_ns();
	complete_all(&callers_go);
}

static void mixed_stop(struct bench_lane *lane)
{
	unsigned int i;

	callers_took = ktime_get_ns() - callers_began;
	turns_taken = 0;
	for (i = 0; i < CALLERS; i++)
		turns_taken += READ_ONCE(callers[i].taken);
	WRITE_ONCE(callers_end, true);
	bench_wpool.stop(lane);
}

static unsigned int mixed_hold(const struct bench_lane *lane)
{
	return bench_wpool.longest_hold(lane);
}

static const struct bench_peer mixed_wpool = {
	.threads	= "bench-",
	.open		= mixed_open,
	.close		= mixed_close,
	.init		= mixed_init,
	.submit		= mixed_submit,
	.start		= mixed_start,
	.stop		= mixed_stop,
	.longest_hold	= mixed_hold,
};

static void sample_mixed(const struct bench_work *work, struct bench_lane *lane)
{
	unsigned int n = callers_make(lane->pool);

	if (n == CALLERS)
		bench_rate(work, lane, bench_empty_fn);
	callers_join(n);
	if (!bench_now.error)
		bench_record("mixed, calls", lane->label, "ns", callers_took * BENCH_SCALE /
			     max(turns_taken * CALLS_A_TURN, 1ULL));
}

static struct bench_lane mixed_lanes[] = {
	{ "wpool",	&mixed_wpool, WORKERS },
	{ }
};

const struct bench_work bench_mixed_works[] = {
	{ "mixed", mixed_lanes, sample_mixed, TASKS, 4 },
	{ }
};
