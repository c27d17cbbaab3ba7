// SPDX-License-Identifier: GPL-2.0
/*
 * What the pools show in debugfs, read by a shell as a user would.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include "file.h"
#include "wpool_kunit.h"

static int debugfs_init(struct kunit *test)
{
	int err = wpt_init(test, "wpool_debugfs");

	if (!err && wpt_shell("test -d " WPT_POOLS))
		kunit_skip(test, "needs /bin/sh and a mounted debugfs");
	return err;
}

struct file_case {
	const char	*name;
	const char	*holds;		/* a condition of the shell */
};

static const struct file_case file_cases[] = {
	{ "running", "[ \"$(cat running)\" = 2 ]" },
	{ "queued", "[ \"$(cat queued)\" = 3 ]" },
	{ "workers", "[ \"$(cat workers)\" = 2 ]" },
	{ "idle", "[ \"$(cat idle)\" = 0 ]" },
	{ "capacity", "[ \"$(cat capacity)\" = 2 ]" },
	{ "state", "[ \"$(cat state)\" = RUNNING ]" },
	{ "stats: submitted", "grep -qx 'submitted 5' stats" },
	{ "stats: largest", "grep -qx 'largest 2' stats" },
	{ "tasks: a line a worker", "[ $(grep -c '^[0-9]' tasks) = 2 ]" },
	{ "tasks: what runs", "[ $(grep -c 'running.*" WPT_RUN_JOB "' tasks) = 2 ]" },
	{ "beyond the end", "[ -z \"$(dd if=stats bs=1 skip=9999 count=1 2>/dev/null)\" ]" },
};

static void file_name(const struct file_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(file, file_cases, file_name);

/* 68: a line in stats for each counter */
static void debugfs_counters(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	char script[64];

	snprintf(script, sizeof(script), "[ $(grep -c '^[a-z_]* [0-9]*$' stats) = %d ]",
		 WPOOL_NR_STATS);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, script), 0);
}

/* 68: the files say what is so */
static void debugfs_says(struct kunit *test)
{
	const struct file_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 2 });
	struct wpt_job *hold = wpt_hold(test, pool, 2);

	KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, wpt_jobs(test, 3, NULL), 3), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, param->holds), 0);
	wpt_open(hold->gate);
}

/* 68: also of a pool at rest, and of one that is shut down */
static void debugfs_says_at_rest(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 3, .min_workers = 3,
	});
	struct wpt_job *hold;

	WPT_ASSERT_STAT(test, pool, IDLE, 3);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "[ $(cat idle) = 3 ]"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "[ $(cat running) = 0 ]"), 0);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "[ $(grep -c idle tasks) = 3 ]"), 0);
	hold = wpt_hold(test, pool, 1);
	wpool_shutdown(pool);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "[ $(cat state) = SHUTDOWN ]"), 0);
	wpt_open(hold->gate);
}

struct write_case {
	const char	*name;
	const char	*script;	/* true if the write is */
	bool		accepted;
	unsigned int	capacity;	/* after it; 4 before */
};

static const struct write_case write_cases[] = {
	{ "7", "echo 7 >capacity", true, 7 },
	{ "1, no newline", "printf 1 >capacity", true, 1 },
	{ "10000", "echo 10000 >capacity", true, 10000 },
	{ "0", "echo 0 >capacity", false, 4 },
	{ "10001", "echo 10001 >capacity", false, 4 },
	{ "-1", "echo -1 >capacity", false, 4 },
	{ "99999999999", "echo 99999999999 >capacity", false, 4 },
	{ "4294967297", "echo 4294967297 >capacity", false, 4 },
	{ "abc", "echo abc >capacity", false, 4 },
	{ "7abc", "echo 7abc >capacity", false, 4 },
	{ "a newline", "echo >capacity", false, 4 },
	{ "64 KiB", "dd if=/dev/zero of=capacity bs=65536 count=1 2>/dev/null", false, 4 },
	{ "64 KiB of 5", "tr '\\0' 5 </dev/zero | dd of=capacity bs=65536 count=1 2>/dev/null",
	  false, 4 },
	{ "running is not for writing", "echo 7 >running", false, 4 },
};

static void write_name(const struct write_case *param, char *desc)
{
	strscpy(desc, param->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(write, write_cases, write_name);

/* 30: the capacity may be written; what is refused changes nothing */
static void debugfs_write_capacity(struct kunit *test)
{
	const struct write_case *param = test->param_value;
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) { .capacity = 4 });

	KUNIT_EXPECT_EQ(test, !wpt_shell_in(test, pool, param->script), param->accepted);
	WPT_EXPECT_STAT(test, pool, CAPACITY, param->capacity);
}

/* 30, 145: it may not if the settings are its creator's; it may be read */
static void debugfs_write_hidden(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .flags = WPOOL_NO_SYSFS,
	});

	KUNIT_EXPECT_NE(test, wpt_shell_in(test, pool, "echo 7 >capacity"), 0);
	WPT_EXPECT_STAT(test, pool, CAPACITY, 4);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "[ \"$(cat capacity)\" = 4 ]"), 0);
}

