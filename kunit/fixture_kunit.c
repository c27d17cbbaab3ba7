// SPDX-License-Identifier: GPL-2.0
/*
 * What the tests share; wpool_kunit.h says how it is used.
 */
#include <linux/fault-inject.h>
#include <linux/glob.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/umh.h>
#include <linux/version.h>
#include "wpool_kunit.h"

static char *suite = "*";
module_param(suite, charp, 0444);
MODULE_PARM_DESC(suite, "Run only these suites: globs separated by commas (default *)");

static char *provoke = "";
module_param(provoke, charp, 0444);
MODULE_PARM_DESC(provoke, "What the kernel is to report, see lockdep_kunit.c and objects_kunit.c");

struct fixture {
	struct list_head	memory;
	struct list_head	gates;
	struct list_head	pools;
	struct list_head	threads;
};

struct memory {
	struct list_head	node;
	u8			bytes[] __aligned(8);
};

struct pool_entry {
	struct list_head	node;
	struct wpool		*pool;
};

const struct module wpt_other_module = { .name = "other" };

/* Numbers the pools of the whole run: no test meets the pool of another. */
static atomic_t pools_made;

#if defined(CONFIG_FAULT_INJECTION) && IS_ENABLED(CONFIG_KUNIT)
extern struct fault_attr wpool_fail_spawn;

/*
 * Let every so many-th creation of a worker thread fail, from now to the end of
 * the test; 0 is none. False if this kernel cannot.
 */
bool wpt_fail_spawn(unsigned int interval)
{
	wpool_fail_spawn.verbose = 0;
	wpool_fail_spawn.count = 0;
	wpool_fail_spawn.interval = interval;
	atomic_set(&wpool_fail_spawn.times, -1);
	wpool_fail_spawn.probability = interval ? 100 : 0;
	return true;
}
#else
bool wpt_fail_spawn(unsigned int interval)
{
	return false;
}
#endif

/*
 * What was asked for, to be freed. Debian's 6.1 runs the tests of a module before
 * it parses the parameters.
 */
static char *parameter(const char *name, const char *parsed)
{
	const char *given = NULL;

	/* 7.3 does not keep it. */
#if defined(MODULE) && LINUX_VERSION_CODE < KERNEL_VERSION(7, 3, 0)
	if (THIS_MODULE->state == MODULE_STATE_COMING)
		given = strstr(THIS_MODULE->args, name);
#endif
	if (!given)
		return kstrdup(parsed, GFP_KERNEL);
	given += strlen(name);
	return kstrndup(given, strcspn(given, " \t\n"), GFP_KERNEL);
}

/* Is lockdep to report this? */
bool wpt_provoked(const char *what)
{
	char *given = parameter("provoke=", provoke);
	bool found = given && !strcmp(given, what);

	kfree(given);
	return found;
}

static bool selected(const char *name)
{
	char *patterns = parameter("suite=", suite);
	char *rest = patterns;
	char *pattern;
	bool found = !patterns;

	while (!found && (pattern = strsep(&rest, ",")))
		found = glob_match(strim(pattern), name);
	kfree(patterns);
	return found;
}

int wpt_init(struct kunit *test, const char *name)
{
	struct fixture *fixture;

	if (!selected(name))
		kunit_skip(test, "suite not asked for");

	fixture = kzalloc(sizeof(*fixture), GFP_KERNEL);
	if (!fixture)
		return -ENOMEM;
	INIT_LIST_HEAD(&fixture->memory);
	INIT_LIST_HEAD(&fixture->gates);
	INIT_LIST_HEAD(&fixture->pools);
	INIT_LIST_HEAD(&fixture->threads);
	test->priv = fixture;
	return 0;
}

static unsigned long left(unsigned long deadline)
{
	return time_before(jiffies, deadline) ? deadline - jiffies : 1;
}

