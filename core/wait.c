// SPDX-License-Identifier: GPL-2.0
/*
 * Waiting for one task, and taking it back. That who gives up and who tells him do
 * not miss one another is shown by scripts/model/handover.pml.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "internal.h"

/*
 * Locks the pool of a task that was accepted and has not ended; NULL if there is
 * none. While it has not ended its pool is there: it was so when the state was
 * read, after the RCU critical section began, so the pool's memory is there
 * until that is over; and if under the lock it has still not ended, the pool is
 * there as long as the lock is held. Modelled in scripts/model/release.pml.
 */
struct wpool *__task_lock_pool(struct wpool_task *task, unsigned long *flags)
{
	struct wpool *pool;

	for (;;) {
		rcu_read_lock();
		/* Pairs with the release in task_settle() and run_set_up(). */
		if (!(smp_load_acquire(&task->state) & TASK_ACCEPTED)) {
			rcu_read_unlock();
			return NULL;
		}
		pool = READ_ONCE(task->pool);
		pool_lock(pool, *flags);
		if (READ_ONCE(task->pool) == pool)
			task_grab(pool, task);
		/* Acquire: of a task that is in another pool now, that one. */
		if ((smp_load_acquire(&task->state) & TASK_ACCEPTED) &&
		    READ_ONCE(task->pool) == pool) {
			rcu_read_unlock();
			__release(&pool->lock);	/* see task_lock_pool() */
			return pool;
		}
		/* Ended meanwhile; perhaps accepted again, by another pool. */
		raw_spin_unlock_irqrestore(&pool->lock, *flags);
		rcu_read_unlock();
	}
}

/*
 * Who would have to wait for @worker, over a chain of workers that wait for one
 * another's tasks, before @task can end? @worker itself if it is inside @task,
 * the last of the chain if there is one, else NULL. The chain has no loop but
 * through @worker: each who waits has broken his own before. Context: pool->lock
 * held.
 */
static struct wpool_worker *waits_for(struct wpool *pool, struct wpool_task *task,
				      struct wpool_worker *worker)
{
	struct wpool_worker *runner, *last = worker;

	while (task) {
		task = key_head(pool, task);
		runner = task->state & TASK_IN_FN ? task->run->worker : NULL;
		if (!runner)
			return NULL;
		if (runner == worker)
			return last;
		last = runner;
		task = runner->awaits;
	}
	return NULL;
}

/**
 * wait_interrupt() - have a worker stop its wait for a task
 * @worker: asleep, with a task that it awaits
 * @told: why
 * @wakes: gets it
 *
 * Context: pool->lock held.
 */
void wait_interrupt(struct wpool_worker *worker, int told,
		    struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter = watch_waiter_of(worker->awaits, worker);

	if (waiter) {
		watch_del(worker->awaits, waiter);
		waiter_tell(waiter, told, wakes);
	}
}

/**
 * __break_deadlock() - have one who waits for room give up, if none is to come
 * @pool: the pool
 * @wakes: gets him
 *
 * That is so when all workers that there may be are asleep in the pool's own
 * calls: then somewhere down each chain of those who wait for one another is one
 * that waits for room. Called when one more sleeps, when one less may be there, and
 * when a task has ended without its room going to him. Context: pool->lock held.
 */
void __break_deadlock(struct wpool *pool, struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;

	lockdep_assert_held(&pool->lock);
	if (pool->nr_asleep < pool_all_asleep(pool))
		return;
	list_for_each_entry(waiter, &pool->blocked, node) {
		hold_step(pool);
		if (!waiter->worker)
			continue;
		list_del(&waiter->node);
		shared_dec(pool->nr_blocked);
		shared_inc(pool->stats[WPOOL_STAT_REJECTED]);
		waiter_tell(waiter, -EDEADLK, wakes);
		return;
	}
}

/*
 * Sleeps until the task is done, or to be looked at again. Locking: pool->lock
 * held; released. Return: 0, -EAGAIN to look again, -ETIMEDOUT, -EDEADLK.
 *
 * @worker is set if a worker of the pool sleeps without a time limit. @learn: would
 * a spin have been better?
 */
static int sleep_on(struct wpool *pool, struct wpool_task *task,
		    struct wpool_worker *worker, unsigned long timeout, bool learn,
		    int *result, unsigned long flags, struct wpool_wakes *wakes)
	__releases(&pool->lock)
{
	struct wpool_waiter waiter;
	bool gave_up;
	long left;

	waiter_init(&waiter);
	waiter.worker = worker;
	if (learn)
		waiter.slept_at = spin_slept_at(pool);
	watch_add(task, &waiter);
	if (worker) {
		worker->awaits = task;
		pool->nr_asleep++;
		break_deadlock(pool, wakes);
	}
	wpool_get(pool);
	pool_unlock_wake(pool, flags, wakes);

	left = wait_for_completion_timeout(&waiter.done, timeout);

	pool_lock(pool, flags);
	gave_up = waiter.told == -EINPROGRESS;
	if (gave_up)
		watch_del(task, &waiter);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	if (!gave_up && !left)
		wait_for_completion(&waiter.done);
	wpool_put(pool);
	*result = waiter.value;
	return gave_up ? -ETIMEDOUT : waiter.told;
}

