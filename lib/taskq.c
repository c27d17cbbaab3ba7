// SPDX-License-Identifier: GPL-2.0
/*
 * The calls of linux/wpool_taskq.h, made of wpool's own.
 *
 * A taskq is a pool whose &wpool_attrs.priv is a struct taskq. What is dispatched with an id is a
 * task with a release; from before its submission until that release it is in a tree, by its id.
 * The tree says what is outstanding, also of delayed calls, which a flush need not wait for. It
 * is in the order of the ids, which have 64 bits also where an index of an xarray has 32.
 */
#include <linux/completion.h>
#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/printk.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/wpool_taskq.h>

#include "taskq.h"

/**
 * struct taskq - what a taskq has beyond its pool
 * @lock: guards the others, but for what says otherwise; no call is made with it but wake-ups
 * @calls: those that are outstanding, by their ids
 * @last: the last id that was given
 * @ended: threads that wait until calls are no longer in the tree
 * @suspended: for those that ask; written without the lock
 * @unknown: how many threads are not in @threads yet
 * @threads: an array of its creator, not touched when @unknown is 0; or NULL
 * @started: all are in @threads
 */
struct taskq {
	spinlock_t		lock;	/* of the others */
	struct rb_root_cached	calls;
	u64			last;
	wait_queue_head_t	ended;
	bool			suspended;
	unsigned int		unknown;
	struct task_struct	**threads;
	struct completion	started;
};

/* A call in memory of ours. One reference is that of its submission, dropped by its release. */
struct taskq_call {
	union {
		struct wpool_release_task	ttask;
		struct wpool_delayed_task	dtask;
	};
	struct taskq		*taskq;
	struct rb_node		node;
	u64			id;
	refcount_t		refs;
	task_func_t		*func;
	void			*arg;
};

struct wpool *system_taskq;
EXPORT_SYMBOL_GPL(system_taskq);

static struct taskq_call *to_call(const struct rb_node *node)
{
	return rb_entry_safe(node, struct taskq_call, node);
}

static bool call_less(struct rb_node *node, const struct rb_node *other)
{
	return to_call(node)->id < to_call(other)->id;
}

static int call_cmp(const void *id, const struct rb_node *node)
{
	const u64 other = to_call(node)->id;

	return *(const u64 *)id < other ? -1 : *(const u64 *)id > other;
}

static void call_put(struct taskq_call *call)
{
	if (refcount_dec_and_test(&call->refs))
		kfree(call);
}

/* From now on it is outstanding, and others may find it. */
static taskqid_t call_begin(struct taskq *taskq, struct taskq_call *call)
{
	unsigned long flags;
	taskqid_t id;

	call->taskq = taskq;
	refcount_set(&call->refs, 1);
	spin_lock_irqsave(&taskq->lock, flags);
	id = ++taskq->last;
	call->id = id;
	rb_add_cached(&call->node, &taskq->calls, call_less);
	spin_unlock_irqrestore(&taskq->lock, flags);
	return id;
}

/* The pool lasts until the release has returned, and the taskq as long as the pool. */
static void call_end(struct taskq_call *call)
{
	struct taskq *taskq = call->taskq;
	unsigned long flags;

	spin_lock_irqsave(&taskq->lock, flags);
	rb_erase_cached(&call->node, &taskq->calls);
	/* A waiter comes to it before it looks, in a hold: one that has looked before is seen. */
	if (waitqueue_active(&taskq->ended))
		wake_up_all(&taskq->ended);
	spin_unlock_irqrestore(&taskq->lock, flags);
	call_put(call);
}

/* Return: a call that is outstanding, with a reference, or NULL. */
static struct taskq_call *call_get(struct taskq *taskq, taskqid_t id)
{
	struct taskq_call *call;
	unsigned long flags;

	spin_lock_irqsave(&taskq->lock, flags);
	call = to_call(rb_find(&id, &taskq->calls.rb_root, call_cmp));
	if (call)
		refcount_inc(&call->refs);
	spin_unlock_irqrestore(&taskq->lock, flags);
	return call;
}

