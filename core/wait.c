// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for one task, and taking it back. scripts/model/handover.pml and rest.pml show that a
 * waiter that gives up and the thread that completes it do not miss each other, and
 * deadlock.pml that workers do not wait for one another for ever.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "broken_mend.h"
#include "current_thread.h"
#include "deadlock.h"
#include "depmap.h"
#include "key.h"
#include "nesting.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_again.h"
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
 * Drops the lock under which a task has ended. Its release or its function may have freed it.
 * @frees: it is of wpool's own memory, which the current thread frees: so that must not die in the
 * release. Locking: pool->lock held; released.
 */
static void unlock_ended(struct wpool *pool, bool frees, unsigned long flags)
	__releases(&pool->lock)
{
	if (frees)
		pool_long_call(1);
	pool_unlock(pool, flags);
	if (frees)
		pool_long_call(-1);
}

/*
 * The wait for a task with a release or a ticket was refused, as it had not begun. If it still
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
	unsigned long flags;
	int ret = -EAGAIN;
	bool frees;

	now = task_lock_pool(task, &flags);
	if (!now)
		return ret;
	frees = task->flags & WPOOL_TASK_ALLOCATED;
	if (now == pool && task->state == TASK_QUEUED && task_refused(task)) {
		queue_take_back(pool, task);
		task_drop(pool, task, WPOOL_STAT_CANCELLED);
		ret = -EDEADLK;
	}
	unlock_ended(now, frees, flags);
	return ret;
}

/*
 * Sleeps until the task is done, or must be looked at again. Locking: pool->lock held;
 * released. Return: 0, -EAGAIN to look again, -ETIMEDOUT, -EINTR, -EDEADLK.
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

	left = waiter_sleep(&waiter, &wait->deadline, wait->state);

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
	return left < 0 ? -EINTR : -ETIMEDOUT;
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
	bool ready, too_deep, frees = wait->task->flags & WPOOL_TASK_ALLOCATED;

	/* After wpool_shutdown_now() nothing begins: the task will soon be cancelled. */
	ready = head->state == TASK_QUEUED && pool->state < WPOOL_STATE_STOP;
	too_deep = !run_may_nest(worker);
	if (!ready || too_deep)
		return sleep_on(pool, wait, worker, too_deep, flags);
	queue_remove(pool, head);
	run_task(worker, head);
	unlock_ended(pool, frees, flags);
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
	/* It may have been lost together with broken tasks. */
	if (unlikely(mend_has_islands(pool)) && wait->task->state == TASK_QUEUED)
		queue_recover(pool, wait->task);
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

