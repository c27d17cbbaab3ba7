// SPDX-License-Identifier: GPL-2.0
/* See contract_scene.h. */
#include <linux/device.h>
#include <linux/err.h>
#include <linux/sched/task.h>
#include "contract.h"
#include "contract_scene.h"
#include "dead_scene.h"

static bool is_by(const struct contract_scene *scene, unsigned int who)
{
	return contract_is(scene, WHO_COLUMN, who);
}

static void make_call(struct contract_scene *scene)
{
	scene->got = contract_call_of(scene)->make(scene);
	complete(&scene->returned);
}

/* In the thread that is to call, where it is to call. */
static void act(struct contract_scene *scene)
{
	scene->caller = get_task_struct(current);
	complete_all(&scene->there);
	wait_for_completion(&scene->go->opened);
	/* Release: whoever sees this sees the caller. */
	smp_store_release(&scene->calling, true);
	make_call(scene);
}

static int act_in_task(void *arg)
{
	act(arg);
	return 0;
}

static int act_in_thread(struct wpt_thread *self)
{
	act(self->arg);
	return 0;
}

static void act_in_irq(struct irq_work *work)
{
	make_call(container_of(work, struct contract_scene, work));
}

static void act_in_softirq(struct timer_list *timer)
{
	make_call(container_of(timer, struct contract_scene, timer));
}

/* The pool does not run it before the outer one waits for it: see contract_summon(). */
static int outer_fn(void *arg)
{
	struct contract_scene *scene = arg;
	int err;

	complete_all(&scene->begun_outer);
	wait_for_completion(&scene->nest->opened);
	err = wpool_schedule(scene->pool, &scene->actor);
	return err ?: wpool_wait(&scene->actor);
}

/* For this the hooks before and after a task are called that act. */
static int cue_fn(void *arg)
{
	return 0;
}

/* --- hooks ---------------------------------------------------------------------------------- */

static void on_hook(struct wpool *pool, unsigned int who)
{
	struct contract_scene *scene = wpool_priv(pool);

	if (READ_ONCE(scene->armed) && is_by(scene, who) && !atomic_xchg(&scene->called, 1))
		act(scene);
}

static void on_start(struct wpool *pool)
{
	on_hook(pool, W_START);
}

static void on_stop(struct wpool *pool)
{
	on_hook(pool, W_STOP);
}

static void on_died(struct wpool *pool, struct task_struct *thread)
{
	on_hook(pool, W_DIED);
}

static void on_begin(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	if (fn == cue_fn)
		on_hook(pool, W_BEGIN);
}

static void on_end(struct wpool *pool, wpool_fn_t fn, void *arg, int result)
{
	if (fn == cue_fn)
		on_hook(pool, W_END);
}

static void on_oops(struct wpool *pool, wpool_fn_t fn, void *arg)
{
	on_hook(pool, W_OOPS);
}

static void on_terminated(struct wpool *pool)
{
	struct contract_scene *scene = wpool_priv(pool);

	if (!contract_is(scene, STATE_COLUMN, S_TIDYING))
		return;
	complete_all(&scene->tidying);
	on_hook(pool, W_TERMINATED);
	wait_for_completion(&scene->last->opened);
}

static const struct wpool_ops contract_ops = {
	.worker_start	= on_start,
	.worker_stop	= on_stop,
	.worker_died	= on_died,
	.task_begin	= on_begin,
	.task_end	= on_end,
	.task_oops	= on_oops,
	.terminated	= on_terminated,
};

/* --- the pool ------------------------------------------------------------------------------- */

