// SPDX-License-Identifier: GPL-2.0
/*
 * fuzz DIR OPERATIONS PROCESSES SEED FORM: so many random reads and writes of the files
 * in the directories in DIR, which come and go meanwhile; files are held open, and
 * sought, mapped, polled and so on in between. Says what it did, and fails if a
 * read gave a kernel address, or a call an error that it has no business with.
 * FORM: what an address looks like, as a pattern of the shell's; "" if that is not known.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define HELD		16	/* files held open by each process */
#define BUFFER		(128 << 10)
#define MOST_ERRNO	134
#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))

/* What all processes did, in memory that they share. */
static struct tally {
	unsigned long opens, reads, writes, others;
	unsigned long gave, took;	/* bytes */
	unsigned long taken;		/* writes that were */
	unsigned long errors[MOST_ERRNO];
	int failed;
} *tally;

#define ADD(what, n) __atomic_add_fetch(&(what), n, __ATOMIC_RELAXED)

static unsigned long long state;
static const char *top, *form;
static char path[512];
static int held[HELD];
static char buffer[2 * BUFFER];

static unsigned int rnd(unsigned int below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned int)(state >> 33) % below;
}

static void fail(const char *what, const char *which)
{
	printf("%s: %s\n", what, which);
	fflush(stdout);
	tally->failed = 1;
}

/* --- which file ---------------------------------------------------------------- */

/* Any entry of the directory but those that begin with a dot. */
static int pick_entry(const char *dir, char *name, size_t size)
{
	struct dirent *entry;
	unsigned int seen = 0;
	DIR *list = opendir(dir);

	if (!list)
		return 0;
	while ((entry = readdir(list))) {
		if (entry->d_name[0] != '.' && !rnd(++seen))
			snprintf(name, size, "%s", entry->d_name);
	}
	closedir(list);
	return seen;
}

static const char *pick_path(void)
{
	char pool[128], dir[300], name[128];

	if (!pick_entry(top, pool, sizeof(pool)))
		return top;
	snprintf(dir, sizeof(dir), "%s/%s", top, pool);
	if (!rnd(50) || !pick_entry(dir, name, sizeof(name)))
		snprintf(path, sizeof(path), "%s", dir);
	else
		snprintf(path, sizeof(path), "%s/%s%s", dir, name, rnd(50) ? "" : "x");
	return path;
}

static void reopen(int *fd)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	static const int extras[] = { 0, 0, O_APPEND, O_TRUNC, O_NONBLOCK, O_CREAT, O_DIRECT };

	if (*fd >= 0)
		close(*fd);
	*fd = open(pick_path(), modes[rnd(ARRAY_SIZE(modes))] |
		   extras[rnd(ARRAY_SIZE(extras))], 0600);
	ADD(tally->opens, 1);
}

/* --- with what ----------------------------------------------------------------- */

static size_t pick_size(void)
{
	switch (rnd(6)) {
	case 0:
		return rnd(4);
	case 1:
		return 4094 + rnd(4);
	case 2:
		return rnd(BUFFER);
	default:
		return 1 + rnd(200);
	}
}

static off_t pick_offset(void)
{
	static const off_t odd[] = { -1, 0, 1, 4096, 1LL << 31, 1LL << 32, 0x7fffffffffffffffLL,
				     -0x7fffffffffffffff };

	return rnd(2) ? odd[rnd(ARRAY_SIZE(odd))] : (off_t)rnd(600);
}

/* Mostly memory, at any alignment; sometimes not ours, or none at all. */
static char *pick_memory(void)
{
	static char * const bad[] = { NULL, (char *)1, (char *)0x7fffffffe000,
				      (char *)0xffff888000000000, (char *)-1 };

	return rnd(40) ? buffer + rnd(BUFFER) : bad[rnd(ARRAY_SIZE(bad))];
}

static int is_ours(const char *memory)
{
	return memory >= buffer && memory < buffer + BUFFER;
}

/* Numbers that are good and bad, and rubbish. */
static size_t fill(char *at)
{
	static const char * const texts[] = {
		"0", "1", "2", "3", "4", "7\n", " 5", "5 ", "+6", "-1", "0x8", "010", "10000",
		"10001", "4294967295", "4294967297", "99999999999999999999", "1e3", "8\n9",
		"", "\n", "abc", "2\0003", "%s%n", "16\r\n", "\xff\xfe", "3;", "0000000000000004",
	};
	size_t size, i;

	switch (rnd(4)) {
	case 0:
		size = pick_size();
		for (i = 0; i < size && i < 512; i++)
			at[i] = rnd(256);
		return size;
	case 1:
		size = pick_size();
		memset(at, '0' + rnd(10), size);
		return size;
	default:
		i = rnd(ARRAY_SIZE(texts));
		size = strlen(texts[i]);
		memcpy(at, texts[i], size + 1);
		return rnd(8) ? size : size + 1;
	}
}

/* --- what came of it ------------------------------------------------------------- */