static bool is_outstanding(struct taskq *taskq, taskqid_t id)
{
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&taskq->lock, flags);
	found = rb_find(&id, &taskq->calls.rb_root, call_cmp);
	spin_unlock_irqrestore(&taskq->lock, flags);
	return found;
}

/* Is any outstanding, of those up to an id? */
static bool any_outstanding(struct taskq *taskq, taskqid_t id)
{
	struct taskq_call *first;
	unsigned long flags;
	bool found;

	spin_lock_irqsave(&taskq->lock, flags);
	first = to_call(rb_first_cached(&taskq->calls));
	found = first && first->id <= id;
	spin_unlock_irqrestore(&taskq->lock, flags);
	return found;
}

static taskqid_t last_id(struct taskq *taskq)
{
	unsigned long flags;
	taskqid_t id;

	spin_lock_irqsave(&taskq->lock, flags);
	id = taskq->last;
	spin_unlock_irqrestore(&taskq->lock, flags);
	return id;
}

/* Return: NULL if there is none, or, after a message, if the caller would wait for itself. */
static struct taskq *may_wait(struct wpool *tq)
{
	int err = wpool_await_termination(tq, 0);

	return err && err != -ETIMEDOUT ? NULL : wpool_priv(tq);
}

/* Those threads that come in the place of a dead one are not in the array. */
static void thread_starts(struct wpool *tq)
{
	struct taskq *taskq = wpool_priv(tq);
	unsigned long flags;

	memalloc_noio_save();	/* for as long as it lives */
	spin_lock_irqsave(&taskq->lock, flags);
	if (taskq->unknown) {
		taskq->threads[--taskq->unknown] = current;
		if (!taskq->unknown)
			complete(&taskq->started);
	}
	spin_unlock_irqrestore(&taskq->lock, flags);
}

/*
 * One thread is an order, and nobody is to add another one; nor is anybody to end one of those
 * that the caller has in an array. Not %WPOOL_ORDERED, which would have no %TQ_FRONT.
 */
static struct wpool *make_pool(const char *name, int nthreads, int pri, int maxalloc,
			       unsigned int flags, struct taskq *taskq, struct module *owner)
{
	static const struct wpool_ops ops = { .worker_start = thread_starts };
	const bool percent = flags & TASKQ_THREADS_CPU_PCT;
	struct wpool_attrs attrs = {
		.capacity	= percent ? 0 : nthreads,
		.capacity_percent = percent ? min(nthreads, WPOOL_MAX_PERCENT) : 0,
		.queue_depth	= maxalloc == INT_MAX ? WPOOL_QUEUE_UNBOUNDED : max(maxalloc, 1),
		.nice		= (minclsyspri - clamp(pri, minclsyspri, maxclsyspri)) / 2,
		.flags		= WPOOL_MEM_RECLAIM | WPOOL_NUMBERED |
				  (flags & TASKQ_DYNAMIC ? 0 : WPOOL_PREALLOC) |
				  (percent ? WPOOL_ROUND_DOWN : 0) |
				  (taskq->threads || (!percent && nthreads == 1) ?
				   WPOOL_NO_SYSFS : 0),
		.ops		= &ops,
		.priv		= taskq,
	};

	return __wpool_create_fmt(&attrs, owner, "%.20s", name);
}

/* Behind taskq_create() and the like. @threads: as for taskq_create_synced(), or NULL. */
struct wpool *__wpool_taskq_create(const char *name, int nthreads, int pri, int maxalloc,
				   unsigned int flags, struct task_struct ***threads,
				   struct module *owner)
{
	struct taskq *taskq = nthreads > 0 ? kzalloc(sizeof(*taskq), GFP_KERNEL) : NULL;
	struct wpool *tq;

