// SPDX-License-Identifier: GPL-2.0
/*
 * taskq(9F) on wpool: calls that are dispatched, and what is done by their ids.
 */
#include <linux/irq_work.h>
#include <linux/slab.h>
#include "taskq_scene.h"

static int taskq_init(struct kunit *test)
{
	return wpt_init(test, "wpool_taskq");
}

/* Calls for wpt_thread(); arg: the id. */
static int call_cancel_id(struct wpt_thread *self)
{
	return taskq_cancel_id(self->pool, *(taskqid_t *)self->arg);
}

static int call_wait_id(struct wpt_thread *self)
{
	taskq_wait_id(self->pool, *(taskqid_t *)self->arg);
	return 0;
}

static int call_wait_outstanding(struct wpt_thread *self)
{
	taskq_wait_outstanding(self->pool, *(taskqid_t *)self->arg);
	return 0;
}

/* Dispatches its job, and sleeps if it must. */
static int call_dispatch(struct wpt_thread *self)
{
	return taskq_dispatch(self->pool, scene_run, self->job, TQ_SLEEP) != TASKQID_INVALID;
}

static struct wpt_thread *thread_for(struct kunit *test, int (*call)(struct wpt_thread *self),
				     taskq_t *tq, taskqid_t id)
{
	taskqid_t *arg = wpt_alloc(test, sizeof(*arg));

	*arg = id;
	return wpt_thread(test, call, tq, NULL, arg);
}

static taskqid_t dispatch(struct kunit *test, taskq_t *tq, struct wpt_job *job, unsigned int flags)
{
	taskqid_t id = taskq_dispatch(tq, scene_run, job, flags);

	KUNIT_ASSERT_NE(test, id, TASKQID_INVALID);
	return id;
}

struct find {
	int		nice;
	bool		member;
	taskq_t		*tq, *of;
	struct task_struct *thread;
};

static void find_out(void *arg)
{
	struct find *find = arg;

	find->nice = task_nice(current);
	find->thread = current;
	find->of = taskq_of_curthread();
	find->member = taskq_member(find->tq, current);
}

/* 151: as many threads as were asked for, at once or when they are needed, as nice as asked */
static void taskq_threads(struct kunit *test)
{
	taskq_t *fixed = scene_taskq(test, 3, INT_MAX, TASKQ_PREPOPULATE);
	taskq_t *dynamic = scene_taskq(test, 3, INT_MAX, TASKQ_DYNAMIC);
	taskq_t *share = scene_taskq(test, 50, INT_MAX, TASKQ_THREADS_CPU_PCT | TASKQ_DYNAMIC);
	taskq_t *nice = taskq_create_proc("kunit", 1, maxclsyspri, 1, 1, NULL, TASKQ_DYNAMIC);
	struct find *find = wpt_alloc(test, sizeof(*find));
	struct wpt_job *hold;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, nice);
	wpt_adopt(test, nice);
	WPT_ASSERT_STAT(test, fixed, WORKERS, 3);
	WPT_EXPECT_STAT(test, fixed, CAPACITY, 3);
	WPT_EXPECT_STAT(test, dynamic, WORKERS, 1);
	WPT_EXPECT_STAT(test, share, CAPACITY, max(num_online_cpus() / 2, 1U));
	hold = scene_hold(test, dynamic, 3);
	WPT_EXPECT_STAT(test, dynamic, WORKERS, 3);
	wpt_open(hold->gate);

	find->tq = nice;
	KUNIT_EXPECT_NE(test, taskq_dispatch(nice, find_out, find, TQ_SLEEP), 0);
	scene_wait(test, nice);
	KUNIT_EXPECT_EQ(test, find->nice, -19);
	KUNIT_EXPECT_TRUE(test, find->member);
	KUNIT_EXPECT_PTR_EQ(test, find->of, nice);
	KUNIT_EXPECT_FALSE(test, taskq_member(nice, current));
	KUNIT_EXPECT_PTR_EQ(test, taskq_of_curthread(), (taskq_t *)NULL);

	KUNIT_EXPECT_PTR_EQ(test, taskq_create("kunit", 0, minclsyspri, 0, 1, 0), (taskq_t *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, taskq_create("a b", 1, minclsyspri, 0, 1, 0), (taskq_t *)NULL);
	scene_end(test, fixed);
	scene_end(test, dynamic);
	scene_end(test, share);
	scene_end(test, nice);
}

