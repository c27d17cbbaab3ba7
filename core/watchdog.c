// SPDX-License-Identifier: GPL-2.0
/*
 * Reports what takes too long: tasks that run for longer than their pool's watchdog_ms, and
 * whatever the end of a pool waits for.
 *
 * The manager does this, kicked by the pool's timer. Only the manager lets workers begin, and
 * frees them, so it may go over them and look at their threads without a lock. The timer is armed
 * when a task begins to wait, and again by each look as long as there is something to watch; so
 * it is not armed in an idle pool.
 *
 * Submitters that run a task themselves come and go; the manager goes over them under RCU, and
 * looks at one at a time.
 */
#include <linux/lockdep.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched/debug.h>
#include <linux/sched/task.h>
#include <trace/events/wpool.h>

#include "caller_runs.h"
#include "color_count.h"
#include "counter.h"
#include "hooks.h"
#include "manager_kick.h"
#include "pool.h"
#include "pool_lock.h"
#include "spawn_state.h"
#include "task_lists.h"
#include "watchdog.h"
#include "worker_list.h"

/* Without watchdog_ms, how long the end of a pool may take before it is reported. */
#define WPOOL_PATIENCE	(10 * HZ)

/* How many workers of one pool one look reports, with their stacks. */
#define REPORTED_MAX	8

static void report_run(struct wpool_worker *worker, wpool_fn_t fn,
		     unsigned long started)
{
	pr_warn("%s: worker %u (pid %d) has been in %ps for %llu ms\n",
		worker->pool->name, worker->id, worker->pid_nr, fn,
		jiffies64_to_msecs(jiffies - started));
}

/*
 * Return: true if a run is overdue and not reported yet; if not, the timer is set for when it
 * would be. Context: pool->lock held.
 */
static bool watch_run(struct wpool *pool, const struct wpool_run *run)
{
	unsigned long limit = pool_watchdog(pool), due = run->started + limit;

	lockdep_assert_held(&pool->lock);
	/* An administrator may have switched it off since the look began. */
	if (run->reported || !limit)
		return false;
	/* Jiffies have gone round if that is further away than the limit. */
	if (time_after_eq(jiffies, due) || time_after(due, jiffies + limit))
		return true;
	kick_pool_at(pool, due);
	return false;
}

/* It is reported now. Context: pool->lock held. */
static void note_overdue(struct wpool *pool, struct wpool_run *run, pid_t pid)
{
	run->reported = true;
	stat_inc(pool, WPOOL_STAT_OVERDUE);
	trace_wpool_task_overdue(pool->name, READ_ONCE(run->task), READ_ONCE(run->fn), pid,
				 jiffies_to_msecs(jiffies - run->started));
}

/* The outermost overdue run of a worker. Context: pool->lock held. */
static struct wpool_run *next_overdue(struct wpool_worker *worker)
{
	unsigned int i;

	for (i = 0; i < worker->nesting; i++) {
		if (watch_run(worker->pool, &worker->runs[i]))
			return &worker->runs[i];
	}
	return NULL;
}

/* Return: true if the worker has an overdue task, which is now reported. */
static bool report_overdue(struct wpool_worker *worker)
{
	struct wpool *pool = worker->pool;
	struct wpool_run *run;
	unsigned long started, flags;
	bool reported = false;
	wpool_fn_t fn;

	pool_lock(pool, flags);
	while ((run = next_overdue(worker))) {
		reported = true;
		fn = run->fn;
		started = run->started;
		note_overdue(pool, run, worker->pid_nr);
		pool_unlock(pool, flags);
		report_run(worker, fn, started);
		pool_lock(pool, flags);
	}
	pool_unlock(pool, flags);
	if (reported)
		sched_show_task(worker->thread);
	return reported;
}

static void look_at_workers(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned int reported = 0;

	for_each_worker(worker, pool) {
		if (!READ_ONCE(worker->nesting) || worker->dead || !report_overdue(worker))
			continue;
		if (++reported < REPORTED_MAX)
			continue;
		/* The rest comes after other pools, and the console, had their turn. */
		kick_pool_at(pool, jiffies + HZ);
		return;
	}
}

/*
 * The thread of a submitter that is inside its task, with a reference; with @overdue only if
 * the task is overdue, and now is reported.
 */
static struct task_struct *caller_get_thread(struct wpool_caller *caller, bool overdue)
{
	struct wpool *pool = caller->pool;
	struct task_struct *thread = NULL;
	unsigned long flags;

	pool_lock(pool, flags);
	if (caller->running && (!overdue || watch_run(pool, &caller->run))) {
		thread = get_task_struct(caller->thread);
		if (overdue)
			note_overdue(pool, &caller->run, caller->pid_nr);
	}
	pool_unlock(pool, flags);
	return thread;
}

/* Reports the submitters that are inside their tasks, or only those with overdue tasks. */
static void report_callers(struct wpool *pool, bool overdue)
{
	struct wpool_caller *caller;
	struct task_struct *thread;
	unsigned int reported = 0;
	unsigned long since;

	rcu_read_lock();
	for_each_caller_rcu(caller, pool) {
		thread = caller_get_thread(caller, overdue);
		if (!thread)
			continue;
		since = READ_ONCE(caller->run.started);	/* before jiffies: not later */
		pr_warn("%s: a submitter (pid %d) has been in %ps for %llu ms\n",
			pool->name, caller->pid_nr, READ_ONCE(caller->run.fn),
			jiffies64_to_msecs(jiffies - since));
		sched_show_task(thread);
		put_task_struct(thread);
		if (++reported < REPORTED_MAX)
			continue;
		if (overdue)
			kick_pool_at(pool, jiffies + HZ);
		break;
	}
	rcu_read_unlock();
}

