// SPDX-License-Identifier: GPL-2.0
/*
 * Who is to be told of a task's end: any number of waiters, and one group.
 *
 * A task has one word to spare, so they form a singly linked list that begins in
 * it: &wpool_task.watchers points to a waiter, its next to the next one. The last
 * link may be the group, told apart by its lowest bit.
 *
 * Everything here needs the lock of the task's pool, or, for a task that is in no
 * pool, to be its only user.
 */
#include "internal.h"

#define WATCH_GROUP	1UL

static struct wpool_waiter *link_waiter(unsigned long link)
{
	return link & WATCH_GROUP ? NULL : (struct wpool_waiter *)link;
}

void watch_add(struct wpool_task *task, struct wpool_waiter *waiter)
{
	waiter->next = task->watchers;
	task->watchers = (unsigned long)waiter;
}

void watch_del(struct wpool_task *task, struct wpool_waiter *waiter)
{
	unsigned long *link = &task->watchers;

	while (*link != (unsigned long)waiter)
		link = &link_waiter(*link)->next;
	*link = waiter->next;
}

static unsigned long *last_link(struct wpool_task *task)
{
	unsigned long *link = &task->watchers;

	while (link_waiter(*link))
		link = &link_waiter(*link)->next;
	return link;
}

void watch_add_group(struct wpool_task *task, struct wpool_group *group)
{
	*last_link(task) = (unsigned long)group | WATCH_GROUP;
}

/* The group stays, and is returned. */
struct wpool_group *watch_group(const struct wpool_task *task)
{
	unsigned long link = task->watchers;

	while (link_waiter(link))
		link = link_waiter(link)->next;
	return (struct wpool_group *)(link & ~WATCH_GROUP);
}

struct wpool_group *__watch_take_group(struct wpool_task *task)
{
	struct wpool_group *group = watch_group(task);

	if (group)
		*last_link(task) = 0;
	return group;
}

/**
 * __watch_tell() - tell all waiters, and forget them; a group stays
 * @task: the task
 * @told: what they are told
 * @value: the result that goes with it
 * @wakes: gets them
 */
void __watch_tell(struct wpool_task *task, int told, int value,
		  struct wpool_wakes *wakes)
{
	struct wpool_waiter *waiter;

	/* Those are still its waiters: they are on their way to it. */
	if (told == -EAGAIN && link_waiter(task->watchers))
		task_mark_awaited(task);
	while ((waiter = link_waiter(task->watchers))) {
		task->watchers = waiter->next;
		waiter->value = value;
		if (!told)
			spin_learn(task->pool, &task->pool->waiter_luck,
				   waiter->slept_at);
		waiter_tell(waiter, told, wakes);
	}
}