/* 29: a write wakes submitters that wait for room */
static void debugfs_write_wakes(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 1, .queue_depth = WPOOL_QUEUE_HANDOFF,
	});
	struct wpt_job *hold = wpt_hold(test, pool, 1);
	struct wpt_thread *thread = wpt_thread(test, wpt_call_schedule, pool,
					       wpt_jobs(test, 1, NULL), NULL);

	WPT_ASSERT_STAT(test, pool, BLOCKED, 1);
	KUNIT_EXPECT_EQ(test, wpt_shell_in(test, pool, "echo 2 >capacity"), 0);
	KUNIT_EXPECT_EQ(test, wpt_join(test, thread), 0);
	KUNIT_EXPECT_EQ(test, wpt_wait(test, thread->job), 0);
	wpt_open(hold->gate);
}

/* A pool's directory is there from its creation to its destruction. */
static void debugfs_comes_and_goes(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	char script[80];

	snprintf(script, sizeof(script), "test -d " WPT_POOLS "/%s", wpool_name(pool));
	KUNIT_EXPECT_EQ(test, wpt_shell(script), 0);
	wpt_destroy(test, pool);
	KUNIT_EXPECT_NE(test, wpt_shell(script), 0);
}

/* 68: a file held open while its pool goes away: it neither waits nor is read */
static void debugfs_held_open(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, NULL);
	struct file *file;
	loff_t pos = 0;
	char path[80];

	snprintf(path, sizeof(path), WPT_POOLS "/%s/stats", wpool_name(pool));
	file = wpt_file_open(path, O_RDONLY);
	KUNIT_ASSERT_FALSE(test, IS_ERR(file));
	/* No byte is asked for, so none is copied: this thread has no user space. */
	KUNIT_EXPECT_EQ(test, file->f_op->read(file, NULL, 0, &pos), 0);
	wpt_forget(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
	KUNIT_EXPECT_EQ(test, file->f_op->read(file, NULL, 0, &pos), -EIO);
	fput(file);
	/* A kthread's last fput() is done later; the module's owner waits for it. */
	flush_delayed_fput();
}

static int call_read_all(struct wpt_thread *self)
{
	/* Files go while they are read, which cat tells: it is the lines that count. */
	return wpt_shell("read_all() { cat " WPT_POOLS "/kunit-*/* 2>/dev/null; }; "
		     "[ $(for i in 1 2 3 4 5; do read_all; done | wc -l) -gt 20 ]");
}

/* 68: read in a loop while pools come and go */
static void debugfs_races_pools(struct kunit *test)
{
	struct wpool *stays = wpt_pool(test, NULL);
	struct wpt_job *jobs = wpt_jobs(test, 4, NULL);
	struct wpt_thread *reader = wpt_thread(test, call_read_all, stays, NULL, NULL);
	unsigned int pools = 0;

	do {
		struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
			.capacity = 4, .min_workers = pools % 4,
		});

		KUNIT_ASSERT_EQ(test, wpt_schedule_all(pool, jobs, 4), 0);
		wpt_forget(test, pool);
		KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
		pools++;
	} while (!completion_done(&reader->done));
	KUNIT_EXPECT_EQ(test, wpt_join(test, reader), 0);
	KUNIT_EXPECT_EQ(test, wpt_state(stays), WPOOL_STATE_RUNNING);
}

static int call_read_tasks(struct wpt_thread *self)
{
	char script[120];

	snprintf(script, sizeof(script),
		 "cd " WPT_POOLS "/%s && for i in $(seq 50); do cat tasks || exit; done >/dev/null",
		 wpool_name(self->pool));
	return wpt_shell(script);
}

/* 68: a reader may still be at a worker that is reaped: KASAN watches */
static void debugfs_races_workers(struct kunit *test)
{
	struct wpool *pool = wpt_pool(test, &(struct wpool_attrs) {
		.capacity = 4, .flags = WPOOL_PREALLOC });
	struct wpt_thread *reader = wpt_thread(test, call_read_tasks, pool, NULL, NULL);
	unsigned int died = 0;

	while (!completion_done(&reader->done)) {
		KUNIT_ASSERT_EQ(test, wpool_run(pool, wpt_die, NULL), -EOWNERDEAD);
		died++;
	}
	KUNIT_EXPECT_EQ(test, wpt_join(test, reader), 0);
	WPT_ASSERT_STAT(test, pool, DIED, died);
}

static struct kunit_case debugfs_cases[] = {
	KUNIT_CASE(debugfs_counters),
	KUNIT_CASE_PARAM(debugfs_says, file_gen_params),
	KUNIT_CASE(debugfs_says_at_rest),
	KUNIT_CASE_PARAM(debugfs_write_capacity, write_gen_params),
	KUNIT_CASE(debugfs_write_hidden),
	KUNIT_CASE(debugfs_write_wakes),
	KUNIT_CASE(debugfs_comes_and_goes),
	KUNIT_CASE(debugfs_held_open),
	KUNIT_CASE(debugfs_races_pools),
	KUNIT_CASE(debugfs_races_workers),
	{}
};

static struct kunit_suite debugfs_suite = {
	.name = "wpool_debugfs",
	.init = debugfs_init,
	.exit = wpt_exit,
	.test_cases = debugfs_cases,
};

kunit_test_suite(debugfs_suite);
