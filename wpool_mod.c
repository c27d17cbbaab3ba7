// SPDX-License-Identifier: GPL-2.0
#include <linux/module.h>

static int capacity = 100;
module_param(capacity, int, 0444);
MODULE_PARM_DESC(capacity, "Most workers of the default pool (default 100)");

static int __init wpool_mod_init(void)
{
	return 0;
}

static void __exit wpool_mod_exit(void)
{
}

module_init(wpool_mod_init);
module_exit(wpool_mod_exit);
MODULE_DESCRIPTION("A bounded worker pool for kernel modules");
MODULE_LICENSE("GPL");
