// SPDX-License-Identifier: GPL-2.0
/*
 * Detached tasks, submitted, cancelled and put off from all sides while they run.
 */
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include "wpool_kunit.h"

#define THREADS	3
#define ROUNDS	3000

static int self_race_init(struct kunit *test)
{
	return wpt_init(test, "wpool_self_race");
}

/* An object as the kernel has many: each submission has a reference, which the run drops. */
struct object {
	struct kref			kref;
	struct wpool_release_task	ttask;
	struct arena			*arena;
	atomic_t			inside;
};

struct arena {
	struct wpool		*pool;
	spinlock_t		lock;		/* guards current */
	struct object		*current_object;
	bool			releases;	/* its reference, if it never begins */
	atomic_t		accepted, runs, beside, freed, made, cancelled, released;
};

static void object_free(struct kref *kref)
{
	struct object *object = container_of(kref, struct object, kref);

	atomic_inc(&object->arena->freed);
	kfree(object);
}

static int object_run(void *arg)
{
	struct object *object = arg;
	struct arena *arena = object->arena;

	if (atomic_inc_return(&object->inside) != 1)
		atomic_inc(&arena->beside);
	if (atomic_inc_return(&arena->runs) % 16 == 0)
		cond_resched();
	atomic_dec(&object->inside);
	kref_put(&object->kref, object_free);	/* its last act */
	return 0;
}

static void object_release(void *arg, enum wpool_fate fate)
{
	struct object *object = arg;

	atomic_inc(&object->arena->released);
	kref_put(&object->kref, object_free);
}

static struct object *object_new(struct arena *arena)
{
	struct object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (!object)
		return NULL;
	kref_init(&object->kref);
	object->arena = arena;
	wpool_release_task_init(&object->ttask, object_run, object);
	wpool_task_set_detached(&object->ttask.task);
	if (arena->releases)
		wpool_task_set_release(&object->ttask, object_release);
	atomic_inc(&arena->made);
	return object;
}

/* The object that all use just now, with a reference. */
static struct object *object_get(struct arena *arena)
{
	struct object *object;

	spin_lock(&arena->lock);
	object = arena->current_object;
	kref_get(&object->kref);
	spin_unlock(&arena->lock);
	return object;
}

static void object_replace(struct arena *arena, struct object *new)
{
	struct object *old;

	spin_lock(&arena->lock);
	old = arena->current_object;
	arena->current_object = new;
	spin_unlock(&arena->lock);
	kref_put(&old->kref, object_free);
}

static void cancel_object(struct object *object)
{
	struct arena *arena = object->arena;

	if (!wpool_cancel(&object->ttask.task))
		return;
	atomic_inc(&arena->cancelled);
	if (!arena->releases)
		kref_put(&object->kref, object_free);
}

/* Submits, cancels now and then, and replaces the object now and then. */
static int use_objects(struct wpt_thread *self)
{
	struct arena *arena = self->arg;
	struct object *object, *new;
	int err, wrong = 0;
	unsigned int i;

	for (i = 0; i < ROUNDS; i++) {
		object = object_get(arena);
		kref_get(&object->kref);	/* the submission's */
		err = wpool_schedule(self->pool, &object->ttask.task);
		if (err && err != -EBUSY)
			wrong = err;
		if (err)
			kref_put(&object->kref, object_free);
		else
			atomic_inc(&arena->accepted);
		if (i % 7 == 0)
			cancel_object(object);
		kref_put(&object->kref, object_free);
		new = i % 5 ? NULL : object_new(arena);
		if (new)
			object_replace(arena, new);
		if (i % 64 == 0)
			cond_resched();
	}
	return wrong;
}

static const bool booleans[] = { false, true };

