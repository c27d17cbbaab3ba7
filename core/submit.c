// SPDX-License-Identifier: GPL-2.0
/*
 * Submitting tasks, all around submit(): by way of the staging queue, or by submit_to_pool().
 * queue_full.c has what happens when the pool is full, submit_keyed.c the calls with a key.
 */
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched.h>

#include "caller_runs.h"
#include "chain.h"
#include "current_thread.h"
#include "group.h"
#include "objects.h"
#include "pool.h"
#include "pool_lock.h"
#include "queue.h"
#include "queue_full.h"
#include "staging.h"
#include "submit.h"
#include "task.h"
#include "worker_stack.h"

/* How many tasks of a call are accepted in one hold of the lock. */
#define BATCH_MAX	64U

/*
 * A detached task cannot have a key: the key must be released after its end. A pool that has
 * the task already may be pinning its owner just now.
 */
static bool keyed_and_detached(const struct wpool_task *task)
{
	u8 both = WPOOL_TASK_KEYED | WPOOL_TASK_DETACHED;

	return (READ_ONCE(task->flags) & both) == both;
}

/* What a function or a release gives back is not on the stack of the thread that sets it up. */
static bool tracked_on_stack(const struct wpool_task *task)
{
	u8 both = WPOOL_TASK_TRACKED | WPOOL_TASK_ONSTACK;

	return (READ_ONCE(task->flags) & both) == both;
}

static enum submit_kind kind_of(const struct wpool_task *task)
{
	if (task->delayed)
		return SUBMIT_DELAYED;
	return READ_ONCE(task->flags) & WPOOL_TASK_KEYED ? SUBMIT_KEYED : SUBMIT_PLAIN;
}

/* A task of this kind, given to a call for another: its key or its delay would not count. */
static const char * const kind_faults[] = {
	[SUBMIT_PLAIN] = "a plain task, as one with a key or a delay",
	[SUBMIT_KEYED] = "a task with a key, by a call without one",
	[SUBMIT_DELAYED] = "a delayed task, by a call without a delay",
};

/* Reports why a task cannot run. */
static void report_fault(const struct wpool *pool, const struct wpool_task *task,
			 enum submit_kind kind)
{
	const char *fault;

	if (!task)
		fault = "no task";
	else if (!task->fn)
		fault = "a task without a function";
	else if (kind_of(task) != kind)
		fault = kind_faults[kind_of(task)];
	else if (keyed_and_detached(task))
		fault = "a task with a key that is detached";
	else if (tracked_on_stack(task))
		fault = "a task on the stack that has a release or a ticket, or frees itself";
	else
		fault = "a task of unknown priority";
	pr_err_ratelimited("%s: submitted: %s\n", pool->name, fault);
}

bool submit_args_ok(struct wpool *pool, const struct wpool_task *task, enum submit_kind kind)
{
	if (IS_ERR_OR_NULL(pool))
		return false;
	if (task && task->fn && kind_of(task) == kind && task->prio < WPOOL_NR_PRIOS &&
	    !keyed_and_detached(task) && !tracked_on_stack(task))
		return true;
	report_fault(pool, task, kind);
	return false;
}

/*
 * The submitting thread knows whether the task lies on its own stack. Nothing changes for a
 * task that a pool has already. Context: pool->lock held.
 */
static void note_stack(struct wpool *pool, struct wpool_task *task)
{
	u8 flags = READ_ONCE(task->flags);
	bool on_stack;

	lockdep_assert_held(&pool->lock);
	if (likely(!(flags & WPOOL_TASK_ONSTACK)))
		return;
	on_stack = object_is_on_stack(task);
	if (on_stack)
		stack_lend(pool);
	/* Pairs with the release in task_settle(). */
	if (smp_load_acquire(&task->state) & TASK_ACCEPTED)
		return;
	objects_task_submitted(task);
	if (!on_stack)
		WRITE_ONCE(task->flags, flags & ~WPOOL_TASK_ONSTACK);
}

/*
 * Submits a task of a group, or one that was not accepted before; its arguments have been
 * checked. Workers that wait for the group are woken in the same hold of the lock in which the
 * task becomes ready for them. Return: as submit_not_accepted().
 */
