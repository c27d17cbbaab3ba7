// SPDX-License-Identifier: GPL-2.0
/* See actor.h. */
#include "actor.h"

int actor_act(void *arg)
{
	struct actor *self = arg;

	if (self->runs++)
		return 0;
	self->thread = current;
	complete_all(&self->begun);
	wait_for_completion(&self->gate->opened);
	WRITE_ONCE(self->calling, true);
	self->got = self->call(self);
	return 0;
}

struct actor *actor(struct kunit *test, struct wpool *pool, int (*call)(struct actor *),
		    void *other)
{
	struct actor *actor = wpt_alloc(test, sizeof(*actor));

	actor->pool = pool;
	actor->call = call;
	actor->other = other;
	actor->gate = wpt_gate(test);
	actor->got = -ENODATA;
	init_completion(&actor->begun);
	wpool_group_init(&actor->group, 0);
	wpool_task_init(&actor->task, actor_act, actor);
	return actor;
}

void actor_begun(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&actor->begun, WPT_LIMIT), 0);
}

void actor_start(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_EQ(test, wpool_schedule(actor->pool, &actor->task), 0);
	actor_begun(test, actor);
}

bool actor_asleep(const struct task_struct *thread)
{
	return thread &&
	       (READ_ONCE(thread->__state) & (TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE));
}

bool actor_sleeps(const struct actor *actor)
{
	return READ_ONCE(actor->calling) && actor_asleep(actor->thread);
}

void actor_go_to_sleep(struct kunit *test, struct actor *actor)
{
	wpt_open(actor->gate);
	WPT_ASSERT_UNTIL(test, actor_sleeps(actor));
}

int actor_end(struct kunit *test, struct actor *actor)
{
	KUNIT_ASSERT_EQ(test, wpool_wait_timeout(&actor->task, WPT_LIMIT, NULL), 0);
	return actor->got;
}

int actor_call_wait(struct actor *self)
{
	return wpool_wait(self->other);
}

int actor_call_schedule(struct actor *self)
{
	return wpool_schedule_timeout(self->pool, self->other, MAX_SCHEDULE_TIMEOUT);
}

int actor_call_group_wait(struct actor *self)
{
	return wpool_group_wait(self->other);
}
