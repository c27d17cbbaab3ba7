// SPDX-License-Identifier: GPL-2.0
/// The lock of a pool is taken by pool_lock() or pool_lock_irq(), and dropped by pool_unlock() or
/// pool_unlock_irq(): they restore what holds of a pool, count how much is done
/// in a hold, and see to the inbox.
// Options: --no-includes --include-headers

virtual report

@taken@
identifier fn != pool_lock_irq;
struct wpool *pool;
position p;
@@

fn(...)
{
<+...
(
raw_spin_lock@p(&pool->lock)
|
raw_spin_lock_irq@p(&pool->lock)
|
raw_spin_lock_irqsave@p(&pool->lock, ...)
|
raw_spin_trylock@p(&pool->lock)
|
raw_spin_trylock_irqsave@p(&pool->lock, ...)
)
...+>
}

@script:python depends on report@
p << taken.p;
@@

for each in p:
    coccilib.report.print_report(each, "a pool's lock, not taken by pool_lock()")

@dropped@
identifier fn != {pool_unlock, pool_unlock_irq, __pool_unlock_wake, __pool_unlock_wake_irq, run_simple};
struct wpool *pool;
position p;
@@

fn(...)
{
<+...
(
raw_spin_unlock@p(&pool->lock)
|
raw_spin_unlock_irq@p(&pool->lock)
|
raw_spin_unlock_irqrestore@p(&pool->lock, ...)
)
...+>
}

@script:python depends on report@
p << dropped.p;
@@

for each in p:
    coccilib.report.print_report(each, "a pool's lock, not dropped by pool_unlock()")
