/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wpool under the names of taskq(9F), for code that comes from illumos, from ZFS, or by way of
 * these from FreeBSD.
 *
 * A taskq is a pool: what is a taskq_t * here may be given to each call of wpool.h, and code may
 * move on to those call by call. Only taskq_destroy(), taskq_suspend(), taskq_resume() and
 * taskq_suspended() are for taskqs that were made here.
 *
 *	taskq_t *tq = taskq_create("my_tq", 4, minclsyspri, 4, INT_MAX, 0);
 *	taskqid_t id = taskq_dispatch(tq, my_func, my_arg, TQ_SLEEP);
 *	...
 *	taskq_wait_id(tq, id);
 *	taskq_destroy(tq);
 *
 * Everything is inline: nothing is exported under these names, so the module may be loaded beside
 * the SPL of ZFS, which does export them. But no file can include both headers.
 *
 * What may be called where:
 *
 *	any context but NMI: taskq_dispatch() with %TQ_NOSLEEP, taskq_dispatch_delay() likewise,
 *	taskq_dispatch_ent(), taskq_init_ent(), taskq_empty_ent(), taskq_suspend(), taskq_resume(),
 *	taskq_suspended(), taskq_of_curthread(), taskq_member() of the current thread
 *	process context, may sleep: everything else
 *
 * What differs from the original is said at each call. Of all of them:
 *
 * - A call that would wait for itself returns at once, after a message in the log: taskq_wait(),
 *   taskq_wait_id(), taskq_wait_outstanding() and taskq_destroy() inside the taskq. The original
 *   hangs.
 * - If a function kills its thread, its waiters are woken, and the taskq goes on.
 * - debugfs, the tracepoints and the watchdog name __taskq_run(), or __taskq_run_ent(). The stack
 *   of the thread has the function itself.
 * - To lockdep all functions that are dispatched in one file are one: it may report a circle
 *   where there is none, if a thread waits for the one and holds a lock that another one takes.
 *   wpool_schedule_fn_ticket() tells them apart.
 *
 * There is no %TQ_NOALLOC, which is for entries that were allocated before: taskq_dispatch_ent()
 * is that.
 */
#ifndef _LINUX_WPOOL_TASKQ_H
#define _LINUX_WPOOL_TASKQ_H

#if defined(_SPL_TASKQ_H) || defined(_SYS_TASKQ_H)
#error "this file has the taskqs of another header, which have the same names"
#endif

#include <linux/err.h>
#include <linux/jiffies.h>
#include <linux/printk.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/wpool.h>

#define taskq_t		struct wpool
#define taskq_ent_t	struct taskq_ent

/* Never 0, and never used again in its taskq; has 64 bits everywhere. */
typedef u64 taskqid_t;
typedef void (task_func_t)(void *);

#define TASKQID_INVALID		((taskqid_t)0)

/* How to dispatch. */
#define TQ_SLEEP		0x00	/* never fails for lack of memory */
#define TQ_NOSLEEP		0x01
#define TQ_NOQUEUE		0x02	/* only if a thread is free for it, or may be made */
#define TQ_FRONT		0x08	/* before all that were dispatched without */
#define TQ_PUSHPAGE		0x10	/* frees no memory by I/O */

/* How to create. */
#define TASKQ_PREPOPULATE	0x01	/* nothing: memory comes from the slab */
#define TASKQ_CPR_SAFE		0x02	/* nothing: the threads are never frozen */
#define TASKQ_DYNAMIC		0x04	/* threads come as they are needed, and go */
#define TASKQ_THREADS_CPU_PCT	0x08	/* the threads as a share of the CPUs online */
#define TASKQ_DC_BATCH		0x10	/* nothing */

/* Priorities of threads, in the numbers of illumos: nice 0 to -19. */
#define minclsyspri		60
#define defclsyspri		minclsyspri
#define maxclsyspri		99

/* The taskq of the whole system; see wpool_default(), which no module destroys or suspends. */
#define system_taskq		wpool_default()

/**
 * struct taskq_ent - a call that its owner has the memory of, for taskq_dispatch_ent()
 *
 * Every member is private; the name is taskq_ent_t. Set up by taskq_init_ent().
 */
