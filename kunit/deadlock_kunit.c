// SPDX-License-Identifier: GPL-2.0
/*
 * Workers that wait for one another: refused when they would for ever, and only
 * then. What counts here happens between the moment when a worker's wait
 * is completed and the moment when it runs; a CPU is kept from it to make
 * that moment last.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/preempt.h>
#include <linux/sched/signal.h>
#include <linux/string.h>
#include "wpool_kunit.h"

static int deadlock_init(struct kunit *test)
{
	return wpt_init(test, "wpool_deadlock");
}

/* Where the late one runs and is kept from it, and where the others do. */
#define LATE_CPU	0
#define OTHER_CPU	1
#define ANY_CPU		(-1)

/* A CPU is not kept longer than this: before the detectors of lockups complain. */
#define HOG_LIMIT	(8ULL * NSEC_PER_SEC)

struct hog {
	bool			(*until)(void *arg);
	void			*arg;
	struct completion	on;
	bool			came;		/* what was waited for did */
};

static int hog_cpu(struct wpt_thread *self)
{
	struct hog *hog = self->arg;
	u64 end;

	set_cpus_allowed_ptr(current, cpumask_of(LATE_CPU));
	preempt_disable();
	complete_all(&hog->on);
	end = ktime_get_mono_fast_ns() + HOG_LIMIT;
	while (!(hog->came = hog->until(hog->arg)) && ktime_get_mono_fast_ns() < end)
		cpu_relax();
	preempt_enable();
	return 0;
}

static bool asleep(struct task_struct *thread)
{
	return READ_ONCE(thread->__state) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE);
}

/* A task that makes one call when its gate is opened. */
struct actor {
	struct wpool_task	task;
	struct wpool		*pool;
	int			(*call)(struct actor *self);
	struct wpool_task	*other;		/* what the call is about */
	struct wpool_task	*filler;	/* likewise */
	int			cpu;
	struct wpt_gate		*gate;
	struct hog		*hog;		/* to be on before the call */
	struct completion	begun;
	struct task_struct	*worker;
	bool			calling, called;
	int			got;
};

static int act(void *arg)
{
	struct actor *self = arg;

	if (self->cpu != ANY_CPU)
		set_cpus_allowed_ptr(current, cpumask_of(self->cpu));
	self->worker = current;
	complete_all(&self->begun);
	wait_for_completion(&self->gate->opened);
	if (self->hog)
		wait_for_completion_timeout(&self->hog->on, WPT_LIMIT);
	WRITE_ONCE(self->calling, true);
	self->got = self->call(self);
	WRITE_ONCE(self->called, true);
	return 0;
}

static int call_wait(struct actor *self)
{
	return wpool_wait(self->other);
}

static int call_schedule(struct actor *self)
{
	return wpool_schedule(self->pool, self->other);
}

static int call_fill_and_schedule(struct actor *self)
{
	return wpool_try_schedule(self->pool, self->filler) ?: call_schedule(self);
}

static int call_nothing(struct actor *self)
{
	return 0;
}

static struct actor *new_actor(struct kunit *test, struct wpool *pool,
			       int (*call)(struct actor *), int cpu)
{
	struct actor *actor = wpt_alloc(test, sizeof(*actor));

	actor->pool = pool;
	actor->call = call;
	actor->cpu = cpu;
	actor->gate = wpt_gate(test);
	init_completion(&actor->begun);
	wpool_task_init(&actor->task, act, actor);
	return actor;
}

static void start(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_EQ(test, wpool_schedule(actor->pool, &actor->task), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&actor->begun, WPT_LIMIT), 0);
}

static int end(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&actor->task, WPT_LIMIT, NULL), 0);
	return actor->got;
}

static bool sleeps_in_call(struct actor *actor)
{
	return READ_ONCE(actor->calling) && asleep(actor->worker);
}

/* Its call sleeps, or is over. */
static bool until_sleeps(void *arg)
{
	struct actor *actor = arg;

	return READ_ONCE(actor->called) || sleeps_in_call(actor);
}

