// SPDX-License-Identifier: GPL-2.0
/*
 * Whole recipes, to copy: work of an interrupt, a scan in pieces, a stream, order by key.
 */
#include <linux/irq_work.h>
#include <linux/slab.h>
#include "tour.h"

/* A device whose interrupt only notes what has happened, and leaves the rest to a task. */
struct port {
	struct wpool		*pool;
	struct wpool_task	task;
	struct irq_work		irq;		/* in place of a device's interrupt */
	atomic_t		events, refused;
	int			handled;	/* by the task alone */
};

/* In a worker, so it may sleep. */
static int port_work(void *arg)
{
	struct port *port = arg;

	port->handled += atomic_xchg(&port->events, 0);
	return 0;
}

/* In hard interrupt context. */
static void port_interrupt(struct irq_work *irq)
{
	struct port *port = container_of(irq, struct port, irq);
	int err;

	atomic_inc(&port->events);	/* first: -EBUSY promises that the next run sees it */
	err = wpool_try_schedule(port->pool, &port->task);
	if (err && err != -EBUSY)
		atomic_inc(&port->refused);
}

static int port_begin(struct port *port)
{
	port->pool = wpool_create("tour-port", &(struct wpool_attrs) { .capacity = 1 });
	if (IS_ERR(port->pool))
		return PTR_ERR(port->pool);
	wpool_task_init(&port->task, port_work, port);
	port->irq = IRQ_WORK_INIT_HARD(port_interrupt);	/* last, as request_irq() */
	return 0;
}

static void port_end(struct port *port)
{
	irq_work_sync(&port->irq);	/* first, as free_irq() */
	wpool_destroy(port->pool);	/* runs the task if it is queued */
}

#define INTERRUPTS	20

static int show_interrupt(void)
{
	static struct port port;
	int i, err;

	port = (struct port) { };
	err = port_begin(&port);
	if (err)
		return err;
	for (i = 0; i < INTERRUPTS; i++) {
		irq_work_queue(&port.irq);
		irq_work_sync(&port.irq);
	}
	port_end(&port);
	return tour_show(port.handled == INTERRUPTS && !atomic_read(&port.refused),
			 "recipe, interrupt: a task has handled the events of %d interrupts",
			 port.handled);
}

#define PIECE	4096
#define BROKEN	0xff

struct piece {
	struct wpool_task	task;
	const u8		*data;
	long			found;	/* the result */
};

static int scan_piece(void *arg)
{
	struct piece *piece = arg;
	int i;

	for (i = 0; i < PIECE; i++) {
		if (piece->data[i] == BROKEN)
			return -EIO;
		piece->found += piece->data[i] == 'x';
	}
	return 0;
}

static struct wpool *scan_pool(void)
{
	return wpool_create("tour-scan", &(struct wpool_attrs) {
		.capacity = 2, .queue_depth = 4,	/* at most 6 pieces are in flight */
	});
}

/* The first error, or 0 with a result in each piece. */
static int scan(struct wpool *pool, struct piece *pieces, const u8 *data, unsigned int n)
{
	struct wpool_group group;
	unsigned int i;
	int err = 0, first;

	wpool_group_init(&group, WPOOL_GROUP_FAIL_FAST);
	for (i = 0; i < n && !err; i++) {
		pieces[i].data = data + i * PIECE;
		pieces[i].found = 0;
		wpool_task_init(&pieces[i].task, scan_piece, &pieces[i]);
		err = wpool_group_schedule(&group, pool, &pieces[i].task);	/* may sleep */
	}
	if (err)
		wpool_group_cancel(&group);
	first = wpool_group_wait(&group);	/* after an error too */
	return err ?: first;
}

#define PIECES	20

static int show_scan(void)
{
	struct piece *pieces = kcalloc(PIECES, sizeof(*pieces), GFP_KERNEL);
	u8 *data = kzalloc(PIECES * PIECE, GFP_KERNEL);
	struct wpool *pool = scan_pool();
	int good = -ENOMEM, bad = 0, i;
	long found = 0;

	if (!IS_ERR(pool) && pieces && data) {
		data[1] = 'x';
		data[PIECES * PIECE - 1] = 'x';
		good = scan(pool, pieces, data, PIECES);
		for (i = 0; i < PIECES; i++)
			found += pieces[i].found;
		data[2 * PIECE] = BROKEN;
		bad = scan(pool, pieces, data, PIECES);
	}
	if (!IS_ERR(pool))
		wpool_destroy(pool);
	kfree(data);
	kfree(pieces);
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	if (good)
		return good;
	return tour_show(found == 2 && bad == -EIO,
			 "recipe, scan: %d pieces, at most 6 in flight, %ld found; then with a bad one %pe",
			 PIECES, found, ERR_PTR(bad));
}

struct reader {
	struct wpool_task	task;
	struct stream		*stream;
};

struct stream {
	struct wpool		*pool;
	struct wpool_task	task;
	struct wpool_group	group;
	struct reader		readers[4];
	const u8		*data;
	unsigned int		pieces;
	atomic_t		next;		/* the piece to be read next */
	atomic_long_t		found;
};

