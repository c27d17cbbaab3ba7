// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for one task, and taking it back. scripts/model/handover.pml and rest.pml show that a
 * waiter that gives up and the thread that completes it do not miss each other, and
 * deadlock.pml that workers do not wait for one another for ever.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "current_thread.h"
#include "deadlock.h"
#include "depmap.h"
#include "key.h"
#include "nesting.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_again.h"
#include "release.h"
#include "spin_wait.h"
#include "task.h"
#include "task_end.h"
#include "task_lock.h"
#include "task_run.h"
#include "task_waiters.h"
#include "waiter.h"

/* A wait for a task, from the caller's point of view. */
struct wait {
	struct wpool_task	*task;
	struct wpool_deadline	deadline;
	unsigned int		state;		/* of the thread while it sleeps */
	bool			cancels;	/* the wait of wpool_cancel_sync() */
	bool			may_spin;
	int			result;
};

/* Puts a worker of the pool to sleep. Locking: pool->lock held; released. */
static void enter_sleep(struct wpool *pool, struct wpool_waiter *waiter, unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_circle circle;
	bool more;

	rcu_read_lock();
	more = deadlock_enter(waiter, &circle);
	pool_unlock(pool, flags);
	while (more) {
		pool_lock(pool, flags);
		more = deadlock_follow(&circle);
		pool_unlock(pool, flags);
	}
	rcu_read_unlock();
}

/*
 * The wait for a task with a release was refused, as it had not begun. If it still
 * has not it never will: the caller ends it, and not the thread that has refused the wait, so
 * that the release is called here. If it has begun since, or is another submission, there is no
 * reason to refuse the wait any more, and the task must not be left to run in memory that is the
 * caller's.
 *
 * Return: -EDEADLK, or -EAGAIN to look again.
 */
static int take_back_refused(struct wpool *pool, struct wpool_task *task)
{
	struct wpool *now;
	struct wpool_ends ends;
	unsigned long flags;
	int ret = -EAGAIN;

	now = task_lock_pool(task, &flags);
	if (!now)
		return ret;
	ends.nr = 0;
	if (now == pool && task->state == TASK_QUEUED && task_refused(task)) {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED, &ends);
		ret = -EDEADLK;
	}
	pool_unlock(now, flags);
	ends_finish(&ends);
	return ret;
}

/*
 * Sleeps until the task is done, or must be looked at again. Locking: pool->lock held;
 * released. Return: 0, -EAGAIN to look again, -ETIMEDOUT, -EINTR, -EINVAL, -EDEADLK.
 *
 * @worker: the caller, if it is a worker of the pool and has no time limit
 * @too_deep: it can run no task itself, as it is nested too deep
 *
 * Not inline: its stack frame must not lie under the tasks that a worker runs while it waits.
 */
static noinline int sleep_on(struct wpool *pool, struct wait *wait,
			     struct wpool_worker *worker, bool too_deep,
			     unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_waiter waiter;
	bool gave_up;
	long left;

	waiter_init(&waiter);
	waiter.task = wait->task;
	waiter.cancels = wait->cancels;
	waiter.worker = worker;
	waiter.too_deep = too_deep;
	waiter.can_help = worker && !too_deep;
	if (wait->may_spin && !worker)
		waiter.slept_at = spin_slept_at(pool);
	task_waiter_add(wait->task, &waiter);
	wpool_get(pool);
	if (worker)
		enter_sleep(pool, &waiter, flags);
	else
		pool_unlock(pool, flags);

	left = waiter_sleep(&waiter, &wait->deadline, wait->state, false);

	pool_lock(pool, flags);
	gave_up = waiter.status == -EINPROGRESS;
	if (gave_up) {
		task_waiter_del(pool, &waiter);
		waiter_awake(&waiter);
	}
	if (worker)
		deadlock_leave(&waiter);
	waiter_complete_rest(pool, &waiter);
	pool_unlock(pool, flags);
	if (!gave_up && left <= 0)
		wait_for_completion(&waiter.done);
	wpool_put(pool);
	/* The release may end this thread, with what it holds; as a worker it keeps its pool. */
	if (waiter.takes_back)
		waiter.status = take_back_refused(pool, wait->task);
	wait->result = waiter.value;
	if (!gave_up)
		return waiter.status;
	return left < 0 ? left : -ETIMEDOUT;
}

