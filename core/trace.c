// SPDX-License-Identifier: GPL-2.0
#include <linux/wpool.h>

#define CREATE_TRACE_POINTS
#include <trace/events/wpool.h>