/* 151: and its creator may know which */
static void taskq_synced(struct kunit *test)
{
	struct find *find = wpt_alloc(test, sizeof(*find));
	struct task_struct **threads, *none;
	bool found = false;
	taskq_t *tq, *other = taskq_create_sysdc("kunit", 1, 0, INT_MAX, NULL, 80, TASKQ_DC_BATCH);
	unsigned int i;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, other);
	wpt_adopt(test, other);
	tq = taskq_create_synced("kunit", 3, minclsyspri, 3, INT_MAX, TASKQ_DYNAMIC, &threads);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, tq);
	wpt_adopt(test, tq);
	find->tq = tq;
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, find_out, find, TQ_SLEEP), 0);
	scene_wait(test, tq);
	for (i = 0; i < 3; i++) {
		found |= threads[i] == find->thread;
		KUNIT_EXPECT_NOT_NULL(test, threads[i]);
		KUNIT_EXPECT_PTR_NE(test, threads[i], threads[(i + 1) % 3]);
	}
	KUNIT_EXPECT_TRUE(test, found);
	KUNIT_EXPECT_TRUE(test, find->member);
	none = threads[0];
	kfree(threads);
	threads = &none;
	KUNIT_EXPECT_PTR_EQ(test, taskq_create_synced("kunit", 0, minclsyspri, 0, INT_MAX, 0,
						      &threads), (taskq_t *)NULL);
	KUNIT_EXPECT_PTR_EQ(test, threads, (struct task_struct **)NULL);
	scene_end(test, tq);
	scene_end(test, other);
}

/* 152: one thread is an order, but for what goes to the front; each has an id of its own */
static void taskq_order(struct kunit *test)
{
	static const unsigned int flags[] = { TQ_SLEEP, TQ_NOSLEEP, TQ_FRONT, TQ_FRONT | TQ_NOSLEEP,
					      TQ_PUSHPAGE };
	static const int turns[] = { 3, 4, 1, 2, 5 };
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));
	struct wpt_job *hold = scene_hold(test, tq, 1);
	struct wpt_job *jobs = wpt_jobs(test, ARRAY_SIZE(turns), NULL);
	taskqid_t id = 0, before;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(turns); i++) {
		jobs[i].clock = clock;
		before = id;
		id = dispatch(test, tq, &jobs[i], flags[i]);
		KUNIT_EXPECT_GT(test, id, before);
	}
	wpt_open(hold->gate);
	scene_wait(test, tq);
	for (i = 0; i < ARRAY_SIZE(turns); i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
		KUNIT_EXPECT_EQ(test, jobs[i].turn, turns[i]);
	}
	scene_end(test, tq);
}

/* 153: only if a thread is free for it */
static void taskq_noqueue(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 2, INT_MAX, TASKQ_DYNAMIC);
	struct wpt_job *hold = scene_hold(test, tq, 1), *also, *jobs;

	jobs = wpt_jobs(test, 2, hold->gate);
	dispatch(test, tq, &jobs[0], TQ_NOQUEUE);
	KUNIT_EXPECT_EQ(test, taskq_dispatch(tq, scene_run, &jobs[1], TQ_NOQUEUE), 0);
	KUNIT_EXPECT_EQ(test, taskq_dispatch(tq, scene_run, &jobs[1], TQ_NOQUEUE | TQ_NOSLEEP), 0);
	also = wpt_jobs(test, 1, NULL);
	dispatch(test, tq, also, TQ_SLEEP);
	wpt_open(hold->gate);
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&also->runs), 1);
	scene_end(test, tq);
}

/* 153: a bound refuses who may not sleep, and slows down who may, and no more */
static void taskq_bounded(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, 2, 0);
	struct wpt_job *hold = scene_hold(test, tq, 1);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	unsigned long began = jiffies;
	unsigned int i;

	dispatch(test, tq, &jobs[0], TQ_NOSLEEP);
	dispatch(test, tq, &jobs[1], TQ_NOSLEEP);
	KUNIT_EXPECT_EQ(test, taskq_dispatch(tq, scene_run, &jobs[2], TQ_NOSLEEP), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, wpt_thread(test, call_dispatch, tq, &jobs[2], NULL)),
			1);
	WPT_EXPECT_WAITED(test, began, HZ);
	WPT_EXPECT_STAT(test, tq, FORCED, 1);
	KUNIT_EXPECT_NE(test, taskq_dispatch_delay(tq, scene_run, &jobs[3], TQ_NOSLEEP, jiffies),
			0);
	wpt_open(hold->gate);
	scene_wait(test, tq);
	for (i = 0; i < 4; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&jobs[i].runs), 1);
	scene_end(test, tq);
}

