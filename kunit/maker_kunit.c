// SPDX-License-Identifier: GPL-2.0
/* What changes while a worker is being made: the maker is halted, and goes on afterwards. */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/sched.h>
#include "actor.h"
#include "dead_scene.h"
#include "halt.h"

static int maker_test_init(struct kunit *test)
{
	return wpt_init(test, "wpool_maker");
}

static const struct cpumask *first_cpu(void)
{
	return cpumask_of(cpumask_first(cpu_online_mask));
}

/* All but the maker go on, on the first CPU. */
static void maker_test_exit(struct kunit *test)
{
	set_cpus_allowed_ptr(wpt_manager(), cpu_possible_mask);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
	wpt_fail_spawn(0);
	wpt_exit(test);
}

static struct wpool *pool_of_first_cpu(struct kunit *test)
{
	return wpt_pool(test, &(struct wpool_attrs) { .capacity = 2, .cpumask = first_cpu() });
}

/* It may be on the way: a CPU that is halted does not take it on. */
static bool is_awake(const struct task_struct *thread)
{
	return !(READ_ONCE(thread->__state) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE));
}

/*
 * One worker is held by a task, and another has been asked for, for the second one, when that
 * is begun by the first worker.
 */
static struct wpt_halt *halt_while_asked(struct kunit *test, struct wpool *pool)
{
	struct wpt_job *hold = wpt_hold(test, pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct task_struct *maker = wpt_maker();
	struct wpt_halt *halt;
	bool ran, early;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	KUNIT_ASSERT_NOT_NULL(test, maker);
	/* They may still be busy with the first. */
	WPT_ASSERT_UNTIL(test, wpt_has_settled(maker));
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_manager()));
	set_cpus_allowed_ptr(current, first_cpu());
	set_cpus_allowed_ptr(wpt_manager(), first_cpu());
	halt = wpt_halt_thread(test, maker);
	ran = !wpool_try_schedule(pool, &job->task) && wpt_busy_until(is_awake(maker));
	wpt_open(hold->gate);
	ran = ran && wpt_busy_until(!wpool_task_queued(&job->task) &&
				    !wpool_task_running(&job->task));
	early = READ_ONCE(halt->early);
	if (!ran || early)
		wpt_go_on(halt);
	if (early)
		kunit_skip(test, "the CPU did not stay halted for so long");
	KUNIT_ASSERT_TRUE(test, ran);
	return halt;
}

/* It sleeps: it has answered, and has woken the manager, which has looked when it sleeps. */
static void maker_goes_on(struct kunit *test, struct wpt_halt *halt)
{
	struct task_struct *maker = halt->kept;

	wpt_go_on(halt);
	WPT_ASSERT_UNTIL(test, wpt_has_settled(maker));
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_manager()));
}

/* 118: what failed when nobody wanted it any more is not reported to the next one */
static void maker_error_is_old(struct kunit *test)
{
	struct wpool *pool = pool_of_first_cpu(test);
	struct wpt_halt *halt;

	if (!wpt_fail_spawn(0))
		kunit_skip(test, "needs fault injection");
	halt = halt_while_asked(test, pool);
	wpt_fail_spawn(1);
	maker_goes_on(test, halt);
	wpt_fail_spawn(0);
	KUNIT_EXPECT_EQ(test, wpool_prestart(pool, 1), 1);
}

/*
 * The one worker of a pool of two is about to wait for room, which only the other could make, as
 * it has been asked for.
 */
struct for_room {
	struct wpool	*pool;
	struct wpt_job	*jobs;		/* one waits for a worker, the next for room */
	struct actor	*blocks;
	struct wpt_halt	*halt;
	bool		slept;
};

static void wait_for_room(struct kunit *test, struct for_room *scene)
{
	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	/* Before the pool is there: no timer of its own is to be on the CPU that is halted. */
	set_cpus_allowed_ptr(current, first_cpu());
	set_cpus_allowed_ptr(wpt_manager(), first_cpu());
	scene->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = WPOOL_QUEUE_HANDOFF, .cpumask = first_cpu(),
	});
	scene->jobs = wpt_jobs(test, 2, NULL);
	scene->blocks = actor(test, scene->pool, actor_call_schedule, &scene->jobs[1].task);
	actor_start(test, scene->blocks);
	WPT_ASSERT_UNTIL(test, wpt_has_settled(wpt_maker()));
	scene->halt = wpt_halt_thread(test, wpt_maker());
	scene->slept = !wpool_try_schedule(scene->pool, &scene->jobs[0].task) &&
		       wpt_busy_until(is_awake(scene->halt->kept));
	wpt_open(scene->blocks->gate);
	scene->slept = scene->slept && wpt_busy_until(actor_sleeps(scene->blocks));
}