/*
 * A worker of the pool looks at a task once: it runs the task, or the head of its key, if that is
 * queued. Not with a time limit, which what it runs would not keep. Locking: pool->lock held;
 * released.
 *
 * Return: as sleep_on().
 */
static int help(struct wpool *pool, struct wait *wait, struct wpool_worker *worker,
		unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_task *head = key_head(pool, wait->task);
	bool ready, too_deep;

	/* After wpool_shutdown_now() nothing begins: the task will soon be cancelled. */
	ready = head->state == TASK_QUEUED && pool->state < WPOOL_STATE_STOP;
	too_deep = !run_may_nest(worker);
	if (!ready || too_deep)
		return sleep_on(pool, wait, worker, too_deep, flags);
	queue_remove(pool, head);
	run_task(worker, head);
	pool_unlock(pool, flags);
	return -EAGAIN;
}

/**
 * spin_for_end() - spin until a task has ended
 * @pool: its pool
 * @task: accepted
 * @deadline: of the caller
 * @flags: from pool_lock()
 *
 * After the lock is dropped only the task is sure to exist. If task_lock_pool() says that it
 * has not ended, its pool exists too. That may be another pool by now; then a wrong credit
 * changes a little.
 *
 * Locking: pool->lock held; released.
 * Return: -EAGAIN, to look again: the task has ended, or the spin has failed.
 */
static int spin_for_end(struct wpool *pool, struct wpool_task *task,
		 const struct wpool_deadline *deadline, unsigned long flags)
	__releases(&pool->lock)
{
	u64 limit = spin_limit(pool);

	pool_unlock(pool, flags);
	/* Pairs with the release in task_settle(). */
	while ((smp_load_acquire(&task->state) & TASK_ACCEPTED) &&
	       deadline_left(deadline) && spin_on(limit))
		;
	pool = task_lock_pool(task, &flags);
	if (pool) {
		spin_miss(pool, SPIN_WAITER);
		pool_unlock(pool, flags);
	}
	return -EAGAIN;
}

/*
 * Reads the result of a task that no pool had just now. Return: 0; -EINVAL if it was never
 * accepted; -EAGAIN if it was accepted again meanwhile: the value read may be a time, see
 * __latency_accept(). Then either the task is not done, or it is done again, and the result has
 * replaced the time.
 */
static int wait_result(const struct wpool_task *task, int *result)
{
	u8 state;

	*result = READ_ONCE(task->result);
	smp_rmb();	/* pairs with the barrier in __latency_accept() */
	/* Pairs with the release in task_settle(). */
	state = smp_load_acquire(&task->state);
	if (!state)
		return -EINVAL;
	if (state != TASK_DONE || READ_ONCE(task->result) != *result)
		return -EAGAIN;
	return 0;
}

/* Is the caller inside the task? Context: pool->lock held. */
static bool is_own(const struct wpool_task *task)
{
	return task->state & TASK_IN_FN && run_is_of_current(task->run);
}

/*
 * Waits for a task, unless there is a reason to look at it again. Return: 0 with the result,
 * -EAGAIN, -EINVAL, -ETIMEDOUT, -EINTR, -EDEADLK.
 */
static int wait_once(struct wait *wait)
{
	struct wpool_worker *worker;
	struct wpool *pool;
	unsigned long flags;

	pool = task_lock_pool(wait->task, &flags);
	if (!pool)
		return wait_result(wait->task, &wait->result);
	task_mark_awaited(wait->task);
	if (wait->cancels && (wait->task->state & TASK_WAITS ||
			      !wait->task->run->stop)) {
		/* It was submitted again, or has begun since: that run is not asked yet. */
		pool_unlock(pool, flags);
		return -EAGAIN;
	}
	if (is_own(wait->task)) {
		/* As deadlock.c refuses a worker: the task runs, and may run again. */
		pool_unlock(pool, flags);
		return -EDEADLK;
	}
	worker = wait->deadline.never ? worker_current(pool) : NULL;
	if (worker)
		return help(pool, wait, worker, flags);
	if (wait->may_spin && deadline_left(&wait->deadline) &&
	    spin_try_begin(pool, SPIN_WAITER))
		return spin_for_end(pool, wait->task, &wait->deadline, flags);
	return sleep_on(pool, wait, NULL, false, flags);
}

