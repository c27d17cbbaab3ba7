/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What each file of core/ has for the others. Included by internal.h alone.
 */
#ifndef _WPOOL_PROTOTYPES_H
#define _WPOOL_PROTOTYPES_H

/* queue.c */
int queue_check(struct wpool *pool, struct wpool_task *task, const u64 *key);
int queue_take(struct wpool *pool, struct wpool_task *task,
	       struct wpool_group *group, const u64 *key);
void queue_put(struct wpool *pool, struct wpool_task *task);
void queue_link(struct wpool *pool, struct wpool_task *task);
struct wpool_task *queue_pop_oldest(struct wpool *pool);
int queue_accept(struct wpool *pool, struct wpool_task *task,
		 struct wpool_group *group, const u64 *key);
struct wpool_task *queue_pop(struct wpool *pool);
void queue_remove(struct wpool *pool, struct wpool_task *task);
void queue_relink(struct wpool *pool, struct wpool_task *task);
void queue_forget_again(struct wpool *pool, struct wpool_run *run);
void queue_take_back(struct wpool *pool, struct wpool_task *task);
struct wpool_task *queue_find(struct wpool *pool);
void queue_unblock(struct wpool *pool, struct wpool_waiter *waiter);
bool queue_admit_blocked(struct wpool *pool);

/* staging.c */
void __staging_shut(struct wpool *pool);
void __staging_collect(struct wpool *pool);
void __staging_offer(struct wpool *pool);

/* walk.c */
/**
 * struct walk_entry - a task that waits
 * @task: only to be compared
 * @group: to which it belongs, or NULL
 * @owner: its module; if it is inside its function, only if that is pinned
 */
struct walk_entry {
	const struct wpool_task		*task;
	const struct wpool_group	*group;
	const struct module		*owner;
};

typedef bool (*walk_wants_t)(const struct walk_entry *entry, const void *arg);

bool walk_wants_group(const struct walk_entry *entry, const void *group);
unsigned int walk_cancel(struct wpool *pool, walk_wants_t wants, const void *arg);
struct wpool_task *walk_find(struct wpool *pool, const struct wpool_group *group,
			     unsigned long *flags) __must_hold(&pool->lock);

/* wake.c */
void waiter_init(struct wpool_waiter *waiter);
void waiter_tell(struct wpool_waiter *waiter, int told,
		 struct wpool_wakes *wakes);
void waiters_tell(struct wpool *pool, struct list_head *waiters, int told, int value,
		  struct wpool_wakes *wakes);
void wakes_issue(struct wpool_wakes *wakes);

void deadline_set(struct wpool_deadline *deadline, unsigned long timeout);
unsigned long deadline_left(const struct wpool_deadline *deadline);

/* invariants.c */
void __pool_restore(struct wpool *pool);
void pool_restore_all(struct wpool *pool);
void __pool_unlock_wake(struct wpool *pool, unsigned long flags) __releases(&pool->lock);
void __pool_unlock_wake_irq(struct wpool *pool) __releases(&pool->lock);

/* group.c */
void group_task_done(struct wpool_group *group, struct wpool *pool, int result);
void group_task_outside(struct wpool_group *group, struct wpool *pool, bool begins);
void group_end(struct wpool_group *group);
bool group_has_run(const struct wpool_group *group, const struct wpool_run *run);
void group_task_waits(struct wpool_group *group, struct wpool_task *task);
bool group_leave(struct wpool_waiter *waiter);
bool group_forget(struct wpool_waiter *waiter);
void group_tell_rest(struct wpool_waiter *waiter);
void group_tell_workers(struct wpool_group *group, struct wpool *pool);
bool group_failed(const struct wpool_group *group);
bool group_ends(const struct wpool_task *task);
bool group_cancels(const struct wpool_task *task);

/* watch.c */
void watch_add(struct wpool_task *task, struct wpool_waiter *waiter);
void watch_del(const struct wpool *pool, struct wpool_waiter *waiter);
bool watch_is_on(const struct wpool *pool, const struct wpool_waiter *waiter);
void watch_count(struct wpool_task *task);
struct wpool_waiter *watch_helper(const struct wpool_task *task);
void watch_add_group(struct wpool_task *task, struct wpool_group *group);
struct wpool_group *watch_group(const struct wpool_task *task);
struct wpool_group *__watch_take_group(struct wpool_task *task);
void __watch_tell(struct wpool_task *task, int told, int value);

/* submit.c */
bool submit_args_ok(struct wpool *pool, const struct wpool_task *task);
int submit_to_group(struct wpool *pool, struct wpool_task *task,
		    struct wpool_group *group, const struct wpool_worker *owner);