/* The halt is over. */
static void expect_no_room(struct kunit *test, struct for_room *scene)
{
	KUNIT_EXPECT_EQ(test, actor_end(test, scene->blocks), -EDEADLK);
	KUNIT_EXPECT_TRUE(test, scene->slept);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, &scene->jobs[0]), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&scene->jobs[1].runs), 0);
}

/*
 * 118, 81: a worker that waits for room, as another may be made that would make some, is refused
 * when that one cannot be made
 */
static void maker_error_refuses(struct kunit *test)
{
	struct for_room scene;
	bool early;

	if (!wpt_fail_spawn(0))
		kunit_skip(test, "needs fault injection");
	wait_for_room(test, &scene);
	wpt_fail_spawn(1);
	early = READ_ONCE(scene.halt->early);
	wpt_go_on(scene.halt);
	if (early)
		kunit_skip(test, "the CPU did not stay halted for so long");
	expect_no_room(test, &scene);
	wpt_fail_spawn(0);
}

/* 118, 81: also if the maker hangs, for lack of memory: then what waited for room has a worker */
static void maker_hang_refuses(struct kunit *test)
{
	struct for_room scene;
	bool ran;

	wait_for_room(test, &scene);
	ran = wpt_busy_until(atomic_read(&scene.jobs[0].runs)) && !READ_ONCE(scene.halt->early);
	wpt_go_on(scene.halt);
	KUNIT_EXPECT_TRUE(test, ran);
	expect_no_room(test, &scene);
}

/* 118: who was made when nobody wanted it any more begins, and idles */
static void maker_is_late(struct kunit *test)
{
	struct wpool *pool = pool_of_first_cpu(test);

	maker_goes_on(test, halt_while_asked(test, pool));
	WPT_ASSERT_STAT(test, pool, IDLE, 2);
	WPT_EXPECT_STAT(test, pool, CREATED, 2);
}

/* 118: unless there may be no more: it is unmade */
static void maker_is_late_for_capacity(struct kunit *test)
{
	struct wpool *pool = pool_of_first_cpu(test);
	struct wpt_halt *halt = halt_while_asked(test, pool);

	KUNIT_EXPECT_EQ(test, wpool_resize(pool, 1), 0);
	maker_goes_on(test, halt);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpool_await_termination(pool, WPT_LIMIT), 0);
	WPT_EXPECT_STAT(test, pool, CREATED, 1);
}

/* 118: the end of a pool does not wait until the maker begins with what it has asked for */
static void maker_is_not_awaited(struct kunit *test)
{
	struct wpool *pool = pool_of_first_cpu(test);
	struct wpt_halt *halt = halt_while_asked(test, pool);
	bool ended;

	wpool_shutdown(pool);
	ended = wpt_busy_until(!wpool_await_termination(pool, 0)) && !READ_ONCE(halt->early);
	wpt_go_on(halt);
	KUNIT_EXPECT_TRUE(test, ended);
}

/* The hook of a dead worker. */
static void oops_waits(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	wait_for_completion_timeout(wpool_priv(pool), 2 * WPT_LIMIT);
}

/* 118: the spare of a pool begins although a hook of the dead worker has not returned */
static void maker_spare_beside_hook(struct kunit *test)
{
	static const struct wpool_ops ops = { .task_oops = oops_waits };
	struct completion *may_return = wpt_alloc(test, sizeof(*may_return));
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .flags = WPOOL_MEM_RECLAIM, .ops = &ops, .priv = may_return,
	});
	struct wpool_task *dies = wpt_alloc(test, sizeof(*dies));
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	bool ran;

	init_completion(may_return);
	if (!wpt_fail_spawn(1))
		kunit_skip(test, "needs fault injection");
	wpool_task_init(dies, dead_die, NULL);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, dies), 0);
	WPT_ASSERT_STAT(test, pool, DIED, 1);
	KUNIT_EXPECT_EQ(test, wpool_schedule(pool, &job->task), 0);
	ran = wpt_until(atomic_read(&job->runs));
	complete_all(may_return);
	KUNIT_EXPECT_TRUE(test, ran);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	KUNIT_EXPECT_EQ(test, wpt_result(test, dies), -EOWNERDEAD);
}

