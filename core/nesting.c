// SPDX-License-Identifier: GPL-2.0
/* How deep workers that wait, and submitters, may nest tasks inside one another. */
#include <linux/sched/task_stack.h>

#include "current_thread.h"
#include "nesting.h"
#include "types.h"

/*
 * May the current thread run a task inside others, of any pool? What the functions need of the
 * stack is not known; half of the stack is left to the innermost. @worker: the worker that the
 * thread is, or NULL.
 */
bool run_may_nest(const struct wpool_worker *worker)
{
	unsigned long here = (unsigned long)__builtin_frame_address(0);
	const struct wpool_caller *caller = caller_current(worker);
	unsigned int depth = (worker ? worker->nesting : 0) + (caller ? caller->depth : 0);

	return depth < WPOOL_MAX_NESTING &&
	       here - (unsigned long)task_stack_page(current) > THREAD_SIZE / 2;
}