static struct hog *new_hog(struct kunit *test, struct actor *until)
{
	struct hog *hog = wpt_alloc(test, sizeof(*hog));

	if (num_online_cpus() < 2 || !cpu_online(LATE_CPU) || !cpu_online(OTHER_CPU))
		kunit_skip(test, "needs two CPUs");
	/* The test itself must not be kept from running. */
	set_cpus_allowed_ptr(current, cpumask_of(OTHER_CPU));
	hog->until = until_sleeps;
	hog->arg = until;
	init_completion(&hog->on);
	return hog;
}

/*
 * The late one waits for the second, which had begun before it; that waits for the late
 * one, which is refused, but does not run yet; a third that waits for the second must not
 * go round that circle, which is none any more.
 */
static void deadlock_third_waiter(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .min_workers = 4,
	});
	struct actor *late = new_actor(test, pool, call_wait, LATE_CPU);
	struct actor *second = new_actor(test, pool, call_wait, OTHER_CPU);
	struct actor *third = new_actor(test, pool, call_wait, OTHER_CPU);
	struct hog *hog = new_hog(test, third);
	struct wpt_thread *thread;

	late->other = &second->task;
	second->other = &late->task;
	second->hog = hog;
	third->other = &second->task;
	start(test, second);
	start(test, late);
	start(test, third);

	wpt_open(late->gate);
	WPT_ASSERT_UNTIL(test, sleeps_in_call(late));
	thread = wpt_thread(test, hog_cpu, NULL, NULL, hog);
	wpt_open(second->gate);
	WPT_ASSERT_UNTIL(test, sleeps_in_call(second));
	wpt_open(third->gate);
	wpt_join(test, thread);
	KUNIT_EXPECT_TRUE(test, hog->came);
	KUNIT_EXPECT_EQ(test, end(test, late), -EDEADLK);
	KUNIT_EXPECT_EQ(test, end(test, second), 0);
	KUNIT_EXPECT_EQ(test, end(test, third), 0);
}

/*
 * The late one waits for the first, which ends: the late one is about to go on,
 * but does not run yet. A task that blocks on the full pool in that moment is not
 * the last one awake.
 */
static void deadlock_not_yet_awake(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 2,
	});
	struct actor *late = new_actor(test, pool, call_wait, LATE_CPU);
	struct actor *first = new_actor(test, pool, call_nothing, OTHER_CPU);
	struct actor *blocks = new_actor(test, pool, call_fill_and_schedule, OTHER_CPU);
	struct wpt_job *jobs = wpt_jobs(test, 3, NULL);
	struct hog *hog = new_hog(test, blocks);
	struct wpt_thread *thread;
	unsigned int i;

	late->other = &first->task;
	first->hog = hog;
	blocks->filler = &jobs[1].task;
	blocks->other = &jobs[2].task;
	start(test, late);
	start(test, first);
	wpt_open(blocks->gate);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &blocks->task), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);

	wpt_open(late->gate);
	WPT_ASSERT_UNTIL(test, sleeps_in_call(late));
	thread = wpt_thread(test, hog_cpu, NULL, NULL, hog);
	wpt_open(first->gate);
	wpt_join(test, thread);
	KUNIT_EXPECT_TRUE(test, hog->came);
	KUNIT_EXPECT_EQ(test, end(test, blocks), 0);
	KUNIT_EXPECT_EQ(test, end(test, late), 0);
	for (i = 0; i < 3; i++)
		KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[i]), 0);
}

/*
 * A worker blocks on its own full pool, as another is awake. That one leaves, as
 * the capacity was lowered: no worker is left that could make room.
 */
static void deadlock_last_awake_leaves(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 1,
	});
	struct actor *blocks = new_actor(test, pool, call_schedule, ANY_CPU);
	struct actor *leaves = new_actor(test, pool, call_nothing, ANY_CPU);
	struct wpt_job *jobs = wpt_jobs(test, 2, NULL);

	blocks->other = &jobs[1].task;
	start(test, blocks);
	start(test, leaves);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &jobs[0].task), 0);
	wpt_open(blocks->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_ASSERT_EQ(test, wpool_resize(pool, 1), 0);
	wpt_open(leaves->gate);
	KUNIT_EXPECT_EQ(test, end(test, blocks), -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &jobs[0]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&jobs[1].runs), 0);
}