#if IS_ENABLED(CONFIG_FAILSLAB)
static taskqid_t dispatch_with(taskq_t *tq, struct wpt_job *job, bool later)
{
	return later ? taskq_dispatch_delay(tq, scene_run, job, TQ_NOSLEEP, jiffies) :
		       taskq_dispatch(tq, scene_run, job, TQ_NOSLEEP);
}

/* How often it is refused, if each allocation that it makes is the one to fail, in turn. */
static unsigned int refused_in_turn(taskq_t *tq, struct wpt_job *job, bool later,
				    unsigned int *accepted)
{
	unsigned int nth, left = 0, refused = 0;

	for (nth = 1; !left; nth++) {
		current->fail_nth = nth;
		if (dispatch_with(tq, job, later))
			(*accepted)++;
		else
			refused++;
		/* What is left of it was not needed: no allocation has failed. */
		left = current->fail_nth;
		current->fail_nth = 0;
	}
	return refused;
}

/* 154: without memory it is refused, and nothing is left; a caller that may sleep gets it */
static void taskq_memory(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	unsigned int round, accepted = 0, now = 0, later = 0;

	/*
	 * In a debugging kernel, debugobjects allocates too, whenever it has few objects
	 * left. It then fails in the place of the call's own, which is skipped in that
	 * round. So the most of some rounds counts.
	 */
	for (round = 0; round < 16 && (now < 1 || later < 1); round++) {
		now = max(now, refused_in_turn(tq, job, false, &accepted));
		later = max(later, refused_in_turn(tq, job, true, &accepted));
	}
	/* The call is all that it allocates. */
	KUNIT_EXPECT_GE(test, now, 1);
	KUNIT_EXPECT_GE(test, later, 1);
	/* failslab spares those that may wait, unless one asks it not to. */
	wpt_shell("echo N >/sys/kernel/debug/failslab/ignore-gfp-wait");
	current->fail_nth = 1;
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, scene_run, job, TQ_SLEEP), 0);
	current->fail_nth = 1;
	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, scene_run, job, TQ_PUSHPAGE), 0);
	current->fail_nth = 0;
	wpt_shell("echo Y >/sys/kernel/debug/failslab/ignore-gfp-wait");
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), accepted + 2);
	WPT_EXPECT_STAT(test, tq, SUBMITTED, accepted + 2);
	scene_end(test, tq);
}
#endif

struct irq_dispatch {
	struct irq_work		work;
	taskq_t			*tq;
	struct wpt_job		*jobs;
	taskq_ent_t		ent;
	taskqid_t		now, later, refused;
	struct completion	done;
};

static void dispatch_in_irq(struct irq_work *work)
{
	struct irq_dispatch *irq = container_of(work, struct irq_dispatch, work);

	irq->now = taskq_dispatch(irq->tq, scene_run, &irq->jobs[0], TQ_NOSLEEP);
	irq->later = taskq_dispatch_delay(irq->tq, scene_run, &irq->jobs[1], TQ_NOSLEEP, jiffies);
	complete(&irq->done);
}