static bool end_threads(struct kunit *test, struct fixture *fixture,
			unsigned long deadline)
{
	struct wpt_thread *thread, *next;
	bool ended = true;

	list_for_each_entry_safe(thread, next, &fixture->threads, node) {
		if (!wait_for_completion_timeout(&thread->done, left(deadline))) {
			KUNIT_FAIL(test, "%ps does not return", thread->fn);
			ended = false;
			continue;
		}
		list_del(&thread->node);
		kthread_stop(thread->kthread);
		put_task_struct(thread->kthread);
		kfree(thread);
	}
	return ended;
}

static bool end_pools(struct kunit *test, struct fixture *fixture,
		      unsigned long deadline)
{
	struct pool_entry *entry, *next;
	bool ended = true;

	list_for_each_entry_safe(entry, next, &fixture->pools, node) {
		if (wpool_await_termination(entry->pool, left(deadline))) {
			KUNIT_FAIL(test, "pool %s does not end", wpool_name(entry->pool));
			ended = false;
			continue;
		}
		KUNIT_EXPECT_EQ(test, wpool_destroy(entry->pool), 0);
		list_del(&entry->node);
		kfree(entry);
	}
	return ended;
}

/* Must not assert: after an aborted test KUnit calls this from outside of it. */
void wpt_exit(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	unsigned long deadline = jiffies + WPT_LIMIT;
	struct wpt_gate *gate, *next_gate;
	struct memory *memory, *next;
	struct pool_entry *entry;
	bool ended;

	if (!fixture)
		return;
	test->priv = NULL;
	wpt_fail_spawn(0);

	list_for_each_entry(gate, &fixture->gates, node)
		wpt_open(gate);
	list_for_each_entry(entry, &fixture->pools, node)
		wpool_shutdown(entry->pool);

	ended = end_threads(test, fixture, deadline);
	ended &= end_pools(test, fixture, deadline);
	if (!ended) {
		__module_get(THIS_MODULE);
		return;
	}

	list_for_each_entry_safe(gate, next_gate, &fixture->gates, node)
		kfree(gate);
	list_for_each_entry_safe(memory, next, &fixture->memory, node)
		kvfree(memory);
	kfree(fixture);
}

/* Zeroed memory that outlives every thread and pool of the test. */
void *wpt_alloc(struct kunit *test, size_t size)
{
	struct fixture *fixture = test->priv;
	struct memory *memory = kvzalloc(sizeof(*memory) + size, GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, memory);
	list_add(&memory->node, &fixture->memory);
	return memory->bytes;
}

/* A name that no pool has had. */
const char *wpt_name(struct kunit *test, char *buffer, size_t size)
{
	snprintf(buffer, size, "kunit-%d", atomic_inc_return(&pools_made));
	return buffer;
}

/* Another pool of this module's, as if wpt_pool() had made it. */
struct wpool *wpt_adopt(struct kunit *test, struct wpool *pool)
{
	struct fixture *fixture = test->priv;
	struct pool_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);

	if (!entry)
		wpool_destroy(pool);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, entry);
	entry->pool = pool;
	list_add_tail(&entry->node, &fixture->pools);
	return pool;
}

struct wpool *wpt_pool(struct kunit *test, const struct wpool_attrs *attrs)
{
	char name[WPOOL_NAME_MAX + 1];
	struct wpool *pool;

	pool = wpool_create(wpt_name(test, name, sizeof(name)), attrs);
	KUNIT_ASSERT_EQ_MSG(test, PTR_ERR_OR_ZERO(pool), 0, "no pool");
	return wpt_adopt(test, pool);
}

/* From now on it is the test's to destroy the pool. */
void wpt_forget(struct kunit *test, struct wpool *pool)
{
	struct fixture *fixture = test->priv;
	struct pool_entry *entry, *next;

	list_for_each_entry_safe(entry, next, &fixture->pools, node) {
		if (entry->pool != pool)
			continue;
		list_del(&entry->node);
		kfree(entry);
	}
}