/* Reads a piece, and schedules itself for another one. */
static int stream_read(void *arg)
{
	struct reader *reader = arg;
	struct stream *stream = reader->stream;
	struct piece piece = { };
	unsigned int i = atomic_fetch_inc(&stream->next);
	int err;

	if (i >= stream->pieces)
		return 0;
	piece.data = stream->data + i * PIECE;
	err = scan_piece(&piece);
	if (err)
		return err;		/* cancels the other readers of this stream */
	atomic_long_add(piece.found, &stream->found);
	return wpool_group_schedule(&stream->group, stream->pool, &reader->task);
}

/* The task of a stream. While it waits, its worker runs readers. */
static int stream_scan(void *arg)
{
	struct stream *stream = arg;
	int i, err = 0, first;

	wpool_group_init(&stream->group, WPOOL_GROUP_FAIL_FAST);
	for (i = 0; i < ARRAY_SIZE(stream->readers) && !err; i++) {
		stream->readers[i].stream = stream;
		wpool_task_init(&stream->readers[i].task, stream_read, &stream->readers[i]);
		err = wpool_group_schedule(&stream->group, stream->pool, &stream->readers[i].task);
	}
	first = wpool_group_wait(&stream->group);
	return err ?: first;
}

/* Returns at once. */
static int stream_begin(struct stream *stream)
{
	wpool_task_init(&stream->task, stream_scan, stream);
	return wpool_schedule(stream->pool, &stream->task);
}

/* At any moment. */
static void stream_end(struct stream *stream)
{
	wpool_destroy_now(stream->pool);	/* cancels readers, waits for those that run */
}

static int show_stream(void)
{
	static struct stream stream;
	u8 *data = kzalloc(PIECES * PIECE, GFP_KERNEL);
	int err, result = -EPROTO;

	if (!data)
		return -ENOMEM;
	stream = (struct stream) { .data = data, .pieces = PIECES };
	stream.pool = wpool_create("tour-stream", &(struct wpool_attrs) { .capacity = 2 });
	if (IS_ERR(stream.pool)) {
		kfree(data);
		return PTR_ERR(stream.pool);
	}
	data[1] = 'x';
	data[PIECES * PIECE - 1] = 'x';
	err = stream_begin(&stream);
	if (!err) {
		result = wpool_wait(&stream.task);
		atomic_set(&stream.next, 0);
		err = stream_begin(&stream);	/* once more, and in the middle of it: */
	}
	stream_end(&stream);
	kfree(data);
	return tour_show(!err && !result && atomic_long_read(&stream.found) >= 2,
			 "recipe, stream: 4 readers took %d pieces, and then ended early", PIECES);
}

struct account {
	int	entries;
	int	out_of_order;
};

struct entry {
	struct wpool_keyed_task	ktask;
	struct account		*account;
	int			nr;
};

/* Takes no lock: no other entry of this account is being made now. */
static int entry_make(void *arg)
{
	struct entry *entry = arg;
	struct account *account = entry->account;

	if (entry->nr != account->entries++)
		account->out_of_order++;
	return 0;
}

static void entry_free(void *arg, enum wpool_fate fate)
{
	kfree(arg);
}

static int account_book(struct wpool *pool, struct account *account, int nr)
{
	struct entry *entry = kmalloc(sizeof(*entry), GFP_KERNEL);
	int err;

	if (!entry)
		return -ENOMEM;
	entry->account = account;
	entry->nr = nr;
	wpool_keyed_task_init(&entry->ktask, entry_make, entry);
	wpool_task_set_release(&entry->ktask, entry_free);
	err = wpool_schedule_keyed(pool, &entry->ktask, (unsigned long)account);
	if (err)
		kfree(entry);
	return err;
}

#define ACCOUNTS	3
#define ENTRIES		50

static int show_accounts(void)
{
	struct account accounts[ACCOUNTS] = { };
	struct wpool *pool;
	int i, err = 0, entries = 0, wrong = 0;

	pool = wpool_create("tour-accounts", &(struct wpool_attrs) { .capacity = 4 });
	if (IS_ERR(pool))
		return PTR_ERR(pool);
	for (i = 0; i < ACCOUNTS * ENTRIES && !err; i++)
		err = account_book(pool, &accounts[i % ACCOUNTS], i / ACCOUNTS);
	wpool_destroy(pool);
	if (err)
		return err;
	for (i = 0; i < ACCOUNTS; i++) {
		entries += accounts[i].entries;
		wrong += accounts[i].out_of_order;
	}
	return tour_show(entries == ACCOUNTS * ENTRIES && !wrong,
			 "recipe, keys: %d entries of %d accounts, each account's in order",
			 entries, ACCOUNTS);
}

const struct tour_stop tour_recipes[] = {
	{ "recipe, interrupt",	show_interrupt },
	{ "recipe, scan",	show_scan },
	{ "recipe, stream",	show_stream },
	{ "recipe, keys",	show_accounts },
	{ }
};
