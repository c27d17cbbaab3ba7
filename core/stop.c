// SPDX-License-Identifier: GPL-2.0
/*
 * Asking tasks to stop, and sleeps that end when the task is asked.
 *
 * A run is asked by &wpool_run.stop, all runs of a pool by the pool's state. The thread that
 * asks wakes the other only if that naps, that is, sleeps here: another sleep may not expect to be
 * woken.
 *
 * No wake-up is lost: the thread says that it naps, sets its state, which is a full barrier,
 * and looks whether it was asked; the thread that asks does so, and after a full barrier looks
 * whether the other naps.
 *
 * The thread that asks may have made the condition of the wait true before. So the wait looks
 * whether it was asked before it looks at the condition, and whoever sees that it was asked sees
 * all that was written before.
 *
 * The thread may die in the condition of its wait. It is looked at and woken in one RCU
 * read-side critical section, and the task_struct of a dead thread is kept until that is over:
 * see worker_free() and caller_exited().
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "caller_runs.h"
#include "current_thread.h"
#include "pool.h"
#include "pool_lock.h"
#include "registry.h"
#include "stop.h"
#include "task_lock.h"
#include "waiter.h"
#include "worker_list.h"
#include "worker_stack.h"

/**
 * stop_run() - ask a run to stop
 * @run: has not ended
 *
 * Context: the lock of its pool held, in an RCU read-side critical section.
 * Return: the thread that the caller must wake when it has dropped the lock, or NULL.
 */
struct task_struct *stop_run(struct wpool_run *run)
{
	struct wpool_caller *caller = run->caller;

	lockdep_assert_held(&(caller ? caller->pool : run->worker->pool)->lock);
	smp_store_release(&run->stop, true);	/* pairs with wpool_should_stop() */
	smp_mb();	/* pairs with set_current_state() in wpool_sleep() and the wait */
	if (caller)
		return READ_ONCE(caller->naps) ? caller->thread : NULL;
	return READ_ONCE(run->worker->naps) ? run->worker->thread : NULL;
}

/**
 * stop_wake_all() - wake all threads that nap inside tasks of a pool
 * @pool: was asked to stop; not locked
 *
 * Context: any.
 */
void stop_wake_all(struct wpool *pool)
{
	struct wpool_caller *caller;
	struct wpool_worker *worker;

	smp_mb();	/* as in stop_run() */
	rcu_read_lock();
	for_each_worker_rcu(worker, pool) {
		if (READ_ONCE(worker->naps))
			wake_up_process(worker->thread);
	}
	for_each_caller_rcu(caller, pool) {
		if (READ_ONCE(caller->naps))
			wake_up_process(caller->thread);
	}
	rcu_read_unlock();
}

static void wake_if_any(struct task_struct *thread)
{
	if (thread)
		wake_up_process(thread);
}

/*
 * Asks the task if it is inside its function. Context: in an RCU read-side critical section.
 * Return: as stop_run().
 */
static struct task_struct *stop_task(struct wpool_task *task, bool *asked)
{
	struct task_struct *thread = NULL;
	struct wpool *pool;
	unsigned long flags;

	pool = task_lock_pool(task, &flags);
	if (!pool)
		return NULL;
	*asked = task->state & TASK_IN_FN;
	if (*asked)
		thread = stop_run(task->run);
	pool_unlock(pool, flags);
	return thread;
}

/**
 * wpool_ask_stop() - ask a running task to stop, without waiting for it
 * @task: the task; the caller makes sure that its memory stays
 *
 * See wpool_should_stop(). A queued task is not asked: see wpool_cancel(). Until the run has ended,
 * the task is refused with -ECANCELED. If it was scheduled again before, that run is cancelled, and
 * a periodic task ends. For a detached task that run is not cancelled. To stop many tasks ask all
 * of them, and then wait for each.
 *
 * Context: Any but NMI.
 * Return: true if the task is inside its function, and was asked.
 */