/* A task with a key, what it has wait behind itself, and what then has no room. */
struct queue_jam {
	struct wpool		*pool;
	struct wpool_keyed_task	head, followers[2];
	struct wpool_task	other;
	int			got;
};

static int do_nothing(void *arg)
{
	return 0;
}

static int jam(void *arg)
{
	struct queue_jam *self = arg;
	int i, ret = 0;

	for (i = 0; i < ARRAY_SIZE(self->followers) && !ret; i++)
		ret = wpool_schedule_keyed(self->pool, &self->followers[i], 1);
	self->got = ret ?: wpool_schedule(self->pool, &self->other);
	return 0;
}

/*
 * A worker blocks on its own pool, whose room is taken by tasks that are deferred
 * behind the one that it is inside. More workers may be made, but could begin none.
 */
static void deadlock_room_held_back(struct kunit *test)
{
	struct queue_jam *self = wpt_alloc(test, sizeof(*self));
	int i;

	self->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	wpool_keyed_task_init(&self->head, jam, self);
	for (i = 0; i < ARRAY_SIZE(self->followers); i++)
		wpool_keyed_task_init(&self->followers[i], do_nothing, NULL);
	wpool_task_init(&self->other, do_nothing, NULL);

	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(self->pool, &self->head, 1), 0);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&self->head.task, WPT_LIMIT, NULL), 0);
	KUNIT_EXPECT_EQ(test, self->got, -EDEADLK);
	for (i = 0; i < ARRAY_SIZE(self->followers); i++)
		KUNIT_EXPECT_EQ(test, wpt_result(test, &self->followers[i].task), 0);
}

static int call_schedule_keyed(struct wpt_thread *self)
{
	return wpool_schedule_keyed(self->pool, self->arg, 1);
}

/*
 * The same, but the room is taken only when it comes: by one who has waited for it
 * for longer, as the last other task ends.
 */
static void deadlock_room_goes_behind(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF, .flags = WPOOL_KEEP_IDLE,
	});
	struct wpool_keyed_task *tasks = wpt_alloc(test, 2 * sizeof(*tasks));
	struct actor *blocks = new_actor(test, pool, call_schedule, ANY_CPU);
	struct actor *leaves = new_actor(test, pool, call_nothing, ANY_CPU);
	struct wpt_thread *thread;

	blocks->other = &wpt_jobs(test, 1, NULL)->task;
	wpool_keyed_task_init(&tasks[0], act, blocks);
	wpool_keyed_task_init(&tasks[1], do_nothing, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &tasks[0], 1), 0);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&blocks->begun, WPT_LIMIT), 0);
	start(test, leaves);
	thread = wpt_thread(test, call_schedule_keyed, pool, NULL, &tasks[1]);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	wpt_open(blocks->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 2);

	wpt_open(leaves->gate);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&tasks[0].task, WPT_LIMIT, NULL), 0);
	KUNIT_EXPECT_EQ(test, blocks->got, -EDEADLK);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &tasks[1].task), 0);
}

/*
 * Waits for a task of its own again and again, until it is nested too deep to run the last one
 * itself. Another worker that comes to that one waits for the gate in it.
 */
struct deep {
	struct wpool_task		task;
	struct wpool_release_task	inner[WPOOL_MAX_NESTING + 1];
	unsigned int			depth;
	struct wpool			*pool;
	struct task_struct		*worker;
	struct wpt_gate			*gate;
	bool				elsewhere;	/* the last one has begun in another */
	int				got;		/* of the last wait, or -ENODATA */
	bool				left;		/* the pool still had the task then */
};

#define DEEP_RESULT	7

static void release_nothing(void *arg, enum wpool_fate fate)
{
}

