// SPDX-License-Identifier: GPL-2.0
/*
 * Stress: pools that come and go while others look at them, and modules that may
 * not go while a task of theirs is in somebody else's pool.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/slab.h>
#include "stress.h"

#define MAKERS	4	/* threads */
#define TASKS	8	/* of each pool */

static char *pool = "default";
module_param(pool, charp, 0444);
MODULE_PARM_DESC(pool, "hold: in which pool (default default)");

static bool go;
module_param(go, bool, 0600);
MODULE_PARM_DESC(go, "hold: written 1 to end the tasks");

/* --- pools ------------------------------------------------------------------------------ */

struct maker {
	struct stress_call	call;
	unsigned int		n;	/* pools to be made */
	atomic_t		runs, ends;
	struct wpool_task	tasks[TASKS];
};

static int run_one(void *arg)
{
	struct maker *maker = arg;

	stress_ran();
	atomic_inc(&maker->runs);
	return 0;
}

static int die_one(void *arg)
{
	run_one(arg);
	pr_info("%s: pid %d dies in %ps\n", wpool_name(wpool_current()), current->pid,
		die_one);
	kthread_complete_and_exit(NULL, 0);
	return 0;
}

static void at_end(struct wpool *pool)
{
	struct maker *maker = wpool_priv(pool);

	atomic_inc(&maker->ends);
}

static const struct wpool_ops ops = { .terminated = at_end };

/* Each kind of pool, and each way to its end, in turn. Return: what went wrong. */
static int make_one(struct maker *maker, unsigned int nr)
{
	struct wpool_attrs attrs = {
		.capacity = 1 + nr % 4, .min_workers = nr % 2, .ops = &ops, .priv = maker,
		.flags = nr % 8 == 3 ? WPOOL_LATENCY : 0,
	};
	char name[WPOOL_NAME_MAX + 1];
	struct wpool *pool;
	unsigned int i;
	int wrong = 0;

	snprintf(name, sizeof(name), "stress-%u-%u", maker->call.nr, nr % 16);
	pool = wpool_create(name, &attrs);
	if (IS_ERR(pool))
		return 1;
	for (i = 0; i < TASKS; i++) {
		wpool_task_init(&maker->tasks[i], nr % 128 == i ? die_one : run_one, maker);
		wrong += wpool_schedule(pool, &maker->tasks[i]) != 0;
	}
	if (nr % 4 == 0) {
		wpool_shutdown(pool);
		wrong += wpool_await_termination(pool, STRESS_LIMIT) != 0;
	} else if (nr % 4 == 1) {
		wpool_drain(pool);
	}
	return wrong + (wpool_destroy(pool) != 0);
}

static int make_pools(struct stress_call *call)
{
	struct maker *maker = call->arg;
	unsigned int i;
	int wrong = 0;

	for (i = 0; i < maker->n; i++)
		wrong += make_one(maker, i);
	return wrong;
}

static void make_all(void)
{
	struct maker *makers = kcalloc(MAKERS, sizeof(*makers), GFP_KERNEL);
	unsigned int begun = 0, i;

	if (!stress_check(makers, "no memory"))
		return;
	for (i = 0; i < MAKERS; i++) {
		makers[i].n = (stress_npools + i) / MAKERS;
		makers[i].call = (struct stress_call) {
			.fn = make_pools, .arg = &makers[i], .nr = i,
		};
		if (!stress_call(&makers[i].call))
			break;
		begun++;
	}
	for (i = 0; i < begun; i++) {
		stress_equal("calls that went wrong",
			     stress_call_end(&makers[i].call, MAX_SCHEDULE_TIMEOUT), 0);
		stress_equal("tasks run", atomic_read(&makers[i].runs), makers[i].n * TASKS);
		stress_equal("pools terminated", atomic_read(&makers[i].ends), makers[i].n);
	}
	kfree(makers);
}

/*
 * The first pool with WPOOL_LATENCY and the end of the last turn a static key, so
 * that code is rewritten, by way of a breakpoint. QEMU 7.2, which emulates several
 * CPUs at once, may keep its translation of the breakpoint: it is then hit for ever.
 * So one more such pool stays all the time, and the key is turned while no task runs.
 */
static void many_pools(const void *unused)
{
	struct wpool_attrs attrs = { .capacity = 1, .flags = WPOOL_LATENCY };
	struct wpool *stays = wpool_create("stress-latency", &attrs);

	if (!stress_check(!IS_ERR(stays), "no pool: %pe", stays))
		return;
	make_all();
	stress_equal("wpool_destroy()", wpool_destroy(stays), 0);
}

const struct stress_case stress_pools[] = {
	{ "pools that come and go run all their tasks", many_pools },
	{}
};

/* --- modules ------------------------------------------------------------------------------ */

static struct wpool *held;
static struct wpool_task holders[3];

/* Until user space says go. */
static int hold(void *unused)
{
	while (!READ_ONCE(go))
		schedule_timeout_idle(1);
	return 0;
}

/* Has tasks in the pool when it returns, and a reference to it. */
int stress_hold(void)
{
	int i, err = 0;

	held = wpool_find(pool);
	if (!held)
		return -ENOENT;
	for (i = 0; i < ARRAY_SIZE(holders) && !err; i++) {
		wpool_task_init(&holders[i], hold, NULL);
		err = wpool_schedule(held, &holders[i]);
	}
	if (!err)
		return 0;
	WRITE_ONCE(go, true);
	while (--i > 0)
		wpool_wait(&holders[i - 1]);
	wpool_put(held);
	return err;
}

void stress_hold_end(void)
{
	wpool_put(held);
}