static void dispatch_in_hardirq(struct irq_work *work)
{
	struct irq_dispatch *irq = container_of(work, struct irq_dispatch, work);

	taskq_dispatch_ent(irq->tq, scene_run, &irq->jobs[2], 0, &irq->ent);
	/* On another kernel lockdep would complain in the name of this one. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		irq->refused = taskq_dispatch(irq->tq, scene_run, &irq->jobs[0], TQ_NOSLEEP);
	complete(&irq->done);
}

static void run_in_irq(struct kunit *test, struct irq_dispatch *irq)
{
	irq_work_queue(&irq->work);
	KUNIT_ASSERT_NE(test, wait_for_completion_timeout(&irq->done, WPT_LIMIT), 0);
	irq_work_sync(&irq->work);
}

/* 155: in an interrupt; in a hard one on PREEMPT_RT only what allocates nothing */
static void taskq_in_irq(struct kunit *test)
{
	struct irq_dispatch *irq = wpt_alloc(test, sizeof(*irq));
	unsigned int i;

	irq->tq = scene_taskq(test, 2, INT_MAX, 0);
	irq->jobs = wpt_jobs(test, 3, NULL);
	taskq_init_ent(&irq->ent);
	init_completion(&irq->done);
	irq->work = IRQ_WORK_INIT(dispatch_in_irq);
	run_in_irq(test, irq);
	irq->work = IRQ_WORK_INIT_HARD(dispatch_in_hardirq);
	run_in_irq(test, irq);
	KUNIT_EXPECT_NE(test, irq->now, 0);
	KUNIT_EXPECT_NE(test, irq->later, 0);
	KUNIT_EXPECT_EQ(test, irq->refused, 0);
	scene_wait(test, irq->tq);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, atomic_read(&irq->jobs[i].runs), 1);
	scene_end(test, irq->tq);
}

/* 156: one that waits is taken back, and so is one that is delayed; what has ended is not found */
static void taskq_cancelled(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	struct wpt_job *hold = scene_hold(test, tq, 1);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	taskqid_t waits = dispatch(test, tq, &jobs[0], TQ_SLEEP);
	taskqid_t ends = dispatch(test, tq, &jobs[1], TQ_SLEEP);
	taskqid_t later = taskq_dispatch_delay(tq, scene_run, &jobs[2], TQ_SLEEP,
					       jiffies + 1000 * HZ);

	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, waits), 0);
	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, waits), ENOENT);
	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, later, false), 0);
	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, later, true), ENOENT);
	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, TASKQID_INVALID), ENOENT);
	wpt_open(hold->gate);
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, ends), ENOENT);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[0].runs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 1);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[2].runs), 0);
	scene_end(test, tq);
}

/* 156: one that runs is waited for, unless the caller does not want that */
static void taskq_cancelled_late(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 2, INT_MAX, 0);
	struct wpt_job *job = wpt_jobs(test, 1, wpt_gate(test));
	taskqid_t id = dispatch(test, tq, job, TQ_SLEEP);
	struct wpt_thread *thread;

	wpt_begun(test, job);
	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, id, false), EBUSY);
	thread = thread_for(test, call_cancel_id, tq, id);
	WPT_ASSERT_UNTIL(test, wpt_asleep(thread));
	KUNIT_EXPECT_FALSE(test, completion_done(&thread->done));
	wpt_open(job->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), EBUSY);
	KUNIT_EXPECT_EQ(test, atomic_read(&job->runs), 1);
	KUNIT_EXPECT_EQ(test, taskq_cancel_id(tq, id), ENOENT);
	scene_end(test, tq);
}

/* 157: for one call, for those up to one, and for all that came before; not for later ones */
static void taskq_waits(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 4, INT_MAX, 0);
	struct wpt_thread *one, *up_to, *all;
	struct wpt_job *jobs[4];
	taskqid_t ids[4];
	unsigned int i;

	for (i = 0; i < 3; i++) {
		jobs[i] = wpt_jobs(test, 1, wpt_gate(test));
		ids[i] = dispatch(test, tq, jobs[i], TQ_SLEEP);
	}
	one = thread_for(test, call_wait_id, tq, ids[1]);
	up_to = thread_for(test, call_wait_outstanding, tq, ids[1]);
	all = thread_for(test, call_wait_outstanding, tq, 0);
	WPT_ASSERT_UNTIL(test, wpt_asleep(one) && wpt_asleep(up_to) && wpt_asleep(all));
	jobs[3] = wpt_jobs(test, 1, wpt_gate(test));
	ids[3] = dispatch(test, tq, jobs[3], TQ_SLEEP);

	wpt_open(jobs[1]->gate);
	wpt_join(test, one);
	KUNIT_EXPECT_FALSE(test, completion_done(&up_to->done));
	wpt_open(jobs[0]->gate);
	wpt_join(test, up_to);
	KUNIT_EXPECT_FALSE(test, completion_done(&all->done));
	wpt_open(jobs[2]->gate);
	wpt_join(test, all);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[3]->runs), 0);
	/* Those that have ended. */
	wpt_join(test, thread_for(test, call_wait_id, tq, ids[2]));
	wpt_join(test, thread_for(test, call_wait_outstanding, tq, ids[2]));
	wpt_open(jobs[3]->gate);
	scene_end(test, tq);
}

