// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a kthread that a module's code runs in: a worker, or the thread of a
 * pool's hooks. That code may take the thread down at any moment, so nothing that
 * the thread owes is paid by the thread: the manager is told of its end, on
 * whatever way it came there, and does what is to be done.
 */
#include <linux/kthread.h>
#include <linux/pid.h>
#include <linux/sched.h>
#include <linux/sched/task.h>

#include "internal.h"

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
		manager_reap(exit);
	}
	return 0;
}

/**
 * exit_watch() - have the manager told when a kthread has ended
 * @exit: zeroed; stays until exit_join() has returned
 * @thread: not woken yet
 * @reap: what the manager is to call then
 */
void exit_watch(struct wpool_exit *exit, struct task_struct *thread,
		void (*reap)(struct wpool_exit *exit))
{
	exit->thread = get_task_struct(thread);
	exit->pid = get_task_pid(thread, PIDTYPE_PID);
	exit->reap = reap;
	init_waitqueue_func_entry(&exit->wait, exit_seen);
	add_wait_queue(&exit->pid->wait_pidfd, &exit->wait);
}

/**
 * exit_join() - see a thread off, once
 * @exit: its thread has ended, or was never woken, or ends when it is asked to
 *
 * The last code of ours that a thread which ended by itself ran was exit_seen(),
 * under the lock that remove_wait_queue() takes; so after this the module may go.
 * For a thread that has ended kthread_stop() has nothing to wait for. Of one that is
 * asked to end the manager is not told.
 *
 * Context: may sleep.
 */
void exit_join(struct wpool_exit *exit)
{
	remove_wait_queue(&exit->pid->wait_pidfd, &exit->wait);
	kthread_stop(exit->thread);
	put_pid(exit->pid);
}

/**
 * exit_put() - drop the thread's task_struct
 * @exit: after exit_join(), when nobody looks at @exit->thread any more
 *
 * Context: any.
 */
void exit_put(struct wpool_exit *exit)
{
	put_task_struct(exit->thread);
}