/* Destroy a pool before the test ends. */
void wpt_destroy(struct kunit *test, struct wpool *pool)
{
	wpool_shutdown(pool);
	WPT_ASSERT_WHILE_BUSY(test, pool, !wpool_await_termination(pool, WPT_LIMIT));
	wpt_forget(test, pool);
	KUNIT_EXPECT_EQ(test, wpool_destroy(pool), 0);
}

struct wpt_gate *wpt_gate(struct kunit *test)
{
	struct fixture *fixture = test->priv;
	struct wpt_gate *gate = kzalloc(sizeof(*gate), GFP_KERNEL);

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, gate);
	init_completion(&gate->opened);
	list_add(&gate->node, &fixture->gates);
	return gate;
}

/* A module, perhaps one that is being unloaded; just as much of it as try_module_get() sees. */
struct module *wpt_module(struct kunit *test, enum module_state state)
{
	struct module *module = wpt_alloc(test, sizeof(*module));

	module->state = state;
#ifdef CONFIG_MODULE_UNLOAD
	atomic_set(&module->refcnt, 1);
#endif
	strscpy(module->name, "made-up", sizeof(module->name));
	return module;
}

void wpt_open(struct wpt_gate *gate)
{
	complete_all(&gate->opened);
}

/* The exit status of a script, as a user would type it; 0 is true. */
int wpt_shell(const char *script)
{
	char *argv[4] = { "/bin/sh", "-c", (char *)script };
	char *envp[2] = { "PATH=/bin:/usr/bin:/sbin:/usr/sbin" };

	return call_usermodehelper(argv[0], argv, envp, UMH_WAIT_PROC);
}

/* That of one which runs in the debugfs directory of a pool. */
int wpt_shell_in(struct kunit *test, struct wpool *pool, const char *script)
{
	const size_t size = 2048;
	char *text = wpt_alloc(test, size);

	snprintf(text, size, "cd " WPT_POOLS "/%s && { %s; }", wpool_name(pool), script);
	return wpt_shell(text);
}

static int thread_main(void *arg)
{
	struct wpt_thread *thread = arg;

	WRITE_ONCE(thread->calling, true);
	thread->result = thread->fn(thread);
	complete_all(&thread->done);
	return 0;
}

struct wpt_thread *wpt_thread(struct kunit *test, int (*fn)(struct wpt_thread *),
			      struct wpool *pool, struct wpt_job *job, void *arg)
{
	struct fixture *fixture = test->priv;
	struct wpt_thread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);
	struct task_struct *kthread;

	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, thread);
	thread->fn = fn;
	thread->pool = pool;
	thread->job = job;
	thread->arg = arg;
	init_completion(&thread->done);
	kthread = kthread_create(thread_main, thread, "kunit-caller");
	if (IS_ERR(kthread)) {
		kfree(thread);
		KUNIT_ASSERT_FALSE_MSG(test, true, "no thread");
		return NULL;
	}
	/* It may have ended before anybody calls kthread_stop(). */
	thread->kthread = get_task_struct(kthread);
	list_add(&thread->node, &fixture->threads);
	wake_up_process(kthread);
	return thread;
}

/* What the call of a thread returned. */
int wpt_join(struct kunit *test, struct wpt_thread *thread)
{
	KUNIT_ASSERT_TRUE_MSG(test, wait_for_completion_timeout(&thread->done, WPT_LIMIT) > 0,
			      "%ps does not return", thread->fn);
	return thread->result;
}

/* Does the thread sleep in its call? Not: still on its way to it, or woken. */
bool wpt_asleep(struct wpt_thread *thread)
{
	unsigned int asleep = TASK_INTERRUPTIBLE | TASK_UNINTERRUPTIBLE;

	return READ_ONCE(thread->calling) && (READ_ONCE(thread->kthread->__state) & asleep);
}

MODULE_DESCRIPTION("KUnit tests of wpool");
MODULE_LICENSE("GPL");
