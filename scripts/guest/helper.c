// SPDX-License-Identifier: GPL-2.0
/*
 * What a shell cannot do: one write(2) of exactly these bytes with its errno
 * shown, files held open across the end of what they belong to, files opened by
 * nobody, and memory taken until the kernel ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MOST_FILES 64

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
	int i;

	if (setgroups(0, NULL) || setgid(65534) || setuid(65534))
		return say_result(-1);
	for (i = 0; i < 2 * count; i++)
		say_result(open(files[i / 2], i % 2 ? O_WRONLY : O_RDONLY));
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
	fprintf(stderr, "usage: helper write FILE TEXT | fill FILE SIZE | hold FLAG FILE... |\n"
		"       nobody FILE... | hog MEGABYTES\n");
	return 2;
}