	if (threads)
		*threads = NULL;
	if (!taskq)
		return NULL;
	spin_lock_init(&taskq->lock);
	taskq->calls = RB_ROOT_CACHED;
	init_waitqueue_head(&taskq->ended);
	init_completion(&taskq->started);
	if (threads) {
		/* No pool has more, so a longer array would never be full. */
		if (nthreads <= WPOOL_MAX_CAPACITY)
			taskq->threads = kcalloc(nthreads, sizeof(*taskq->threads), GFP_KERNEL);
		if (!taskq->threads)
			goto free_taskq;
		taskq->unknown = nthreads;
	}
	tq = make_pool(name, nthreads, pri, maxalloc, flags, taskq, owner);
	if (IS_ERR(tq))
		goto free_threads;
	if (threads) {
		wait_for_completion(&taskq->started);
		*threads = taskq->threads;
	}
	return tq;

free_threads:
	kfree(taskq->threads);
free_taskq:
	kfree(taskq);
	return NULL;
}
EXPORT_SYMBOL_GPL(__wpool_taskq_create);

/* Behind taskq_destroy(). */
void __wpool_taskq_destroy(struct wpool *tq, struct module *owner)
{
	struct taskq *taskq = may_wait(tq);

	if (!taskq || tq == system_taskq)
		return;
	wpool_resume(tq);
	taskq_wait(tq);
	if (!__wpool_destroy(tq, owner))
		kfree(taskq);
}
EXPORT_SYMBOL_GPL(__wpool_taskq_destroy);

static gfp_t gfp_for(unsigned int flags)
{
	return flags & TQ_NOSLEEP ? GFP_ATOMIC | __GFP_NOWARN :
	       (flags & TQ_PUSHPAGE ? GFP_NOIO : GFP_KERNEL) | __GFP_NOFAIL;
}

static enum wpool_priority prio_for(unsigned int flags)
{
	return flags & TQ_FRONT ? WPOOL_PRIO_HIGH : WPOOL_PRIO_NORMAL;
}

static int taskq_run(void *arg)
{
	struct taskq_call *call = arg;

	call->func(call->arg);
	return 0;
}

static void taskq_release(void *arg, enum wpool_fate fate)
{
	call_end(arg);
}

static int submit_as(struct wpool *tq, struct wpool_task *task, unsigned int how)
{
	return wpool_schedule_how(tq, task, &(struct wpool_how) { .flags = how });
}

static int submit_now(struct wpool *tq, struct wpool_task *task, unsigned int flags)
{
	int err;

	if (flags & TQ_NOQUEUE)
		return submit_as(tq, task, WPOOL_IF_FREE);
	if (flags & TQ_NOSLEEP)
		return wpool_try_schedule(tq, task);
	/* The bound slows down a caller that may sleep, and does no more. */
	err = wpool_schedule_timeout(tq, task, HZ);
	return err && err != -ESHUTDOWN ? submit_as(tq, task, WPOOL_FORCE) : err;
}

/* @expire_time: the low word of the jiffies_64 then. */
static int submit_at(struct wpool *tq, struct wpool_delayed_task *dtask, unsigned long expire_time)
{
	u64 now = get_jiffies_64();
	long left = expire_time - (unsigned long)now;

	return wpool_schedule_how(tq, &dtask->task, &(struct wpool_how) {
		.flags = WPOOL_AT, .due = now + max(left, 0L),
	});
}

/*
 * Behind taskq_dispatch() and taskq_dispatch_delay(). @expire_time: when, in jiffies; NULL for now.
 * @owner: the module that @func belongs to.
 */
taskqid_t __wpool_taskq_dispatch(struct wpool *tq, task_func_t *func, void *arg,
				 unsigned int flags, const unsigned long *expire_time,
				 struct module *owner)
{
	struct taskq *taskq = wpool_priv(tq);
	struct taskq_call *call = NULL;
	taskqid_t id;