struct taskq_ent {
	/* private: written by the calls that dispatch it */
	struct wpool_task	task;
	task_func_t		*func;	/* not NULL while it waits */
	void			*arg;
};

/* The &wpool_attrs.priv of a taskq. */
struct __taskq_state {
	bool			suspended;
	atomic_t		unknown;	/* threads that are not in the array yet */
	struct task_struct	**threads;	/* used until there are none, or NULL */
};

/* A call in memory of ours. Its release frees it, whatever becomes of it. */
struct __taskq_call {
	union {
		struct wpool_tracked_task	ttask;
		struct wpool_delayed_task	dtask;
	};
	task_func_t		*func;
	void			*arg;
};

static inline int __taskq_run(void *arg)
{
	struct __taskq_call *call = arg;

	call->func(call->arg);
	return 0;
}

static inline void __taskq_free(void *arg, enum wpool_fate fate)
{
	kfree(arg);
}

static inline gfp_t __taskq_gfp(unsigned int flags)
{
	return flags & TQ_NOSLEEP ? GFP_ATOMIC | __GFP_NOWARN :
	       (flags & TQ_PUSHPAGE ? GFP_NOIO : GFP_KERNEL) | __GFP_NOFAIL;
}

static inline enum wpool_priority __taskq_prio(unsigned int flags)
{
	return flags & TQ_FRONT ? WPOOL_PRIO_HIGH : WPOOL_PRIO_NORMAL;
}

static inline int __taskq_submit(taskq_t *tq, struct wpool_task *task, unsigned int flags)
{
	int err;

	if (flags & TQ_NOQUEUE)
		return wpool_schedule_if_free(tq, task);
	if (flags & TQ_NOSLEEP)
		return wpool_try_schedule(tq, task);
	/* The bound slows down a caller that may sleep, and does no more. */
	err = wpool_schedule_timeout(tq, task, HZ);
	return err && err != -ESHUTDOWN ? wpool_force_schedule(tq, task) : err;
}

/* @expire_time: the low word of the jiffies_64 then; NULL for now. Return: as taskq_dispatch(). */
static inline taskqid_t __taskq_dispatch(taskq_t *tq, task_func_t *func, void *arg,
					 unsigned int flags, const unsigned long *expire_time)
{
	u64 now = get_jiffies_64();
	long left = expire_time ? *expire_time - (unsigned long)now : 0;
	struct __taskq_call *call = NULL;
	taskqid_t id = TASKQID_INVALID;

	/* There PREEMPT_RT can allocate nothing. */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT) || preemptible())
		call = kmalloc(sizeof(*call), __taskq_gfp(flags));
	if (!call)
		return TASKQID_INVALID;
	call->func = func;
	call->arg = arg;
	if (expire_time)
		wpool_delayed_task_init(&call->dtask, __taskq_run, call);
	else
		wpool_tracked_task_init(&call->ttask, __taskq_run, call);
	/* Both kinds of tasks begin with a struct wpool_tracked_task. */
	wpool_task_set_release(&call->ttask, __taskq_free);
	wpool_task_set_priority(&call->ttask.task,
				expire_time ? WPOOL_PRIO_HIGH : __taskq_prio(flags));
	if (wpool_with_ticket(tq, &call->ttask, __taskq_gfp(flags), &id,
			      expire_time ?
			      wpool_schedule_at(tq, &call->dtask, now + max(left, 0L)) :
			      __taskq_submit(tq, &call->ttask.task, flags)))
		kfree(call);
	return id;
}

/* Those threads that come in the place of a dead one are not in the array. */
static inline void __taskq_thread_starts(struct wpool *pool)
{
	struct __taskq_state *state = wpool_priv(pool);
	int nr;

	memalloc_noio_save();	/* for as long as it lives */
	if (!state->threads)
		return;
	nr = atomic_dec_if_positive(&state->unknown);
	if (nr >= 0)
		state->threads[nr] = current;
}

/*
 * @threads: NULL, or where the first @nthreads threads are noted. Return: as taskq_create().
 *
 * One thread is an order, and nobody is to add another one; nor is anybody to end one of those
 * that the caller has in an array. Not %WPOOL_ORDERED, which would have no %TQ_FRONT.
 */