struct later {
	struct wpt_job	*job;
	taskq_t		*tq;
	unsigned long	ran;
};

static void run_later(void *arg)
{
	struct later *later = arg;

	later->ran = jiffies;
	scene_run(later->job);
}

/* 158: not before its time, and at once if that has passed; it is waited for until then */
static void taskq_delayed(struct kunit *test)
{
	static const long delays[] = { 50, 0, -5, 20 };
	struct later *laters = wpt_alloc(test, ARRAY_SIZE(delays) * sizeof(*laters));
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	unsigned long now = jiffies;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(delays); i++) {
		laters[i].job = wpt_jobs(test, 1, NULL);
		KUNIT_EXPECT_NE(test, taskq_dispatch_delay(tq, run_later, &laters[i], TQ_SLEEP,
							   now + delays[i]), 0);
	}
	scene_wait(test, tq);
	for (i = 0; i < ARRAY_SIZE(delays); i++) {
		KUNIT_EXPECT_EQ(test, atomic_read(&laters[i].job->runs), 1);
		KUNIT_EXPECT_TRUE(test, time_after_eq(laters[i].ran, now + delays[i]));
	}
	/* So does a wait for what came before. */
	KUNIT_EXPECT_NE(test, taskq_dispatch_delay(tq, run_later, &laters[0], TQ_SLEEP,
						   jiffies + 20), 0);
	wpt_join(test, thread_for(test, call_wait_outstanding, tq, 0));
	KUNIT_EXPECT_EQ(test, atomic_read(&laters[0].job->runs), 2);
	scene_end(test, tq);
}

/* 179: it comes before those that wait, as soon as its time has come */
static void taskq_delayed_first(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, 0);
	struct wpt_job *hold = scene_hold(test, tq, 1), *jobs = wpt_jobs(test, 2, NULL);
	atomic_t *clock = wpt_alloc(test, sizeof(*clock));

	jobs[0].clock = clock;
	jobs[1].clock = clock;
	dispatch(test, tq, &jobs[0], TQ_SLEEP);
	KUNIT_EXPECT_NE(test, taskq_dispatch_delay(tq, scene_run, &jobs[1], TQ_SLEEP,
						   jiffies + 1), 0);
	WPT_ASSERT_STAT(test, tq, QUEUED, 2);
	wpt_open(hold->gate);
	scene_wait(test, tq);
	KUNIT_EXPECT_EQ(test, jobs[1].turn, 1);
	KUNIT_EXPECT_EQ(test, jobs[0].turn, 2);
	scene_end(test, tq);
}

static void note_flags(void *arg)
{
	*(unsigned int *)arg = current->flags;
}

/* 178: memory for what it calls does not wait for I/O */
static void taskq_noio(struct kunit *test)
{
	taskq_t *tq = scene_taskq(test, 1, INT_MAX, TASKQ_DYNAMIC);
	unsigned int *flags = wpt_alloc(test, sizeof(*flags));

	KUNIT_EXPECT_NE(test, taskq_dispatch(tq, note_flags, flags, TQ_SLEEP), 0);
	scene_wait(test, tq);
	KUNIT_EXPECT_TRUE(test, *flags & PF_MEMALLOC_NOIO);
	scene_end(test, tq);
}

static struct kunit_case taskq_cases[] = {
	KUNIT_CASE(taskq_threads),
	KUNIT_CASE(taskq_synced),
	KUNIT_CASE(taskq_order),
	KUNIT_CASE(taskq_noqueue),
	KUNIT_CASE(taskq_bounded),
#if IS_ENABLED(CONFIG_FAILSLAB)
	KUNIT_CASE(taskq_memory),
#endif
	KUNIT_CASE(taskq_in_irq),
	KUNIT_CASE(taskq_cancelled),
	KUNIT_CASE(taskq_cancelled_late),
	KUNIT_CASE(taskq_waits),
	KUNIT_CASE(taskq_delayed),
	KUNIT_CASE(taskq_delayed_first),
	KUNIT_CASE(taskq_noio),
	{}
};

static struct kunit_suite taskq_suite = {
	.name = "wpool_taskq",
	.init = taskq_init,
	.exit = wpt_exit,
	.test_cases = taskq_cases,
};

kunit_test_suite(taskq_suite);
