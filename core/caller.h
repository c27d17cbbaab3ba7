/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tasks that their submitters run; see caller.c. Included by internal.h alone.
 */
#ifndef _WPOOL_CALLER_H
#define _WPOOL_CALLER_H

/**
 * struct wpool_caller - a thread inside a task that it has submitted itself
 * @pool: I: the task's; holds a reference
 * @thread: I: valid as long as @running
 * @worker: I: the worker that @thread is, of whatever pool, or NULL
 * @outer: I: the one that @thread is inside when this begins, or NULL
 * @depth: I: how many of them it is inside, with this one
 * @nested: I: &wpool_worker.depth of @worker when this begins
 * @pid_nr: I: the number of @thread, for who only looks
 * @stack: I: the address of its stack, for run_bury(); itself gone by then
 * @polled: I: nobody tells of the end of @thread: it is looked for now and then
 * @exit: of @thread, but for a worker
 * @hash: in the table of caller.c, but for a worker
 * @node: L, read under RCU: on &wpool.callers
 * @running: L: on that list
 * @again: L: &wpool_run.again was accepted without room, for @thread to run it
 * @run: the run
 * @rcu: for readers of &wpool.callers and of the table
 */
struct wpool_caller {
	struct wpool		*pool;
	struct task_struct	*thread;
	struct wpool_worker	*worker;
	struct wpool_caller	*outer;
	unsigned int		depth;
	unsigned int		nested;
	pid_t			pid_nr;
	unsigned long		stack;
	bool			polled;
	struct wpool_exit	exit;
	struct hlist_node	hash;
	struct list_head	node;
	bool			running;
	bool			again;
	struct wpool_run	run;
	struct rcu_head		rcu;
};

struct wpool_caller *caller_alloc(struct wpool *pool);
void caller_free(struct wpool_caller *caller);
struct wpool_caller *caller_current(const struct wpool_worker *worker);
bool caller_inside(const struct wpool *pool);
bool caller_inside_group(const struct wpool_group *group);
bool caller_may_run(struct wpool *pool, const struct wpool_task *task);
bool caller_may_run_again(struct wpool *pool, const struct wpool_task *task);
void caller_run(struct wpool_caller *caller, struct wpool_task *task,
		unsigned long flags) __releases(&caller->pool->lock);
void caller_bury_all_of(struct wpool_worker *worker);
void caller_look(struct wpool *pool);

#endif /* _WPOOL_CALLER_H */
