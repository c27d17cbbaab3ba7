// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests of broken tasks share; broken_scene.h says how it is used.
 */
#include <linux/console.h>
#include <linux/debugobjects.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "broken_scene.h"

const char *const broken_ways[NR_WAYS] = {
	[FREED]		= "freed",
	[UNMAPPED]	= "unmapped",
	[ZEROED]	= "zeroed",
	[ALL_ONES]	= "all ones",
	[POISONED]	= "poisoned",
	[SET_UP]	= "set up again",
	[SET_UP_QUEUED]	= "set up and queued again",
	[RETURNED]	= "returned from its stack",
};

static struct {
	char		pool[WPOOL_NAME_MAX + 3];
	const char	*what;
	atomic_t	heard;
} ear;

/* One line; the kernel's consoles are called one at a time. */
static void hear(struct console *console, const char *line, unsigned int len)
{
	if (!ear.what || strnstr(line, "expect", len))
		return;
	if (strnstr(line, ear.pool, len) && strnstr(line, ear.what, len))
		atomic_inc(&ear.heard);
}

static struct console ear_console = {
	.name	= "wpb",
	.write	= hear,
	.index	= -1,
};

int broken_suite_init(struct kunit_suite *suite)
{
	ear_console.flags = CON_ENABLED;	/* was taken away as it was unregistered */
	register_console(&ear_console);
	return 0;
}

void broken_suite_exit(struct kunit_suite *suite)
{
	unregister_console(&ear_console);
}

void broken_listen(const struct wpool *pool, const char *what)
{
	snprintf(ear.pool, sizeof(ear.pool), "%s: ", wpool_name(pool));
	ear.what = what;
	atomic_set(&ear.heard, 0);
	pr_info("wpool_kunit: expect some: %sBUG: .*%s\n", ear.pool, what);
}

bool broken_heard(void)
{
	return wpt_until(atomic_read(&ear.heard));
}

static bool adds_up(struct wpool *pool)
{
	struct wpool_stats stats;

	wpool_stats(pool, &stats);
	return stats.count[WPOOL_STAT_SUBMITTED] == stats.count[WPOOL_STAT_COMPLETED] +
	       stats.count[WPOOL_STAT_CANCELLED] + stats.count[WPOOL_STAT_OOPSED];
}

/* The pool, of which something has been broken, has nothing left, takes more, and ends. */
void broken_expect_end(struct kunit *test, struct wpool *pool)
{
	struct wpt_job *job = wpt_jobs(test, 1, NULL);

	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_flush, pool, NULL), 0);
	KUNIT_EXPECT_EQ(test, wpt_call(test, wpt_call_drain, pool, NULL), 0);
	WPT_EXPECT_STAT(test, pool, QUEUED, 0);
	KUNIT_ASSERT_EQ(test, wpool_schedule(pool, &job->task), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, job), 0);
	WPT_ASSERT_UNTIL(test, adds_up(pool));
	KUNIT_EXPECT_TRUE(test, broken_heard());
	wpt_destroy(test, pool);
}

static int run_victim(void *arg)
{
	struct broken_victim *victim = arg;

	atomic_inc(&victim->runs);
	return 0;
}

static void set_up(struct broken_victim *victim)
{
	if (victim->has_key)
		wpool_keyed_task_init(victim->keyed, run_victim, victim);
	else
		wpool_task_init(victim->task, run_victim, victim);
	wpool_task_set_priority(victim->task, victim->prio);
}

static int submit(struct broken_victim *victim)
{
	if (victim->has_key)
		return wpool_schedule_keyed(victim->pool, victim->keyed, victim->key);
	if (victim->group)
		return wpool_group_schedule(victim->group, victim->pool, victim->task);
	return wpool_schedule(victim->pool, victim->task);
}

static size_t victim_size(const struct broken_victim *victim)
{
	return victim->has_key ? sizeof(*victim->keyed) : sizeof(*victim->task);
}