static inline taskq_t *__taskq_create(const char *name, int nthreads, int pri, int maxalloc,
				      unsigned int flags, struct task_struct **threads)
{
	static const struct wpool_ops ops = { .worker_start = __taskq_thread_starts };
	const bool percent = flags & TASKQ_THREADS_CPU_PCT;
	struct __taskq_state *state = nthreads > 0 ? kzalloc(sizeof(*state), GFP_KERNEL) : NULL;
	struct wpool_attrs attrs = {
		.capacity	= percent ? 0 : nthreads,
		.capacity_percent = percent ? min(nthreads, WPOOL_MAX_PERCENT) : 0,
		.queue_depth	= maxalloc == INT_MAX ? WPOOL_QUEUE_UNBOUNDED : max(maxalloc, 1),
		.nice		= (minclsyspri - clamp(pri, minclsyspri, maxclsyspri)) / 2,
		.flags		= WPOOL_MEM_RECLAIM | WPOOL_NUMBERED |
				  (flags & TASKQ_DYNAMIC ? 0 : WPOOL_PREALLOC) |
				  (percent ? WPOOL_ROUND_DOWN : 0) |
				  (threads || (!percent && nthreads == 1) ? WPOOL_NO_SYSFS : 0),
		.ops		= &ops,
		.priv		= state,
	};
	struct wpool *pool;

	if (!state)
		return NULL;
	state->threads = threads;
	atomic_set(&state->unknown, nthreads);
	pool = wpool_create_fmt(&attrs, "%.20s", name);
	if (!IS_ERR(pool))
		return pool;
	kfree(state);
	return NULL;
}

/**
 * taskq_create() - make a taskq
 * @name: of which the first 20 characters count, printable ones without a space or a slash. A
 *	number is added: the name need not be the only one.
 * @nthreads: how many threads, at least 1; with %TASKQ_THREADS_CPU_PCT in percent of the CPUs
 *	online, rounded down, but not to 0, and following hotplug. With one thread, functions are
 *	called in the order in which they were dispatched, but for %TQ_FRONT and delayed calls.
 * @pri: of the threads, %minclsyspri to %maxclsyspri
 * @minalloc: ignored
 * @maxalloc: how many calls may wait, at least 1, or %INT_MAX for any number. If it is reached,
 *	taskq_dispatch() fails with %TQ_NOSLEEP, and otherwise waits for room, for a second at
 *	most. Entries wait here, too, and are dispatched all the same.
 * @flags: of %TASKQ_DYNAMIC and so on. Without %TASKQ_DYNAMIC all threads are made now, and
 *	stay. With it there is one at first, and the others leave when they have idled.
 *
 * A thread of a dynamic taskq is made as soon as a call would wait, and by a thread of wpool's
 * own. So no call waits for a thread to be made that others have to free memory for. Nor does
 * memory that a function allocates wait for I/O, as in ZFS: see memalloc_noio_save().
 *
 * Context: Process context; may sleep.
 * Return: the taskq, for taskq_destroy() by the same module, or NULL.
 */
#define taskq_create(name, nthreads, pri, minalloc, maxalloc, flags)	\
	((void)(minalloc), __taskq_create(name, nthreads, pri, maxalloc, flags, NULL))

/**
 * taskq_create_proc() - the same; all threads are the kernel's
 * @name: as for taskq_create()
 * @nthreads: likewise
 * @pri: likewise
 * @minalloc: ignored
 * @maxalloc: as for taskq_create()
 * @proc: ignored: a kernel thread belongs to no process here
 * @flags: as for taskq_create()
 *
 * Context: Process context; may sleep.
 * Return: as taskq_create().
 */
#define taskq_create_proc(name, nthreads, pri, minalloc, maxalloc, proc, flags) \
	((void)(proc), taskq_create(name, nthreads, pri, minalloc, maxalloc, flags))

/**
 * taskq_create_sysdc() - the same, with threads of nice 0
 * @name: as for taskq_create()
 * @nthreads: likewise
 * @minalloc: ignored
 * @maxalloc: as for taskq_create()
 * @proc: ignored
 * @dc: ignored: Linux has no class of threads with a duty cycle. Its ordinary class is fair,
 *	so these keep no other threads off the CPUs.
 * @flags: as for taskq_create()
 *
 * Context: Process context; may sleep.
 * Return: as taskq_create().
 */