/* Any number that looks like one. */
static void look_for_address(const char *text, size_t size)
{
	char number[18];	/* at most a digit more than any address has */
	size_t i, digits = 0;

	for (i = 0; i <= size; i++) {
		if (i < size && isxdigit((unsigned char)text[i])) {
			if (digits < sizeof(number) - 1)
				number[digits++] = text[i];
			continue;
		}
		number[digits] = '\0';
		if (digits && !fnmatch(form, number, FNM_CASEFOLD))
			fail("a kernel address", number);
		digits = 0;
	}
}

static void judge(const char *what, ssize_t got, size_t size)
{
	static const int proper[] = { EBADF, EFAULT, EINVAL, EIO, EISDIR, ESHUTDOWN,
				      ESPIPE };
	unsigned int i;

	if (got >= 0) {
		if ((size_t)got > size)
			fail(what, "more than was asked for");
		return;
	}
	ADD(tally->errors[errno], 1);
	for (i = 0; i < ARRAY_SIZE(proper); i++) {
		if (errno == proper[i])
			return;
	}
	fail(what, strerrorname_np(errno));
}

static void read_some(int fd)
{
	char *memory = pick_memory();
	size_t size = pick_size();
	struct iovec parts[] = { { buffer, size / 2 }, { memory, size - size / 2 } };
	ssize_t got;

	switch (rnd(4)) {
	case 0:
		got = pread(fd, memory, size, pick_offset());
		break;
	case 1:
		got = readv(fd, parts, 2);
		memory = buffer;
		break;
	default:
		got = read(fd, memory, size);
	}
	ADD(tally->reads, 1);
	judge("read", got, size);
	if (got > 0)
		ADD(tally->gave, got);
	if (got > 0 && is_ours(memory))
		look_for_address(memory, got);
}

static void write_some(int fd)
{
	char *memory = pick_memory();
	size_t size = is_ours(memory) ? fill(memory) : pick_size();
	struct iovec parts[] = { { memory, size / 2 }, { memory + size / 2, size - size / 2 } };
	ssize_t got;

	switch (rnd(4)) {
	case 0:
		got = pwrite(fd, memory, size, pick_offset());
		break;
	case 1:
		got = writev(fd, parts, 2);
		break;
	default:
		got = write(fd, memory, size);
	}
	ADD(tally->writes, 1);
	judge("write", got, size);
	if (got > 0) {
		ADD(tally->took, got);
		ADD(tally->taken, 1);
	}
}

static void do_other(int fd)
{
	struct pollfd polled = { .fd = fd, .events = POLLIN | POLLOUT };
	struct stat status;
	void *mapped;

	ADD(tally->others, 1);
	switch (rnd(9)) {
	case 0:
		fstat(fd, &status);
		break;
	case 1:
		poll(&polled, 1, 0);
		break;
	case 2:
		ioctl(fd, rnd(1 << 16), buffer);
		break;
	case 3:
		if (ftruncate(fd, pick_offset()))
			ADD(tally->errors[errno], 1);
		break;
	case 4:
		mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (mapped != MAP_FAILED)
			munmap(mapped, 4096);
		break;
	case 5:
		if (!unlink(pick_path()))
			fail("unlinked", path);
		break;
	case 6:
		if (!mkdir(strcat(strcpy(buffer, top), "/made"), 0700))
			fail("made", buffer);
		break;
	default:
		lseek(fd, pick_offset(), rnd(5));
	}
}

/* --- the processes ---------------------------------------------------------------- */

static void act(unsigned long operations)
{
	unsigned int i;

	for (i = 0; i < HELD; i++)
		held[i] = -1;
	while (operations) {
		int *fd = &held[rnd(HELD)];

		if (*fd < 0 || !rnd(8)) {
			reopen(fd);
		} else if (!rnd(6)) {
			do_other(*fd);
		} else if (rnd(2)) {
			read_some(*fd);
			operations--;
		} else {
			write_some(*fd);
			operations--;
		}
	}
}

static int say(void)
{
	int i;

	printf("%lu reads (%lu bytes), %lu writes (%lu taken, %lu bytes), %lu opens, %lu others;",
	       tally->reads, tally->gave, tally->writes, tally->taken, tally->took, tally->opens,
	       tally->others);
	for (i = 0; i < MOST_ERRNO; i++) {
		if (tally->errors[i])
			printf(" %lu %s", tally->errors[i], strerrorname_np(i));
	}
	putchar('\n');
	/* Who reads nothing, or is never let write, has tried nothing. */
	return tally->failed || !tally->gave || !tally->taken;
}

int main(int argc, char **argv)
{
	unsigned long operations, i, processes;
	int status;

	if (argc != 6) {
		fprintf(stderr, "usage: fuzz DIR OPERATIONS PROCESSES SEED FORM\n");
		return 2;
	}
	top = argv[1];
	form = argv[5];
	operations = strtoul(argv[2], NULL, 0);
	processes = strtoul(argv[3], NULL, 0);
	tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		     -1, 0);
	for (i = 0; i < processes; i++) {
		if (fork())
			continue;
		state = strtoull(argv[4], NULL, 0) + ((unsigned long long)i << 32);
		act(operations / processes);
		return 0;
	}
	while (wait(&status) > 0) {
		if (status)
			fail("a process", "did not come to its end");
	}
	return say();
}