static int go_deeper(void *arg)
{
	struct deep *deep = arg;
	struct wpool_release_task *inner = &deep->inner[deep->depth];
	int got;

	if (deep->worker && deep->worker != current) {
		WRITE_ONCE(deep->elsewhere, true);
		wait_for_completion(&deep->gate->opened);
		return DEEP_RESULT;
	}
	set_cpus_allowed_ptr(current, cpumask_of(LATE_CPU));
	WRITE_ONCE(deep->worker, current);
	deep->depth++;
	wpool_release_task_init(inner, go_deeper, deep);
	wpool_task_set_release(inner, release_nothing);
	got = wpool_schedule(deep->pool, &inner->task) ?: wpool_wait(&inner->task);
	/* Those around it come here after it. */
	if (deep->got != -ENODATA)
		return 0;
	deep->left = wpool_task_queued(&inner->task) || wpool_task_running(&inner->task);
	WRITE_ONCE(deep->got, got);
	return 0;
}

static bool until_elsewhere(void *arg)
{
	return READ_ONCE(((struct deep *)arg)->elsewhere);
}

static int call_wait_interruptible(struct actor *self)
{
	int ret;

	allow_signal(SIGUSR1);
	ret = wpool_wait_interruptible(self->other, NULL);
	flush_signals(current);
	disallow_signal(SIGUSR1);
	return ret;
}

/*
 * 81: the late one is refused, as it is too deep for its task and the other worker waits for it.
 * Before it runs the other one has given up, and has begun the task: so the late one must not
 * return before that has ended, as it lies in its memory.
 */
static void deadlock_begun_meanwhile(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .flags = WPOOL_KEEP_IDLE,
	});
	struct deep *late = wpt_alloc(test, sizeof(*late));
	struct actor *other = new_actor(test, pool, call_wait_interruptible, OTHER_CPU);
	struct hog *hog = new_hog(test, NULL);
	struct wpt_thread *thread;

	hog->until = until_elsewhere;
	hog->arg = late;
	late->pool = pool;
	late->gate = wpt_gate(test);
	late->got = -ENODATA;
	wpool_task_init(&late->task, go_deeper, late);
	other->other = &late->task;
	start(test, other);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &late->task), 0);
	/* Not for its CPU, but for the last one. */
	WPT_ASSERT_UNTIL(test, READ_ONCE(late->worker) &&
			 wpt_stat(pool, WPOOL_STAT_QUEUED) == 1 && asleep(late->worker));
	thread = wpt_thread(test, hog_cpu, NULL, NULL, hog);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&hog->on, WPT_LIMIT), 0);
	wpt_open(other->gate);
	WPT_ASSERT_UNTIL(test, sleeps_in_call(other));
	send_sig(SIGUSR1, other->worker, 1);
	wpt_join(test, thread);
	KUNIT_EXPECT_TRUE(test, hog->came);
	WPT_ASSERT_UNTIL(test, asleep(late->worker) || READ_ONCE(late->got) != -ENODATA);
	KUNIT_EXPECT_EQ(test, late->got, -ENODATA);
	wpt_open(late->gate);
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&late->task, WPT_LIMIT, NULL), 0);
	KUNIT_EXPECT_EQ(test, late->got, DEEP_RESULT);
	KUNIT_EXPECT_FALSE(test, late->left);
	KUNIT_EXPECT_EQ(test, end(test, other), -EINTR);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
}

static struct kunit_case deadlock_cases[] = {
	KUNIT_CASE(deadlock_third_waiter),
	KUNIT_CASE(deadlock_not_yet_awake),
	KUNIT_CASE(deadlock_last_awake_leaves),
	KUNIT_CASE(deadlock_room_held_back),
	KUNIT_CASE(deadlock_room_goes_behind),
	KUNIT_CASE(deadlock_begun_meanwhile),
	{}
};

static struct kunit_suite deadlock_suite = {
	.name = "wpool_deadlock",
	.init = deadlock_init,
	.exit = wpt_exit,
	.test_cases = deadlock_cases,
};

kunit_test_suite(deadlock_suite);
