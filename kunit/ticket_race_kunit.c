// SPDX-License-Identifier: GPL-2.0
/*
 * Tickets under load: threads submit tasks with tickets, of their own memory and of wpool's, and
 * take back, and wait for, what others have submitted, whatever has become of that. Each
 * acceptance is released once, and no ticket is left. And who else submits a task has no part in
 * the ticket that is drawn for it.
 */
#include <linux/kthread.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

#define THREADS	3
#define ROUNDS	1500
#define SLOTS	4
#define FATAL	60	/* one in so many dies */

static int race_init(struct kunit *test)
{
	return wpt_init(test, "wpool_ticket_race");
}

struct arena {
	struct wpool	*pool;
	bool		deaths;
	atomic64_t	slots[SLOTS];	/* tickets that anybody may use */
	atomic_t	made, freed, accepted, refused, released, taken_back, odd;
	atomic_t	fates[WPOOL_FATE_DIED + 1];
};

/* Freed by its release. */
struct object {
	struct wpool_tracked_task ttask;
	struct arena		*arena;
	u64			ticket;
	bool			dies;
};

static int object_run(void *arg)
{
	struct object *object = arg;

	/* The submitter has written it before. */
	if (!READ_ONCE(object->ticket) ||
	    wpool_cancel_id(object->arena->pool, object->ticket) != -EBUSY)
		atomic_inc(&object->arena->odd);
	if (object->dies)
		kthread_complete_and_exit(NULL, 0);
	return 0;
}

static void object_release(void *arg, enum wpool_fate fate)
{
	struct object *object = arg;
	struct arena *arena = object->arena;

	atomic_inc(&arena->released);
	atomic_inc(&arena->fates[fate]);
	atomic_inc(&arena->freed);
	kfree(object);
}

/* By each of the calls. */
static int object_submit(struct arena *arena, struct object *object, unsigned int i)
{
	struct wpool_task *task = &object->ttask.task;
	struct wpool *pool = arena->pool;
	u64 *ticket = &object->ticket;

	switch (i % 4) {
	case 0:
		return wpool_with_ticket(pool, &object->ttask, GFP_KERNEL, ticket,
					 wpool_schedule(pool, task));
	case 1:
		return wpool_with_ticket(pool, &object->ttask, GFP_ATOMIC, ticket,
					 wpool_try_schedule(pool, task));
	case 2:
		return wpool_schedule_fn_ticket(pool, object_run, object, object_release, ticket);
	default:
		return wpool_try_schedule_fn_ticket(pool, object_run, object, object_release,
						    ticket);
	}
}

/* What is refused is still the submitter's. */
static void object_make(struct arena *arena, unsigned int i)
{
	struct object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return;
	atomic_inc(&arena->made);
	object->arena = arena;
	object->dies = arena->deaths && i % FATAL == FATAL - 1;
	wpool_tracked_task_init(&object->ttask, object_run, object);
	wpool_task_set_release(&object->ttask, object_release);
	if (i % 8 < 4)
		wpool_task_set_self_freeing(&object->ttask);
	if (!object_submit(arena, object, i)) {
		atomic_inc(&arena->accepted);
		return;
	}
	atomic_inc(&arena->refused);
	atomic_inc(&arena->freed);
	kfree(object);
}

/* The tickets count up: this one may stand for anything, or nothing yet. */
static void ticket_meddle(struct arena *arena, unsigned int i)
{
	u64 ticket = atomic64_inc_return(&arena->slots[i % SLOTS]);
	int ret;

	switch (i % 5) {
	case 0:
	case 1:
		ret = wpool_cancel_id(arena->pool, ticket);
		atomic_add(!ret, &arena->taken_back);
		break;
	case 2:
		ret = wpool_wait_id(arena->pool, ticket);
		break;
	case 3:
		ret = i % 64 ? 0 : wpool_flush_to(arena->pool, ticket);
		break;
	default:
		ret = wpool_wait_id_interruptible(arena->pool, ticket);
	}
	if (ret && ret != -ENOENT && ret != -EBUSY)
		atomic_inc(&arena->odd);
}

