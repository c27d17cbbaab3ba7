// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_serve: requests from a character device are served by a pool.
 *
 *	insmod wpool_serve.ko workers=4 depth=64
 *	exec 3<>/dev/wpool_serve; echo hello >&3; head -n 1 <&3
 *
 * Each write() is a request; a worker turns it round. Each read() gets the answer to the oldest
 * request of the file, or what earlier ones have left of it, and sleeps until that is there;
 * without a request it is the end of the file. If the pool is full a write() sleeps until there
 * is room. A signal ends both, and with O_NONBLOCK neither sleeps. When the file is closed, queued
 * requests are cancelled, and running ones are waited for. An answer that nobody reads is kept: it
 * counts as memory of the writer's cgroup.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wpool.h>

#define LONGEST	4096

static unsigned int workers = 4;
module_param(workers, uint, 0444);
MODULE_PARM_DESC(workers, "Most requests served at once (default 4)");

static int depth = 64;
module_param(depth, int, 0444);
MODULE_PARM_DESC(depth, "How many requests may wait (default 64; 0: 1024)");

static struct wpool *pool;

/* An open file. */
struct session {
	struct mutex		reading;	/* only its holder takes requests off the list */
	spinlock_t		lock;		/* of requests */
	struct list_head	requests;	/* in the order of write() */
	struct wpool_group	group;
};

struct request {
	struct wpool_task	task;
	struct list_head	node;
	size_t			size;
	size_t			given;		/* to readers */
	char			text[];
};

static int serve(void *arg)
{
	struct request *request = arg;
	char *front = request->text, *back = front + request->size - 1;

	if (*back == '\n')
		back--;
	for (; front < back; front++, back--)
		swap(*front, *back);
	return 0;
}

static int session_open(struct inode *inode, struct file *file)
{
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	mutex_init(&session->reading);
	spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->requests);
	wpool_group_init(&session->group, 0);
	file->private_data = session;
	return 0;
}

static struct request *new_request(const char __user *from, size_t size)
{
	struct request *request;

	if (!size || size > LONGEST)
		return ERR_PTR(-EINVAL);
	request = kzalloc(struct_size(request, text, size), GFP_KERNEL_ACCOUNT);
	if (!request)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(request->text, from, size)) {
		kfree(request);
		return ERR_PTR(-EFAULT);
	}
	request->size = size;
	wpool_task_init(&request->task, serve, request);
	return request;
}

static ssize_t session_write(struct file *file, const char __user *from, size_t size,
			     loff_t *pos)
{
	struct session *session = file->private_data;
	struct request *request = new_request(from, size);
	int err;

	if (IS_ERR(request))
		return PTR_ERR(request);
	err = wpool_schedule_how(pool, &request->task, &(struct wpool_how) {
		.flags = file->f_flags & O_NONBLOCK ? WPOOL_NOWAIT : WPOOL_INTERRUPTIBLE,
		.group = &session->group,
	});
	if (err) {
		kfree(request);
		return err == -EINTR ? -ERESTARTSYS : err;
	}
	spin_lock(&session->lock);
	list_add_tail(&request->node, &session->requests);
	spin_unlock(&session->lock);
	return size;
}

/* Context: session->reading held. */
static ssize_t read_oldest(struct session *session, char __user *to, size_t size, bool nonblock)
{
	struct request *request;

	spin_lock(&session->lock);
	request = list_first_entry_or_null(&session->requests, struct request, node);
	spin_unlock(&session->lock);
	if (!request || !size)
		return 0;
	if (nonblock && wpool_wait_timeout(&request->task, 0, NULL))
		return -EAGAIN;
	if (wpool_wait_interruptible(&request->task, NULL))
		return -ERESTARTSYS;
	size = min(size, request->size - request->given);
	if (copy_to_user(to, request->text + request->given, size))
		return -EFAULT;
	request->given += size;
	if (request->given < request->size)
		return size;
	spin_lock(&session->lock);
	list_del(&request->node);
	spin_unlock(&session->lock);
	kfree(request);
	return size;
}

static ssize_t session_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	struct session *session = file->private_data;
	bool nowait = file->f_flags & O_NONBLOCK;
	ssize_t ret;

	if (nowait && !mutex_trylock(&session->reading))
		return -EAGAIN;
	if (!nowait && mutex_lock_interruptible(&session->reading))
		return -ERESTARTSYS;
	ret = read_oldest(session, to, size, nowait);
	mutex_unlock(&session->reading);
	return ret;
}

static int session_release(struct inode *inode, struct file *file)
{
	struct session *session = file->private_data;
	struct request *request, *next;

	wpool_group_cancel_sync(&session->group);
	list_for_each_entry_safe(request, next, &session->requests, node)
		kfree(request);
	kfree(session);
	return 0;
}

static const struct file_operations session_fops = {
	.owner		= THIS_MODULE,
	.open		= session_open,
	.read		= session_read,
	.write		= session_write,
	.release	= session_release,
};

static struct miscdevice device = {
	.minor	= MISC_DYNAMIC_MINOR,
	.name	= "wpool_serve",
	.fops	= &session_fops,
};

static int __init wpool_serve_init(void)
{
	struct wpool_attrs attrs = { .capacity = workers, .queue_depth = depth };
	int err;

	pool = wpool_create("serve", &attrs);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	err = misc_register(&device);
	if (err)
		wpool_destroy(pool);
	return err;
}

static void __exit wpool_serve_exit(void)
{
	misc_deregister(&device);
	wpool_destroy(pool);
}

module_init(wpool_serve_init);
module_exit(wpool_serve_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A character device whose requests are served by a pool");