static void releases_name(const bool *releases, char *desc)
{
	strscpy(desc, *releases ? "with a release" : "without", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(releases, booleans, releases_name);

/* 94: submitted from all sides while it runs: never beside itself, and none is lost */
static void self_race(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .queue_depth = 8,
	});
	struct arena *arena = wpt_alloc(test, sizeof(*arena));
	struct wpt_thread *threads[THREADS];
	unsigned int i;

	arena->pool = pool;
	arena->releases = *(const bool *)test->param_value;
	spin_lock_init(&arena->lock);
	arena->current_object = object_new(arena);
	KUNIT_ASSERT_NOT_NULL(test, arena->current_object);
	for (i = 0; i < THREADS; i++)
		threads[i] = wpt_thread(test, use_objects, pool, NULL, arena);
	for (i = 0; i < THREADS; i++) {
		WPT_ASSERT_WHILE_BUSY(test, pool, wpt_until(completion_done(&threads[i]->done)));
		KUNIT_EXPECT_EQ(test, wpt_join(test, threads[i]), 0);
	}
	wpt_destroy(test, pool);
	kref_put(&arena->current_object->kref, object_free);
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->beside), 0);
	KUNIT_EXPECT_GT(test, atomic_read(&arena->runs), 0);
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->runs) + atomic_read(&arena->cancelled),
			atomic_read(&arena->accepted));
	KUNIT_EXPECT_EQ(test, atomic_read(&arena->freed), atomic_read(&arena->made));
	if (arena->releases)
		KUNIT_EXPECT_EQ(test, atomic_read(&arena->released),
				atomic_read(&arena->cancelled));
}

/* Two workers that block in a full pool, while one of what they have submitted comes by itself. */
struct blockers {
	struct wpool			*pool;
	struct wpool_keyed_task		head, behind[2];
	struct wpool_delayed_task	again;		/* frees itself, as far as wpool knows */
	struct wpt_job			*more;		/* for each, and no room for it */
	struct wpt_gate			*gate;
	struct completion		began;
	int				got[2];
};

static int run_nothing(void *arg)
{
	return 0;
}

static int block_behind_key(void *arg)
{
	struct blockers *all = arg;
	int i, err = 0;

	complete(&all->began);
	wait_for_completion(&all->gate->opened);
	for (i = 0; i < ARRAY_SIZE(all->behind) && !err; i++)
		err = wpool_schedule_keyed(all->pool, &all->behind[i], 1);
	all->got[0] = err ?: wpool_schedule(all->pool, &all->more[0].task);
	return 0;
}

static int block_behind_self(void *arg)
{
	struct blockers *all = arg;
	int err;

	if (all->got[1] != -EINPROGRESS)
		return 0;	/* the second time */
	complete(&all->began);
	wait_for_completion(&all->gate->opened);
	wpt_until(wpt_stat(all->pool, WPOOL_STAT_BLOCKED) == 1);
	err = wpool_schedule_delayed(all->pool, &all->again, MAX_SCHEDULE_TIMEOUT);
	all->got[1] = err ?: wpool_schedule(all->pool, &all->more[1].task);
	return 0;
}

/* 81: a task that comes to wait behind its own run was the last that could have made room */
static void self_asleep(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .queue_depth = 1,
	});
	struct blockers *all = wpt_alloc(test, sizeof(*all));
	int i;

	all->pool = pool;
	all->gate = wpt_gate(test);
	all->more = wpt_jobs(test, 2, NULL);
	all->got[0] = -EINPROGRESS;
	all->got[1] = -EINPROGRESS;
	init_completion(&all->began);
	wpool_keyed_task_init(&all->head, block_behind_key, all);
	for (i = 0; i < ARRAY_SIZE(all->behind); i++)
		wpool_keyed_task_init(&all->behind[i], run_nothing, NULL);
	wpool_delayed_task_init(&all->again, block_behind_self, all);
	wpool_task_set_detached(&all->again.task);
	KUNIT_ASSERT_EQ(test, wpool_schedule_keyed(pool, &all->head, 1), 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule_delayed(pool, &all->again, 0), 0);
	for (i = 0; i < 2; i++)
		KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&all->began, WPT_LIMIT), 0);
	wpt_open(all->gate);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 2);
	KUNIT_EXPECT_EQ(test, wpool_modify_delayed(pool, &all->again, 0), 0);
	WPT_ASSERT_STAT(test, pool, BLOCKED, 0);
	wpt_call(test, wpt_call_drain, pool, NULL);
	KUNIT_EXPECT_TRUE(test, all->got[0] == -EDEADLK || all->got[1] == -EDEADLK);
}

static struct kunit_case self_race_cases[] = {
	KUNIT_CASE_PARAM(self_race, releases_gen_params),
	KUNIT_CASE(self_asleep),
	{}
};

static struct kunit_suite self_race_suite = {
	.name = "wpool_self_race",
	.init = self_race_init,
	.exit = wpt_exit,
	.test_cases = self_race_cases,
};

kunit_test_suite(self_race_suite);