int submit_keyed(struct wpool *pool, struct wpool_task *task, u64 key);
int submit_one(struct wpool *pool, struct wpool_submission *sub);

/* full.c */
int submit_not_accepted(struct wpool *pool, struct wpool_submission *sub, int ret,
			unsigned long flags) __releases(&pool->lock);

/* key.c */
bool key_is(const struct wpool_task *task, u64 key);
void key_set(struct wpool_task *task, u64 key);
bool __key_held_back(struct wpool *pool, struct wpool_task *task);
struct wpool_task *key_held_task(struct list_head *entry);
void key_unhold(struct wpool *pool, struct wpool_task *task);
bool __key_is_follower(const struct wpool_task *task);
struct wpool_task *key_head(struct wpool *pool, struct wpool_task *task);
void key_await(struct wpool *pool, struct wpool_task *task);
void key_unawait(struct wpool_task *task);
void __key_release(struct wpool *pool, struct wpool_task *task);

/* delayed.c */
bool delayed_take_back(struct wpool *pool, struct wpool_task *task);
bool delayed_cancel_some(struct wpool *pool);

/* latency.c */
DECLARE_STATIC_KEY_FALSE(latency_key);
int latency_start(struct wpool *pool);
void latency_stop(struct wpool *pool);
void __latency_accept(struct wpool *pool, struct wpool_task *task);
void __latency_begin(struct wpool *pool, struct wpool_task *task,
		     struct wpool_run *run);
void __latency_end(struct wpool *pool, struct wpool_run *run);

static inline void latency_accept(struct wpool *pool, struct wpool_task *task)
{
	if (static_branch_unlikely(&latency_key))
		__latency_accept(pool, task);
}

static inline void latency_begin(struct wpool *pool, struct wpool_task *task,
				 struct wpool_run *run)
{
	if (static_branch_unlikely(&latency_key))
		__latency_begin(pool, task, run);
}

static inline void latency_end(struct wpool *pool, struct wpool_run *run)
{
	if (static_branch_unlikely(&latency_key))
		__latency_end(pool, run);
}

/* wait.c */
struct wpool *__task_lock_pool(struct wpool_task *task, unsigned long *flags);

/* So that sparse sees that the lock is held if there is a pool. */
static inline struct wpool *task_lock_pool(struct wpool_task *task,
					   unsigned long *flags)
{
	struct wpool *pool = __task_lock_pool(task, flags);

	if (pool)
		__acquire(&pool->lock);
	return pool;
}

struct wpool *__task_take_back(struct wpool_task *task, u8 spared,
			       unsigned long *flags);

/* As task_lock_pool(). */
static inline struct wpool *task_take_back(struct wpool_task *task, u8 spared,
					   unsigned long *flags)
{
	struct wpool *pool = __task_take_back(task, spared, flags);

	if (pool)
		__acquire(&pool->lock);
	return pool;
}

/* deadlock.c */
void deadlock_break(struct wpool *pool);
void deadlock_count(struct wpool_waiter *waiter, bool needs_worker);
bool deadlock_is_own(struct wpool *pool, struct wpool_task *task,
		     const struct wpool_worker *worker);
bool deadlock_enter(struct wpool_waiter *waiter, struct wpool_circle *circle);
bool deadlock_follow(struct wpool_circle *circle);
void deadlock_leave(struct wpool_waiter *waiter);
void deadlock_look(struct wpool *pool);
bool deadlock_if_asleep(const struct wpool_waiter *waiter);

/* spin.c */
u64 spin_slept_at(const struct wpool *pool);
void spin_learn(struct wpool *pool, int *luck, u64 slept_at);
bool spin_bet(struct wpool *pool, int *luck);
void spin_lost(struct wpool *pool, int *luck);
u64 spin_limit(const struct wpool *pool);
bool spin_on(u64 limit);
int spin_for_end(struct wpool *pool, struct wpool_task *task,
		 const struct wpool_deadline *deadline, unsigned long flags)
	__releases(&pool->lock);

/* batch.c */
void __batch_reclaim(struct wpool *pool);
void __task_grab(struct wpool *pool, struct wpool_task *task);
bool __batch_fill(struct wpool *pool, const struct wpool_task *first);
void batch_harvest(struct wpool_worker *worker);

/* flush.c */
unsigned int pool_undone(const struct wpool *pool);
void flush_tell(struct wpool *pool, u8 color);

/* task.c */
int task_init(void);
void task_exit(void);
struct wpool_task *task_alloc(wpool_fn_t fn, void *arg, struct module *owner,
			      gfp_t gfp);
void task_free(struct wpool_task *task);
void task_free_chain(struct wpool_task *task);
void tasks_retire(struct wpool *pool, struct wpool_task *chain);
void task_drop(struct wpool *pool, struct wpool_task *task, enum wpool_stat how);

