// SPDX-License-Identifier: GPL-2.0
/*
 * Releases under load: tasks are submitted, submitted again, cancelled, waited for and dropped
 * from several threads, die, and are taken back when the pool is shut down. Each acceptance of
 * each of them is released once: the release drops a reference on the object of the task, which
 * counts both.
 */
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/slab.h>
#include "wpool_kunit.h"

#define THREADS	3
#define ROUNDS	1500
#define SLOTS	4
#define FATAL	60	/* one in so many dies */

static int race_init(struct kunit *test)
{
	return wpt_init(test, "wpool_release_race");
}

struct arena {
	struct wpool		*pool;
	bool			deaths;		/* some functions kill their worker */
	struct object		*slots[SLOTS];	/* each holds a reference; or NULL */
	atomic_t		made, freed, accepted, released, uneven, refused;
	atomic_t		fates[WPOOL_FATE_DIED + 1];
};

struct object {
	struct kref		kref;
	union {
		struct wpool_release_task	ttask;
		struct wpool_keyed_task		ktask;
	};
	struct arena		*arena;
	bool			waitable;
	bool			keyed;
	bool			dies;
	bool			detached;	/* its function releases it, if it begins */
	atomic_t		again;		/* how often its release submits it */
	atomic_t		accepted, released;
};

static void object_free(struct kref *kref)
{
	struct object *object = container_of(kref, struct object, kref);
	struct arena *arena = object->arena;

	if (atomic_read(&object->accepted) != atomic_read(&object->released))
		atomic_inc(&arena->uneven);
	atomic_inc(&arena->freed);
	kfree(object);
}

static void object_put(struct object *object)
{
	if (object)
		kref_put(&object->kref, object_free);
}

static int object_schedule(struct object *object, bool may_wait)
{
	struct wpool *pool = object->arena->pool;

	if (object->keyed)
		return may_wait ? wpool_schedule_keyed(pool, &object->ktask, 0) :
				  wpool_try_schedule_keyed(pool, &object->ktask, 0);
	return may_wait ? wpool_schedule(pool, &object->ttask.task) :
			  wpool_try_schedule(pool, &object->ttask.task);
}

/* The release has one reference for each acceptance. */
static void submitted(struct object *object, int err)
{
	if (err) {
		atomic_inc(&object->arena->refused);
		object_put(object);
		return;
	}
	atomic_inc(&object->accepted);
	atomic_inc(&object->arena->accepted);
}

static void object_release(void *arg, enum wpool_fate fate)
{
	struct object *object = arg;
	struct arena *arena = object->arena;

	atomic_inc(&object->released);
	atomic_inc(&arena->released);
	atomic_inc(&arena->fates[fate]);
	if (atomic_dec_if_positive(&object->again) >= 0) {
		kref_get(&object->kref);
		submitted(object, object_schedule(object, false));
	}
	object_put(object);
}

static int object_run(void *arg)
{
	struct object *object = arg;
	bool dies = object->dies;

	if (object->detached)
		object_release(object, dies ? WPOOL_FATE_DIED : WPOOL_FATE_RAN);
	if (dies)
		kthread_complete_and_exit(NULL, 0);
	return 0;
}

static struct object *object_new(struct arena *arena, unsigned int i)
{
	struct object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return NULL;
	kref_init(&object->kref);
	object->arena = arena;
	object->dies = arena->deaths && i % (FATAL + 1) == FATAL;
	atomic_set(&object->again, i % 3);
	object->waitable = i % 4 < 2;
	object->keyed = i % 4 == 0;
	if (object->keyed) {
		wpool_keyed_task_init(&object->ktask, object_run, object);
		wpool_task_set_release(&object->ktask, object_release);
	} else {
		wpool_release_task_init(&object->ttask, object_run, object);
		wpool_task_set_release(&object->ttask, object_release);
	}
	object->detached = !object->waitable;
	if (object->detached)
		wpool_task_set_detached(&object->ttask.task);
	atomic_inc(&arena->made);
	return object;
}

static void object_submit(struct object *object, unsigned int i)
{
	kref_get(&object->kref);
	submitted(object, object_schedule(object, i % 3));
}

/* What another thread has left in the slot; may be queued, running or done. */
static void object_meddle(struct object *object, unsigned int i)
{
	if (!object)
		return;
	if (i % 5 == 0)
		wpool_cancel(&object->ttask.task);
	else if (i % 5 == 1)
		object_submit(object, i);
	else if (i % 5 == 2 && object->waitable)
		wpool_wait_timeout(&object->ttask.task, 1, NULL);
	else if (i % 5 == 3 && object->waitable)
		wpool_cancel_sync(&object->ttask.task);
}

static int use_objects(struct wpt_thread *self)
{
	struct arena *arena = self->arg;
	struct object *object;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		object = object_new(arena, i);
		if (!object)
			continue;
		object_submit(object, i);
		object = xchg(&arena->slots[i % SLOTS], object);
		object_meddle(object, i);
		object_put(object);
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

static void expect_even(struct kunit *test, struct arena *arena)
{
	unsigned int i;

	for (i = 0; i < SLOTS; i++)
		object_put(arena->slots[i]);
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->released), atomic_read(&arena->accepted));
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->uneven), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->freed), atomic_read(&arena->made));
	KUNIT_EXPECT_GT(test, atomic_read(&arena->fates[WPOOL_FATE_RAN]), 0);
	KUNIT_EXPECT_GE(test, atomic_read(&arena->fates[WPOOL_FATE_DIED]), arena->deaths);
}

/* One that runs for sure; of the others it depends on what becomes of them. */
static void submit_alone(struct kunit *test, struct arena *arena, unsigned int i)
{
	struct object *object = object_new(arena, i);

	KUNIT_ASSERT_NOT_NULL(test, object);
	object_submit(object, i);
	object_put(object);
	KUNIT_ASSERT_EQ(test, wpt_call(test, wpt_call_flush, arena->pool, NULL), 0);
}

/* 91: whatever becomes of them, and whoever ends them; in the end the pool is shut down */
static void race_once(struct kunit *test)
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
	submit_alone(test, arena, FATAL);
	submit_alone(test, arena, 0);
	for (i = 0; i < THREADS; i++)
		threads[i] = wpt_thread(test, use_objects, pool, NULL, arena);
	WPT_ASSERT_WHILE_BUSY(test, pool, wpt_until(atomic_read(&arena->made) >
						    THREADS * ROUNDS / 2));
	wpool_shutdown_now(pool, NULL);
	for (i = 0; i < THREADS; i++)
		KUNIT_ASSERT_EQ(test, wpt_join(test, threads[i]), 0);
	wpt_destroy(test, pool);
	expect_even(test, arena);
}

static struct kunit_case race_cases[] = {
	KUNIT_CASE_PARAM(race_once, policy_gen_params),
	{}
};

static struct kunit_suite race_suite = {
	.name = "wpool_release_race",
	.init = race_init,
	.exit = wpt_exit,
	.test_cases = race_cases,
};

kunit_test_suite(race_suite);
