// SPDX-License-Identifier: GPL-2.0
/*
 * wpool_serve: requests from a character device are served by a pool.
 *
 *	insmod wpool_serve.ko workers=4 depth=64
 *	exec 3<>/dev/wpool_serve; echo hello >&3; head -n 1 <&3
 *
 * Each write() is a request; a worker turns it round. Each read() gets the answer to the oldest
 * request of the file, and sleeps until that is there, unless O_NONBLOCK forbids it; poll() works
 * too. If the pool is full a write() sleeps until there is room or a signal comes. When the
 * file is closed, what has not begun is taken back, and what runs is waited for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/wpool.h>

#define LONGEST	4096

static unsigned int workers = 4;
module_param(workers, uint, 0444);
MODULE_PARM_DESC(workers, "Most requests served at once (default 4)");

static unsigned int depth = 64;
module_param(depth, uint, 0444);
MODULE_PARM_DESC(depth, "How many requests may wait (default 64)");

static struct wpool *pool;

/* An open file. */
struct session {
	spinlock_t		lock;		/* of requests */
	struct list_head	requests;	/* in the order of write() */
	struct wpool_group	group;
	wait_queue_head_t	answered;
};

struct request {
	struct wpool_task	task;
	struct list_head	node;
	struct session		*session;
	bool			done;
	size_t			size;
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
	smp_store_release(&request->done, true);	/* pairs with answer() */
	wake_up(&request->session->answered);
	return 0;
}

static int session_open(struct inode *inode, struct file *file)
{
	struct session *session = kzalloc(sizeof(*session), GFP_KERNEL);

	if (!session)
		return -ENOMEM;
	spin_lock_init(&session->lock);
	INIT_LIST_HEAD(&session->requests);
	init_waitqueue_head(&session->answered);
	wpool_group_init(&session->group);
	file->private_data = session;
	return 0;
}

static struct request *new_request(struct session *session, const char __user *from, size_t size)
{
	struct request *request;

	if (!size || size > LONGEST)
		return ERR_PTR(-EINVAL);
	request = kzalloc(struct_size(request, text, size), GFP_KERNEL);
	if (!request)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(request->text, from, size)) {
		kfree(request);
		return ERR_PTR(-EFAULT);
	}
	request->session = session;
	request->size = size;
	wpool_task_init(&request->task, serve, request);
	return request;
}

static ssize_t session_write(struct file *file, const char __user *from, size_t size,
			     loff_t *pos)
{
	struct session *session = file->private_data;
	struct request *request = new_request(session, from, size);
	int err;

	if (IS_ERR(request))
		return PTR_ERR(request);
	if (file->f_flags & O_NONBLOCK)
		err = wpool_group_try_schedule(&session->group, pool, &request->task);
	else
		err = wpool_group_schedule_interruptible(&session->group, pool, &request->task);
	if (err) {
		kfree(request);
		return err == -EINTR ? -ERESTARTSYS : err;
	}
	spin_lock(&session->lock);
	list_add_tail(&request->node, &session->requests);
	spin_unlock(&session->lock);
	wake_up(&session->answered);	/* it may have been served before it was on the list */
	return size;
}

/* The answer to the oldest request, or NULL. Context: session->lock held. */
static struct request *answer(struct session *session)
{
	struct request *request = list_first_entry_or_null(&session->requests, struct request,
							   node);

	/* Pairs with the release in serve(). */
	return request && smp_load_acquire(&request->done) ? request : NULL;
}

static bool take_answer(struct session *session, struct request **request)
{
	spin_lock(&session->lock);
	*request = answer(session);
	if (*request)
		list_del(&(*request)->node);
	spin_unlock(&session->lock);
	return *request;
}

static ssize_t session_read(struct file *file, char __user *to, size_t size, loff_t *pos)
{
	struct session *session = file->private_data;
	struct request *request;
	ssize_t ret;

	if (!take_answer(session, &request) && file->f_flags & O_NONBLOCK)
		return -EAGAIN;
	if (!request && wait_event_interruptible(session->answered,
						 take_answer(session, &request)))
		return -ERESTARTSYS;
	wpool_wait(&request->task);	/* done, but perhaps not yet out of its function */
	ret = min(size, request->size);
	if (copy_to_user(to, request->text, ret))
		ret = -EFAULT;
	kfree(request);
	return ret;
}

static __poll_t session_poll(struct file *file, struct poll_table_struct *table)
{
	struct session *session = file->private_data;
	__poll_t ready = EPOLLOUT | EPOLLWRNORM;

	poll_wait(file, &session->answered, table);
	spin_lock(&session->lock);
	if (answer(session))
		ready |= EPOLLIN | EPOLLRDNORM;
	spin_unlock(&session->lock);
	return ready;
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
	.poll		= session_poll,
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
