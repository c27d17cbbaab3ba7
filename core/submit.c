// SPDX-License-Identifier: GPL-2.0
/*
 * The ways in, all around submit(): by the staging queue, or else by submit_to_pool(). And what
 * is done when the queue is full: block() is modelled in scripts/model/handover.pml, and
 * whom it refuses in deadlock.pml beside it.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "internal.h"

/*
 * Values of a timeout beyond those in jiffies: %BY_POLICY does what the pool's
 * full-queue policy says, %DONT_BLOCK gives -EAGAIN.
 */
#define BY_POLICY	ULONG_MAX
#define DONT_BLOCK	(ULONG_MAX - 1)

/* How many tasks of a batch are accepted in one hold of the lock. */
#define BATCH_MAX	64U

/* Locking: pool->lock held; released. Return: @ret. */
static int reject(struct wpool *pool, int ret, unsigned long flags)
	__releases(&pool->lock)
{
	stat_inc(pool, WPOOL_STAT_REJECTED);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ret;
}

/* Context: pool->lock held. */
static int block_refused(const struct wpool *pool,
			 const struct wpool_waiter *waiter)
{
	if (pool->max_blocked && pool->nr_blocked >= pool->max_blocked)
		return -EAGAIN;
	if (waiter->worker && deadlock_if_asleep(waiter))
		return -EDEADLK;
	return 0;
}

/*
 * Queues the caller up for room. Locking: pool->lock held; released.
 *
 * Whoever makes room accepts the task on the caller's behalf and takes it off
 * the list, so after a time-out or a signal the list says which came first.
 */
static int block(struct wpool *pool, struct wpool_task *task,
		 struct wpool_group *group, const u64 *key,
		 unsigned long timeout, unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_deadline deadline;
	struct wpool_wakes wakes = {};
	struct wpool_waiter waiter;
	long left;
	int ret;

	deadline_set(&deadline, timeout);
	waiter_init(&waiter);
	batch_reclaim(pool);
	waiter.task = task;
	waiter.group = group;
	waiter.owner = group ? group->owner : NULL;
	waiter.key = key;
	if (deadline.never)
		waiter.worker = worker_current(pool);
	ret = block_refused(pool, &waiter);
	if (ret)
		return reject(pool, ret, flags);
	if (waiter.worker)
		deadlock_count(&waiter, true);
	if (waiter.counted)
		list_add_tail(&waiter.stuck, &pool->blocked_workers);
	list_add_tail(&waiter.node, &pool->blocked);
	shared_inc(pool->nr_blocked);
	wpool_get(pool);
	raw_spin_unlock_irqrestore(&pool->lock, flags);

	dep_wait_room();
	left = wait_for_completion_killable_timeout(&waiter.done,
						    deadline_left(&deadline));

	pool_lock(pool, flags);
	if (waiter.told == -EINPROGRESS) {
		if (waiter.counted)
			pool->nr_asleep--;
		queue_unblock(pool, &waiter);
		waiter.told = reject(pool, left < 0 ? -EINTR : -ETIMEDOUT, flags);
	} else {
		/* It may be the last of some who were told; see there. */
		queue_admit_blocked(pool, &wakes);
		wake_for_queue(pool, &wakes);
		pool_unlock_wake(pool, flags, &wakes);
		if (left <= 0)
			wait_for_completion(&waiter.done);
	}
	wpool_put(pool);
	return waiter.told;
}

/* Accepts the task and drops it, or the oldest in its stead. Locking: as block(). */
static int discard(struct wpool *pool, struct wpool_task *task,
		   struct wpool_group *group, const u64 *key,
		   unsigned long flags)
	__releases(&pool->lock)
{
	struct wpool_task *victim = NULL;
	struct wpool_wakes wakes = {};
	int ret;

	ret = queue_take(pool, task, group, key);
	if (ret)
		return reject(pool, ret, flags);
	batch_reclaim(pool);
	if (pool->full == WPOOL_FULL_DISCARD_OLDEST)
		victim = queue_pop_oldest(pool);
	/* One for one, before the drop hands what room there is to others. */
	if (victim) {
		queue_put(pool, task);
		if (group)
			group_tell_workers(group, pool, &wakes);
	} else {
		victim = task;
	}
	task_drop(pool, victim, WPOOL_STAT_DROPPED, &wakes);
	wake_for_queue(pool, &wakes);
	pool_unlock_wake(pool, flags, &wakes);
	return 0;
}