/* Return: 0 with the result, unless @result is NULL; or why there is none. */
static int wait_for_task(struct wpool_task *task, unsigned long timeout,
			 unsigned int state, int *result)
{
	struct wait wait = { .task = task, .state = state, .may_spin = true };
	int ret;

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

/**
 * wpool_wait() - wait for a task and get its result
 * @task: submitted before, and not detached
 *
 * Returns when the task is neither queued nor running; from then on its memory belongs to the
 * caller. If several threads wait, this holds when the last of them has returned. The result is
 * kept until the task is submitted again, and may be read more than once. If that happens before
 * the caller is awake, it may wait for that run, too.
 *
 * A worker that waits for a task of its own pool, without a time limit, runs the task itself if
 * it is still queued, or what its key puts before it. So hold no lock that these take. It does so
 * up to %WPOOL_MAX_NESTING inside one another and as long as half of its stack is free. If it is
 * nested deeper, it leaves the task to another worker. To prevent a deadlock, a wait that would
 * not end is refused with -EDEADLK:
 *
 * - a wait for the task that the caller is inside;
 * - one wait in a circle of workers that wait for one another's tasks;
 * - the wait of a worker that is nested too deep, when all possible workers are asleep, so
 *   that none can run the task.
 *
 * After -EDEADLK, a task that had not begun never will: the pool has let go of it, its result
 * is -ECANCELED, which its other waiters get, and its memory belongs to the caller, as above. A
 * task that was running goes on, runs again if it was submitted meanwhile, and still belongs to
 * the pool. The calling function submitted it at most while it ran: one that submits a task that
 * does not run, and then waits for it, has the memory back whatever the wait returns.
 *
 * If the function may return a negative errno, wpool_wait_timeout() with %MAX_SCHEDULE_TIMEOUT
 * tells its result from an error of the wait.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: what the function returned; -ECANCELED if it never ran, -EOWNERDEAD if it killed its
 * worker. Or, without a result, -EINVAL (NULL, detached or never submitted), -EDEADLK (a worker
 * of the task's pool that would wait for ever, as above, or a submitter that is inside the task).
 */
int wpool_wait(struct wpool_task *task)
{
	int ret, result;

	if (sleep_refused(NULL, __func__))
		return -EINVAL;
	ret = wait_for_task(task, MAX_SCHEDULE_TIMEOUT, TASK_UNINTERRUPTIBLE, &result);
	return ret ?: result;
}
EXPORT_SYMBOL_GPL(wpool_wait);

/**
 * wpool_wait_timeout() - wait for a task with a time limit
 * @task: as for wpool_wait()
 * @timeout: the longest wait, in jiffies; never cut short. 0 only looks, and does not sleep.
 * @result: set to the result, and left alone on an error; may be NULL
 *
 * With a limit a worker runs nothing meanwhile: the wait ends by its limit, whatever the pool does.
 * %MAX_SCHEDULE_TIMEOUT is no limit.
 *
 * Context: Process context; may sleep.
 * Return: 0 (the memory of the task belongs to the caller), -ETIMEDOUT (it still belongs to the
 * pool), or -EINVAL and -EDEADLK as for wpool_wait(). With a limit it is -EDEADLK only for the
 * task that the caller is inside.
 */
int wpool_wait_timeout(struct wpool_task *task, unsigned long timeout, int *result)
{
	if (sleep_refused(NULL, __func__))
		return -EINVAL;
	return wait_for_task(task, timeout, TASK_UNINTERRUPTIBLE, result);
}
EXPORT_SYMBOL_GPL(wpool_wait_timeout);

/**
 * wpool_wait_killable() - wait for a task until a fatal signal comes
 * @task: as for wpool_wait()
 * @result: set to the result, and left alone on an error; may be NULL
 *
 * After -EINTR the task goes on, and still belongs to the pool. The caller must not free it,
 * nor leave the function on whose stack it lies, before another wait for it has succeeded or
 * wpool_cancel_sync() has returned: that asks a running function to stop, and waits for it
 * uninterruptibly.
 *
 * Context: Process context; may sleep.
 * Return: 0 (the memory of the task belongs to the caller), -EINTR, or -EINVAL and -EDEADLK as
 * for wpool_wait().
 */
int wpool_wait_killable(struct wpool_task *task, int *result)
{
	if (sleep_refused(NULL, __func__))
		return -EINVAL;
	return wait_for_task(task, MAX_SCHEDULE_TIMEOUT, TASK_KILLABLE, result);
}
EXPORT_SYMBOL_GPL(wpool_wait_killable);

/**
 * wpool_wait_interruptible() - wait for a task until a signal comes
 * @task: as for wpool_wait()
 * @result: set to the result, and left alone on an error; may be NULL
 *
 * Like wpool_wait_killable(), but any signal ends the wait.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_wait_killable().
 */
int wpool_wait_interruptible(struct wpool_task *task, int *result)
{
	if (sleep_refused(NULL, __func__))
		return -EINVAL;
	return wait_for_task(task, MAX_SCHEDULE_TIMEOUT, TASK_INTERRUPTIBLE, result);
}
EXPORT_SYMBOL_GPL(wpool_wait_interruptible);

/**
 * wpool_cancel() - take back a task that has not begun
 * @task: the task; for a delayed task its member task
 *
 * Its waiters get -ECANCELED. A running task that was submitted again does not run again; its
 * waiters wait for the run that goes on. The timer of a delayed task is stopped.
 *
 * Context: Any but NMI.
 * Return: true if it was waiting and now does not run: then its memory belongs to the caller at
 * once, unless it is still running or another thread waits for it. False if it was not waiting:
 * running, done, or never submitted.
 */
bool wpool_cancel(struct wpool_task *task)
{
	unsigned long flags;
	struct wpool *pool;

	if (!task)
		return false;
	pool = task_take_back(task, NULL, &flags);
	if (!pool)
		return false;
	task_drop(pool, task, WPOOL_STAT_CANCELLED);
	pool_unlock(pool, flags);
	return true;
}
EXPORT_SYMBOL_GPL(wpool_cancel);

/**
 * wpool_cancel_sync() - take a task back, and wait for it if it has begun
 * @task: the task, as for wpool_cancel(); for one that is detached or frees itself it does not wait
 *
 * A running task is asked to stop, see wpool_should_stop(), and does not run again if it was
 * submitted before; from then on it is refused, see wpool_ask_stop(). When the call returns the
 * task is neither queued nor running. There are exceptions: the caller is inside the task, or the
 * task waits, directly or by way of others, for the task that the caller is inside, and none of
 * these waits can be refused instead, see wpool_wait(). Then it still runs, and
 * wpool_task_running() says so.
 *
 * Context: Process context; sleeps for as long as the task goes on.
 * Return: as wpool_cancel().
 */
bool wpool_cancel_sync(struct wpool_task *task)
{
	struct wait wait = {
		.task = task, .state = TASK_UNINTERRUPTIBLE, .cancels = true,
	};
	bool cancelled = false;

	sleep_reported(__func__);
	if (can_be_awaited(task))
		dep_wait_task(task, true);
	if (!can_be_awaited(task) || !task_is_accepted(task))
		return wpool_cancel(task);
	deadline_set(&wait.deadline, MAX_SCHEDULE_TIMEOUT);
	/* Repeat if it was submitted again before it could see that it must not. */
	do {
		cancelled |= wpool_cancel(task);
		wpool_ask_stop(task);
	} while (wait_once(&wait) == -EAGAIN);
	return cancelled;
}
EXPORT_SYMBOL_GPL(wpool_cancel_sync);

/**
 * wpool_task_queued() - check whether a task is accepted and waiting
 * @task: the task
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it waits in the queue or is delayed; also for a running task that was
 * submitted again.
 */
bool wpool_task_queued(const struct wpool_task *task)
{
	/* Pairs with the release in task_settle(). */
	return task && (smp_load_acquire(&task->state) & TASK_WAITS);
}
EXPORT_SYMBOL_GPL(wpool_task_queued);

/**
 * wpool_task_running() - check whether a task is inside its function
 * @task: the task
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it is.
 */
bool wpool_task_running(const struct wpool_task *task)
{
	/* Pairs with the release in task_settle(). */
	return task && (smp_load_acquire(&task->state) & TASK_IN_FN);
}
EXPORT_SYMBOL_GPL(wpool_task_running);