/*
 * One look at a task, by a worker of its pool: runs it if it waits in the queue,
 * or the one that it waits for in its turn. Locking: pool->lock held; released.
 * Return: as sleep_on().
 */
static int help(struct wpool *pool, struct wpool_task *task,
		struct wpool_worker *worker, unsigned long timeout, int *result,
		unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_task *head = key_head(pool, task);
	struct wpool_wakes wakes = {};
	struct wpool_worker *victim;
	int ret = -EAGAIN;

	/* After wpool_shutdown_now() nothing begins: it is about to be ended. */
	if (head->state == TASK_QUEUED && pool->state < WPOOL_STATE_STOP) {
		if (run_may_nest(worker)) {
			queue_remove(pool, head);
			run_task(worker, head, &wakes);
		} else {
			ret = -EDEADLK;
		}
		pool_unlock_wake(pool, flags, &wakes);
		return ret;
	}

	victim = waits_for(pool, head, worker);
	if (victim == worker) {
		raw_spin_unlock_irqrestore(&pool->lock, flags);
		return -EDEADLK;
	}
	if (timeout != MAX_SCHEDULE_TIMEOUT)
		worker = NULL;
	else if (victim)
		wait_interrupt(victim, -EDEADLK, &wakes);
	return sleep_on(pool, task, worker, timeout, false, result, flags, &wakes);
}

/*
 * Fetches the result of a task that was not accepted just now. Return: 0, -EINVAL if
 * it never was, -EAGAIN if it has been again meanwhile: what was fetched may be the
 * time of that, see __latency_accept(). Then it is not done; or for the next time,
 * and the time is overwritten.
 */
static int wait_result(const struct wpool_task *task, int *result)
{
	u8 state;

	*result = READ_ONCE(task->result);
	smp_rmb();	/* pairs with that in __latency_accept() */
	/* Pairs with the release in task_settle(). */
	state = smp_load_acquire(&task->state);
	if (!state)
		return -EINVAL;
	if (state != TASK_DONE || READ_ONCE(task->result) != *result)
		return -EAGAIN;
	return 0;
}

/*
 * Waits for a task, unless there is reason to look at it again. Return: 0 with the
 * result, -EAGAIN, -EINVAL, -ETIMEDOUT, -EDEADLK.
 */
static int wait_once(struct wpool_task *task,
		     const struct wpool_deadline *deadline, bool may_spin,
		     int *result)
{
	struct wpool_wakes wakes = {};
	struct wpool_worker *worker;
	struct wpool *pool;
	unsigned long timeout, flags;

	pool = task_lock_pool(task, &flags);
	if (!pool)
		return wait_result(task, result);
	task_mark_awaited(task);
	timeout = deadline_left(deadline);
	worker = worker_current(pool);
	if (worker)
		return help(pool, task, worker, timeout, result, flags);
	if (may_spin && timeout && spin_bet(pool, &pool->waiter_luck))
		return spin_for_end(pool, task, deadline, flags);
	return sleep_on(pool, task, NULL, timeout, may_spin, result, flags, &wakes);
}

static bool can_be_awaited(const struct wpool_task *task)
{
	return task && !(READ_ONCE(task->flags) & WPOOL_TASK_DETACHED);
}

static int wait_for_task(struct wpool_task *task, unsigned long timeout,
			 int *result)
{
	struct wpool_deadline deadline;
	int ret;

	might_sleep();
	if (!can_be_awaited(task))
		return -EINVAL;
	deadline_set(&deadline, timeout);
	ret = wait_once(task, &deadline, true, result);
	while (ret == -EAGAIN)
		ret = wait_once(task, &deadline, false, result);
	return ret;
}

/**
 * wpool_wait() - wait for a task and get its result
 * @task: submitted before, and not detached
 *
 * Returns when the task is neither queued nor running; from then on its memory
 * is the caller's; if several wait, when the last of them has returned. The result
 * is kept until the task is submitted again, and may be fetched more than once.
 *
 * A worker that waits for a task of its own pool runs the task itself if it
 * still waits in the queue, up to %WPOOL_MAX_NESTING inside one another and as long
 * as half of its stack is free; and of workers that wait for one another in a
 * circle one is refused, so this does not deadlock.
 *
 * Context: Process context; sleeps, uninterruptibly.
 * Return: what the function returned; -ECANCELED if it never ran, -EOWNERDEAD if
 * it took its worker down. Or, without a result, -EINVAL (NULL, detached or never
 * submitted), -EDEADLK (the caller is inside this task, or the last in a circle,
 * or nested too deep).
 */
int wpool_wait(struct wpool_task *task)
{
	int ret, result;

	ret = wait_for_task(task, MAX_SCHEDULE_TIMEOUT, &result);
	return ret ?: result;
}
EXPORT_SYMBOL_GPL(wpool_wait);