/* A pool with a spare, one worker that is to die, and a hook that does not return before. */
struct last {
	struct completion	may_return;
	struct wpool		*pool;
	struct wpool_task	dies;
};

static struct last *last_worker(struct kunit *test)
{
	static const struct wpool_ops ops = { .task_oops = oops_waits };
	struct last *last = wpt_alloc(test, sizeof(*last));
	struct task_struct *spare;
	char name[TASK_COMM_LEN];

	init_completion(&last->may_return);
	last->pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .flags = WPOOL_MEM_RECLAIM, .idle_timeout_ms = 1,
		.cpumask = first_cpu(), .ops = &ops, .priv = &last->may_return,
	});
	wpool_task_init(&last->dies, dead_die, NULL);
	/* It has no CPUs of its own before it begins: it might wake up on the halted one. */
	snprintf(name, sizeof(name), "%s/1", wpool_name(last->pool));
	spare = wpt_thread_named(name);
	KUNIT_ASSERT_NOT_NULL(test, spare);
	set_cpus_allowed_ptr(spare, first_cpu());
	return last;
}

/* 118: also if the manager has asked for another before */
static void maker_spare_after_asking(struct kunit *test)
{
	struct last *last = last_worker(test);
	struct wpt_job *hold = wpt_hold(test, last->pool, 1), *job = wpt_jobs(test, 1, NULL);
	struct task_struct *maker = wpt_maker();
	struct wpt_halt *halt;
	bool asked, ran, early;

	if (num_online_cpus() < 2)
		kunit_skip(test, "needs two CPUs");
	set_cpus_allowed_ptr(current, first_cpu());
	set_cpus_allowed_ptr(wpt_manager(), first_cpu());
	halt = wpt_halt_thread(test, maker);
	asked = !wpool_try_schedule(last->pool, &last->dies) &&
		!wpool_try_schedule(last->pool, &job->task) &&
		wpt_busy_until(is_awake(maker));
	early = READ_ONCE(halt->early);
	wpt_open(hold->gate);
	ran = wpt_busy_until(atomic_read(&job->runs)) && !READ_ONCE(halt->early);
	wpt_go_on(halt);
	complete_all(&last->may_return);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	if (early)
		kunit_skip(test, "the CPU did not stay halted for so long");
	KUNIT_EXPECT_TRUE(test, asked);
	KUNIT_EXPECT_TRUE(test, ran);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &last->dies), -EOWNERDEAD);
}

/* 118: it does not leave as one too many while the dead one is still counted */
static void maker_spare_stays(struct kunit *test)
{
	struct wpool *beside = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .idle_timeout_ms = 1,
	});
	struct wpt_job *job = wpt_jobs(test, 1, NULL);
	struct last *last = last_worker(test);

	if (!wpt_fail_spawn(0))
		kunit_skip(test, "needs fault injection");
	wpt_open(wpt_hold(test, beside, 2)->gate);
	wpt_fail_spawn(1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(last->pool, &last->dies), 0);
	WPT_ASSERT_STAT(test, last->pool, DIED, 1);
	KUNIT_ASSERT_EQ(test, wpool_schedule(last->pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	WPT_ASSERT_STAT(test, last->pool, IDLE, 1);
	/* A worker that idles from here on leaves: so would that one, if it could. */
	wpt_fail_spawn(0);
	wpt_open(wpt_hold(test, beside, 2)->gate);
	WPT_ASSERT_STAT(test, beside, WORKERS, 1);
	WPT_EXPECT_STAT(test, last->pool, EXPIRED, 0);
	WPT_EXPECT_STAT(test, last->pool, IDLE, 1);
	complete_all(&last->may_return);
	KUNIT_EXPECT_EQ(test, wpt_result(test, &last->dies), -EOWNERDEAD);
}

static struct kunit_case maker_cases[] = {
	KUNIT_CASE(maker_error_is_old),
	KUNIT_CASE(maker_error_refuses),
	KUNIT_CASE(maker_hang_refuses),
	KUNIT_CASE(maker_is_late),
	KUNIT_CASE(maker_is_late_for_capacity),
	KUNIT_CASE(maker_is_not_awaited),
	KUNIT_CASE(maker_spare_beside_hook),
	KUNIT_CASE(maker_spare_after_asking),
	KUNIT_CASE(maker_spare_stays),
	{}
};

static struct kunit_suite maker_suite = {
	.name		= "wpool_maker",
	.init		= maker_test_init,
	.exit		= maker_test_exit,
	.test_cases	= maker_cases,
};

kunit_test_suite(maker_suite);