static int submit_once(struct wpool *pool, struct wpool_submission *sub)
{
	unsigned long flags;
	int ret;

	pool_lock(pool, flags);
	note_stack(pool, sub->task);
	ret = stack_is_ending(sub->owner) ? -EOWNERDEAD :
	      sub->timeout == SUBMIT_IF_FREE ? queue_accept_if_free(pool, sub->task) :
	      queue_accept(pool, sub->task, sub->group, sub->key);
	if (ret)
		return submit_not_accepted(pool, sub, ret, flags);
	if (sub->group)
		group_task_waits(sub->group, sub->task);
	pool_unlock(pool, flags);
	return 0;
}

/* Submits a task in a special way; its arguments have been checked. Return: as wpool_schedule(). */
int submit_one(struct wpool *pool, struct wpool_submission *sub)
{
	int ret;

	do {
		ret = submit_once(pool, sub);
	} while (ret == SUBMIT_AGAIN);
	/* A thread that the task kills does not come here: see caller_reap(). */
	if (sub->caller)
		caller_free(sub->caller);
	return ret;
}

/* Locking: pool->lock held; released. Return: as wpool_schedule(). */
static int submit_refused(struct wpool *pool, struct wpool_submission *sub, int ret,
			  unsigned long flags)
	__releases(&pool->lock)
{
	ret = submit_not_accepted(pool, sub, ret, flags);
	return ret == SUBMIT_AGAIN ? submit_one(pool, sub) : ret;
}

/*
 * Opens the staging queue if that pays. A task that comes that way would not end a chain. Context:
 * pool->lock held.
 */
static void offer_staging(struct wpool *pool, const struct wpool_task *task)
{
	staging_offer(pool, task);
	if (staging_is_open(pool))
		chain_break(pool);
}

/*
 * Does the task wait in the pool already, as that of an interrupt that comes often? It begins under
 * the lock that is held here: its run sees what the caller has stored before.
 */
static bool waits_already(struct wpool *pool, const struct wpool_task *task)
{
	unsigned long flags;
	bool waits;

	if (likely(READ_ONCE(task->state) != TASK_QUEUED) ||
	    READ_ONCE(task->flags) & WPOOL_TASK_ONSTACK)
		return false;
	pool_lock(pool, flags);
	waits = pool->state == WPOOL_STATE_RUNNING && READ_ONCE(task->pool) == pool &&
		READ_ONCE(task->state) == TASK_QUEUED;
	pool_unlock(pool, flags);
	return waits;
}

/**
 * submit_to_pool() - submit a task that the staging queue does not take
 * @pool: the pool
 * @task: the task
 * @key: its key, or NULL
 * @timeout: as in &struct wpool_submission
 *
 * Context: as the policy and @timeout say.
 * Return: as wpool_schedule().
 */
noinline int submit_to_pool(struct wpool *pool, struct wpool_task *task, const u64 *key,
			    unsigned long timeout)
{
	unsigned long flags;
	int ret;

	if (!submit_args_ok(pool, task, submit_kind_by(key)))
		return -EINVAL;
	if (waits_already(pool, task))
		return -EBUSY;
	pool_lock(pool, flags);
	note_stack(pool, task);
	ret = queue_accept(pool, task, NULL, key);
	if (unlikely(ret))
		return submit_refused(pool, &(struct wpool_submission) {
			.task = task, .key = key, .timeout = timeout,
		}, ret, flags);
	offer_staging(pool, task);
	if (unlikely(pool->conf.flags & WPOOL_CHAIN))
		chain_offer(pool, task);
	pool_unlock(pool, flags);
	return 0;
}

static __always_inline int submit(struct wpool *pool, struct wpool_task *task,
				  unsigned long timeout)
{
	return staging_submit(pool, task) ? 0 : submit_to_pool(pool, task, NULL, timeout);
}