#define taskq_create_sysdc(name, nthreads, minalloc, maxalloc, proc, dc, flags) \
	((void)(dc), taskq_create_proc(name, nthreads, minclsyspri, minalloc, maxalloc,	\
				       proc, flags))

/**
 * taskq_create_synced() - make a taskq, and say which threads it has
 * @name: as for taskq_create()
 * @nthreads: likewise, 1 to %WPOOL_MAX_CAPACITY
 * @pri: likewise
 * @minalloc: ignored
 * @maxalloc: as for taskq_create()
 * @flags: likewise, but without %TASKQ_DYNAMIC and %TASKQ_THREADS_CPU_PCT, which are ignored
 * @threads: set to an array of @nthreads threads, in no order, which the caller frees by kfree()
 *
 * All threads run when it returns. If a function kills one, another comes in its place, which is
 * not in the array.
 *
 * Context: Process context; may sleep.
 * Return: as taskq_create().
 */
static inline taskq_t *taskq_create_synced(const char *name, int nthreads, int pri, int minalloc,
					   int maxalloc, unsigned int flags,
					   struct task_struct ***threads)
{
	struct task_struct **array = NULL;
	taskq_t *tq = NULL;

	/* No pool has more, so the array would never be full. */
	if (nthreads > 0 && nthreads <= WPOOL_MAX_CAPACITY)
		array = kcalloc(nthreads, sizeof(*array), GFP_KERNEL);
	flags &= ~(TASKQ_DYNAMIC | TASKQ_THREADS_CPU_PCT);
	if (array)
		tq = __taskq_create(name, nthreads, pri, maxalloc, flags, array);
	*threads = tq ? array : NULL;
	if (tq)
		wpool_wait_started(tq);
	else
		kfree(array);
	return tq;
}

/**
 * taskq_destroy() - wait for all calls, and end the taskq
 * @tq: made here; no longer the caller's
 *
 * Waits also for what the functions dispatch meanwhile, as in illumos: one that always dispatches
 * itself again must be told to end before. OpenZFS refuses what comes then. Waits for delayed
 * calls, whenever they are due, and for entries. A taskq that is suspended goes on for that. The
 * caller sees to it that nobody else dispatches any more: what comes after the wait is refused.
 *
 * Context: Process context; sleeps for as long as the calls take. Inside the taskq it is refused,
 * and the taskq stays.
 */
static inline void taskq_destroy(taskq_t *tq)
{
	struct __taskq_state *state = wpool_priv(tq);
	int err = wpool_await_termination(tq, 0);

	/* Refused where it would wait for itself. */
	if (err && err != -ETIMEDOUT)
		return;
	wpool_resume(tq);
	if (!wpool_drain(tq) && !wpool_destroy(tq))
		kfree(state);
}

/**
 * taskq_dispatch() - have a function called by a thread of the taskq
 * @tq: the taskq
 * @func: what to call
 * @arg: what to call it with
 * @flags: %TQ_SLEEP, or %TQ_NOSLEEP, in any context; and %TQ_NOQUEUE, %TQ_FRONT, %TQ_PUSHPAGE
 *
 * With %TQ_NOQUEUE it fails unless a thread is free or may be made, in any taskq. A suspended
 * taskq has none that is free. Calls with %TQ_FRONT are made in the order in which they came, and
 * not the last one first, as in illumos.
 *
 * The function may run before the caller has the id. Without %TQ_NOSLEEP it waits for memory as
 * long as it takes; a caller that may not wait for I/O adds %TQ_PUSHPAGE.
 *
 * Context: Process context; may sleep; with %TQ_NOSLEEP any but NMI. On PREEMPT_RT nothing can be
 * allocated in a hard interrupt, nor with interrupts or preemption disabled: there it fails. So
 * taskq_dispatch_ent() is for those.
 * Return: the id, or %TASKQID_INVALID, which is 0: no memory or no room with %TQ_NOSLEEP, no
 * thread with %TQ_NOQUEUE, the taskq is being destroyed, or the calling module is being unloaded
 * and the taskq is not its own, like system_taskq; that also without %TQ_NOSLEEP.
 */
#define taskq_dispatch(tq, func, arg, flags)	__taskq_dispatch(tq, func, arg, flags, NULL)

