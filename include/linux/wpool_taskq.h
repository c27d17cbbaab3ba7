/* SPDX-License-Identifier: GPL-2.0 */
/*
 * wpool under the names of taskq(9F), for code from illumos, ZFS or FreeBSD.
 *
 * A taskq is a pool: each call of wpool.h takes a taskq_t *. But the calls here take only taskqs
 * that were made here, and system_taskq.
 *
 *	taskq_t *tq = taskq_create("my_tq", 4, minclsyspri, 4, INT_MAX, 0);
 *	taskqid_t id = taskq_dispatch(tq, my_func, my_arg, TQ_SLEEP);
 *	...
 *	taskq_wait_id(tq, id);
 *	taskq_destroy(tq);
 *
 * The exported names differ from those of the SPL of ZFS, so both modules may be loaded. But no
 * file can include both headers.
 *
 * What may be called where:
 *
 *	any context but NMI: taskq_dispatch() and taskq_dispatch_delay() with %TQ_NOSLEEP,
 *	taskq_dispatch_ent(), taskq_init_ent(), taskq_empty_ent(), taskq_suspend(), taskq_resume(),
 *	taskq_suspended(), taskq_of_curthread(), taskq_member()
 *	process context, may sleep: everything else
 *
 * Each call says how it differs from the original. For all of them:
 *
 * - taskq_wait(), taskq_wait_id(), taskq_wait_outstanding() and taskq_destroy() return at once
 *   inside the taskq, after a message. The original hangs.
 * - If a function kills its thread, its waiters are woken, and the taskq is still usable.
 * - debugfs, the tracepoints and the watchdog name taskq_run(), or taskq_run_ent(). The stack of
 *   the thread has the function itself.
 * - To lockdep all functions that are dispatched are one.
 *
 * There is no %TQ_NOALLOC: use taskq_dispatch_ent().
 */
#ifndef _LINUX_WPOOL_TASKQ_H
#define _LINUX_WPOOL_TASKQ_H

#if defined(_SPL_TASKQ_H) || defined(_SYS_TASKQ_H)
#error "this file has the taskqs of another header, which have the same names"
#endif

#include <linux/bug.h>
#include <linux/export.h>
#include <linux/sched.h>
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
#define TQ_NOQUEUE		0x02	/* only if a thread is free, or can be made */
#define TQ_FRONT		0x08	/* before all calls without it */
#define TQ_PUSHPAGE		0x10	/* frees no memory by I/O */

/* How to create. */
#define TASKQ_PREPOPULATE	0x01	/* no effect */
#define TASKQ_CPR_SAFE		0x02	/* no effect: threads are never frozen */
#define TASKQ_DYNAMIC		0x04	/* threads are made when needed, and exit when idle */
#define TASKQ_THREADS_CPU_PCT	0x08	/* threads in percent of the CPUs online */
#define TASKQ_DC_BATCH		0x10	/* no effect */

/* Priorities of threads as in illumos: nice 0 to -19. */
#define minclsyspri		60
#define defclsyspri		minclsyspri
#define maxclsyspri		99

/* The exported names. */
#define system_taskq		wpool_system_taskq
#define taskq_dispatch_ent	wpool_taskq_dispatch_ent
#define taskq_wait		wpool_taskq_wait
#define taskq_wait_id		wpool_taskq_wait_id
#define taskq_wait_outstanding	wpool_taskq_wait_outstanding
#define taskq_suspend		wpool_taskq_suspend
#define taskq_resume		wpool_taskq_resume
#define taskq_suspended		wpool_taskq_suspended

/**
 * struct taskq_ent - a call whose memory is its owner's, for taskq_dispatch_ent()
 *
 * Every member is private; the name is taskq_ent_t. Set up by taskq_init_ent().
 */
struct taskq_ent {
	/* private: */
	struct wpool_task	task;
	task_func_t		*func;	/* not NULL while queued */
	void			*arg;
};

/* A taskq of 64 threads for all modules, which must not destroy or suspend it. */
extern taskq_t *system_taskq;

taskq_t *__wpool_taskq_create(const char *name, int nthreads, int pri, int maxalloc,
			      unsigned int flags, struct task_struct ***threads,
			      struct module *owner);
void __wpool_taskq_destroy(taskq_t *tq, struct module *owner);
taskqid_t __wpool_taskq_dispatch(taskq_t *tq, task_func_t *func, void *arg, unsigned int flags,
				 const unsigned long *expire_time, struct module *owner);
