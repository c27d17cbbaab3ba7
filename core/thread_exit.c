// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a thread that runs code of other modules: a worker, the thread of a pool's hooks,
 * or a thread that runs a task which it has submitted itself. That code may kill the thread at
 * any moment, so the thread is never the only one to settle what it owes: the manager learns of
 * its end, whatever its cause, and does what is left.
 */
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "manager_kick.h"
#include "thread_exit.h"

/*
 * The thread itself calls this in exit_notify(), with tasklist_lock and wait_pidfd.lock held,
 * so it only passes the message on. Afterwards the thread runs no code of wpool or of another
 * module.
 */
static int exit_seen(struct wait_queue_entry *entry, unsigned int mode, int sync,
		     void *key)
{
	struct wpool_exit *exit = container_of(entry, struct wpool_exit, wait);

	if (READ_ONCE(exit->thread->exit_state) && !exit->seen) {
		exit->seen = true;
		kick_exit(exit);
	}
	return 0;
}

/**
 * exit_watch() - let the manager know when a thread has ended
 * @exit: stays until exit_unwatch() has returned
 * @thread: a kthread that was not woken yet, or the current thread
 * @reap: what the manager calls then
 *
 * The kernel does not report a thread whose process has others, see exit_notice().
 */
void exit_watch(struct wpool_exit *exit, struct task_struct *thread,
		void (*reap)(struct wpool_exit *exit))
{
	exit->seen = false;
	exit->thread = get_task_struct(thread);
	exit->pid = get_task_pid(thread, PIDTYPE_PID);
	exit->reap = reap;
	init_waitqueue_func_entry(&exit->wait, exit_seen);
	add_wait_queue(&exit->pid->wait_pidfd, &exit->wait);
}

/**
 * exit_notice() - pass the end of a thread to the manager, unless that is done
 * @exit: watched; its thread has ended
 *
 * Context: the manager, so the thread is not reaped meanwhile.
 */
void exit_notice(struct wpool_exit *exit)
{
	unsigned long flags;

	spin_lock_irqsave(&exit->pid->wait_pidfd.lock, flags);
	exit_seen(&exit->wait, 0, 0, NULL);
	spin_unlock_irqrestore(&exit->pid->wait_pidfd.lock, flags);
}

/**
 * exit_unwatch() - stop watching a thread
 * @exit: of the current thread, or of one that has ended or is joined next
 *
 * If the thread has ended, exit_seen() was the last code of wpool that it ran, under the lock
 * that remove_wait_queue() takes; so after this the module may go.
 *
 * Context: may sleep.
 */
void exit_unwatch(struct wpool_exit *exit)
{
	remove_wait_queue(&exit->pid->wait_pidfd, &exit->wait);
	put_pid(exit->pid);
}

/**
 * exit_join() - wait for the end of a kthread, once
 * @exit: its thread has ended, or ends when asked to
 *
 * If the thread has ended, kthread_stop() does not wait. The manager does not learn of a thread
 * that ends because it was asked to.
 *
 * Context: may sleep.
 */
void exit_join(struct wpool_exit *exit)
{
	exit_unwatch(exit);
	kthread_stop(exit->thread);
}

/**
 * exit_put() - drop the thread's task_struct
 * @exit: after exit_unwatch(), when nobody uses @exit->thread any more
 *
 * Context: any.
 */
void exit_put(struct wpool_exit *exit)
{
	put_task_struct(exit->thread);
}
