// SPDX-License-Identifier: GPL-2.0
/*
 * What a shell cannot do: one write(2) of exactly these bytes with its errno
 * shown, files held open across the end of what they belong to, files opened by
 * nobody, memory taken until the kernel ends it, a module loaded while the
 * kernel's allocations fail, one at a time, and a process with two threads.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST_FILES 64
#define MANY 1000000	/* allocations: more than it takes to load a module */
#define TRACE "/sys/kernel/tracing/trace"

static char text_of_trace[65536];

static int say_result(ssize_t got)
{
	if (got < 0)
		puts(strerrorname_np(errno));
	else
		printf("%zd\n", got);
	return got < 0;
}

/* helper write FILE TEXT: prints the bytes written or the errno's name */
static int write_text(const char *file, const char *text, size_t size)
{
	int fd = open(file, O_WRONLY);

	return say_result(fd < 0 ? -1 : write(fd, text, size));
}

/* helper fill FILE SIZE: the same with SIZE digits */
static int fill(const char *file, size_t size)
{
	char *text = malloc(size);

	memset(text, '7', size);
	return write_text(file, text, size);
}

static int say_read(const char *file, int fd)
{
	static char buffer[65536];
	ssize_t got = fd < 0 ? -1 : read(fd, buffer, sizeof(buffer));

	printf("%s: ", file);
	return say_result(got);
}

/* helper hold FLAG FILE...: opens the files, and reads them once FLAG exists */
static int hold(const char *flag, char **files, int count)
{
	int fds[MOST_FILES], i;

	for (i = 0; i < count && i < MOST_FILES; i++)
		fds[i] = open(files[i], O_RDONLY);
	puts("holding");
	fflush(stdout);
	while (access(flag, F_OK))
		usleep(10000);
	for (i = 0; i < count && i < MOST_FILES; i++)
		say_read(files[i], fds[i]);
	return 0;
}

/* helper nobody FILE...: what it says to each, opened for reading and for writing */
static int nobody(char **files, int count)
{
	int i, file;

	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		return say_result(-1);
	for (i = 0; i < 2 * count; i++) {
		file = open(files[i / 2], i % 2 ? O_WRONLY : O_RDONLY);
		say_result(file);
		if (file >= 0)
			close(file);
	}
	return 0;
}

/* helper hog MEGABYTES: has so much memory, and waits to be killed for it */
static int hog(size_t size)
{
	if (mmap(NULL, size << 20, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0) == MAP_FAILED)
		return say_result(-1);
	puts("holding");
	fflush(stdout);
	for (;;)
		pause();
}

/* A process's allocations can be counted down to one that fails. */
struct countdown {
	const char	*file;	/* the module, and how it is called then */
	const char	*name;
	int		fail;	/* the process's fail-nth */
	unsigned int	left;	/* when the module had been loaded, or refused */
};

static void count_down_from(const struct countdown *self, unsigned int nth)
{
	char text[16];

	if (pwrite(self->fail, text, snprintf(text, sizeof(text), "%u", nth), 0) < 0)
		exit(say_result(-1));
}

/* Loads the module, and unloads it. Return: 0, or why it was not loaded. */
static int load_while(struct countdown *self, unsigned int nth)
{
	int module = open(self->file, O_RDONLY), err;
	char text[16] = "";

	if (module < 0)
		exit(say_result(-1));
	count_down_from(self, nth);
	err = syscall(SYS_finit_module, module, "", 0) ? errno : 0;
	if (pread(self->fail, text, sizeof(text) - 1, 0) < 0)
		exit(say_result(-1));
	count_down_from(self, 0);
	self->left = strtoul(text, NULL, 10);
	close(module);
	if (!err && syscall(SYS_delete_module, self->name, O_NONBLOCK))
		exit(say_result(-1));
	return err;
}

/* Whether a module's init has been called since the last time that this was asked. */
static int init_was_called(void)
{
	int fd = open(TRACE, O_RDWR);
	ssize_t got = read(fd, text_of_trace, sizeof(text_of_trace) - 1);

	close(fd);
	close(open(TRACE, O_WRONLY | O_TRUNC));
	if (got < 0)
		exit(say_result(-1));
	text_of_trace[got] = 0;
	return !!strstr(text_of_trace, ": initcall_start:");
}

/*
 * helper failing FILE NAME PID STEP: loads a module again and again, each time with
 * another one of that process's allocations failing: from the last one back to the first
 * that its init makes, one in STEP of them. Prints what was said each time, and how often
 * it was tried.
 */
static int failing(const char *file, const char *name, const char *pid, unsigned int step)
{
	struct countdown self = { .file = file, .name = name };
	unsigned int nth, tried = 0;
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/%s/fail-nth", pid);
	self.fail = open(path, O_RDWR);
	if (self.fail < 0 || load_while(&self, MANY) || !init_was_called())
		return say_result(-1);
	for (nth = MANY - self.left; nth; nth = nth > step ? nth - step : 0) {
		err = load_while(&self, nth);
		if (!init_was_called())
			break;
		puts(err ? strerrorname_np(err) : "loaded");
		tried++;
	}
	printf("%u times\n", tried);
	return 0;
}

static void *pause_for_ever(void *unused)
{
	for (;;)
		pause();
	return NULL;
}

/* helper thread: has another one, and ends after it, or soon */
static int thread(void)
{
	pthread_t other;

	errno = pthread_create(&other, NULL, pause_for_ever, NULL);
	if (errno)
		return say_result(-1);
	alarm(60);
	return pthread_join(other, NULL);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "write"))
		return write_text(argv[2], argv[3], strlen(argv[3]));
	if (argc == 4 && !strcmp(argv[1], "fill"))
		return fill(argv[2], strtoul(argv[3], NULL, 0));
	if (argc >= 4 && !strcmp(argv[1], "hold"))
		return hold(argv[2], argv + 3, argc - 3);
	if (argc >= 3 && !strcmp(argv[1], "nobody"))
		return nobody(argv + 2, argc - 2);
	if (argc == 3 && !strcmp(argv[1], "hog"))
		return hog(strtoul(argv[2], NULL, 0));
	if (argc == 6 && !strcmp(argv[1], "failing"))
		return failing(argv[2], argv[3], argv[4], strtoul(argv[5], NULL, 0));
	if (argc == 2 && !strcmp(argv[1], "thread"))
		return thread();
	fprintf(stderr, "usage: helper write FILE TEXT | fill FILE SIZE | hold FLAG FILE... |\n"
		"       nobody FILE... | hog MEGABYTES | failing FILE NAME PID STEP |\n"
		"       thread\n");
	return 2;
}