/**
 * wpool_schedule() - run a task, and wait for room if needed
 * @pool: the pool
 * @task: set up, and neither queued nor running elsewhere; it belongs to the pool until it has
 *	run or was cancelled. Not part of a struct wpool_keyed_task or wpool_delayed_task: those
 *	have calls of their own.
 *
 * When the queue is full the pool's policy decides, see &enum wpool_full. Callers that sleep
 * for room get it in order: a task is accepted as soon as there is room for it. If the queue has
 * eight places or more its caller may sleep on after that, until a quarter of them, or 64, have
 * come free, but for two jiffies and the manager's wake-up at most. Not so a real-time thread, a
 * worker of the pool, and a caller whose task goes before others that wait; nor any if the workers
 * are real-time threads.
 *
 * A task that is running in the same pool may be submitted, also from its own function: it runs
 * again after that run, and gets its place in the queue at the end of that run. The caller must not
 * submit one task to two pools at the same time.
 *
 * Context: Process context; may sleep. The caller holds a reference on @pool. Allocates with
 * GFP_KERNEL if the policy makes the caller run the task.
 * Return: 0 if accepted: then the task runs exactly once, or its waiter learns why not.
 * Otherwise nothing has changed: -EINVAL (NULL pool, task or function, unknown priority, keyed
 * or delayed, on the stack with a release; or, with a message, called in atomic context, even
 * if there is room), -EBUSY (already queued: the run that comes sees all that the caller has stored
 * before; or another pool has it), -ECANCELED (it runs, and was asked to stop: see
 * wpool_ask_stop()), -EAGAIN (full, and the policy does not wait, or too many wait
 * already), -ESHUTDOWN (the pool accepts no more; also if it is closed during the wait), -EINTR (a
 * fatal signal while waiting), -EDEADLK (the caller is a worker of this pool and all its workers
 * wait for one another), -ENOENT (the task's module is going away). -ESHUTDOWN comes before -EBUSY,
 * and this before -EAGAIN.
 */
int wpool_schedule(struct wpool *pool, struct wpool_task *task)
{
	if (sleep_refused(pool, __func__))
		return -EINVAL;
	return submit(pool, task, SUBMIT_BY_POLICY);
}
EXPORT_SYMBOL_GPL(wpool_schedule);

/**
 * wpool_try_schedule() - run a task if there is room
 * @pool: the pool
 * @task: as for wpool_schedule()
 *
 * Never sleeps and never allocates, whatever the policy of the pool is. Takes the pool's lock,
 * a raw spinlock held for a bounded time.
 *
 * Context: Any but NMI.
 * Return: as wpool_schedule(), but never -EINTR or -EDEADLK; -EAGAIN when full.
 */
int wpool_try_schedule(struct wpool *pool, struct wpool_task *task)
{
	return submit(pool, task, SUBMIT_OR_FAIL);
}
EXPORT_SYMBOL_GPL(wpool_try_schedule);

/**
 * wpool_schedule_timeout() - run a task, and wait for room with a time limit
 * @pool: the pool
 * @task: as for wpool_schedule()
 * @timeout: the longest wait, in jiffies; never cut short
 *
 * Waits whatever the policy of the pool is.
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(), and -ETIMEDOUT; -EAGAIN only if too many wait already.
 */
int wpool_schedule_timeout(struct wpool *pool, struct wpool_task *task,
			   unsigned long timeout)
{
	if (sleep_refused(pool, __func__))
		return -EINVAL;
	return submit_timed_out(submit(pool, task, submit_timeout(timeout)), timeout);
}
EXPORT_SYMBOL_GPL(wpool_schedule_timeout);

/**
 * wpool_schedule_interruptible() - run a task, and wait for room until a signal comes
 * @pool: the pool
 * @task: as for wpool_schedule()
 *
 * Like wpool_schedule(), but any signal ends the wait for room. For code that acts for a
 * process, such as write().
 *
 * Context: Process context; may sleep.
 * Return: as wpool_schedule(); -EINTR after any signal while waiting.
 */
int wpool_schedule_interruptible(struct wpool *pool, struct wpool_task *task)
{
	if (sleep_refused(pool, __func__))
		return -EINVAL;
	return submit(pool, task, SUBMIT_INTERRUPTIBLE);
}
EXPORT_SYMBOL_GPL(wpool_schedule_interruptible);

/* Return: how many, from the first on, have no fault; the next is reported. */
static unsigned int batch_faultless(struct wpool *pool, struct wpool_task **tasks, unsigned int n)
{
	unsigned int i = 0;

	while (i < n && submit_args_ok(pool, tasks[i], SUBMIT_PLAIN))
		i++;
	return i;
}

/*
 * In one hold of the lock, submits as many as there is room for; *@ret says why no more. They
 * have no fault, and the staging queue does not take the first.
 */
static unsigned int submit_some(struct wpool *pool, struct wpool_task **tasks,
				unsigned int n, int *ret)
{
	unsigned int accepted = 0;
	unsigned long flags;

	pool_lock(pool, flags);
	do {
		note_stack(pool, tasks[accepted]);
		*ret = queue_accept(pool, tasks[accepted], NULL, NULL);
	} while (!*ret && ++accepted < n);
	offer_staging(pool, tasks[0]);
	pool_unlock(pool, flags);
	return accepted;
}