	/* There PREEMPT_RT can allocate nothing. */
	if (taskq && (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible()))
		call = kmalloc(sizeof(*call), gfp_for(flags));
	if (!call)
		return TASKQID_INVALID;
	call->func = func;
	call->arg = arg;
	if (expire_time)
		wpool_delayed_task_init(&call->dtask, taskq_run, call);
	else
		wpool_release_task_init(&call->ttask, taskq_run, call);
	/* Both kinds of tasks begin with a struct wpool_release_task. */
	call->ttask.task.owner = owner;
	wpool_task_set_release(&call->ttask, taskq_release);
	wpool_task_set_priority(&call->ttask.task, expire_time ? WPOOL_PRIO_HIGH : prio_for(flags));
	id = call_begin(taskq, call);
	if (!(expire_time ? submit_at(tq, &call->dtask, *expire_time) :
			    submit_now(tq, &call->ttask.task, flags)))
		return id;
	call_end(call);
	return TASKQID_INVALID;
}
EXPORT_SYMBOL_GPL(__wpool_taskq_dispatch);

/*
 * The pool does not touch the task any more. Once the entry counts as empty it may be dispatched
 * again by whoever sees that, so what is called is read before.
 */
static int taskq_run_ent(void *arg)
{
	struct taskq_ent *ent = arg;
	task_func_t *func = READ_ONCE(ent->func);

	arg = ent->arg;
	/* Pairs with taskq_empty_ent(), and with the cmpxchg() in taskq_dispatch_ent(). */
	smp_store_release(&ent->func, NULL);
	func(arg);
	return 0;
}

/* Behind taskq_init_ent(). */
void __wpool_taskq_init_ent(struct taskq_ent *ent, struct module *owner)
{
	__wpool_task_init(&ent->task, taskq_run_ent, ent, owner);
	wpool_task_set_detached(&ent->task);
	ent->func = NULL;
}
EXPORT_SYMBOL_GPL(__wpool_taskq_init_ent);

/**
 * taskq_dispatch_ent() - have a function called, without an allocation
 * @tq: the taskq
 * @func: the function
 * @arg: the argument of @func
 * @flags: %TQ_NOQUEUE and %TQ_FRONT; others are ignored
 * @ent: set up, and not queued; not the caller's until @func is called
 *
 * @func may free the entry, or dispatch it again, also into another taskq. In the same taskq it is
 * called again when this call has returned. The entry has no id, so taskq_wait_id() does not wait
 * for it; other waits do.
 *
 * It fails only with %TQ_NOQUEUE, if the taskq is being destroyed, or, with a message, if the
 * module that set the entry up is being unloaded and the taskq is not its own. The entry is empty
 * then. An entry that is queued already is unchanged, and the log says so: that is a bug of the
 * caller.
 *
 * If a call of wpool cancels it, such as wpool_shutdown_now(), @func is not called, and the entry
 * does not become empty: set it up again.
 *
 * Context: Any but NMI.
 */
void taskq_dispatch_ent(struct wpool *tq, task_func_t *func, void *arg, unsigned int flags,
			struct taskq_ent *ent)
{
	int err;

	if (cmpxchg(&ent->func, NULL, func)) {
		pr_err_ratelimited("%s: a taskq_ent is queued already\n", wpool_name(tq));
		return;
	}
	ent->arg = arg;
	wpool_task_set_priority(&ent->task, prio_for(flags));
	err = submit_as(tq, &ent->task, flags & TQ_NOQUEUE ? WPOOL_IF_FREE : WPOOL_FORCE);
	if (err)
		smp_store_release(&ent->func, NULL);	/* pairs as in taskq_run_ent() */
	if (err == -ENOENT)
		pr_err_ratelimited("%s: %ps: its module is going away\n", wpool_name(tq), func);
}
EXPORT_SYMBOL_GPL(taskq_dispatch_ent);

/**
 * taskq_wait() - wait until nothing is queued and nothing is running in the taskq
 * @tq: the taskq
 *
 * Context: Process context; sleeps. Inside the taskq it returns at once, after a message.
 */
void taskq_wait(struct wpool *tq)
{
	struct taskq *taskq = may_wait(tq);

	if (!taskq)
		return;
	do {
		wait_event(taskq->ended, !any_outstanding(taskq, U64_MAX));
		/* For entries, which may dispatch calls. */
	} while (!wpool_drain(tq) && any_outstanding(taskq, U64_MAX));
}
EXPORT_SYMBOL_GPL(taskq_wait);