static bool can_be_awaited(const struct wpool_task *task)
{
	return task && !(READ_ONCE(task->flags) & WPOOL_TASK_DETACHED);
}

/* Behind wpool_wait() and its sisters. */
int __wpool_wait(struct wpool_task *task, unsigned long timeout, unsigned int state, int *result)
{
	struct wait wait = { .task = task, .state = state, .may_spin = true };
	int ret;

	might_sleep();
	if (!can_be_awaited(task))
		return -EINVAL;
	deadline_set(&wait.deadline, timeout);
	dep_wait_task(task, wait.deadline.never);
	do {
		ret = wait_once(&wait);
		wait.may_spin = false;
	} while (ret == -EAGAIN);
	if (!ret && result)
		*result = wait.result;
	return ret;
}
EXPORT_SYMBOL_GPL(__wpool_wait);

/**
 * wpool_cancel() - cancel a task that has not begun
 * @task: the task; for a delayed task its member task
 *
 * Its waiters get -ECANCELED. If it was scheduled again while it runs, it does not run again, and
 * its waiters wait for the current run. A delayed task is cancelled too.
 *
 * Context: Any but NMI.
 * Return: true if it was queued or delayed, and now does not run: its memory is the caller's,
 * unless it is still running or another thread waits for it. False if it was running, done, or
 * never scheduled.
 */
bool wpool_cancel(struct wpool_task *task)
{
	struct wpool_ends ends;
	unsigned long flags;
	struct wpool *pool;

	if (!task)
		return false;
	pool = task_take_back(task, NULL, &flags);
	if (!pool)
		return false;
	ends.nr = 0;
	task_drop(pool, task, WPOOL_STAT_CANCELLED, &ends);
	pool_unlock(pool, flags);
	ends_finish(&ends);
	return true;
}
EXPORT_SYMBOL_GPL(wpool_cancel);

/**
 * wpool_cancel_sync() - cancel a task, and wait for it if it has begun
 * @task: the task, as for wpool_cancel(); for a detached task it does not wait
 *
 * A running task is asked to stop, see wpool_should_stop(), and does not run again if it was
 * scheduled before. Until it has ended it is refused, see wpool_ask_stop(). When the call returns,
 * the task is neither queued nor running, except:
 *
 * - if the caller is inside the task;
 * - if the task waits, also through others, for the task that the caller is inside, and none of
 *   these waits can return -EDEADLK, see wpool_wait();
 * - in atomic context, if the task is running: the call returns false after a message.
 *
 * wpool_task_running() tells.
 *
 * Context: Process context; sleeps for as long as the task runs.
 * Return: as wpool_cancel().
 */
bool wpool_cancel_sync(struct wpool_task *task)
{
	struct wait wait = {
		.task = task, .state = TASK_UNINTERRUPTIBLE, .cancels = true,
	};
	bool cancelled = false;
	int ret;

	might_sleep();
	if (can_be_awaited(task))
		dep_wait_task(task, true);
	if (!can_be_awaited(task) || !task_is_accepted(task))
		return wpool_cancel(task);
	deadline_set(&wait.deadline, MAX_SCHEDULE_TIMEOUT);
	/* Repeat if it was submitted again before it could see that it must not. */
	do {
		cancelled |= wpool_cancel(task);
		wpool_ask_stop(task);
		ret = wait_once(&wait);
	} while (ret == -EAGAIN);
	return cancelled && ret != -EINVAL;
}
EXPORT_SYMBOL_GPL(wpool_cancel_sync);