/* Does what the policy of a full pool says. Locking: as block(). */
static int when_full(struct wpool *pool, struct wpool_task *task,
		     struct wpool_group *group, const u64 *key,
		     unsigned long flags)
	__releases(&pool->lock)
{
	int ret;

	switch (pool->full) {
	case WPOOL_FULL_CALLER_RUNS:
		/* Neither beside itself nor ahead of its key. */
		if (task->state & TASK_IN_FN || task->flags & WPOOL_TASK_KEYED)
			break;
		ret = queue_take(pool, task, group, NULL);
		if (ret)
			return reject(pool, ret, flags);
		run_in_caller(pool, task, flags);
		return 0;
	case WPOOL_FULL_DISCARD:
	case WPOOL_FULL_DISCARD_OLDEST:
		return discard(pool, task, group, key, flags);
	case WPOOL_FULL_FAIL:
		return reject(pool, -EAGAIN, flags);
	case WPOOL_FULL_BLOCK:
		break;
	}
	return block(pool, task, group, key, MAX_SCHEDULE_TIMEOUT, flags);
}

/*
 * Its key must be released when it has ended. A pool that has the task already
 * may be pinning its owner just now.
 */
static bool keyed_and_detached(const struct wpool_task *task)
{
	u8 both = WPOOL_TASK_KEYED | WPOOL_TASK_DETACHED;

	return (READ_ONCE(task->flags) & both) == both;
}

/* Why a task cannot be run. */
static void tell_fault(const struct wpool *pool,
				const struct wpool_task *task)
{
	const char *fault;

	if (!task)
		fault = "no task";
	else if (!task->fn)
		fault = "a task without a function";
	else if (keyed_and_detached(task))
		fault = "a task with a key that is detached";
	else
		fault = "a task of unknown priority";
	pr_err_ratelimited("%s: submitted: %s\n", pool->name, fault);
}

bool submit_args_ok(struct wpool *pool, const struct wpool_task *task)
{
	if (IS_ERR_OR_NULL(pool))
		return false;
	if (task && task->fn && task->prio < WPOOL_NR_PRIOS &&
	    !keyed_and_detached(task))
		return true;
	tell_fault(pool, task);
	return false;
}

/*
 * What becomes of a task that was not accepted at once. Locking: pool->lock held;
 * released.
 */
static int not_accepted(struct wpool *pool, struct wpool_task *task,
				 struct wpool_group *group, const u64 *key,
				 unsigned long timeout, int ret, unsigned long flags)
	__releases(&pool->lock)
{
	if (ret == -EAGAIN && timeout == BY_POLICY)
		return when_full(pool, task, group, key, flags);
	if (ret == -EAGAIN && timeout != DONT_BLOCK)
		return block(pool, task, group, key, timeout, flags);
	if (ret == -EAGAIN || ret == -ESHUTDOWN)
		return reject(pool, ret, flags);
	raw_spin_unlock_irqrestore(&pool->lock, flags);
	return ret;
}

/*
 * Who submits a task knows whether it lies on its own stack. Of one that a pool has
 * already, nothing is changed. Context: pool->lock held.
 */
static void note_stack(struct wpool *pool, struct wpool_task *task)
{
	u8 flags = READ_ONCE(task->flags);

	if (likely(!(flags & WPOOL_TASK_ONSTACK)))
		return;
	if (object_is_on_stack(task)) {
		stack_lend(pool);
		return;
	}
	/* Pairs with the release in task_settle(). */
	if (!(smp_load_acquire(&task->state) & TASK_ACCEPTED))
		WRITE_ONCE(task->flags, flags & ~WPOOL_TASK_ONSTACK);
}

/* For all that the staging queue does not take. */
static noinline int submit_to_pool(struct wpool *pool, struct wpool_task *task,
				   const u64 *key,
				   unsigned long timeout)
{
	unsigned long flags;
	int ret;

	if (!submit_args_ok(pool, task))
		return -EINVAL;
	pool_lock(pool, flags);
	note_stack(pool, task);
	ret = queue_accept(pool, task, NULL, key);
	if (unlikely(ret))
		return not_accepted(pool, task, NULL, key, timeout, ret, flags);
	staging_offer(pool, task);
	pool_unlock_queued(pool, flags);
	return 0;
}

/*
 * The same for a task of a group, whose arguments have been checked. Workers that wait for
 * the group are told in the hold of the lock in which there is something for them to run.
 * @owner: as group_enter() of the group.
 */
int submit_to_group(struct wpool *pool, struct wpool_task *task,
		    struct wpool_group *group, const struct wpool_worker *owner)
{
	struct wpool_wakes wakes = {};
	unsigned long flags;
	int ret;

	pool_lock(pool, flags);
	note_stack(pool, task);
	ret = stack_is_ending(owner) ? -EOWNERDEAD : queue_accept(pool, task, group, NULL);
	if (ret)
		return not_accepted(pool, task, group, NULL, BY_POLICY, ret, flags);
	group_tell_workers(group, pool, &wakes);
	wake_for_queue(pool, &wakes);
	pool_unlock_wake(pool, flags, &wakes);
	return 0;
}

