// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_hello: a pool with fewer workers than there are tasks, four times over.
 *
 *	insmod wpool_hello.ko capacity=5 tasks=10 task_ms=200
 *
 * Nothing waits in these pools (WPOOL_QUEUE_HANDOFF): a task goes to a worker
 * that is free or can be started, or the pool is full. Shown are the two things
 * that a full pool can do, block the submitter or refuse it, each with all
 * workers started beforehand and with workers started as they are needed. What
 * happened is counted here and by the pool; if the two differ, insmod fails.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wpool.h>

/* More is no longer something to read, longer nothing to wait for. */
#define HELLO_MAX_TASKS		1000
#define HELLO_MAX_TASK_MS	10000

static int capacity = 5;
module_param(capacity, int, 0444);
MODULE_PARM_DESC(capacity, "Most workers of the pool (default 5)");

static int tasks = 10;
module_param(tasks, int, 0444);
MODULE_PARM_DESC(tasks, "How many tasks to schedule (default 10)");

static int task_ms = 200;
module_param(task_ms, int, 0444);
MODULE_PARM_DESC(task_ms, "How long each task takes, in milliseconds (default 200)");

struct hello_demo {
	struct wpool	*pool;
	bool		prealloc;
	bool		block;
	unsigned int	accepted;
	unsigned int	refused;
	s64		blocked_ms;	/* inside wpool_schedule() because the pool was full */
	atomic_t	running;
	atomic_t	ran;
	atomic_t	too_many;	/* starts that found the pool over its capacity */
};

struct hello_task {
	struct wpool_task	task;
	struct hello_demo	*demo;
	int			nr;
};

static int hello_fn(void *arg)
{
	struct hello_task *t = arg;

	pr_info("worker[%d]: task %d starts\n", current->pid, t->nr);
	if (atomic_inc_return(&t->demo->running) > capacity)
		atomic_inc(&t->demo->too_many);
	msleep(task_ms);
	atomic_dec(&t->demo->running);
	atomic_inc(&t->demo->ran);
	pr_info("worker[%d]: task %d ends\n", current->pid, t->nr);
	return 0;
}

static int hello_schedule(struct hello_demo *demo, struct hello_task *t)
{
	ktime_t start = ktime_get();
	int err = wpool_schedule(demo->pool, &t->task);
	s64 ms = ktime_ms_delta(ktime_get(), start);

	/* Before that there was a worker for each. */
	if (demo->block && demo->accepted >= capacity)
		demo->blocked_ms += ms;
	if (!err) {
		demo->accepted++;
		pr_info("schedule task %d: accepted after %lld ms\n", t->nr, ms);
		return 0;
	}
	if (err == -EAGAIN && !demo->block) {
		demo->refused++;
		pr_info("schedule task %d: no idle worker in pool (%pe)\n",
			t->nr, ERR_PTR(err));
		return 0;
	}
	pr_err("schedule task %d: %pe\n", t->nr, ERR_PTR(err));
	return err;
}

static int hello_submit(struct hello_demo *demo, struct hello_task *list)
{
	int i, err;

	for (i = 0; i < tasks; i++) {
		list[i].demo = demo;
		list[i].nr = i + 1;
		wpool_task_init(&list[i].task, hello_fn, &list[i]);
		err = hello_schedule(demo, &list[i]);
		if (err)
			return err;
	}
	return 0;
}

/*
 * The shortest time in which a blocking pool can have accepted them all: each
 * full round of tasks must have ended before the next one is let in.
 */
static s64 hello_least_blocked_ms(const struct hello_demo *demo)
{
	if (!demo->block || tasks <= capacity)
		return 0;
	return (s64)task_ms * DIV_ROUND_UP(tasks - capacity, capacity);
}