bool wpool_ask_stop(struct wpool_task *task)
{
	struct task_struct *thread;
	bool asked = false;

	if (!task)
		return false;
	rcu_read_lock();	/* keeps the thread's task_struct */
	thread = stop_task(task, &asked);
	wake_if_any(thread);
	rcu_read_unlock();
	return asked;
}
EXPORT_SYMBOL_GPL(wpool_ask_stop);

/* @owner: from stack_hold(); once that stack is ending another group may lie there. */
struct group_stop {
	const struct wpool_group	*group;
	const struct wpool_worker	*owner;
};

static bool stop_wants(const struct group_stop *what, const struct wpool_run *run)
{
	return run->group == what->group && !stack_is_ending(what->owner);
}

/* Asks the runs of a worker that belong to the group. Context and return: as stop_task(). */
static struct task_struct *stop_worker(struct wpool_worker *worker,
				       const struct group_stop *what)
{
	struct task_struct *thread = NULL;
	unsigned long flags;
	unsigned int i;

	pool_lock(worker->pool, flags);
	for (i = 0; i < worker->nesting; i++) {
		if (stop_wants(what, &worker->runs[i]))
			thread = stop_run(&worker->runs[i]);
	}
	pool_unlock(worker->pool, flags);
	return thread;
}

/* The same for a thread that runs a task as its submitter. */
static struct task_struct *stop_caller(struct wpool_caller *caller,
				       const struct group_stop *what)
{
	struct task_struct *thread = NULL;
	unsigned long flags;

	pool_lock(caller->pool, flags);
	if (caller->running && stop_wants(what, &caller->run))
		thread = stop_run(&caller->run);
	pool_unlock(caller->pool, flags);
	return thread;
}

static void stop_group_in(struct wpool *pool, void *what)
{
	struct wpool_caller *caller;
	struct wpool_worker *worker;
	unsigned long flags;

	/* All that has begun before this, see group_stops(), is on the lists from here on. */
	pool_lock(pool, flags);
	pool_unlock(pool, flags);
	rcu_read_lock();	/* keeps each thread's task_struct */
	for_each_worker_rcu(worker, pool)
		wake_if_any(stop_worker(worker, what));
	for_each_caller_rcu(caller, pool)
		wake_if_any(stop_caller(caller, what));
	rcu_read_unlock();
}

/*
 * Asks all tasks of a group to stop that are inside their functions; @owner: from stack_hold().
 * Context: process.
 */
void stop_group(const struct wpool_group *group, const struct wpool_worker *owner)
{
	struct group_stop what = { .group = group, .owner = owner };

	visit_all_pools(stop_group_in, &what);
}

/* Behind wpool_wait_event_stop(). */
int __wpool_wait_event_stop(bool begins)
{
	might_sleep();
	if (begins && sleep_refused())
		return -EINVAL;
	current_set_naps(begins);
	return 0;
}
EXPORT_SYMBOL_GPL(__wpool_wait_event_stop);

/**
 * wpool_sleep() - sleep until the time is over, or the calling task is asked to stop
 * @timeout: in jiffies; 0 only looks, %MAX_SCHEDULE_TIMEOUT is for ever
 *
 * Outside of a task it sleeps for all of that time.
 *
 * Context: Process context; sleeps, and signals do not end it.
 * Return: 0 when the time is over; -ECANCELED if the task must stop, see wpool_should_stop();
 * -EINVAL (atomic context): it has not slept.
 */
int wpool_sleep(unsigned long timeout)
{
	struct wpool_deadline deadline;
	unsigned long left;
	bool stop;

	might_sleep();
	if (timeout && sleep_refused())
		return -EINVAL;
	deadline_set(&deadline, timeout);
	current_set_naps(true);
	for (;;) {
		set_current_state(TASK_IDLE);	/* pairs with the barrier in stop_run() */
		stop = wpool_should_stop();
		left = deadline_left(&deadline);
		if (stop || !left)
			break;
		schedule_timeout(left);
	}
	__set_current_state(TASK_RUNNING);
	current_set_naps(false);
	return stop ? -ECANCELED : 0;
}
EXPORT_SYMBOL_GPL(wpool_sleep);