static void make_pool(struct contract_scene *scene)
{
	bool full = contract_is(scene, STATE_COLUMN, S_NO_ROOM);
	bool drops = contract_is(scene, EVENT_COLUMN, E_DROPPED);
	struct wpool_attrs attrs = {
		.capacity = CONTRACT_WORKERS,
		.min_workers = is_by(scene, W_STOP) ? 2 : 1,
		.queue_depth = full || drops ? CONTRACT_ROOM : 0,
		.full = drops ? WPOOL_FULL_DISCARD_OLDEST :
			contract_is(scene, STATE_COLUMN, S_BLOCK) ? WPOOL_FULL_BLOCK :
			WPOOL_FULL_FAIL,
		.priv = scene,
		.flags = WPOOL_NO_SYSFS,	/* a folder takes a sixth of the time */
	};
	char name[WPOOL_NAME_MAX + 1];

	if (is_by(scene, ~(W_THREAD | W_INSIDE | W_IRQ)) ||
	    contract_is(scene, STATE_COLUMN, S_TIDYING))
		attrs.ops = &contract_ops;
	if (contract_call_of(scene)->traits & T_SET) {
		wpt_name(scene->test, name, sizeof(name));
		scene->set = wpool_set_create(name, &attrs, 1, WPOOL_RULE_ROUND_ROBIN);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(scene->test, scene->set);
		scene->pool = wpool_set_nth(scene->set, 0);
	} else {
		scene->pool = wpt_pool(scene->test, &attrs);
	}
	wpool_get(scene->pool);
	if (!contract_is(scene, STATE_COLUMN, S_RESTARTED))
		return;
	wpool_shutdown(scene->pool);
	KUNIT_ASSERT_EQ(scene->test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(scene->test, wpool_restart(scene->pool), 0);
}

struct contract_scene *contract_scene(struct kunit *test, const struct contract_row *row)
{
	struct contract_scene *scene = wpt_alloc(test, sizeof(*scene));
	unsigned int i;

	scene->row = *row;
	scene->test = test;
	scene->gate = wpt_gate(test);
	scene->go = wpt_gate(test);
	scene->last = wpt_gate(test);
	scene->nest = wpt_gate(test);
	scene->got = -ENODATA;
	init_waitqueue_head(&scene->wq);
	init_completion(&scene->hosted);
	init_completion(&scene->begun);
	init_completion(&scene->begun_outer);
	init_completion(&scene->over);
	init_completion(&scene->there);
	init_completion(&scene->tidying);
	init_completion(&scene->returned);
	wpool_group_init(&scene->group, 0);
	wpool_group_init(&scene->other_group, 0);
	scene->holders = wpt_jobs(test, CONTRACT_WORKERS, scene->gate);
	for (i = 0; i < CONTRACT_WORKERS; i++)
		wpool_task_set_priority(&scene->holders[i].task, WPOOL_PRIO_HIGH);
	scene->fillers = wpt_jobs(test, CONTRACT_FILLERS, NULL);
	if (row->value[CALL_COLUMN] == CALL_devm_wpool_create) {
		/* Not of a module: Debian's 6.1 runs the tests before this one is in sysfs. */
		scene->device = __root_device_register("wpool_contract", NULL);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(test, scene->device);
	}
	make_pool(scene);
	return scene;
}

/* --- who calls ------------------------------------------------------------------------------ */

static void submit(struct contract_scene *scene, struct wpool_task *task, wpool_fn_t fn)
{
	wpool_task_init(task, fn, scene);
	KUNIT_ASSERT_EQ(scene->test, wpool_schedule(scene->pool, task), 0);
}

/*
 * A task for each worker: the first of those that are made meets the hook. All are there before
 * the tasks may end: as long as one starts, none is made for a single task.
 */
static void need_workers(struct contract_scene *scene)
{
	struct wpt_job *jobs = wpt_jobs(scene->test, CONTRACT_WORKERS, wpt_gate(scene->test));
	unsigned int i;

	KUNIT_ASSERT_EQ(scene->test, wpt_schedule_all(scene->pool, jobs, CONTRACT_WORKERS), 0);
	KUNIT_ASSERT_GT(scene->test, wait_for_completion_timeout(&scene->there, WPT_LIMIT), 0);
	WPT_ASSERT_STAT(scene->test, scene->pool, WORKERS, CONTRACT_WORKERS);
	wpt_open(jobs->gate);
	for (i = 0; i < CONTRACT_WORKERS; i++)
		wpt_wait(scene->test, &jobs[i]);
}

static void summon_nested(struct contract_scene *scene)
{
	wpool_task_init(&scene->actor, act_in_task, scene);
	submit(scene, &scene->outer, outer_fn);
	KUNIT_ASSERT_GT(scene->test, wait_for_completion_timeout(&scene->begun_outer,
								 WPT_LIMIT), 0);
	/* Then nobody runs the inner one but the thread that waits for it. */
	wpool_pause(scene->pool);
	wpt_open(scene->nest);
	KUNIT_ASSERT_GT(scene->test, wait_for_completion_timeout(&scene->there, WPT_LIMIT), 0);
	wpool_resume(scene->pool);
}

void contract_summon(struct contract_scene *scene)
{
	struct wpt_job *killer;

	WRITE_ONCE(scene->armed, true);
	if (is_by(scene, W_THREAD | W_IRQ | W_TERMINATED))
		return;
	if (is_by(scene, W_WORKER)) {
		submit(scene, &scene->actor, act_in_task);
	} else if (is_by(scene, W_NESTED)) {
		summon_nested(scene);
	} else if (is_by(scene, W_BEGIN | W_END)) {
		submit(scene, &scene->actor, cue_fn);
	} else if (is_by(scene, W_START)) {
		need_workers(scene);
	} else if (is_by(scene, W_STOP)) {
		KUNIT_ASSERT_EQ(scene->test, wpool_resize(scene->pool, 1), 0);
	} else {
		killer = wpt_jobs(scene->test, 1, NULL);
		submit(scene, &killer->task, dead_die);
	}
	KUNIT_ASSERT_GT(scene->test, wait_for_completion_timeout(&scene->there, WPT_LIMIT), 0);
	if (is_by(scene, W_STOP))
		KUNIT_ASSERT_EQ(scene->test, wpool_resize(scene->pool, CONTRACT_WORKERS), 0);
}

void contract_cue(struct contract_scene *scene)
{
	if (is_by(scene, W_HARDIRQ)) {
		/* What allocates may not be where no spinlock may be taken on PREEMPT_RT. */
		scene->work = contract_call_of(scene)->traits & T_OWN_FN ?
			      IRQ_WORK_INIT(act_in_irq) : IRQ_WORK_INIT_HARD(act_in_irq);
		irq_work_queue(&scene->work);
	} else if (is_by(scene, W_SOFTIRQ)) {
		timer_setup(&scene->timer, act_in_softirq, 0);
		mod_timer(&scene->timer, jiffies);
	} else if (is_by(scene, W_THREAD)) {
		wpt_open(scene->go);
		wpt_thread(scene->test, act_in_thread, scene->pool, NULL, scene);
	} else {
		wpt_open(scene->go);
	}
}

/* Has the call ended the pool, and given up the reference of its creator? */
static bool is_gone(const struct contract_scene *scene)
{
	unsigned int traits = contract_call_of(scene)->traits;

	return (traits & T_OF_ALL) && (traits & T_CLOSES) && !scene->got;
}

void contract_dismiss(struct contract_scene *scene)
{
	struct kunit *test = scene->test;

	if (is_by(scene, W_HARDIRQ))
		irq_work_sync(&scene->work);
	if (is_by(scene, W_SOFTIRQ))
		timer_delete_sync(&scene->timer);
	if (scene->caller)
		put_task_struct(scene->caller);
	if (scene->device)
		root_device_unregister(scene->device);
	wpool_shutdown(scene->pool);
	KUNIT_ASSERT_EQ(test, wpool_await_termination(scene->pool, WPT_LIMIT), 0);
	if (!scene->set)
		wpt_forget(test, scene->pool);
	if (!is_gone(scene))
		KUNIT_EXPECT_EQ(test, scene->set ? wpool_set_destroy(scene->set) :
				wpool_destroy(scene->pool), 0);
	wpool_put(scene->pool);
}