/**
 * taskq_dispatch_delay() - have a function called later
 * @tq: the taskq
 * @func: what to call
 * @arg: what to call it with
 * @flags: as for taskq_dispatch(), but %TQ_NOQUEUE and %TQ_FRONT, which are ignored
 * @expire_time: when, as the jiffies then; at once if that has passed
 *
 * It comes before all that were dispatched without %TQ_FRONT, as in ZFS. Until then taskq_wait()
 * and the like wait for it, and taskq_cancel_id() takes it back. It is accepted beyond any bound.
 *
 * Context: as taskq_dispatch().
 * Return: likewise.
 */
#define taskq_dispatch_delay(tq, func, arg, flags, expire_time)		\
	__taskq_dispatch(tq, func, arg, flags, &(unsigned long){ (expire_time) })

/*
 * The pool does not touch the task any more. Once the entry counts as empty it may be dispatched
 * again by whoever sees that, so what is called is read before.
 */
static inline int __taskq_run_ent(void *arg)
{
	struct taskq_ent *ent = arg;
	task_func_t *func = READ_ONCE(ent->func);

	arg = ent->arg;
	/* Pairs with taskq_empty_ent(), and with the cmpxchg() in taskq_dispatch_ent(). */
	smp_store_release(&ent->func, NULL);
	func(arg);
	return 0;
}

/**
 * taskq_init_ent() - set up an entry
 * @ent: the entry, which does not wait in a taskq
 *
 * Once: it may then be dispatched again and again.
 *
 * Context: Any.
 */
static inline void taskq_init_ent(taskq_ent_t *ent)
{
	wpool_task_init(&ent->task, __taskq_run_ent, ent);
	wpool_task_set_detached(&ent->task);
	ent->func = NULL;
}

/**
 * taskq_empty_ent() - check whether an entry waits in a taskq
 * @ent: the entry, which was set up
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it does not; also while its function runs.
 */
static inline bool taskq_empty_ent(const taskq_ent_t *ent)
{
	/* Pairs as in __taskq_run_ent(). */
	return !smp_load_acquire(&ent->func);
}

/**
 * taskq_dispatch_ent() - have a function called, without memory to be allocated
 * @tq: the taskq
 * @func: what to call
 * @arg: what to call it with
 * @flags: %TQ_NOQUEUE and %TQ_FRONT; others are ignored
 * @ent: set up, and not waiting; from now on not the caller's until @func is called
 *
 * Then it is the function's: it may free the entry, or dispatch it again, also to another taskq.
 * Dispatched again it may be called beside itself. What else the entry waits for, nobody knows:
 * it has no id. A wait for a certain id does not wait for entries, others do.
 *
 * It cannot fail, but with %TQ_NOQUEUE; if the taskq is being destroyed; or if the module that set
 * the entry up is being unloaded, and the taskq is not its own, like system_taskq. The entry is
 * empty then; of the last the log tells. An entry that waits already is left as it is, and the log
 * says so: that is a bug of the caller.
 *
 * If the pool drops it later (system_taskq, where the administrator has chosen discard_oldest), or
 * takes it back (a call of wpool, like wpool_shutdown_now()), @func is not called, and the entry
 * does not become empty: set it up again.
 *
 * Context: Any but NMI.
 */
static inline void taskq_dispatch_ent(taskq_t *tq, task_func_t *func, void *arg,
				      unsigned int flags, taskq_ent_t *ent)
{
	int err;

	if (cmpxchg(&ent->func, NULL, func)) {
		pr_err_ratelimited("%s: a taskq_ent waits already\n", wpool_name(tq));
		return;
	}
	ent->arg = arg;
	wpool_task_set_priority(&ent->task, __taskq_prio(flags));
	err = flags & TQ_NOQUEUE ? wpool_schedule_if_free(tq, &ent->task) :
				   wpool_force_schedule(tq, &ent->task);
	if (err)
		smp_store_release(&ent->func, NULL);	/* pairs as in __taskq_run_ent() */
	if (err == -ENOENT)
		pr_err_ratelimited("%s: %ps: its module is going away\n", wpool_name(tq), func);
}

/**
 * taskq_wait() - wait until nothing waits in the taskq and nothing runs
 * @tq: the taskq
 *
 * Context: Process context; sleeps. Returns at once inside the taskq; see the head of this file.
 */