void __wpool_taskq_init_ent(taskq_ent_t *ent, struct module *owner);
int __wpool_taskq_cancel_id(taskq_t *tq, taskqid_t id, bool wait);

void taskq_dispatch_ent(taskq_t *tq, task_func_t *func, void *arg, unsigned int flags,
			taskq_ent_t *ent);
void taskq_wait(taskq_t *tq);
void taskq_wait_id(taskq_t *tq, taskqid_t id);
void taskq_wait_outstanding(taskq_t *tq, taskqid_t id);
void taskq_suspend(taskq_t *tq);
void taskq_resume(taskq_t *tq);
bool taskq_suspended(taskq_t *tq);

/**
 * taskq_create() - make a taskq
 * @name: the first 20 characters count: printable, without a space or a slash. A number is added,
 *	so it need not be unique.
 * @nthreads: how many threads, at least 1; with %TASKQ_THREADS_CPU_PCT in percent of the CPUs
 *	online, rounded down, but not to 0, and following hotplug. With one thread, functions are
 *	called in the order in which they were dispatched, except with %TQ_FRONT and for delayed
 *	calls.
 * @pri: of the threads, %minclsyspri to %maxclsyspri
 * @minalloc: ignored
 * @maxalloc: how many calls may be queued, at least 1, or %INT_MAX for any number. Then
 *	taskq_dispatch() fails with %TQ_NOSLEEP, and otherwise waits for room, for a second at most.
 *	Entries count too, and are always accepted.
 * @flags: %TASKQ_DYNAMIC and so on. Without %TASKQ_DYNAMIC all threads are made now, and stay. With
 *	it there is one at first, and the others exit when they are idle.
 *
 * A private thread of wpool makes the threads of a dynamic taskq, so a call never waits for memory
 * that others must free first. Unlike in ZFS, memory that a function allocates may wait for I/O:
 * see memalloc_noio_save().
 *
 * Context: Process context; may sleep.
 * Return: the taskq, for taskq_destroy() by the same module, or NULL.
 */
#define taskq_create(name, nthreads, pri, minalloc, maxalloc, flags)	\
	((void)(minalloc),						\
	 __wpool_taskq_create(name, nthreads, pri, maxalloc, flags, NULL, THIS_MODULE))

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
 * @dc: ignored: Linux has no scheduling class with a duty cycle
 * @flags: as for taskq_create()
 *
 * Context: Process context; may sleep.
 * Return: as taskq_create().
 */
#define taskq_create_sysdc(name, nthreads, minalloc, maxalloc, proc, dc, flags) \
	((void)(dc), taskq_create_proc(name, nthreads, minclsyspri, minalloc, maxalloc,	\
				       proc, flags))

/**
 * taskq_create_synced() - make a taskq, and get its threads
 * @name: as for taskq_create()
 * @nthreads: likewise, 1 to %WPOOL_MAX_CAPACITY
 * @pri: likewise
 * @minalloc: ignored
 * @maxalloc: as for taskq_create()
 * @flags: likewise, but %TASKQ_DYNAMIC and %TASKQ_THREADS_CPU_PCT are ignored
 * @threads: set to an array of @nthreads threads, in no order, which the caller frees by kfree()
 *
 * All threads run when it returns. If a function kills one, its replacement is not in the array.
 *
 * Context: Process context; may sleep.
 * Return: as taskq_create().
 */
#define taskq_create_synced(name, nthreads, pri, minalloc, maxalloc, flags, threads)	\
	((void)(minalloc),								\
	 __wpool_taskq_create(name, nthreads, pri, maxalloc,				\
			      (flags) & ~(TASKQ_DYNAMIC | TASKQ_THREADS_CPU_PCT), threads,	\
			      THIS_MODULE))

/**
 * taskq_destroy() - wait for all calls, and end the taskq
 * @tq: made here; no longer the caller's
 *
 * Waits also for calls that the functions dispatch meanwhile, as in illumos: one that always
 * dispatches itself again must be stopped before. OpenZFS refuses these. Waits for entries, and for
 * delayed calls, whenever they are due. A suspended taskq is resumed for that. Nobody else may
 * dispatch any more: later calls are refused.
 *
 * Context: Process context; sleeps for as long as the calls take. Inside the taskq it is refused,
 * and the taskq stays.
 */
#define taskq_destroy(tq)	__wpool_taskq_destroy(tq, THIS_MODULE)

