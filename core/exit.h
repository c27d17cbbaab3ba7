/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The end of a thread that a module's code runs in; see exit.c.
 */
#ifndef _WPOOL_EXIT_H
#define _WPOOL_EXIT_H

#include <linux/llist.h>
#include <linux/types.h>
#include <linux/wait.h>

struct pid;
struct task_struct;

/**
 * struct wpool_exit - has the manager learn that a thread has ended
 * @thread: I: the thread; holds a reference until exit_put()
 * @pid: I: holds a reference until exit_unwatch(), for @wait
 * @wait: I: entry on @pid->wait_pidfd, calls exit_seen()
 * @seen: @pid->wait_pidfd.lock
 * @node: on the manager's list
 * @reap: what the manager is to call; written by who hands this to the manager
 */
struct wpool_exit {
	struct task_struct	*thread;
	struct pid		*pid;
	struct wait_queue_entry	wait;
	bool			seen;
	struct llist_node	node;
	void			(*reap)(struct wpool_exit *exit);
};

void exit_watch(struct wpool_exit *exit, struct task_struct *thread,
		void (*reap)(struct wpool_exit *exit));
void exit_notice(struct wpool_exit *exit);
void exit_unwatch(struct wpool_exit *exit);
void exit_join(struct wpool_exit *exit);
void exit_put(struct wpool_exit *exit);

#endif /* _WPOOL_EXIT_H */