#define taskq_wait(tq)			((void)wpool_drain(tq))

/**
 * taskq_wait_id() - wait for a call
 * @tq: the taskq
 * @id: of the call; if it has ended, or there is no such, the wait is over
 *
 * Context: Process context; sleeps. Returns at once inside the taskq, also where the original
 * would wait for another thread.
 */
#define taskq_wait_id(tq, id)		((void)wpool_wait_id(tq, id))

/**
 * taskq_wait_outstanding() - wait for what was dispatched before
 * @tq: the taskq
 * @id: the last call to wait for; 0 for all calls, and all entries, that were dispatched before
 *	this wait
 *
 * Calls that are dispatched later do not prolong it, as long as no 16 such waits, without an id,
 * are under way: see wpool_flush().
 *
 * Context: Process context; sleeps. Returns at once inside the taskq.
 */
static inline void taskq_wait_outstanding(taskq_t *tq, taskqid_t id)
{
	(void)(id ? wpool_flush_to(tq, id) : wpool_flush(tq));
}

static inline int __taskq_cancel_id(taskq_t *tq, taskqid_t id, bool wait)
{
	int err = -wpool_cancel_id(tq, id);

	if (err == EBUSY && wait)
		wpool_wait_id(tq, id);
	return err;
}

#define __TASKQ_SECOND(first, second, rest...)	(second)

/**
 * taskq_cancel_id() - take a call back
 * @tq: the taskq
 * @id: of the call
 * @wait: whether to wait for it if it runs; may be left out, as in older versions of the
 *	original, and is true then
 *
 * A caller that waits must hold no lock that the function takes.
 *
 * Context: Process context; may sleep if @wait is true, but not inside the taskq: there it
 * returns at once, after a message.
 * Return: 0: it was taken back, and does not run. EBUSY, positive as in the original: it ran, or
 * another thread is taking it back; with @wait it has ended now. ENOENT: it had ended before, or
 * there is no such.
 */
#define taskq_cancel_id(tq, id, wait...)				\
	__taskq_cancel_id(tq, id, __TASKQ_SECOND(0, ##wait, true))

/**
 * taskq_of_curthread() - get the taskq that the current thread belongs to
 *
 * Context: Any.
 * Return: the taskq, or NULL. It may be a pool that was not made here.
 */
#define taskq_of_curthread()		wpool_current()

/**
 * taskq_member() - check whether the current thread is one of a taskq
 * @tq: the taskq
 * @thread: the current thread; of another one it says false
 *
 * The current thread counts as one of the pool whose task it is inside, so also if it runs that as
 * its submitter (%WPOOL_FULL_CALLER_RUNS).
 *
 * Context: Any.
 * Return: true if it is.
 */
static inline bool taskq_member(taskq_t *tq, struct task_struct *thread)
{
	return thread == current && wpool_current() == tq;
}

static inline void __taskq_set_suspended(taskq_t *tq, bool suspended)
{
	struct __taskq_state *state = wpool_priv(tq);

	if (state) {
		WRITE_ONCE(state->suspended, suspended);
		suspended ? wpool_pause(tq) : wpool_resume(tq);
	}
}

/**
 * taskq_suspend() - begin no more calls
 * @tq: made here
 *
 * Nothing begins that is dispatched after this has returned. It does not wait for what runs, so a
 * function may call it, but not when taskq_destroy() has begun: that would not end. Calls of
 * taskq_suspend() and taskq_resume() at the same time are the
 * callers' to prevent.
 *
 * Context: Any but NMI.
 */
#define taskq_suspend(tq)		__taskq_set_suspended(tq, true)

/**
 * taskq_resume() - begin calls again
 * @tq: made here
 *
 * Context: Any but NMI.
 */
#define taskq_resume(tq)		__taskq_set_suspended(tq, false)

/**
 * taskq_suspended() - check whether a taskq is suspended
 * @tq: made here, or system_taskq, which never is
 *
 * Context: Any.
 * Return: true between taskq_suspend() and taskq_resume().
 */
static inline bool taskq_suspended(taskq_t *tq)
{
	const struct __taskq_state *state = wpool_priv(tq);

	return state && READ_ONCE(state->suspended);
}

#endif /* _LINUX_WPOOL_TASKQ_H */