/**
 * taskq_wait_id() - wait for a call
 * @tq: the taskq
 * @id: of the call; if it has ended, or there is none, the wait is over
 *
 * Context: Process context; sleeps. Inside the taskq it returns at once, also where the original
 * would wait for another thread.
 */
void taskq_wait_id(struct wpool *tq, taskqid_t id)
{
	struct taskq *taskq = may_wait(tq);

	if (taskq)
		wait_event(taskq->ended, !is_outstanding(taskq, id));
}
EXPORT_SYMBOL_GPL(taskq_wait_id);

/**
 * taskq_wait_outstanding() - wait for calls that were dispatched before
 * @tq: the taskq
 * @id: the last call to wait for; 0 for all calls, and all entries, that were dispatched before
 *	this wait
 *
 * Calls that are dispatched later do not prolong it, unless 16 such waits, without an id, are under
 * way: see wpool_flush().
 *
 * Context: Process context; sleeps. Inside the taskq it returns at once.
 */
void taskq_wait_outstanding(struct wpool *tq, taskqid_t id)
{
	struct taskq *taskq = may_wait(tq);

	if (!taskq)
		return;
	if (!id) {
		id = last_id(taskq);
		wpool_flush(tq);	/* for entries */
	}
	wait_event(taskq->ended, !any_outstanding(taskq, id));
}
EXPORT_SYMBOL_GPL(taskq_wait_outstanding);

/* Behind taskq_cancel_id(). */
int __wpool_taskq_cancel_id(struct wpool *tq, taskqid_t id, bool wait)
{
	struct taskq *taskq = wpool_priv(tq);
	struct taskq_call *call = taskq ? call_get(taskq, id) : NULL;
	int ret = ENOENT;

	if (call) {
		ret = wpool_cancel(&call->ttask.task) ? 0 : EBUSY;
		call_put(call);
	}
	if (ret == EBUSY && wait)
		taskq_wait_id(tq, id);
	return ret;
}
EXPORT_SYMBOL_GPL(__wpool_taskq_cancel_id);

static void set_suspended(struct wpool *tq, bool suspended)
{
	struct taskq *taskq = wpool_priv(tq);

	if (!taskq || tq == system_taskq)
		return;
	WRITE_ONCE(taskq->suspended, suspended);
	if (suspended)
		wpool_pause(tq);
	else
		wpool_resume(tq);
}

/**
 * taskq_suspend() - begin no more calls
 * @tq: made here
 *
 * Nothing begins that is dispatched after this has returned. It does not wait for running calls, so
 * a function may call it, but not after taskq_destroy() has begun, which would hang. The caller
 * must not call taskq_suspend() and taskq_resume() at the same time.
 *
 * Context: Any but NMI.
 */
void taskq_suspend(struct wpool *tq)
{
	set_suspended(tq, true);
}
EXPORT_SYMBOL_GPL(taskq_suspend);

/**
 * taskq_resume() - begin calls again
 * @tq: made here
 *
 * Context: Any but NMI.
 */
void taskq_resume(struct wpool *tq)
{
	set_suspended(tq, false);
}
EXPORT_SYMBOL_GPL(taskq_resume);

/**
 * taskq_suspended() - check whether a taskq is suspended
 * @tq: made here, or system_taskq, which never is
 *
 * Context: Any.
 * Return: true between taskq_suspend() and taskq_resume().
 */
bool taskq_suspended(struct wpool *tq)
{
	const struct taskq *taskq = wpool_priv(tq);

	return taskq && READ_ONCE(taskq->suspended);
}
EXPORT_SYMBOL_GPL(taskq_suspended);

/* As many threads as in the original; like those of any taskq they come as they are needed. */
int __init taskq_init(void)
{
	system_taskq = taskq_create("system_taskq", 64, minclsyspri, 0, INT_MAX, TASKQ_DYNAMIC);
	return system_taskq ? 0 : -ENOMEM;
}

/* Called by the exit of wpool, so nobody can use it any more. */
void taskq_exit(void)
{
	struct wpool *tq = system_taskq;

	system_taskq = NULL;
	taskq_destroy(tq);
}