/* Once the pool has been freed, so that no count can move any more. */
static int hello_check(struct hello_demo *demo, struct hello_task *late, s64 submit_ms)
{
	int err = wpool_schedule(demo->pool, &late->task);
	unsigned int ran = atomic_read(&demo->ran);
	struct wpool_stats stats;
	u64 *count = stats.count;

	pr_info("schedule task %d again: workerpool freed (%pe)\n", late->nr, ERR_PTR(err));
	wpool_stats(demo->pool, &stats);
	pr_info("prealloc=%d block=%d: %d tasks, %u accepted, %u refused, %u ran, submitter blocked %lld ms, workers made: %llu\n",
		demo->prealloc, demo->block, tasks, demo->accepted, demo->refused,
		ran, demo->blocked_ms, count[WPOOL_STAT_CREATED]);

	if (err != -ESHUTDOWN || demo->accepted + demo->refused != tasks ||
	    demo->accepted < min(tasks, capacity) ||
	    (demo->block && demo->refused) || ran != demo->accepted ||
	    atomic_read(&demo->too_many) ||
	    submit_ms < hello_least_blocked_ms(demo) ||
	    count[WPOOL_STAT_SUBMITTED] != demo->accepted ||
	    count[WPOOL_STAT_COMPLETED] != ran ||
	    count[WPOOL_STAT_LARGEST] > capacity ||
	    stats.state != WPOOL_STATE_TERMINATED) {
		pr_err("prealloc=%d block=%d: these do not add up (pool: %llu submitted, %llu completed, at most %llu workers, state %d)\n",
		       demo->prealloc, demo->block, count[WPOOL_STAT_SUBMITTED],
		       count[WPOOL_STAT_COMPLETED], count[WPOOL_STAT_LARGEST],
		       stats.state);
		return -EPROTO;
	}
	return 0;
}

static int hello_create(struct hello_demo *demo)
{
	struct wpool_attrs attrs = {
		.capacity	= capacity,
		.min_workers	= demo->prealloc ? capacity : 0,
		.queue_depth	= WPOOL_QUEUE_HANDOFF,
		.full		= demo->block ? WPOOL_FULL_BLOCK : WPOOL_FULL_FAIL,
	};
	struct wpool_stats stats;

	demo->pool = wpool_create("hello", &attrs);
	if (IS_ERR(demo->pool))
		return PTR_ERR(demo->pool);	/* wpool has said why */
	wpool_stats(demo->pool, &stats);
	pr_info("workerpool start (prealloc=%d block=%d): capacity %d, workers %llu\n",
		demo->prealloc, demo->block, capacity, stats.count[WPOOL_STAT_WORKERS]);
	return 0;
}

static int hello_run(bool prealloc, bool block, struct hello_task *list)
{
	struct hello_demo demo = { .prealloc = prealloc, .block = block };
	ktime_t start;
	s64 submit_ms;
	int err;

	err = hello_create(&demo);
	if (err)
		return err;
	/* A reference of our own, to ask the pool for its counts after its end. */
	wpool_get(demo.pool);

	start = ktime_get();
	err = hello_submit(&demo, list);
	submit_ms = ktime_ms_delta(ktime_get(), start);

	/* Waits for every accepted task, so that list and demo may go. */
	wpool_destroy(demo.pool);
	pr_info("workerpool freed (prealloc=%d block=%d)\n", prealloc, block);
	if (!err)
		err = hello_check(&demo, list, submit_ms);
	wpool_put(demo.pool);
	return err;
}

static int hello_check_params(void)
{
	if (capacity < 1 || capacity > WPOOL_MAX_CAPACITY) {
		pr_err("capacity=%d: must be 1 to %d\n", capacity, WPOOL_MAX_CAPACITY);
		return -EINVAL;
	}
	if (tasks < 1 || tasks > HELLO_MAX_TASKS) {
		pr_err("tasks=%d: must be 1 to %d\n", tasks, HELLO_MAX_TASKS);
		return -EINVAL;
	}
	if (task_ms < 0 || task_ms > HELLO_MAX_TASK_MS) {
		pr_err("task_ms=%d: must be 0 to %d\n", task_ms, HELLO_MAX_TASK_MS);
		return -EINVAL;
	}
	return 0;
}

static int __init hello_init(void)
{
	struct hello_task *list;
	int i, err;

	err = hello_check_params();
	if (err)
		return err;
	list = kcalloc(tasks, sizeof(*list), GFP_KERNEL);
	if (!list)
		return -ENOMEM;
	for (i = 0; i < 4 && !err; i++)
		err = hello_run(i & 2, i & 1, list);
	kfree(list);
	return err;
}

static void __exit hello_exit(void)
{
	/* Each pool was freed as soon as its tasks had run. */
}

module_init(hello_init);
module_exit(hello_exit);
MODULE_DESCRIPTION("wpool sample: more tasks than workers");
MODULE_LICENSE("GPL");