/**
 * wpool_schedule_batch() - run many tasks
 * @pool: the pool
 * @tasks: pointers to the tasks, each as for wpool_schedule()
 * @n: how many
 *
 * The same as wpool_schedule() for each in turn until one is refused, but with few holds of the
 * lock and few wake-ups.
 *
 * Context: Process context; may sleep.
 * Return: how many, from the first on, were accepted, at most %INT_MAX; if none was, the error
 * of wpool_schedule() for the first; 0 if @n is 0.
 */
int wpool_schedule_batch(struct wpool *pool, struct wpool_task **tasks,
			 unsigned int n)
{
	unsigned int done = 0, staged;
	bool checked = false;
	int ret = 0;

	if (sleep_refused(pool, __func__) || IS_ERR_OR_NULL(pool) || (n && !tasks))
		return -EINVAL;
	n = min_t(unsigned int, n, INT_MAX);
	while (done < n) {
		staged = staging_submit_some(pool, tasks + done, min(n - done, BATCH_MAX));
		done += staged;
		if (staged)
			continue;
		/* Only here: what is staged has no fault, see task_is_plain(). */
		if (!checked) {
			checked = true;
			n = done + batch_faultless(pool, tasks + done, n - done);
			if (done == n)
				ret = -EINVAL;
			continue;
		}
		done += submit_some(pool, tasks + done, min(n - done, BATCH_MAX), &ret);
		/* There a refusal is counted too. */
		if (ret == -EAGAIN || ret == -ESHUTDOWN) {
			ret = submit(pool, tasks[done], SUBMIT_BY_POLICY);
			done += !ret;
		}
		if (ret)
			break;
	}
	return done ?: ret;
}
EXPORT_SYMBOL_GPL(wpool_schedule_batch);

/*
 * On PREEMPT_RT the allocator's locks sleep: a hard interrupt that allocates or frees may wait
 * for the very thread that it has interrupted.
 */
bool submit_may_allocate(void)
{
	return !IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible();
}

/**
 * submit_cannot_allocate() - report a call that needs memory where there is none
 * @pool: the pool
 * @call: __func__
 * @caller: who made it
 * @served: the pool happened to have a spare task. Only debugging kernels report that.
 *
 * Context: Any, but submit_may_allocate() is false.
 */
void submit_cannot_allocate(const struct wpool *pool, const char *call, void *caller, bool served)
{
	if (served && !IS_ENABLED(CONFIG_DEBUG_ATOMIC_SLEEP))
		return;
	pr_err_ratelimited("%s: %s by %pS in atomic context %s: nothing can be allocated there on PREEMPT_RT\n",
			   IS_ERR_OR_NULL(pool) ? "-" : pool->name, call, caller,
			   served ? "has got a spare task" : "refused");
}

static int submit_fn(struct wpool *pool, wpool_fn_t fn, void *arg,
		     struct module *owner, gfp_t gfp, unsigned long timeout)
{
	struct wpool_task *task = NULL;
	bool accepted = false;
	int ret;

	if (!IS_ERR_OR_NULL(pool))
		task = staging_submit_spare(pool, fn, arg, owner, &accepted);
	if (accepted)
		return 0;
	if (!task && submit_may_allocate())
		task = task_alloc(fn, arg, owner, gfp);
	if (!task)
		return -ENOMEM;
	ret = submit(pool, task, timeout);
	if (ret && submit_may_allocate())
		task_free(task);
	else if (ret)
		staging_give_back(pool, task);
	return ret;
}

/**
 * __wpool_schedule_fn() - the function behind wpool_schedule_fn()
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
	if (sleep_refused(pool, __func__))
		return -EINVAL;
	return submit_fn(pool, fn, arg, owner, GFP_KERNEL, SUBMIT_BY_POLICY);
}
EXPORT_SYMBOL_GPL(__wpool_schedule_fn);

/**
 * __wpool_try_schedule_fn() - the function behind wpool_try_schedule_fn()
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
	int ret = submit_fn(pool, fn, arg, owner, GFP_ATOMIC, SUBMIT_OR_FAIL);

	if (unlikely(!submit_may_allocate()))
		submit_cannot_allocate(pool, __func__, __builtin_return_address(0),
				       ret != -ENOMEM);
	return ret;
}
EXPORT_SYMBOL_GPL(__wpool_try_schedule_fn);