struct broken_victim *broken_victim(struct kunit *test, struct wpool *pool,
				    enum broken_way way, bool has_key)
{
	struct broken_victim *victim = wpt_alloc(test, sizeof(*victim));

	victim->pool = pool;
	victim->way = way;
	victim->has_key = has_key;
	victim->prio = WPOOL_PRIO_NORMAL;
	init_completion(&victim->told);
	init_completion(&victim->done);
	if (way == FREED)
		victim->keyed = kzalloc(victim_size(victim), GFP_KERNEL);
	else if (way == UNMAPPED)
		victim->keyed = vzalloc(PAGE_SIZE);
	else if (way != RETURNED)
		victim->keyed = wpt_alloc(test, victim_size(victim));
	victim->task = &victim->keyed->task;
	KUNIT_ASSERT_TRUE(test, victim->keyed || way == RETURNED);
	return victim;
}

/* Some of the stack below its caller, which returns from it. */
#define FRAME	400

static noinline void have_on_stack(struct broken_victim *victim)
{
	struct wpool_keyed_task keyed;
	char below[FRAME];

	memset(below, 0, sizeof(below));
	OPTIMIZER_HIDE_VAR(victim);
	barrier_data(below);
	victim->keyed = &keyed;
	victim->task = &keyed.task;
	set_up(victim);
	victim->err = submit(victim);
	barrier_data(&keyed);
}

static noinline void use_stack(void)
{
	char frame[FRAME * 2];

	memset(frame, 0x5a, sizeof(frame));
	barrier_data(frame);
}

static int own_stack(struct wpt_thread *self)
{
	struct broken_victim *victim = self->arg;

	have_on_stack(victim);
	complete(&victim->done);
	wait_for_completion(&victim->told);
	use_stack();
	return 0;
}

/* Has the pool take it. */
void broken_submit(struct kunit *test, struct broken_victim *victim)
{
	if (victim->way != RETURNED) {
		set_up(victim);
		KUNIT_ASSERT_EQ(test, submit(victim), 0);
		return;
	}
	victim->owner = wpt_thread(test, own_stack, victim->pool, NULL, victim);
	KUNIT_ASSERT_GT(test, wait_for_completion_timeout(&victim->done, WPT_LIMIT), 0);
	KUNIT_ASSERT_EQ(test, victim->err, 0);
}

/*
 * The kernel's object debugging would see it before the pool does, and have it let go of the
 * task: for that see objects_kunit.c.
 */
void broken_unseen(void *object)
{
	static const struct debug_obj_descr descr = { .name = "broken" };

	debug_object_deactivate(object, &descr);
}

void broken_overwrite(struct wpool_task *task, size_t size, enum broken_way way)
{
	broken_unseen(task);
	memset(task, way == ALL_ONES ? 0xff : way == POISONED ? 0x6b : 0, size);
}

/* Does what no owner may. */
void broken_break(struct kunit *test, struct broken_victim *victim)
{
	broken_unseen(victim->task);
	if (victim->group)
		broken_unseen(victim->group);	/* never empty again */
	switch (victim->way) {
	case FREED:
		/* The allocator need not change what is looked at; KASAN does the first words. */
		if (victim->has_key || !IS_ENABLED(CONFIG_KASAN))
			broken_overwrite(victim->task, victim_size(victim), POISONED);
		kfree(victim->keyed);
		break;
	case UNMAPPED:
		vfree(victim->keyed);
		vm_unmap_aliases();	/* at once, for all CPUs */
		break;
	case SET_UP:
	case SET_UP_QUEUED:
		set_up(victim);
		if (victim->way == SET_UP_QUEUED)
			KUNIT_ASSERT_EQ(test, submit(victim), 0);
		break;
	case RETURNED:
		complete(&victim->told);
		wpt_join(test, victim->owner);
		break;
	default:
		broken_overwrite(victim->task, victim_size(victim), victim->way);
		break;
	}
}
