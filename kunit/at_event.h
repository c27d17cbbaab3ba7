/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Has a function of a test's called at an event of wpool's, wherever in wpool that is: in
 * the thread that meets the event, often under the lock of its pool. So two threads meet
 * in a place that they would otherwise meet in by chance alone.
 */
#ifndef _WPOOL_AT_EVENT_H
#define _WPOOL_AT_EVENT_H

struct tracepoint;

/**
 * struct wpt_event - an event, and what is called at it
 * @name: of the tracepoint
 * @probe: takes a pointer that is NULL, and what the tracepoint takes
 * @tracepoint: set while it is on
 */
struct wpt_event {
	const char		*name;
	void			*probe;
	struct tracepoint	*tracepoint;
};

/* For the init and exit of a suite. It stays off where the kernel has no tracepoints. */
int wpt_event_on(struct wpt_event *event);
void wpt_event_off(struct wpt_event *event);

#endif /* _WPOOL_AT_EVENT_H */