/**
 * wpool_wait_timeout() - wait a limited time for a task
 * @task: as for wpool_wait()
 * @timeout: the longest to wait, in jiffies; never cut short. What a worker runs
 *	itself takes as long as it takes.
 * @result: gets the result, and is left alone on an error; may be NULL
 *
 * Context: Process context; may sleep.
 * Return: 0, -ETIMEDOUT (the task stays the pool's), or -EINVAL and -EDEADLK as
 * for wpool_wait().
 */
int wpool_wait_timeout(struct wpool_task *task, unsigned long timeout,
		       int *result)
{
	int ret, value;

	ret = wait_for_task(task, timeout, &value);
	if (!ret && result)
		*result = value;
	return ret;
}
EXPORT_SYMBOL_GPL(wpool_wait_timeout);

/**
 * __task_take_back() - take back a task that has not begun, wherever it waits
 * @task: the task
 * @spared: states in which it is left alone
 * @flags: for raw_spin_unlock_irqrestore()
 *
 * If its timer is firing, that is let have the lock, and then the task is looked at again;
 * see delayed.c.
 *
 * Context: Any but NMI.
 * Return: its pool, locked, with the task on no list; its state is the caller's to set.
 * NULL if it does not wait.
 */
struct wpool *__task_take_back(struct wpool_task *task, u8 spared,
			       unsigned long *flags)
{
	struct wpool *pool;
	bool firing;
	u8 state;

	for (;;) {
		pool = task_lock_pool(task, flags);
		if (!pool)
			return NULL;
		state = task->state & spared ? 0 : task->state;
		if (state & TASK_QUEUED) {
			queue_take_back(pool, task);
			break;
		}
		firing = state & TASK_DELAYED;
		if (firing && delayed_take_back(pool, task))
			break;
		raw_spin_unlock_irqrestore(&pool->lock, *flags);
		if (!firing)
			return NULL;
		cpu_relax();
	}
	__release(&pool->lock);	/* see task_take_back() */
	return pool;
}

/**
 * wpool_cancel() - take a task back that has not begun
 * @task: the task; of a delayed one its member task
 *
 * Those who wait for it get -ECANCELED. A running task that was submitted again
 * is not run again; those who wait for it wait for the run that goes on. A task whose
 * time has not come is taken off its delay.
 *
 * Context: Any but NMI.
 * Return: true if it was waiting and now does not run: then its memory is the caller's
 * at once, unless it is still running or somebody else waits for it. False if it was not
 * waiting: running, done, or never submitted.
 */
bool wpool_cancel(struct wpool_task *task)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;
	struct wpool *pool;

	if (!task)
		return false;
	pool = task_take_back(task, 0, &flags);
	if (!pool)
		return false;
	task_drop(pool, task, WPOOL_STAT_CANCELLED, &wakes);
	wake_for_queue(pool, &wakes);
	pool_unlock_wake(pool, flags, &wakes);
	return true;
}
EXPORT_SYMBOL_GPL(wpool_cancel);

/* Asks a task to stop that is inside its function. */
static void ask_to_stop(struct wpool_task *task)
{
	unsigned long flags;
	struct wpool *pool = task_lock_pool(task, &flags);

	if (!pool)
		return;
	if (task->state & TASK_IN_FN)
		WRITE_ONCE(task->run->stop, true);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
}

/**
 * wpool_cancel_sync() - take a task back, and wait for it if it has begun
 * @task: the task, as for wpool_cancel(); not detached
 *
 * A running one is asked to stop, see wpool_should_stop(), and does not run again
 * if it was submitted meanwhile. When the call returns the task is neither queued
 * nor running, unless the caller is inside it.
 *
 * Context: Process context; sleeps for as long as the task goes on.
 * Return: as wpool_cancel().
 */
bool wpool_cancel_sync(struct wpool_task *task)
{
	struct wpool_deadline forever;
	bool cancelled = false;
	int result;

	might_sleep();
	if (!can_be_awaited(task))
		return wpool_cancel(task);
	deadline_set(&forever, MAX_SCHEDULE_TIMEOUT);
	/* Again if it was submitted again before it could see that it should not. */
	do {
		cancelled |= wpool_cancel(task);
		ask_to_stop(task);
	} while (wait_once(task, &forever, false, &result) == -EAGAIN);
	return cancelled;
}
EXPORT_SYMBOL_GPL(wpool_cancel_sync);

/**
 * wpool_task_queued() - is a task accepted and waiting
 * @task: the task
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it is, in the queue or for its time to come; a running task that was
 * submitted again is too.
 */
bool wpool_task_queued(const struct wpool_task *task)
{
	/* Pairs with the release in task_settle(). */
	return task && (smp_load_acquire(&task->state) & (TASK_QUEUED | TASK_DELAYED));
}
EXPORT_SYMBOL_GPL(wpool_task_queued);

/**
 * wpool_task_running() - is a task inside its function
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
