// SPDX-License-Identifier: GPL-2.0
/* The directories of pools in sysfs: they come and go with their pools. */
#include <linux/completion.h>
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include "file.h"
#include "sysfs_scene.h"

static int sysfs_gone_begin(struct kunit *test)
{
	return sysfs_begin(test, "wpool_sysfs_gone");
}

/* 145: a pool may be hidden, and is a pool like any other */
static void sysfs_gone_hidden(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .flags = WPOOL_NO_SYSFS });

	KUNIT_EXPECT_FALSE(test, sysfs_is_there(pool, ""));
	KUNIT_EXPECT_EQ(test, wpt_run(test, pool, sysfs_run_nice, NULL), 0);
	KUNIT_EXPECT_TRUE(test, sysfs_is_there(wpool_default(), "capacity"));
}

/* 144: a file held open while its pool goes away: nothing waits, nothing is read or written */
static void sysfs_gone_held_open(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct file *file = sysfs_open(pool, "capacity", O_RDWR);
	char text[20];
	loff_t pos = 0;

	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	wpt_forget(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, kernel_read(file, text, sizeof(text), &pos), -ENODEV);
	KUNIT_EXPECT_EQ(test, kernel_write(file, "1", 1, &pos), -ENODEV);
	filp_close(file, NULL);
}

struct named {
	char		name[WPOOL_NAME_MAX + 1];
	atomic_t	written;	/* a file, how often it was there */
};

static const char * const writes[][2] = {
	{ "capacity", "3" }, { "capacity", "1" }, { "idle_timeout_ms", "1" },
	{ "spin_us", "10" }, { "watchdog_ms", "60000" }, { "watchdog_ms", "0" },
	{ "nice", "4" }, { "cpumask", "1" },
};

/* All files of a pool that comes and goes, until that is over. */
static int call_write_all(struct wpt_thread *self)
{
	struct named *named = self->arg;
	int i;

	while (!completion_done(&self->job->gate->opened)) {
		for (i = 0; i < ARRAY_SIZE(writes); i++) {
			struct file *file;
			loff_t pos = 0;
			char path[100];

			snprintf(path, sizeof(path), SETTINGS "/%s/%s", named->name, writes[i][0]);
			file = wpt_file_open(path, O_RDWR);
			if (IS_ERR(file))
				continue;
			if (kernel_write(file, writes[i][1], strlen(writes[i][1]), &pos) > 0)
				atomic_inc(&named->written);
			filp_close(file, NULL);
		}
		cond_resched();
	}
	return 0;
}

/* A pool of that name, as soon as there is no other one. Return: NULL, or what is wrong. */
static const char *come_and_go(const struct named *named, unsigned int flags)
{
	struct wpool_attrs attrs = { .capacity = 2, .flags = flags };
	const char *fault = NULL;
	struct wpool *pool;

	do {
		/* Without preemption whoever has the name must get a CPU to give it back. */
		cond_resched();
		/* Each refusal is a line in the log. */
		while ((pool = wpool_find(named->name))) {
			wpool_put(pool);
			cond_resched();
		}
		pool = wpool_create(named->name, &attrs);
	} while (pool == ERR_PTR(-EEXIST));
	if (IS_ERR(pool))
		return "cannot be created";
	if (!sysfs_is_there(pool, "nice"))
		fault = "has no settings";
	if (wpool_run(pool, sysfs_run_nice, NULL) & ~4)
		fault = "has another niceness";
	return wpool_destroy(pool) ? "cannot be destroyed" : fault;
}

static int call_come_and_go(struct wpt_thread *self)
{
	while (!completion_done(&self->job->gate->opened)) {
		if (come_and_go(self->arg, 0))
			return -EIO;
	}
	return 0;
}

/* 144: a pool goes while its files are written, and one of the same name comes at once */
static void sysfs_gone_races_pools(struct kunit *test)
{
	struct named *named = wpt_alloc(test, sizeof(*named));
	struct wpt_job *until = wpt_jobs(test, 1, wpt_gate(test));
	struct wpt_thread *writers[2], *rival;
	unsigned int i;

	wpt_name(test, named->name, sizeof(named->name));
	for (i = 0; i < ARRAY_SIZE(writers); i++)
		writers[i] = wpt_thread(test, call_write_all, NULL, until, named);
	rival = wpt_thread(test, call_come_and_go, NULL, until, named);
	for (i = 0; i < 20; i++)
		KUNIT_EXPECT_STREQ(test, come_and_go(named, i % 2 ? WPOOL_PREALLOC : 0) ?: "", "");
	WPT_ASSERT_UNTIL(test, atomic_read(&named->written));
	wpt_open(until->gate);
	KUNIT_EXPECT_EQ(test, wpt_join(test, rival), 0);
	for (i = 0; i < ARRAY_SIZE(writers); i++)
		KUNIT_EXPECT_EQ(test, wpt_join(test, writers[i]), 0);
}

/* 144: each pool of a set has a directory, and it goes with the set */
static void sysfs_gone_set(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 2 };
	char name[WPOOL_NAME_MAX + 1];
	struct wpool_set *set;
	struct wpool *pool;

	wpt_name(test, name, sizeof(name));
	set = wpool_set_create(name, &attrs, 2, WPOOL_RULE_ROUND_ROBIN);
	KUNIT_ASSERT_FALSE(test, IS_ERR(set));
	pool = wpool_get(wpool_set_nth(set, 0));
	KUNIT_EXPECT_EQ(test, sysfs_write(pool, "capacity", "3"), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 3);
	KUNIT_EXPECT_EQ(test, wpool_set_destroy(set), 0);
	KUNIT_EXPECT_FALSE(test, sysfs_is_there(pool, ""));
	wpool_put(pool);
}

/* 144: nothing of a pool that could not be made is left */
static void sysfs_gone_unmade(struct kunit *test)
{
	struct wpool_attrs attrs = { .capacity = 4, .flags = WPOOL_PREALLOC };
	char name[WPOOL_NAME_MAX + 1], path[100];
	struct wpool *pool;
	struct file *dir;

	if (!wpt_fail_spawn(2))
		kunit_skip(test, "needs CONFIG_FAULT_INJECTION");
	wpt_name(test, name, sizeof(name));
	pool = wpool_create(name, &attrs);
	wpt_fail_spawn(0);
	KUNIT_ASSERT_TRUE(test, IS_ERR(pool));
	snprintf(path, sizeof(path), SETTINGS "/%s", name);
	dir = wpt_file_open(path, O_RDONLY | O_DIRECTORY);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(dir), -ENOENT);
	if (!IS_ERR(dir))
		filp_close(dir, NULL);
}

static struct kunit_case sysfs_gone_cases[] = {
	KUNIT_CASE(sysfs_gone_hidden),
	KUNIT_CASE(sysfs_gone_held_open),
	KUNIT_CASE(sysfs_gone_races_pools),
	KUNIT_CASE(sysfs_gone_set),
	KUNIT_CASE(sysfs_gone_unmade),
	{}
};

static struct kunit_suite sysfs_gone_suite = {
	.name = "wpool_sysfs_gone",
	.init = sysfs_gone_begin,
	.exit = wpt_exit,
	.test_cases = sysfs_gone_cases,
};

kunit_test_suite(sysfs_gone_suite);