/*
 * Promise 64 as a test: tasks are ready, no worker searches, and one could. pool_unlock()
 * prevents this, but for a task that is left to its submitter.
 */
static bool queue_is_stranded(struct wpool *pool)
{
	lockdep_assert_held(&pool->lock);
	return queue_ready(pool) && !workers_searching(pool) &&
	       (workers_idle(pool) ||
		(pool_may_grow(pool) && !spawn_is_asked(pool) &&
		 queue_wants_worker(pool)));
}

static void look_at_queue(struct wpool *pool)
{
	unsigned int queued, idle;
	unsigned long flags;
	bool stranded;

	pool_lock(pool, flags);
	stranded = queue_is_stranded(pool);
	queued = tasks_queued(pool);
	idle = workers_idle(pool);
	if (queued)
		kick_pool_at(pool, jiffies + pool_watchdog(pool));
	pool_unlock(pool, flags);
	if (stranded)
		pr_err("%s: %u tasks were queued, %u workers idle, and nobody looked: a bug in wpool\n",
		       pool->name, queued, idle);
}

/**
 * watchdog_await() - make sure that a long wait for the end of a pool is reported
 * @pool: the pool, which was closed, or which a thread now waits for
 *
 * Context: pool->lock held.
 */
void watchdog_await(struct wpool *pool)
{
	unsigned long patience = pool_watchdog(pool) ?: WPOOL_PATIENCE;

	lockdep_assert_held(&pool->lock);
	if (!pool_is_ending(pool))
		return;
	pool->report.since = jiffies;
	pool->report.at = jiffies + patience;
	kick_pool_at(pool, pool->report.at);
}

/* How many are left besides the known ones, some of which may have gone meanwhile. */
static unsigned int rest_of(unsigned int all, unsigned int known)
{
	return all > known ? all - known : 0;
}

/*
 * Prints a line with what is left to end. Workers may be many, and are counted without the
 * lock: if some of their tasks end just then, the line may be off by as many. Return: false if
 * there is no reason to, or not yet.
 */
static bool report_rest(struct wpool *pool)
{
	unsigned int in_workers = 0, queued, delayed, in_flight, run, releases;
	unsigned long awaited, flags;
	struct wpool_worker *worker;
	bool waited, late;

	pool_lock(pool, flags);
	waited = pool_is_ending(pool);
	late = waited && time_after_eq(jiffies, pool->report.at);
	awaited = jiffies - pool->report.since;
	if (late)
		/* Again after twice as long, but not further away than jiffies can tell. */
		pool->report.at = jiffies + min_t(unsigned long, awaited, MAX_JIFFY_OFFSET);
	if (waited)
		kick_pool_at(pool, pool->report.at);
	in_flight = pool_in_flight(pool);
	queued = tasks_queued(pool);
	delayed = tasks_delayed(pool);
	releases = pool->late.nr_owed;
	pool_unlock(pool, flags);
	if (!late)
		return false;
	for_each_worker(worker, pool)
		in_workers += READ_ONCE(worker->nesting);
	run = rest_of(in_flight, queued + delayed + releases);
	pr_warn("%s: its end has been awaited for %llu ms: %u tasks are running, %u of them in their submitters, %u are queued, %u delayed\n",
		pool->name, jiffies64_to_msecs(awaited), run, rest_of(run, in_workers),
		queued, delayed);
	if (releases)
		pr_warn("%s: the releases of %u tasks that have ended have not returned\n",
			pool->name, releases);
	return true;
}

static void report_awaited(struct wpool *pool)
{
	struct wpool_worker *worker;
	unsigned int reported = 0;

	hooks_report(pool);
	report_callers(pool, false);
	for_each_worker(worker, pool) {
		const struct wpool_run *run = &worker->runs[0];

		if (worker->dead)
			continue;
		/* Without the lock, as in debugfs: the task may just have ended. */
		if (READ_ONCE(worker->nesting))
			report_run(worker, READ_ONCE(run->fn), READ_ONCE(run->started));
		else
			pr_warn("%s: worker %u (pid %d) is not in a task\n",
				pool->name, worker->id, worker->pid_nr);
		sched_show_task(worker->thread);
		if (++reported == REPORTED_MAX)
			return;
	}
}

/**
 * watchdog_look() - report what must be reported
 * @pool: the pool
 * @awaited: somebody waits for its end
 *
 * The queue comes first: for a task that is on it there will be another look; any other has
 * begun, and is found in its thread now, or is queued later, which arms the timer. To print a
 * report takes long, and meanwhile a worker may begin the last task that was queued.
 *
 * Context: the manager.
 * Return: true if the end has been awaited for so long that it was reported.
 */
bool watchdog_look(struct wpool *pool, bool awaited)
{
	if (pool_watchdog(pool)) {
		look_at_queue(pool);
		look_at_workers(pool);
		report_callers(pool, true);
	}
	if (!awaited || !report_rest(pool))
		return false;
	report_awaited(pool);
	return true;
}