int submit_keyed(struct wpool *pool, struct wpool_task *task, u64 key)
{
	return submit_to_pool(pool, task, &key, BY_POLICY);
}

static __always_inline int submit(struct wpool *pool, struct wpool_task *task,
				  unsigned long timeout)
{
	return staging_submit(pool, task) ? 0 : submit_to_pool(pool, task, NULL, timeout);
}

/**
 * wpool_schedule() - have a task run, waiting for room if need be
 * @pool: the pool
 * @task: the task, set up and neither queued nor running elsewhere; the pool's
 *	until it has run, or was cancelled
 *
 * When the queue is full the pool's policy decides, see &enum wpool_full. Those
 * who sleep for room are served in order. A task that is running in this very
 * pool may be submitted, from its own function too: it runs again after that
 * run, and has its place in the queue from the end of that run. To submit one task
 * to two pools at once is the caller's to avoid.
 *
 * Context: Process context; may sleep. The caller holds a reference on @pool.
 * Return: 0 if accepted: then the task runs exactly once, or who waits for it is
 * told why not. Else nothing has changed:
 * -EINVAL (NULL pool, task or function, unknown priority, keyed and detached),
 * -EBUSY (already queued, or running in
 * another pool), -EAGAIN (full, and the policy is not to wait, or too many wait
 * already), -ESHUTDOWN (the pool accepts no more; also if that comes to pass
 * while waiting), -EINTR (a fatal signal while waiting), -EDEADLK (the caller is
 * a worker of this pool and all its workers wait for one another), -ENOENT (the
 * task's module is going away).
 */
int wpool_schedule(struct wpool *pool, struct wpool_task *task)
{
	might_sleep();
	return submit(pool, task, BY_POLICY);
}
EXPORT_SYMBOL_GPL(wpool_schedule);

/**
 * wpool_try_schedule() - have a task run if there is room
 * @pool: the pool
 * @task: as for wpool_schedule()
 *
 * Never sleeps and never allocates, whatever the policy of the pool is. Takes
 * the pool's lock, a raw spinlock held for a bounded time.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule(), but never -EINTR or -EDEADLK; -EAGAIN when full.
 */
int wpool_try_schedule(struct wpool *pool, struct wpool_task *task)
{
	return submit(pool, task, DONT_BLOCK);
}
EXPORT_SYMBOL_GPL(wpool_try_schedule);

/**
 * wpool_schedule_timeout() - have a task run, waiting a limited time for room
 * @pool: the pool
 * @task: as for wpool_schedule()
 * @timeout: the longest to wait, in jiffies; never cut short
 *
 * Waits whatever the policy of the pool is.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -ETIMEDOUT; -EAGAIN only if too many wait
 * already.
 */
int wpool_schedule_timeout(struct wpool *pool, struct wpool_task *task,
			   unsigned long timeout)
{
	int ret;

	might_sleep();
	if (timeout)
		return submit(pool, task, min_t(unsigned long, timeout,
						      MAX_SCHEDULE_TIMEOUT));
	ret = submit(pool, task, DONT_BLOCK);
	return ret == -EAGAIN ? -ETIMEDOUT : ret;
}
EXPORT_SYMBOL_GPL(wpool_schedule_timeout);

/* As many as the staging queue takes, in one hold of its lock. */
static unsigned int submit_to_staging(struct wpool *pool, struct wpool_task **tasks,
				      unsigned int n)
{
	unsigned int accepted = 0;
	unsigned long flags;

	if (!READ_ONCE(pool->staging.limit))
		return 0;
	raw_spin_lock_irqsave(&pool->staging.lock, flags);
	while (accepted < n && task_is_plain(pool, tasks[accepted]) &&
	       staging_put(pool, tasks[accepted]))
		accepted++;
	raw_spin_unlock_irqrestore(&pool->staging.lock, flags);
	return accepted;
}

/* In few holds of locks, as many as there is room for; in *@ret why no more. */
static unsigned int submit_some(struct wpool *pool, struct wpool_task **tasks,
				unsigned int n, int *ret)
{
	unsigned int accepted = submit_to_staging(pool, tasks, n), first = accepted;
	unsigned long flags;

	*ret = 0;
	if (accepted == n)
		return n;
	pool_lock(pool, flags);
	do {
		note_stack(pool, tasks[accepted]);
		*ret = queue_accept(pool, tasks[accepted], NULL, NULL);
	} while (!*ret && ++accepted < n);
	staging_offer(pool, tasks[first]);
	pool_unlock_queued(pool, flags);
	return accepted;
}