static int use_tickets(struct wpt_thread *self)
{
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		object_make(self->arg, i);
		ticket_meddle(self->arg, i);
		if (i % 32 == 0)
			cond_resched();
	}
	return 0;
}

static const struct policy {
	const char	*name;
	enum wpool_full	full;
} policies[] = {
	{ "block", WPOOL_FULL_BLOCK },
	{ "fail", WPOOL_FULL_FAIL },
	{ "caller runs", WPOOL_FULL_CALLER_RUNS },
	{ "discard", WPOOL_FULL_DISCARD },
	{ "discard oldest", WPOOL_FULL_DISCARD_OLDEST },
};

static void policy_name(const struct policy *policy, char *desc)
{
	strscpy(desc, policy->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(policy, policies, policy_name);

static int call_flush_all(struct wpt_thread *self)
{
	return wpool_flush_to(self->pool, U64_MAX);
}

/* 113, 114, 115, 116: whatever becomes of them; in the end the pool is shut down */
static void ticket_race(struct kunit *test)
{
	const struct policy *policy = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 4, .full = policy->full,
	});
	struct arena *arena = wpt_alloc(test, sizeof(*arena));
	struct wpt_thread *threads[THREADS];
	unsigned int i;

	arena->pool = pool;
	/* A death would take the submitter that runs the task. */
	arena->deaths = policy->full != WPOOL_FULL_CALLER_RUNS;
	/* One runs for sure; of the others it depends on what becomes of them. */
	object_make(arena, 0);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	for (i = 0; i < THREADS; i++)
		threads[i] = wpt_thread(test, use_tickets, pool, NULL, arena);
	WPT_ASSERT_WHILE_BUSY(test, pool, wpt_until(atomic_read(&arena->made) >
						    THREADS * ROUNDS / 2));
	wpool_shutdown_now(pool, NULL);
	for (i = 0; i < THREADS; i++)
		KUNIT_ASSERT_EQ(test, wpt_join(test, threads[i]), 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, call_flush_all, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->released), atomic_read(&arena->accepted));
	wpt_destroy(test, pool);
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->freed), atomic_read(&arena->made));
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->odd), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&arena->fates[WPOOL_FATE_RAN]), 0);
	KUNIT_EXPECT_GE(test, atomic_read(&arena->fates[WPOOL_FATE_CANCELLED]),
			atomic_read(&arena->taken_back));
}

static int submit_periodic(struct wpt_thread *self)
{
	return wpool_schedule_every(self->pool, self->arg, 1000 * HZ);
}

/* 113: what another thread submits meanwhile has no part in the ticket, and so may be periodic */
static void ticket_race_periodic(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct wpool_delayed_task *dtask = wpt_alloc(test, sizeof(*dtask));
	struct wpt_thread *other = NULL;
	u64 ticket = 0;

	wpool_delayed_task_init(dtask, wpt_run_job, NULL);
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, dtask, GFP_KERNEL, &ticket, ({
		other = wpt_thread(test, submit_periodic, pool, NULL, dtask);
		wpt_until(completion_done(&other->done)) ? wpool_schedule_delayed(pool, dtask, 1) :
							    -ETIMEDOUT;
	})), -EBUSY);
	KUNIT_ASSERT_TRUE(test, other);
	KUNIT_EXPECT_EQ(test, ticket, 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, other), 0);
	KUNIT_EXPECT_TRUE(test, wpool_cancel_delayed_sync(dtask));
	KUNIT_EXPECT_EQ(test, wpool_with_ticket(pool, dtask, GFP_KERNEL, &ticket,
						wpool_schedule_every(pool, dtask, 1)), -EINVAL);
	KUNIT_EXPECT_EQ(test, ticket, 0);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE_PARAM(ticket_race, policy_gen_params),
	KUNIT_CASE(ticket_race_periodic),
	{}
};

static struct kunit_suite race_suite = {
	.name = "wpool_ticket_race",
	.init = race_init,
	.exit = wpt_exit,
	.test_cases = race_cases,
};

kunit_test_suite(race_suite);
