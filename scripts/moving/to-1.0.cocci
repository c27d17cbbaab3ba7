// SPDX-License-Identifier: GPL-2.0
// From wpool 0.9 to 1.0: spatch --sp-file scripts/moving/to-1.0.cocci --in-place FILES
//
// What it cannot decide it says, and leaves. With -D keep the ways in that are now flags of
// struct wpool_how stay: kunit/ways.h has them.

virtual keep

// A release is an argument.
@@
expression P, F, A, R, T, G;
@@
(
- wpool_schedule_fn(P, F, A)
+ wpool_schedule_fn(P, F, A, NULL)
|
- wpool_try_schedule_fn(P, F, A)
+ wpool_try_schedule_fn(P, F, A, NULL)
|
- wpool_group_schedule_fn(G, P, F, A)
+ wpool_group_schedule_fn(G, P, F, A, NULL)
|
- wpool_schedule_fn_release(P, F, A, R)
+ wpool_schedule_fn(P, F, A, R)
|
- wpool_try_schedule_fn_release(P, F, A, R)
+ wpool_try_schedule_fn(P, F, A, R)
|
- wpool_group_schedule_fn_release(G, P, F, A, R)
+ wpool_group_schedule_fn(G, P, F, A, R)
|
- wpool_run_timeout(P, F, A, T)
+ wpool_run_timeout(P, F, A, T, NULL)
|
- wpool_run_timeout_release(P, F, A, T, R)
+ wpool_run_timeout(P, F, A, T, R)
)

@@
expression G;
@@
(
- wpool_group_init(G)
+ wpool_group_init(G, 0)
|
- wpool_group_init_fail_fast(G)
+ wpool_group_init(G, WPOOL_GROUP_FAIL_FAST)
)

// A task with a release, and one that frees itself: that is what detached means.
@@
@@
- struct wpool_tracked_task
+ struct wpool_release_task

@@
expression T, F, A;
@@
- wpool_tracked_task_init(T, F, A)
+ wpool_release_task_init(T, F, A)

@@
expression T;
@@
(
- wpool_task_set_self_freeing(&T)
+ wpool_task_set_detached(&T.task)
|
- wpool_task_set_self_freeing(T)
+ wpool_task_set_detached(&T->task)
)

// The calls for any task take the member of a delayed one.
@@
expression T;
@@
(
- wpool_cancel_delayed(&T)
+ wpool_cancel(&T.task)
|
- wpool_cancel_delayed(T)
+ wpool_cancel(&T->task)
|
- wpool_cancel_delayed_sync(&T)
+ wpool_cancel_sync(&T.task)
|
- wpool_cancel_delayed_sync(T)
+ wpool_cancel_sync(&T->task)
)

// A name for each of two dimensions is a flag for each.
@ depends on !keep @
expression P, E, K, T, G, W;
@@
(
- wpool_schedule_interruptible(P, E)
+ wpool_schedule_how(P, E, &(struct wpool_how) { .flags = WPOOL_INTERRUPTIBLE })
|
- wpool_schedule_if_free(P, E)
+ wpool_schedule_how(P, E, &(struct wpool_how) { .flags = WPOOL_IF_FREE })
|
- wpool_force_schedule(P, E)
+ wpool_schedule_how(P, E, &(struct wpool_how) { .flags = WPOOL_FORCE })
|
- wpool_schedule_at(P, &E, W)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_AT, .due = W })
|
- wpool_schedule_at(P, E, W)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_AT, .due = W })
|
- wpool_try_schedule_keyed(P, &E, K)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_NOWAIT, .key = K })
|
- wpool_try_schedule_keyed(P, E, K)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_NOWAIT, .key = K })
|
- wpool_force_schedule_keyed(P, &E, K)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_FORCE, .key = K })
|
- wpool_force_schedule_keyed(P, E, K)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_FORCE, .key = K })
|
- wpool_schedule_keyed_timeout(P, &E, K, T)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_TIMED, .key = K, .timeout = T })
|
- wpool_schedule_keyed_timeout(P, E, K, T)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_TIMED, .key = K, .timeout = T })
|
- wpool_schedule_keyed_interruptible(P, &E, K)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE, .key = K })
|
- wpool_schedule_keyed_interruptible(P, E, K)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE, .key = K })
|
- wpool_group_try_schedule(G, P, E)
+ wpool_schedule_how(P, E, &(struct wpool_how) { .flags = WPOOL_NOWAIT, .group = G })
|
- wpool_group_force_schedule(G, P, E)
+ wpool_schedule_how(P, E, &(struct wpool_how) { .flags = WPOOL_FORCE, .group = G })
|
- wpool_group_schedule_timeout(G, P, E, T)
+ wpool_schedule_how(P, E, &(struct wpool_how) { .flags = WPOOL_TIMED, .timeout = T, .group = G })
|
- wpool_group_schedule_interruptible(G, P, E)
+ wpool_schedule_how(P, E, &(struct wpool_how) { .flags = WPOOL_INTERRUPTIBLE, .group = G })
|
- wpool_group_schedule_keyed(G, P, &E, K)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED, .key = K, .group = G })
|
- wpool_group_schedule_keyed(G, P, E, K)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED, .key = K, .group = G })
|
- wpool_group_try_schedule_keyed(G, P, &E, K)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_NOWAIT, .key = K, .group = G })
|
- wpool_group_try_schedule_keyed(G, P, E, K)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_NOWAIT, .key = K, .group = G })
|
- wpool_group_schedule_keyed_timeout(G, P, &E, K, T)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_TIMED, .key = K, .timeout = T, .group = G })
|
- wpool_group_schedule_keyed_timeout(G, P, E, K, T)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_TIMED, .key = K, .timeout = T, .group = G })
|
- wpool_group_schedule_keyed_interruptible(G, P, &E, K)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE, .key = K, .group = G })
|
- wpool_group_schedule_keyed_interruptible(G, P, E, K)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_KEYED | WPOOL_INTERRUPTIBLE, .key = K, .group = G })
)

// A delay of a task in a group is a time.
@ depends on !keep @
expression P, E, G, D;
@@
(
- wpool_group_schedule_delayed(G, P, &E, D)
+ wpool_schedule_how(P, &E.task, &(struct wpool_how) { .flags = WPOOL_AT, .due = get_jiffies_64() + D + 1, .group = G })
|
- wpool_group_schedule_delayed(G, P, E, D)
+ wpool_schedule_how(P, &E->task, &(struct wpool_how) { .flags = WPOOL_AT, .due = get_jiffies_64() + D + 1, .group = G })
)

// What has to be decided by hand.
@gone@
identifier what =~ "^(WPOOL_CHAIN|WPOOL_RUN_OUT_DELAYED|wpool_with_ticket|wpool_schedule_fn_ticket|wpool_try_schedule_fn_ticket|wpool_cancel_id|wpool_wait_id|wpool_wait_id_killable|wpool_wait_id_interruptible|wpool_flush_to|wpool_of_thread|wpool_is_own|wpool_wait_started|wpool_set_pick|wpool_set_create_fmt|wpool_group_cancel_sync)$";
position at;
@@
what@at

@script:python@
what << gone.what;
at << gone.at;
@@
print(f"{at[0].file}:{at[0].line}: {what}: " +
      ("returns 0 or -EDEADLK, and no count; wpool_group_cancel() counts"
       if what == "wpool_group_cancel_sync" else "is gone, see CHANGES"))
