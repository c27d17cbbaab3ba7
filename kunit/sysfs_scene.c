// SPDX-License-Identifier: GPL-2.0
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include "file.h"
#include "sysfs_scene.h"

#define MOST_TEXT	4096

int sysfs_begin(struct kunit *test, const char *suite)
{
	struct file *dir;
	int err = wpt_init(test, suite);

	if (err)
		return err;
	dir = wpt_file_open(SETTINGS, O_RDONLY | O_DIRECTORY);
	if (IS_ERR(dir))
		kunit_skip(test, "needs a mounted sysfs");
	filp_close(dir, NULL);
	return 0;
}

struct file *sysfs_open(struct wpool *pool, const char *name, int flags)
{
	char path[100];

	snprintf(path, sizeof(path), SETTINGS "/%s/%s", wpool_name(pool), name);
	return wpt_file_open(path, flags);
}

int sysfs_write(struct wpool *pool, const char *name, const char *text)
{
	struct file *file = sysfs_open(pool, name, O_WRONLY);
	ssize_t written;
	loff_t pos = 0;

	if (IS_ERR(file))
		return PTR_ERR(file);
	written = kernel_write(file, text, strlen(text), &pos);
	filp_close(file, NULL);
	return written == strlen(text) ? 0 : written;
}

const char *sysfs_read(struct kunit *test, struct wpool *pool, const char *name)
{
	char *text = wpt_alloc(test, MOST_TEXT);
	struct file *file = sysfs_open(pool, name, O_RDONLY);
	ssize_t len;
	loff_t pos = 0;

	KUNIT_ASSERT_FALSE_MSG(test, IS_ERR(file), "%s: %ld", name, PTR_ERR(file));
	len = kernel_read(file, text, MOST_TEXT - 1, &pos);
	filp_close(file, NULL);
	KUNIT_ASSERT_GT_MSG(test, len, 0, "%s", name);
	text[strcspn(text, "\n")] = '\0';
	return text;
}

bool sysfs_is_there(struct wpool *pool, const char *name)
{
	struct file *file = sysfs_open(pool, name, O_RDONLY);

	if (IS_ERR(file))
		return false;
	filp_close(file, NULL);
	return true;
}

int sysfs_run_nice(void *arg)
{
	/* an administrator may be changing it */
	return data_race(task_nice(current));
}
