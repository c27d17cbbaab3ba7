/* SPDX-License-Identifier: GPL-2.0 */
/* How a thread of wpool that serves others waits for work. */
#ifndef _WPOOL_SERVICE_H
#define _WPOOL_SERVICE_H

#include <linux/kthread.h>
#include <linux/sched.h>

/*
 * What @look finds; it is evaluated until it finds something. 0 or NULL: nothing is left, and the
 * thread is asked to stop. No wake-up is lost: the state is set before @look looks at its list, and
 * whoever adds to that wakes the thread afterwards.
 */
#define service_next(look) ({						\
	typeof(look) __found;						\
									\
	for (;;) {							\
		set_current_state(TASK_IDLE);				\
		__found = (look);					\
		if (__found || kthread_should_stop())			\
			break;						\
		schedule();						\
	}								\
	__set_current_state(TASK_RUNNING);				\
	__found;							\
})

#endif /* _WPOOL_SERVICE_H */