/**
 * taskq_dispatch() - have a function called by a thread of the taskq
 * @tq: the taskq
 * @func: the function
 * @arg: the argument of @func
 * @flags: %TQ_SLEEP, or %TQ_NOSLEEP, in any context; and %TQ_NOQUEUE, %TQ_FRONT, %TQ_PUSHPAGE
 *
 * With %TQ_NOQUEUE it fails unless a thread is free or can be made, in any taskq. A suspended taskq
 * has none. Calls with %TQ_FRONT are made in the order in which they were dispatched; in illumos
 * the last is first.
 *
 * The function may run before the caller has the id. Without %TQ_NOSLEEP it waits for memory as
 * long as it takes; a caller that may not wait for I/O adds %TQ_PUSHPAGE.
 *
 * Context: Process context; may sleep; with %TQ_NOSLEEP any but NMI. On PREEMPT_RT it fails in a
 * hard interrupt and with interrupts or preemption disabled, as nothing can be allocated there: use
 * taskq_dispatch_ent().
 * Return: the id, or %TASKQID_INVALID, which is 0: no memory or no room with %TQ_NOSLEEP, no thread
 * with %TQ_NOQUEUE, or the taskq is being destroyed. Also, with any flag, if the calling module is
 * being unloaded and the taskq is not its own, such as system_taskq.
 */
#define taskq_dispatch(tq, func, arg, flags)				\
	__wpool_taskq_dispatch(tq, func, arg, flags, NULL, THIS_MODULE)

/**
 * taskq_dispatch_delay() - have a function called later
 * @tq: the taskq
 * @func: the function
 * @arg: the argument of @func
 * @flags: as for taskq_dispatch(), but %TQ_NOQUEUE and %TQ_FRONT are ignored
 * @expire_time: when, as the jiffies then; at once if that has passed
 *
 * When due it comes before all calls that were dispatched without %TQ_FRONT, as in ZFS. Until then
 * taskq_wait() and other waits wait for it, and taskq_cancel_id() cancels it. It is accepted beyond
 * any bound.
 *
 * Context: as taskq_dispatch().
 * Return: likewise.
 */
#define taskq_dispatch_delay(tq, func, arg, flags, expire_time)		\
	__wpool_taskq_dispatch(tq, func, arg, flags,			\
			       &(unsigned long){ (expire_time) }, THIS_MODULE)

/**
 * taskq_init_ent() - set up an entry
 * @ent: the entry, which is not queued in a taskq
 *
 * Once: it may then be dispatched again and again.
 *
 * Context: Any.
 */
#define taskq_init_ent(ent)	__wpool_taskq_init_ent(ent, THIS_MODULE)

/**
 * taskq_empty_ent() - check whether an entry is not queued in a taskq
 * @ent: the entry, which was set up
 *
 * Context: Any. Takes no lock: the answer may be out of date at once.
 * Return: true if it is not; also while its function runs.
 */
static inline bool taskq_empty_ent(const taskq_ent_t *ent)
{
	/* Pairs as in taskq_run_ent(). */
	return !smp_load_acquire(&ent->func);
}

#define __TASKQ_SECOND(first, second, rest...)	(second)

/**
 * taskq_cancel_id() - cancel a call
 * @tq: the taskq
 * @id: of the call
 * @wait: whether to wait for it if it runs; may be left out, as in older versions of the original,
 *	and is true then
 *
 * A caller that waits must hold no lock that the function takes.
 *
 * Context: Process context; may sleep if @wait is true, but not inside the taskq: there it returns
 * at once, after a message.
 * Return: 0: it was cancelled, and does not run. EBUSY, positive as in the original: it ran, or
 * another thread is cancelling it; with @wait it has ended now. ENOENT: it had ended before, or
 * there is no such call.
 */
#define taskq_cancel_id(tq, id, wait...)				\
	__wpool_taskq_cancel_id(tq, id, __TASKQ_SECOND(0, ##wait, true))

/**
 * taskq_of_curthread() - get the taskq that the current thread belongs to
 *
 * Context: Any.
 * Return: the taskq, or NULL. It may be a pool that is no taskq, which no call here takes.
 */
#define taskq_of_curthread()		wpool_current()

/**
 * taskq_member() - check whether the current thread is one of a taskq
 * @tq: the taskq
 * @thread: the current thread, and no other
 *
 * It counts as one of the pool whose task it is inside, so also if it runs that task as its
 * submitter (%WPOOL_FULL_CALLER_RUNS).
 *
 * Context: Any.
 * Return: true if it is.
 */
static inline bool taskq_member(const taskq_t *tq, const struct task_struct *thread)
{
	return !WARN_ON_ONCE(thread != current) && wpool_current() == tq;
}

#endif /* _LINUX_WPOOL_TASKQ_H */
