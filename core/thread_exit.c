// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a thread that a module's code runs in: a worker, the thread of a pool's
 * hooks, or one that runs a task which it has submitted itself. That code may take the
 * thread down at any moment, so nothing that the thread owes is paid by the thread alone:
 * the manager is told of its end, on whatever way it came there, and does what is to be
 * done.
 */
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "manager_kick.h"
#include "thread_exit.h"

/*
 * Called by the thread itself in exit_notify(), with tasklist_lock and
 * wait_pidfd.lock held, so it only passes the word on; no code of ours or of a
 * module runs in the thread any more.
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
 * exit_watch() - have the manager told when a thread has ended
 * @exit: stays until exit_unwatch() has returned
 * @thread: a kthread that was not woken yet, or the current thread
 * @reap: what the manager is to call then
 *
 * Of a thread whose process has others the kernel does not tell, see exit_notice().
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
 * exit_notice() - tell the manager of the end of a thread, if nobody has yet
 * @exit: watched; its thread has ended
 *
 * Context: the manager, so that it does not see to it meanwhile.
 */
void exit_notice(struct wpool_exit *exit)
{
	unsigned long flags;

	spin_lock_irqsave(&exit->pid->wait_pidfd.lock, flags);
	exit_seen(&exit->wait, 0, 0, NULL);
	spin_unlock_irqrestore(&exit->pid->wait_pidfd.lock, flags);
}

/**
 * exit_unwatch() - do not have the manager told any more
 * @exit: of the current thread, or of one that has ended or was never woken
 *
 * The last code of ours that a thread which ended by itself ran was exit_seen(),
 * under the lock that remove_wait_queue() takes; so after this the module may go.
 *
 * Context: may sleep.
 */
void exit_unwatch(struct wpool_exit *exit)
{
	remove_wait_queue(&exit->pid->wait_pidfd, &exit->wait);
	put_pid(exit->pid);
}

/**
 * exit_join() - see a kthread off, once
 * @exit: its thread has ended, or was never woken, or ends when it is asked to
 *
 * For a thread that has ended kthread_stop() has nothing to wait for. Of one that is
 * asked to end the manager is not told.
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
 * @exit: after exit_unwatch(), when nobody looks at @exit->thread any more
 *
 * Context: any.
 */
void exit_put(struct wpool_exit *exit)
{
	put_task_struct(exit->thread);
}