/* run.c */
bool run_cancelled(struct wpool *pool, struct wpool_task *task);
void run_open(struct wpool *pool, struct wpool_run *run, struct wpool_worker *worker,
	      struct wpool_task *task);
int run_function(struct wpool *pool, struct wpool_run *run, struct wpool_task *task);
void run_close(struct wpool *pool, struct wpool_run *run, int result, enum wpool_stat how);
const struct wpool_run *run_current(struct wpool **pool);
bool run_is_of_current(const struct wpool_run *run);
bool run_may_nest(const struct wpool_worker *worker);
bool run_next(struct wpool_worker *worker)
	__must_hold(&worker->pool->lock);
void run_task(struct wpool_worker *worker, struct wpool_task *task)
	__must_hold(&worker->pool->lock);

/* leak.c */
void __leak_check(const struct wpool *pool, const struct wpool_run *run, const void *fn,
		  int locks);

/* owner.c */
int owner_init(void);
void owner_exit(void);

/* stack.c */
void stack_init(struct wpool_worker *worker);
void stack_lend(struct wpool *pool);
struct wpool_worker *stack_owner(const void *object);
struct wpool_worker *stack_hold(struct wpool_worker *owner);
void stack_release(struct wpool_worker *owner);
void stack_link_group(struct wpool_group *group);
void stack_unlink_group(struct wpool_group *group);
void stack_watch(struct wpool_worker *worker);

/* worker.c */
#ifdef CONFIG_FAULT_INJECTION
extern struct fault_attr wpool_fail_spawn;
#endif

bool spawn_must_fail(void);
struct wpool_worker *worker_current(struct wpool *pool);
bool worker_refused(struct wpool *pool, const char *what);
int worker_spawn(struct wpool *pool);
void worker_put_slot(struct wpool *pool);
void worker_leave(struct wpool_worker *worker);
void worker_started(struct wpool_worker *worker);
void worker_unidle(struct wpool_worker *worker);

/* manager.c */
int manager_init(void);
void manager_exit(void);
void manager_kick(struct wpool *pool);
void pool_set_spawn_error(struct wpool *pool, int err);
void manager_reap(struct wpool_exit *exit);

/* bury.c */
bool run_on_own_stack(const struct wpool_run *run, const void *object);
bool run_revoke(struct wpool *pool, struct wpool_run *run);
void __run_clean(struct wpool_task *task);
void run_bury_one(struct wpool *pool, struct wpool_run *run);
void worker_reap(struct wpool_exit *exit);
void worker_give_back(struct wpool_worker *worker);
void worker_put(struct wpool_worker *worker);

/* watchdog.c */
void watchdog_await(struct wpool *pool);
void watchdog_look(struct wpool *pool);

/* Something is to be watched from now on. Needs pool->lock. */
static inline void watchdog_arm(struct wpool *pool)
{
	if (unlikely(pool->watchdog))
		timer_reduce(&pool->timer, jiffies + pool->watchdog);
}

/* attrs.c */
int attrs_apply(struct wpool *pool, const struct wpool_attrs *attrs);
unsigned int attrs_percent_of_cpus(unsigned int percent);

/* hotplug.c */
extern unsigned int hotplug_came;

int hotplug_init(void);
void hotplug_exit(void);

/* pool.c */
int pool_make_default(const struct wpool_attrs *attrs);
void pool_destroy_default(void);
void registry_remove(struct wpool *pool);
void pool_unpin_wpool(const struct wpool *pool);
void visit_pools(void (*fn)(struct wpool *pool, void *arg), void *arg);

/* resize.c */
void pool_ask_workers(struct wpool *pool, struct wpool_waiter *starter,
		      unsigned int n);
int pool_await_workers(struct wpool_waiter *starter);
int pool_start(struct wpool *pool, unsigned int n);
void resize_closed(struct wpool *pool);
void pool_follow_cpus(struct wpool *pool);

/* shutdown.c */
void pool_set_state(struct wpool *pool, enum wpool_state state);
bool pool_is_shared(const struct wpool *pool, const char *what);
void pool_stop(struct wpool *pool);
void pool_go_on_closing(struct wpool *pool);

/* debugfs.c */
#ifdef CONFIG_PROVE_LOCKING
extern const unsigned int wpool_hold_max;
unsigned int wpool_longest_hold(const struct wpool *pool);
#endif
void debugfs_init(void);
void debugfs_exit(void);
void debugfs_add_pool(struct wpool *pool);
void debugfs_remove_pool(struct wpool *pool);

#endif /* _WPOOL_PROTOTYPES_H */