/**
 * wpool_schedule_batch() - have many tasks run
 * @pool: the pool
 * @tasks: pointers to the tasks, each as for wpool_schedule()
 * @n: how many
 *
 * The same as wpool_schedule() for each in turn until one is refused, but with
 * few holds of the lock and few wake-ups.
 *
 * Context: Process context; may sleep.
 * Return: how many, from the first on, were accepted, at most %INT_MAX; if none
 * was, the error of wpool_schedule() for the first; 0 if @n is 0.
 */
int wpool_schedule_batch(struct wpool *pool, struct wpool_task **tasks,
			 unsigned int n)
{
	unsigned int done = 0, i;
	int ret = 0;

	might_sleep();
	if (IS_ERR_OR_NULL(pool) || (n && !tasks))
		return -EINVAL;
	n = min_t(unsigned int, n, INT_MAX);
	for (i = 0; i < n; i++) {
		if (!submit_args_ok(pool, tasks[i]))
			n = i, ret = -EINVAL;
	}
	while (done < n) {
		done += submit_some(pool, tasks + done, min(n - done, BATCH_MAX),
				    &ret);
		if (ret == -EAGAIN) {
			ret = submit(pool, tasks[done], BY_POLICY);
			done += !ret;
		}
		if (ret)
			break;
	}
	return done ?: ret;
}
EXPORT_SYMBOL_GPL(wpool_schedule_batch);

/*
 * A task that the pool has to spare, submitted in the same hold of the lock if the staging
 * queue takes it. Return: NULL if there is none.
 */
static struct wpool_task *submit_spare(struct wpool *pool, wpool_fn_t fn, void *arg,
				       struct module *owner, bool *accepted)
{
	struct wpool_staging *staging = &pool->staging;
	struct wpool_task *task;
	unsigned long flags;

	if (!READ_ONCE(staging->nr_spare))
		return NULL;
	raw_spin_lock_irqsave(&staging->lock, flags);
	task = task_unchain(&staging->spare);
	if (task) {
		shared_dec(staging->nr_spare);
		task_set_up(task, fn, arg, owner);
		*accepted = task_is_plain(pool, task) && staging_put(pool, task);
	}
	raw_spin_unlock_irqrestore(&staging->lock, flags);
	return task;
}

/*
 * On PREEMPT_RT the locks of the allocator sleep: whoever takes or frees memory in a hard
 * interrupt may wait for the very thread that it interrupts.
 */
static bool may_allocate(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

/* Give back what submit_spare() took, where nothing may be freed. */
static void task_spare(struct wpool *pool, struct wpool_task *task)
{
	struct wpool_staging *staging = &pool->staging;
	unsigned long flags;

	raw_spin_lock_irqsave(&staging->lock, flags);
	shared_inc(staging->nr_spare);
	task_chain(&staging->spare, task);
	raw_spin_unlock_irqrestore(&staging->lock, flags);
}

static int submit_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
		     struct module *owner, gfp_t gfp, unsigned long timeout)
{
	struct wpool_task *task = NULL;
	bool accepted = false;
	int ret;

	if (!IS_ERR_OR_NULL(pool))
		task = submit_spare(pool, fn, arg, owner, &accepted);
	if (accepted)
		return 0;
	if (!task && may_allocate())
		task = task_alloc(fn, arg, owner, gfp);
	if (!task)
		return -ENOMEM;
	ret = submit(pool, task, timeout);
	if (ret && may_allocate())
		task_free(task);
	else if (ret)
		task_spare(pool, task);
	return ret;
}

/**
 * __wpool_schedule_fn() - what wpool_schedule_fn() is made of
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @owner: the module that @fn belongs to
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), or -ENOMEM.
 */
int __wpool_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
			struct module *owner)
{
	might_sleep();
	return submit_fn(pool, fn, arg, owner, GFP_KERNEL, BY_POLICY);
}
EXPORT_SYMBOL_GPL(__wpool_schedule_fn);

/**
 * __wpool_try_schedule_fn() - what wpool_try_schedule_fn() is made of
 * @pool: the pool
 * @fn: what to call
 * @arg: what to call it with
 * @owner: the module that @fn belongs to
 *
 * Context: Any but NMI. On PREEMPT_RT, see wpool_try_schedule_fn().
 * Return: as wpool_try_schedule(), or -ENOMEM.
 */
int __wpool_try_schedule_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
			    struct module *owner)
{
	return submit_fn(pool, fn, arg, owner, GFP_ATOMIC, DONT_BLOCK);
}
EXPORT_SYMBOL_GPL(__wpool_try_schedule_fn);
